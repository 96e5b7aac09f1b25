"""Say how what a phase made visible differs from what was expected of it.

`plan` is what was to be sent, `judge` compares.  Whose a difference is: see `charging`.
"""
