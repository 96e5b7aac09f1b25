"""The command's output and its questions."""
