"""Typed words and their meaning: keys, names, and questions for what was left out."""
