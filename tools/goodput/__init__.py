"""How well each strategy spends what accounts have: measured, kept as data, and shown on a page."""
