"""The consumer of the log: Faust's, made to serve the ledger."""
