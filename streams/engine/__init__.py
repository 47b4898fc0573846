"""What turns the log into the ledger: decode, judge, commit; and again to rebuild."""
