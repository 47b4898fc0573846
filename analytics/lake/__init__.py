"""The lake: what the ledger holds, as a DuckLake that any process may read while a worker writes."""
