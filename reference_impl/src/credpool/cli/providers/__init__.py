"""The providers, as the command knows them, and its questions to them when a person wants it."""
