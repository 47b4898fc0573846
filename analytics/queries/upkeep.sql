-- What keeps a lake small. DuckLake's own functions are used where they disturb no reader: merging
-- schedules files for deletion at once, flushing takes inlined rows from whoever reads an earlier
-- snapshot, and times given to either are compared as texts in SQLite, where they come out wrong.

-- Snapshots that were superseded before then.
-- name: superseded
SELECT snapshot_id
FROM (
    SELECT
        snapshot_id,
        lead(snapshot_time) OVER (ORDER BY snapshot_id) AS superseded_at
    FROM ducklake_snapshots('lake')
)
WHERE superseded_at < make_timestamptz($before::BIGINT)
ORDER BY snapshot_id
LIMIT $most;

-- name: expire
CALL ducklake_expire_snapshots('lake', versions => $snapshots);

-- Files that no snapshot needs any more.
-- name: clean_up
CALL ducklake_cleanup_old_files('lake', cleanup_all => TRUE);

-- What was written when a process was killed, and is of no snapshot.
-- name: clean_orphans
CALL ducklake_delete_orphaned_files('lake', older_than => make_timestamptz($before::BIGINT));

-- name: inlined
SELECT
    inside.schema_name,
    known.table_name,
    inlined.table_name AS inlined_name
FROM __ducklake_metadata_lake.ducklake_inlined_data_tables AS inlined
INNER JOIN __ducklake_metadata_lake.ducklake_table AS known
    ON inlined.table_id = known.table_id
INNER JOIN __ducklake_metadata_lake.ducklake_schema AS inside
    ON known.schema_id = inside.schema_id
WHERE known.end_snapshot IS NULL AND inside.end_snapshot IS NULL;

-- name: count_inlined
SELECT count(*)
FROM __ducklake_metadata_lake.some_table
WHERE end_snapshot IS NULL;

-- Rows that no snapshot has.
-- name: forget_inlined
DELETE FROM __ducklake_metadata_lake.some_table
WHERE end_snapshot <= (
    SELECT min(snapshot_id)
    FROM __ducklake_metadata_lake.ducklake_snapshot
);

-- name: inlined_deletes
SELECT table_name
FROM duckdb_tables()
WHERE
    database_name = '__ducklake_metadata_lake'
    AND starts_with(table_name, 'ducklake_inlined_delete_');

-- name: forget_inlined_deletes
DELETE FROM __ducklake_metadata_lake.some_table
WHERE file_id NOT IN (
    SELECT data_file_id
    FROM __ducklake_metadata_lake.ducklake_data_file
);

-- The files of a table that have so few rows, the oldest first.
-- name: small_files
SELECT
    listed.data_file,
    file.record_count,
    file.file_size_bytes
FROM ducklake_list_files('lake', 'some_table', schema => $schema) AS listed
INNER JOIN __ducklake_metadata_lake.ducklake_data_file AS file
    ON ends_with(listed.data_file, '/' || file.path)
WHERE file.end_snapshot IS NULL AND file.record_count < $rows
ORDER BY file.begin_snapshot;

-- name: move_out
CREATE OR REPLACE TEMP TABLE moved AS
SELECT *
FROM lake.some_table
WHERE list_contains($pieces, filename);

-- name: delete_pieces
DELETE FROM lake.some_table
WHERE list_contains($pieces, filename);

-- name: move_in
INSERT INTO lake.some_table
FROM moved;

-- name: drop_moved
DROP TABLE moved;

-- Files of which all rows are deleted.
-- name: drop_empty
CALL ducklake_rewrite_data_files(
    'lake', 'some_table', schema => $schema, delete_threshold => 0.95
);
