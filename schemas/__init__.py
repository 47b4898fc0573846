"""The vocabulary of the log: its events, its times, its places, and how they are compared."""
