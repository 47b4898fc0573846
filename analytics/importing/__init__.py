"""Rows of published datasets as events: files are read, a source's SQL makes events of the rows."""
