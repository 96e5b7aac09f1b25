"""Make a rule of the registry from a report of `credpool explain --report`."""
