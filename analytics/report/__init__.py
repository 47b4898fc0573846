"""The report: all of a conflict as one file that opens anywhere."""
