-- An event and the version of a report that it makes are one row. Before, each had a row with the
-- same text, which was half of the database.
-- No CHECK: DuckDB writes its columns anew when it sets superseded_at, and if a list is among
-- them the row gets another place, though their order is that in which events came in.

CREATE TABLE accepted (
    source VARCHAR NOT NULL,
    event_id VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    conflict VARCHAR NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    log_id VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    batch_index INTEGER NOT NULL,
    payload JSON NOT NULL,
    event_key BIGINT NOT NULL,
    superseded_at TIMESTAMPTZ,
    incident_id VARCHAR,
    report_id VARCHAR,
    reported_by VARCHAR,
    reporter_kind VARCHAR,
    reporter_party VARCHAR,
    occurred_start TIMESTAMPTZ,
    occurred_end TIMESTAMPTZ,
    certainty VARCHAR,
    actor VARCHAR,
    confidence VARCHAR,
    act VARCHAR,
    targets VARCHAR[],
    begins_at TIMESTAMPTZ,
    ends_at TIMESTAMPTZ,
    over_by TIMESTAMPTZ,
    incident_key BIGINT,
    report_key BIGINT
);

COMMENT ON TABLE accepted IS
'Every accepted event, once, with what it says if it reports an incident: NULL in all others';
COMMENT ON COLUMN accepted.source IS 'Who made the event: the CloudEvents source';
COMMENT ON COLUMN accepted.event_id IS 'The id of the event: unique for a source within a conflict';
COMMENT ON COLUMN accepted.type IS 'One of the four event types, such as incident.reported';
COMMENT ON COLUMN accepted.conflict IS 'The conflict that the event belongs to';
COMMENT ON COLUMN accepted.recorded_at IS 'When the log took the event; never runs backwards';

COMMENT ON COLUMN accepted.log_id IS 'Which log it was: an embedded broker starts a new one';
COMMENT ON COLUMN accepted.partition IS 'The partition of the log';
COMMENT ON COLUMN accepted."offset" IS 'The offset of the record in its partition';
COMMENT ON COLUMN accepted.batch_index IS 'The place in a record that is a batch, from 0';
COMMENT ON COLUMN accepted.payload IS 'The event in its own JSON text';
COMMENT ON COLUMN accepted.event_key IS 'Hash of conflict, source and event_id, for look-ups';
COMMENT ON COLUMN accepted.superseded_at IS
'When the log took what replaced the report, or took it back; NULL: stands, or no report';

COMMENT ON COLUMN accepted.incident_id IS 'The incident that is reported';
COMMENT ON COLUMN accepted.report_id IS 'The report; the same id again is a revision';

COMMENT ON COLUMN accepted.reported_by IS 'Who reports it';
COMMENT ON COLUMN accepted.reporter_kind IS 'What kind of source that is';
COMMENT ON COLUMN accepted.reporter_party IS 'The party that the reporter speaks for';
COMMENT ON COLUMN accepted.occurred_start IS 'When it is said to have begun';
COMMENT ON COLUMN accepted.occurred_end IS 'When it had ended; equal to the start: an instant';

COMMENT ON COLUMN accepted.certainty IS 'sometime in between, or throughout';
COMMENT ON COLUMN accepted.actor IS 'Who is said to have acted; NULL: not said';

COMMENT ON COLUMN accepted.confidence IS 'confirmed, likely, alleged or unknown; NULL: no actor';

COMMENT ON COLUMN accepted.act IS 'What was done; NULL: not said';

COMMENT ON COLUMN accepted.targets IS 'What was hit; empty: not said; NULL in it: and others';

COMMENT ON COLUMN accepted.begins_at IS 'The earliest start of the whole and its impacts';
COMMENT ON COLUMN accepted.ends_at IS 'The latest end of the whole and its impacts';
COMMENT ON COLUMN accepted.over_by IS 'A moment that all of it certainly came before';
COMMENT ON COLUMN accepted.incident_key IS 'Hash of conflict and incident_id';
COMMENT ON COLUMN accepted.report_key IS 'Hash of conflict, incident_id and report_id';

-- No two accepted events have the same text, since it has the id: the rest only spares comparisons.
-- Digests, since all of these can be at hand where the texts cannot.
INSERT INTO accepted BY NAME
SELECT
    events.*,
    said.* EXCLUDE (conflict, payload, recorded_at)
FROM events
LEFT JOIN report_versions AS said
    ON
        events.conflict = said.conflict
        AND events.recorded_at = said.recorded_at
        AND sha256(events.payload) = sha256(said.payload)
ORDER BY events.rowid;

SELECT error('not every report version is of one event, and every report event of one')
WHERE
    (SELECT count(*) FROM report_versions)
    <> (SELECT count(*) FROM accepted WHERE report_key IS NOT NULL)
    OR (SELECT count(*) FROM events) <> (SELECT count(*) FROM accepted)
    OR EXISTS (
        SELECT 1
        FROM accepted
        WHERE (type = 'incident.reported') <> (report_key IS NOT NULL)
    );

DROP TABLE events;

DROP TABLE report_versions;
