"""What a run says: the report, the verdict, and their forms for readers."""
