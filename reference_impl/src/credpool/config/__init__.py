"""`config.yaml` (spec: configuration)."""
