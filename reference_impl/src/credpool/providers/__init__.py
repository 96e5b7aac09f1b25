"""What is known of providers: their registry, and how their replies are read. No I/O."""
