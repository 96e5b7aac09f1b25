"""Change every operator, constant, condition and order of arguments in what decides, one at a time.

Where the mutants beside this are bugs that somebody thought of, these are bugs that nobody did.
"""
