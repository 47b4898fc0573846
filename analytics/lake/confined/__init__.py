"""A person's own SQL over the lake, in a process that can only read."""
