"""Say how what a phase made visible differs from what was expected of it."""
