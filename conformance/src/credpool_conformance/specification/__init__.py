"""What the suite reads of the specification: its data, its requirements, and who answers for a difference."""
