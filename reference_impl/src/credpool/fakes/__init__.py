"""A provider and a clock for tests. Import them from `credpool.testing`."""
