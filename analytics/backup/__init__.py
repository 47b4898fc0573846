"""A copy of the database that is whole, and a database made of one."""
