"""Generate every page and file that comes from `spec/`, or check that they are current.

`python -m tools.pages` lints the specification first.  Not part of a conformance run.
"""
