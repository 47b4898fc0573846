-- A new database beside the old one, which is attached as `old`.

-- name: offsets_reached
SELECT
    log_id,
    partition,
    next_offset,
    epoch_us(recorded_at) AS recorded_us
FROM log_offsets;

-- name: end_of_events
SELECT coalesce(max(rowid) + 1, 0)
FROM accepted;

-- The order in which rows came in is the order in which they were judged, over all logs.
-- name: events_between
SELECT
    log_id,
    partition,
    "offset",
    batch_index,
    epoch_us(recorded_at) AS recorded_us,
    posted_by,
    conflict,
    payload
FROM accepted
WHERE rowid >= $first AND rowid < $until
ORDER BY rowid;

-- name: rejected_between
SELECT
    reason,
    problems,
    raw,
    bytes,
    epoch_us(recorded_at) AS recorded_us,
    log_id,
    partition,
    "offset",
    batch_index
FROM rejected
WHERE rowid >= $first AND rowid < $until
ORDER BY rowid;

-- name: end_of_rejected
SELECT coalesce(max(rowid) + 1, 0)
FROM rejected;

-- The first event that a database which has reached the `staged` offsets does not have.
-- name: first_beyond
SELECT coalesce(min(known.rowid), (SELECT max(rowid) + 1 FROM accepted), 0) AS first_rowid
FROM accepted AS known
LEFT JOIN staged AS taken
    ON known.log_id = taken.log_id AND known.partition = taken.partition
WHERE known."offset" >= coalesce(taken.next_offset, 0);

-- Whether the new database has more of a log than the previous one.
-- name: count_ahead
SELECT count(*)
FROM log_offsets AS taken
LEFT JOIN old.log_offsets AS known
    ON taken.log_id = known.log_id AND taken.partition = known.partition
WHERE taken.next_offset > coalesce(known.next_offset, 0);

-- name: take_rejected
INSERT INTO rejected BY NAME
SELECT known.*
FROM old.rejected AS known
LEFT JOIN reached
    ON known.log_id = reached.log_id AND known.partition = reached.partition
WHERE known."offset" >= coalesce(reached.next_offset, 0)
ORDER BY known.rowid;

-- What the fold has reached by itself, before the rest comes from the old database.
-- name: reached
CREATE OR REPLACE TEMP TABLE reached AS
FROM log_offsets;

-- name: forget_offsets
DELETE FROM log_offsets;

-- name: take_offsets
INSERT INTO log_offsets BY NAME
SELECT *
FROM old.log_offsets;

-- name: offsets
INSERT INTO log_offsets BY NAME
SELECT *
FROM staged;

-- name: has_table
SELECT count(*)
FROM duckdb_tables()
WHERE database_name = 'old' AND table_name = $name;

-- name: forget_outbox
DELETE FROM outbox;

-- name: carry_outbox
INSERT INTO outbox BY NAME
SELECT *
FROM old.outbox;

-- name: old_provenance
SELECT
    version,
    rules,
    tzdata,
    iso_lists,
    epoch_us(since) AS since_us
FROM old.provenance
ORDER BY since NULLS FIRST;

-- name: forget_notice_targets
DELETE FROM notice_targets;

-- name: carry_notice_targets
INSERT INTO notice_targets BY NAME
SELECT *
FROM old.notice_targets;

-- name: forget_notice_digests
DELETE FROM notice_digests;

-- name: carry_notice_digests
INSERT INTO notice_digests BY NAME
SELECT *
FROM old.notice_digests;

-- name: forget_notices
DELETE FROM notices;

-- name: carry_notices
INSERT INTO notices BY NAME
SELECT *
FROM old.notices;

-- A column that only one of them has is of another version of the schema: it says nothing. Nor does
-- what a view makes of a payload: `events` and `report_versions` are compared by what is stored.
-- name: shared_columns
CREATE OR REPLACE TEMP MACRO shared_columns(named) AS (
    SELECT list(column_name)
    FROM (
        SELECT column_name
        FROM duckdb_columns()
        WHERE database_name = 'old' AND table_name = named
        INTERSECT
        SELECT column_name
        FROM duckdb_columns()
        WHERE database_name = current_database() AND table_name = named
        INTERSECT
        SELECT duckdb_columns.column_name
        FROM duckdb_columns()
        SEMI JOIN duckdb_tables() ON duckdb_columns.table_oid = duckdb_tables.table_oid
        WHERE
            duckdb_columns.database_name = current_database()
            AND duckdb_columns.table_name IN (named, 'accepted')
    )
);

-- name: share
SET VARIABLE shared = (SELECT shared_columns($name)); -- noqa: PRS

-- name: shares_columns
SELECT getvariable('shared') IS NOT NULL;

-- Rows by a hash of all their columns: above 0 the old database has so many more, below the new.
-- noqa: disable=all
-- name: differing
CREATE OR REPLACE TEMP MACRO differing(named) AS TABLE
SELECT sum(surplus) AS surplus
FROM (
    SELECT
        hash(*COLUMNS(lambda c: list_contains(getvariable('shared'), c))) AS digest,
        1 AS surplus
    FROM query_table('old.' || named)
    UNION ALL
    SELECT
        hash(*COLUMNS(lambda c: list_contains(getvariable('shared'), c))) AS digest,
        -1 AS surplus
    FROM query_table(named)
)
GROUP BY digest
HAVING sum(surplus) <> 0;
-- noqa: enable=all

-- name: count_differing
SELECT
    coalesce(sum(surplus) FILTER (surplus > 0), 0)::BIGINT AS only_old,
    coalesce(-sum(surplus) FILTER (surplus < 0), 0)::BIGINT AS only_new
FROM differing($name);

-- name: changed_verdicts
WITH stood AS (
    SELECT *
    FROM old.verdict_versions
    WHERE superseded_at IS NULL
),

stands AS (
    SELECT *
    FROM verdict_versions
    WHERE superseded_at IS NULL
)

SELECT
    coalesce(stood.conflict, stands.conflict) AS conflict,
    coalesce(stood.commitment_id, stands.commitment_id) AS commitment_id,
    stood.verdict AS before,
    stands.verdict AS after,
    count(*) AS incidents
FROM stood
FULL JOIN stands
    ON
        stood.conflict = stands.conflict
        AND stood.commitment_id = stands.commitment_id
        AND stood.incident_id = stands.incident_id
WHERE stood.verdict IS DISTINCT FROM stands.verdict
GROUP BY ALL
ORDER BY ALL;

-- name: count_rows
SELECT
    (SELECT count(*) FROM events) AS events,
    (SELECT count(*) FROM rejected) AS rejected,
    (SELECT count(*) FROM verdict_versions) AS verdict_versions,
    (SELECT count(*) FROM claim_verdict_versions) AS claim_verdict_versions;

-- name: begin
BEGIN;

-- name: commit
COMMIT;

-- name: rollback
ROLLBACK;

-- name: checkpoint
CHECKPOINT; -- noqa: PRS
