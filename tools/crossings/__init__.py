"""Where rules meet: two features in one call, and what bears on a requirement."""
