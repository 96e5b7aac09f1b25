"""Pools in Redis or Valkey, for several hosts (spec: sharing)."""
