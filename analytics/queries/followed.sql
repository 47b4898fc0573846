-- What a lake asks of the ledger that it follows, all of it as of one moment. `some_table` is the
-- name of a table.

-- name: none
SELECT *
FROM some_table
LIMIT 0;

-- name: all
SELECT *
FROM some_table;

-- Rows are only ever appended, and stay in their places.
-- name: new
SELECT *
FROM some_table
WHERE rowid >= $known;

-- Of the versions that the lake knows those that changed: they stood, so that it has them open.
-- name: changed
SELECT *
FROM some_table
WHERE
    rowid < $known
    AND rowid IN (
        SELECT place
        FROM changed_rows
        WHERE seq > $seq AND table_name = 'some_table'
    );

-- name: any_changed
SELECT DISTINCT table_name
FROM changed_rows
WHERE seq > $seq;

-- name: conflict_partitions
SELECT DISTINCT
    conflict,
    log_id,
    partition
FROM accepted
WHERE rowid >= $known;

-- name: targets
SELECT *
FROM notice_targets
ORDER BY target;

-- name: notices
SELECT *
FROM notices
WHERE seq > $last OR list_contains($changing::BIGINT[], seq)
ORDER BY seq;

-- name: changing_notices
SELECT *
FROM notices
WHERE told_at IS NULL
ORDER BY seq;

-- name: last_of_notices
SELECT coalesce(max(seq), 0)
FROM notices;

-- name: notice_digests
SELECT *
FROM notice_digests
WHERE digest > $last OR list_contains($changing::BIGINT[], digest)
ORDER BY digest;

-- name: changing_notice_digests
SELECT *
FROM notice_digests
WHERE NOT is_over
ORDER BY digest;

-- name: last_of_notice_digests
SELECT coalesce(max(digest), 0)
FROM notice_digests;
