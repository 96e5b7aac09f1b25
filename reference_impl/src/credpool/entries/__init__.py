"""Operations on the entries of a pool (spec: operator)."""
