"""How many hosts one Redis server carries: the store's bytes measured, the hosts simulated, a page."""
