"""Show each requirement on the wire: a check that the reference passes, as short text.

Nobody writes an example: `sources.choices` says which check it is, `play` plays it, and the other
modules write down what was seen.
"""
