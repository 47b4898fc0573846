"""The verdicts again, set-based, in SQL: an independent recomputation."""
