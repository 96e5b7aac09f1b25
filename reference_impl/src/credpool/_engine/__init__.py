"""A pool at work: it follows its store, chooses, decides, and tells."""
