"""What the command says, and how it asks."""
