"""The ledger: the only writer of the database, one transaction per batch."""
