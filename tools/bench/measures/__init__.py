"""The measures: a module for each kind, and a function for each, which yields figures."""
