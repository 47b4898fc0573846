"""The file of the database: who may open it, its mark, and what can be wrong with it."""
