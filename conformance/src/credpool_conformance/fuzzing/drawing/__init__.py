"""Draw a history from its seed: the pool, what the provider answers, and what happens."""
