"""The rules: values in, values out. No clock, randomness, environment, files, threads, logging or HTTP."""
