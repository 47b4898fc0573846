"""The lake: a copy of the ledger as a DuckLake, which any process may read while it is written."""
