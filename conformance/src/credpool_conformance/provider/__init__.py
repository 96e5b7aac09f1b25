"""The provider that the suite plays: what it answers, and what it writes down."""
