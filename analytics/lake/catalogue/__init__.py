"""The catalogue of a lake: where it is, and a private copy of it for whoever reads."""
