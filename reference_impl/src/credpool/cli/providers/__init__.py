"""What the command knows of the providers, and asks of them when a person wants it to."""
