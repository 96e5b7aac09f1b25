"""The specification as the suite reads it: its data, its requirements, and the owner of each difference."""
