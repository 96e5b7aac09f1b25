"""Finish and try the built site."""
