"""What Prometheus sees: families of metrics as functions of the ledger."""
