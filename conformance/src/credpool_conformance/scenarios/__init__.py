"""Scenarios: their form, how they are read, and which of them apply to a pool."""
