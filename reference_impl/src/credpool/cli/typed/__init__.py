"""What a person types, and what is meant by it: keys, names, and what was left out."""
