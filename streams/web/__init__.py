"""The pages: a process of its own that reads the lake, and never the worker's database."""
