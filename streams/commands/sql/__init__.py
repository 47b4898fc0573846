"""`truce sql`: one query, or a prompt; each query in a process of its own."""
