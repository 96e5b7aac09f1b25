"""The specification tooling: parse, lint and generate what comes from `spec/`.

Not part of a conformance run: nothing here talks to a testee.
"""
