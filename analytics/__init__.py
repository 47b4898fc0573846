"""What was found out, kept and shown: the ledger, its metrics and its read-only door."""
