"""`auth.json`, version 1 (spec: store)."""
