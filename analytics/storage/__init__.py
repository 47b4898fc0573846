"""The database's file: who may open it, how far it was, and what can be the matter with it."""
