"""The conformance suite of Credential Pool Rotation.

It drives any credential pool through the testee protocol and reports a verdict.
It shares no code with the reference library, which is one testee among others.
"""

SUITE_VERSION = "0.1.0"
PROTOCOL_VERSION = 1
