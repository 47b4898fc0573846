-- What the fold asks of the ledger.

-- name: migrations_table
CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER NOT NULL,
    name VARCHAR NOT NULL
);

COMMENT ON TABLE schema_migrations IS 'Which changes of the schema this database has had';
COMMENT ON COLUMN schema_migrations.version IS 'The number of the change';
COMMENT ON COLUMN schema_migrations.name IS 'The file that made it';

-- name: has_migrations
SELECT count(*)
FROM duckdb_tables()
WHERE database_name = current_database() AND table_name = 'schema_migrations';

-- name: applied
SELECT coalesce(max(version), 0)
FROM schema_migrations;

-- name: applied_now
INSERT INTO schema_migrations (version, name)
VALUES ($version, $name);

-- name: views_made
SELECT coalesce(max(name), '')
FROM schema_migrations
WHERE version = 0;

-- name: forget_views_made
DELETE FROM schema_migrations
WHERE version = 0;

-- name: pieces
-- Of the tables that grow with what comes in: how many pieces are less than an eighth of a full
-- one, and how many are not.
WITH pieces AS (
    SELECT sum(count) AS row_count
    FROM pragma_storage_info('accepted')
    WHERE column_id = 0 AND segment_type <> 'VALIDITY'
    GROUP BY row_group_id
    UNION ALL
    SELECT sum(count) AS row_count
    FROM pragma_storage_info('rejected')
    WHERE column_id = 0 AND segment_type <> 'VALIDITY'
    GROUP BY row_group_id
)

SELECT
    count(*) FILTER (row_count < 122880 / 8) AS small,
    count(*) FILTER (row_count >= 122880 / 8) AS others
FROM pieces;

-- name: tidy
-- A checkpoint puts pieces together if it may, and looks at all tables if there is a new one.
SET GLOBAL max_vacuum_tasks = 100;
BEGIN;
CREATE TABLE tidying (nothing BOOLEAN);
DROP TABLE tidying;
COMMIT;
CHECKPOINT;
SET GLOBAL max_vacuum_tasks = 0;

-- name: event_keys
SELECT event_key
FROM accepted
ORDER BY event_key;

-- name: incident_keys
SELECT DISTINCT incident_key
FROM report_versions
ORDER BY incident_key;

-- name: extents
SELECT
    conflict,
    epoch_us(min(begins_at)) AS begins_at,
    epoch_us(max(ends_at)) AS ends_at
FROM report_versions
GROUP BY conflict;

-- name: offsets
SELECT
    log_id,
    partition,
    next_offset,
    epoch_us(recorded_at) AS recorded_us
FROM log_offsets;

-- name: last_outbox
SELECT coalesce(max(last_seq), 0)
FROM outbox;

-- name: claims
SELECT payload
FROM claims
ORDER BY recorded_at, claim_key;

-- name: releases
SELECT
    judged.conflict,
    judged.commitment_id,
    judged.claim_id,
    judged.incident_id,
    coalesce(
        list(DISTINCT reports.actor) FILTER (
            WHERE reports.actor IS NOT NULL AND reports.confidence IN ('confirmed', 'likely')
        ),
        []
    ) AS parties,
    epoch_us(min(reports.begins_at)) AS begins_at,
    epoch_us(max(reports.over_by)) AS over_by
FROM claim_verdict_versions AS judged
INNER JOIN claims
    ON
        judged.conflict = claims.conflict
        AND judged.commitment_id = claims.commitment_id
        AND judged.claim_id = claims.claim_id
INNER JOIN report_versions AS reports
    ON judged.conflict = reports.conflict AND judged.incident_id = reports.incident_id
WHERE
    judged.superseded_at IS NULL
    AND judged.before_conditions = 'violation'
    AND claims.reciprocal
    AND reports.superseded_at IS NULL
GROUP BY judged.conflict, judged.commitment_id, judged.claim_id, judged.incident_id;

-- name: where_seen
SELECT rowid
FROM accepted
WHERE event_key IN (SELECT key FROM staged);

-- name: seen
SELECT
    conflict,
    source,
    event_id,
    payload
FROM accepted
WHERE rowid IN (SELECT key FROM staged);

-- name: where_reports
SELECT rowid
FROM accepted
WHERE superseded_at IS NULL AND incident_key IN (SELECT key FROM staged);

-- name: reports
SELECT
    conflict,
    incident_id,
    report_id,
    payload
FROM accepted
WHERE rowid IN (SELECT key FROM staged);

-- name: count_in_scope
SELECT count(DISTINCT incident_key)
FROM report_versions
WHERE
    superseded_at IS NULL
    AND conflict = $conflict
    AND coalesce(begins_at <= make_timestamptz($hi::BIGINT), TRUE)
    AND coalesce(ends_at >= make_timestamptz($lo::BIGINT), TRUE);

-- name: in_scope
SELECT
    place,
    incident_id,
    report_id,
    payload
FROM
    reports_between(
        $conflict, make_timestamptz($lo::BIGINT), make_timestamptz($hi::BIGINT)
    )
ORDER BY place, report_id;

-- name: keep_scope
CREATE OR REPLACE TEMP TABLE in_scope AS
SELECT
    place,
    incident_id,
    report_id,
    payload
FROM
    reports_between(
        $conflict, make_timestamptz($lo::BIGINT), make_timestamptz($hi::BIGINT)
    )
ORDER BY place;

-- name: page_of_scope
SELECT
    place,
    incident_id,
    report_id,
    payload
FROM in_scope
WHERE place > $after AND place <= $up_to
ORDER BY place, report_id;

-- name: drop_scope
DROP TABLE in_scope;

-- name: end_of_pending
SELECT max(last_seq)
FROM (
    SELECT
        last_seq,
        bytes,
        sum(bytes) OVER (ORDER BY last_seq) AS so_far
    FROM outbox
    WHERE piece = 0
)
WHERE so_far - bytes < $most_bytes;

-- name: pending_outbox
SELECT
    first_seq,
    last_seq,
    bytes,
    packed
FROM outbox
WHERE last_seq <= $up_to
ORDER BY last_seq, piece;

-- What was still to be published when each message had rows of its own.
-- name: end_of_unpacked
SELECT max(seq)
FROM (
    SELECT
        seq,
        bytes,
        sum(bytes) OVER (ORDER BY seq) AS so_far
    FROM query_table($source)
    WHERE piece = 0 AND seq > $after
)
WHERE so_far - bytes < $most_bytes;

-- name: unpacked_outbox
SELECT
    seq,
    topic,
    key,
    value,
    headers
FROM query_table($source)
WHERE seq > $after AND seq <= $up_to
ORDER BY seq, piece;
