"""The law: what a report means for a claim. Pure: no clock, no input or output, no framework."""
