"""What a scenario is, how it is read, and which of them apply to a pool."""
