"""The values a pool is made of."""
