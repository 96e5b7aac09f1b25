"""The registry of providers, and how their replies are read. No I/O."""
