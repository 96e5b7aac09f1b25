"""The bench: how fast the library is, beside what a user would take instead.

Every figure that has a budget is a ratio to something that was measured in the same run, in turn.
"""
