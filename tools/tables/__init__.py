"""Render each table of the specification, and find what is wrong with it."""
