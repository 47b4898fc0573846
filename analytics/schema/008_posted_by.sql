-- Who posted an event is kept with it: the name of the token that it came with.

ALTER TABLE accepted ADD COLUMN posted_by VARCHAR;

COMMENT ON COLUMN accepted.posted_by IS
'Whose token it was posted with; NULL: nobody posted it, or that cannot be verified';
