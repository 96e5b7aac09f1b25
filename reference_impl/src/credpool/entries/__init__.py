"""What an operator does to the entries of a pool (spec: operator)."""
