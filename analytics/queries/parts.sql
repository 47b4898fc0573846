-- The parts of a lake that several workers write: each has its own, the schema `some_schema` of the
-- worker `some_worker`. `some_table` is one of its tables, `some_parts` one of the statements below
-- for each worker, all their rows together.

-- name: owned
CREATE OR REPLACE TABLE owned_partitions (
    worker VARCHAR NOT NULL,
    log_id VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL
);

COMMENT ON TABLE owned_partitions IS
'Whose rows of a partition are shown: of the workers that had it, those of the furthest';
COMMENT ON COLUMN owned_partitions.worker IS 'The worker, by its TRUCE_WORKER';
COMMENT ON COLUMN owned_partitions.log_id IS 'Which log';
COMMENT ON COLUMN owned_partitions.partition IS 'Which partition of it';
COMMENT ON COLUMN owned_partitions.recorded_at IS 'The recorded_at of the last record of it';

CREATE OR REPLACE TABLE owned_conflicts (
    worker VARCHAR NOT NULL,
    conflict VARCHAR NOT NULL,
    place BIGINT NOT NULL
);

COMMENT ON TABLE owned_conflicts IS
'Whose rows of a conflict are shown: those of the worker whose partition it is in';
COMMENT ON COLUMN owned_conflicts.worker IS 'The worker, by its TRUCE_WORKER';
COMMENT ON COLUMN owned_conflicts.conflict IS 'The conflict';
COMMENT ON COLUMN owned_conflicts.place IS 'The number of that worker among all, from 1';

-- name: owned_partitions
-- The worker that is furthest in a partition owns it: one that took it over has all that the former
-- owner had. Of those that are as far and were there lately, always the same one, for what each has
-- of its own, such as the notices. The others have stopped.
DELETE FROM owned_partitions;
INSERT INTO owned_partitions BY NAME
SELECT
    worker,
    log_id,
    partition,
    recorded_at
FROM (
    SELECT
        *,
        max(marked_at) OVER (PARTITION BY log_id, partition, next_offset) AS last_marked_at
    FROM (some_parts)
)
QUALIFY
    row_number() OVER (
        PARTITION BY log_id, partition
        ORDER BY
            next_offset DESC,
            last_marked_at - marked_at > INTERVAL 2 MINUTE ASC,
            worker ASC
    ) = 1;

-- name: offsets_of_part
SELECT
    'some_worker' AS worker,
    known.log_id,
    known.partition,
    known.next_offset,
    known.recorded_at,
    mark.marked_at
FROM lake.some_schema.log_offsets AS known
CROSS JOIN lake.some_schema.lake_mark AS mark;

-- name: owned_conflicts
-- A conflict has one partition in a log; of several logs the last one counts.
DELETE FROM owned_conflicts;
INSERT INTO owned_conflicts BY NAME
SELECT
    worker,
    conflict,
    dense_rank() OVER (ORDER BY worker) AS place
FROM (some_parts)
QUALIFY row_number() OVER (PARTITION BY conflict ORDER BY recorded_at DESC, worker ASC) = 1;

-- name: conflicts_of_part
SELECT
    mine.worker,
    mine.recorded_at,
    known.conflict
FROM lake.some_schema.conflict_partitions AS known
INNER JOIN owned_partitions AS mine
    ON
        mine.worker = 'some_worker'
        AND known.log_id = mine.log_id
        AND known.partition = mine.partition;

-- name: by_partition
-- What of a table is shown, by what its rows are of.
SELECT known.*
FROM lake.some_schema.some_table AS known
SEMI JOIN owned_partitions AS mine
    ON
        mine.worker = 'some_worker'
        AND known.log_id = mine.log_id
        AND known.partition = mine.partition;

-- name: by_conflict
SELECT known.*
FROM lake.some_schema.some_table AS known
SEMI JOIN owned_conflicts AS mine
    ON
        mine.worker = 'some_worker'
        AND known.conflict = mine.conflict;

-- name: notices
-- Each worker numbers its own.
SELECT
    known.* REPLACE (
        known.seq + mine.place * 1099511627776 AS seq,
        known.digest + mine.place * 1099511627776 AS digest
    )
FROM lake.some_schema.notices AS known
INNER JOIN owned_conflicts AS mine
    ON
        mine.worker = 'some_worker'
        AND known.conflict = mine.conflict;

-- name: notice_digests
SELECT known.* REPLACE (known.digest + mine.place * 1099511627776 AS digest)
FROM lake.some_schema.notice_digests AS known
INNER JOIN owned_conflicts AS mine
    ON
        mine.worker = 'some_worker'
        AND known.conflict = mine.conflict;

-- name: notice_targets
SELECT known.*
FROM lake.some_schema.notice_targets AS known;

-- name: all_notice_targets
SELECT
    target,
    min(since) AS since
FROM (some_parts)
GROUP BY target;

-- name: provenance
SELECT known.*
FROM lake.some_schema.provenance AS known;

-- name: all_provenance
SELECT DISTINCT *
FROM (some_parts);

-- name: lake_mark
SELECT
    'some_worker' AS worker,
    known.*,
    (
        SELECT list(mine.partition ORDER BY mine.partition)
        FROM owned_partitions AS mine
        WHERE mine.worker = 'some_worker'
    ) AS partitions
FROM lake.some_schema.lake_mark AS known;

-- name: contents
SELECT
    'some_worker' AS worker,
    known.*
FROM lake.some_schema.contents AS known;
