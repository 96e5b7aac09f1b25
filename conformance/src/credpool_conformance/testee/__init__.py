"""The testee: what it is told, how it is reached, and what can be seen of it."""
