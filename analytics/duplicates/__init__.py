"""Pairs of incidents that may be one: as a view of the lake, and beside what is being entered."""
