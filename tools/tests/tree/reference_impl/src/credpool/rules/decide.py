"""Cites, in comments, what it implements; a string is no citation."""

TEXT = "# spec: nobody.requires+9"
RETRY = 1  # spec: recover.retry+1, recover.refresh+2
