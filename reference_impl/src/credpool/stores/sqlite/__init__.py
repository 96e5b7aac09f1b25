"""Pools in a SQLite database: a row for each entry, a transaction for each change (spec: sharing)."""
