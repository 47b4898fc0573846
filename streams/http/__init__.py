"""The worker's HTTP server: events in, metrics and state out."""
