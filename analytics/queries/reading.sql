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
WHERE begins_at IS NOT NULL
GROUP BY conflict;

-- name: offsets
SELECT
    log_id,
    partition,
    next_offset,
    epoch_us(recorded_at) AS recorded_us
FROM log_offsets;

-- name: latest
SELECT
    log_id,
    epoch_us(max(recorded_at)) AS recorded_us
FROM accepted
GROUP BY log_id;

-- name: has_offsets
SELECT count(*)
FROM duckdb_tables()
WHERE database_name = current_database() AND table_name = 'log_offsets';

-- name: keep_wal
PRAGMA disable_checkpoint_on_shutdown; -- noqa: PRS

-- name: provenance
SELECT
    version,
    rules,
    tzdata,
    iso_lists
FROM provenance
ORDER BY rowid DESC
LIMIT 1;

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
    AND reports.stance = 'asserts'
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

-- Where the standing reports are of all incidents of which one can meet a stretch in `staged`, by
-- incident. Only places and keys: what they say is read page by page.
-- name: in_scope
WITH touched AS (
    SELECT DISTINCT said.incident_key
    FROM accepted AS said
    INNER JOIN staged
        ON said.begins_at <= staged.until AND said.ends_at >= staged.since
    WHERE said.superseded_at IS NULL AND said.conflict = $conflict
)

SELECT
    known.rowid AS row_id,
    known.incident_key
FROM accepted AS known
INNER JOIN touched ON known.incident_key = touched.incident_key
WHERE
    known.superseded_at IS NULL
    AND known.report_key IS NOT NULL
    AND known.conflict = $conflict
ORDER BY known.incident_id, known.report_id;

-- The same, of those incidents of which one report is of, or names, one of some parties.
-- name: in_scope_of_parties
WITH touched AS (
    SELECT DISTINCT said.incident_key
    FROM accepted AS said
    INNER JOIN staged
        ON said.begins_at <= staged.until AND said.ends_at >= staged.since
    WHERE said.superseded_at IS NULL AND said.conflict = $conflict
),

parties AS (
    SELECT unnest($parties::VARCHAR[]) AS party
),

of_parties AS (
    SELECT said.incident_key
    FROM accepted AS said
    INNER JOIN parties ON said.actor = parties.party
    WHERE said.superseded_at IS NULL AND said.conflict = $conflict
    UNION
    SELECT said.incident_key
    FROM accepted AS said
    INNER JOIN parties ON said.reporter_party = parties.party
    WHERE said.superseded_at IS NULL AND said.conflict = $conflict
)

SELECT
    known.rowid AS row_id,
    known.incident_key
FROM accepted AS known
INNER JOIN touched ON known.incident_key = touched.incident_key
INNER JOIN of_parties ON known.incident_key = of_parties.incident_key
WHERE
    known.superseded_at IS NULL
    AND known.report_key IS NOT NULL
    AND known.conflict = $conflict
ORDER BY known.incident_id, known.report_id;

-- name: page_of_scope
SELECT
    rowid AS row_id,
    incident_id,
    incident_key,
    report_id,
    payload::VARCHAR AS payload,
    coalesce(epoch_us(begins_at), 0) AS begins_at,
    coalesce(epoch_us(ends_at), 0) AS ends_at,
    coalesce(epoch_us(over_by), 0) AS over_by,
    coalesce(epoch_us(occurred_start), 0) AS occurred_start,
    coalesce(epoch_us(occurred_end), 0) AS occurred_end
FROM accepted
WHERE rowid IN (SELECT key FROM staged);

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
