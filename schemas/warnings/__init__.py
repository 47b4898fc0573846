"""What in a valid event is probably a slip of the pen: warned of, never refused."""
