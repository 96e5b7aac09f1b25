"""Judge the specification: every lint, each of them fatal."""
