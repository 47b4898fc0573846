"""The commands of `truce`, one file each, and the console that they share."""
