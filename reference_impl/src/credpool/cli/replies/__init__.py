"""A reply that somebody has: where its rule is, one to paste, and what others may see of it."""
