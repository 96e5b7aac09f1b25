"""The words spoken with a token endpoint: messages as values, no I/O."""
