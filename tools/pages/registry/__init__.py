"""Render the registry: the list of providers, and a page for each with every rule of its own."""
