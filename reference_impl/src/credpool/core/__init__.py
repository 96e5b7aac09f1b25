"""The rules, as values: no clock, randomness, environment, files, threads, logging or HTTP."""
