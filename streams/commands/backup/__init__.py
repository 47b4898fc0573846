"""`truce backup` and `truce restore`."""
