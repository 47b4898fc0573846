-- Who posted an event is kept with it: the name of the token that it came with.

ALTER TABLE accepted ADD COLUMN posted_by VARCHAR;

COMMENT ON COLUMN accepted.posted_by IS
'Whose token it was posted with; NULL: nobody posted it, or that cannot be verified';

CREATE OR REPLACE VIEW events AS
SELECT
    source,
    event_id,
    type,
    conflict,
    posted_by,
    recorded_at,
    log_id,
    partition,
    "offset",
    batch_index,
    payload,
    event_key
FROM accepted;

COMMENT ON VIEW events IS 'Every accepted event, once, as it stands in the log';
COMMENT ON COLUMN events.source IS 'Who made the event: the CloudEvents source';
COMMENT ON COLUMN events.event_id IS 'The id of the event: unique for a source within a conflict';
COMMENT ON COLUMN events.type IS 'One of the four event types, such as incident.reported';
COMMENT ON COLUMN events.conflict IS 'The conflict that the event belongs to';
COMMENT ON COLUMN events.posted_by IS
'Whose token it was posted with; NULL: nobody posted it, or that cannot be verified';
COMMENT ON COLUMN events.recorded_at IS 'When the log took the event; never runs backwards';
COMMENT ON COLUMN events.log_id IS 'Which log it was: an embedded broker starts a new one';
COMMENT ON COLUMN events.partition IS 'The partition of the log';
COMMENT ON COLUMN events."offset" IS 'The offset of the record in its partition';
COMMENT ON COLUMN events.batch_index IS 'The place in a record that is a batch, from 0';
COMMENT ON COLUMN events.payload IS 'The event in its own JSON text';
COMMENT ON COLUMN events.event_key IS 'Hash of conflict, source and event_id, for look-ups';
