"""Read what the specification is made of."""
