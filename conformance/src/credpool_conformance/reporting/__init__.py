"""The output of a run: the report, the verdict, and their forms for readers."""
