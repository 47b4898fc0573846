"""An independent, set-based recomputation of the verdicts in SQL."""
