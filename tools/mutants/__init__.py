"""Prove that the checks can fail: break the reference on purpose, and see which of them notice.

The mutants themselves are in `conformance/mutants/`; `python -m tools.mutants` runs them.
Nothing here knows a rule of the specification.
"""
