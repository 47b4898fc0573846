-- What keeps a lake. Of statements that are the same for several tables, `some_table` is the name
-- of one; `staged` is what is handed over from Arrow with the statement.

-- noqa: disable=PRS
-- name: attach
ATTACH 'ducklake:sqlite:{catalog.sqlite}' AS lake (
    DATA_PATH '{data}/', DATA_INLINING_ROW_LIMIT 1000,
    META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 3000
);

-- name: attach_to_read
ATTACH 'ducklake:sqlite:{catalog.sqlite}' AS lake (READ_ONLY, META_BUSY_TIMEOUT 3000);

-- name: attach_postgres
ATTACH 'ducklake:postgres:{pg}' AS lake (DATA_PATH '{data}/', DATA_INLINING_ROW_LIMIT 1000);

-- name: attach_to_read_postgres
ATTACH 'ducklake:postgres:{pg}' AS lake (READ_ONLY);

-- name: attach_shared
ATTACH '{pg}' AS shared (TYPE postgres, READ_ONLY);

-- name: attach_private
ATTACH '{catalog.sqlite}' AS private (TYPE sqlite);

-- name: copy_table
CREATE TABLE private.some_table AS FROM shared.public.some_table;

-- name: export
COPY (FROM query_table($named)) TO $file (FORMAT parquet, COMPRESSION zstd); -- noqa: PRS

-- Not by rows alone, of which some have a megabyte.
-- name: bound_row_groups
CALL lake.set_option('parquet_row_group_size_bytes', '16MB');

-- name: compress
CALL lake.set_option('parquet_compression', 'zstd');

-- noqa: enable=PRS
-- name: options
SELECT count(*)
FROM ducklake_options('lake')
WHERE option_name IN ('parquet_row_group_size_bytes', 'parquet_compression');

-- name: catalogue_tables
SELECT table_name
FROM duckdb_tables()
WHERE
    database_name = 'shared'
    AND schema_name = 'public'
    AND starts_with(table_name, 'ducklake_');

-- name: catalogue_data
SELECT value
FROM shared.public.ducklake_metadata
WHERE
    key = 'data_path'
    AND scope IS NULL;

-- name: tables
SELECT table_name
FROM duckdb_tables()
WHERE
    database_name = 'lake'
    AND schema_name = $schema;

-- name: mark
SELECT
    seq,
    epoch_us(marked_at) AS marked_us,
    ledger_id,
    basis
FROM lake.lake_mark;

-- name: contents
SELECT
    table_name,
    row_count,
    hash
FROM lake.contents;

-- name: create_mark
CREATE TABLE lake.lake_mark (
    seq BIGINT NOT NULL,
    marked_at TIMESTAMPTZ NOT NULL,
    ledger_id VARCHAR NOT NULL,
    basis VARCHAR NOT NULL
);

-- name: create_contents
CREATE TABLE lake.contents (
    table_name VARCHAR NOT NULL,
    row_count BIGINT NOT NULL,
    hash UBIGINT NOT NULL
);

-- name: forget_mark
DELETE FROM lake.lake_mark;

-- name: create_part
CREATE SCHEMA IF NOT EXISTS lake.some_schema;

-- From here on `lake.some_table` is a table of it.
-- name: use_part
USE lake.some_schema;

-- name: parts
SELECT DISTINCT schema_name
FROM duckdb_tables()
WHERE database_name = 'lake';

-- name: ledger_of_unnamed
SELECT ledger_id
FROM lake.main.lake_mark;

-- name: drop_unnamed
DROP TABLE IF EXISTS lake.main.some_table;

-- name: add_conflict_partitions
INSERT INTO lake.conflict_partitions BY NAME
SELECT staged.*
FROM staged
ANTI JOIN lake.conflict_partitions AS known
    ON
        staged.conflict = known.conflict
        AND staged.log_id = known.log_id
        AND staged.partition = known.partition;

-- name: set_mark
INSERT INTO lake.lake_mark
VALUES ($seq, make_timestamptz($marked_at::BIGINT), $ledger_id, $basis);

-- name: forget_contents
DELETE FROM lake.contents;

-- name: set_contents
INSERT INTO lake.contents BY NAME
SELECT * FROM staged;

-- name: drop
DROP TABLE IF EXISTS lake.some_table;

-- name: create
CREATE TABLE lake.some_table AS
SELECT * FROM staged;

-- name: append
INSERT INTO lake.some_table BY NAME
SELECT * FROM staged;

-- name: empty
DELETE FROM lake.some_table;

-- name: targets
SELECT *
FROM lake.notice_targets
ORDER BY target;

-- name: changing_notices
SELECT *
FROM lake.notices
WHERE told_at IS NULL
ORDER BY seq;

-- name: last_of_notices
SELECT coalesce(max(seq), 0)
FROM lake.notices;

-- name: forget_notices
DELETE FROM lake.notices
WHERE seq IN (SELECT staged.seq FROM staged);

-- name: changing_notice_digests
SELECT *
FROM lake.notice_digests
WHERE NOT is_over
ORDER BY digest;

-- name: last_of_notice_digests
SELECT coalesce(max(digest), 0)
FROM lake.notice_digests;

-- name: forget_notice_digests
DELETE FROM lake.notice_digests
WHERE digest IN (SELECT staged.digest FROM staged);

-- name: files
SELECT
    data_file,
    data_file_size_bytes
FROM ducklake_list_files('lake', $table, schema => $schema)
UNION ALL
SELECT
    delete_file,
    delete_file_size_bytes
FROM ducklake_list_files('lake', $table, schema => $schema);

-- name: change_accepted
UPDATE lake.accepted AS known
SET superseded_at = staged.superseded_at
FROM staged
WHERE
    known.report_key = staged.report_key
    AND known.recorded_at = staged.recorded_at
    AND known.superseded_at IS NULL;

-- name: change_claim_versions
UPDATE lake.claim_versions AS known
SET superseded_at = staged.superseded_at
FROM staged
WHERE
    known.claim_key = staged.claim_key
    AND known.recorded_at = staged.recorded_at
    AND known.superseded_at IS NULL;

-- name: change_coverage_versions
UPDATE lake.coverage_versions AS known
SET superseded_at = staged.superseded_at
FROM staged
WHERE
    known.coverage_key = staged.coverage_key
    AND known.recorded_at = staged.recorded_at
    AND known.superseded_at IS NULL;

-- name: change_claim_verdict_versions
UPDATE lake.claim_verdict_versions AS known
SET
    superseded_at = staged.superseded_at,
    before_conditions = staged.before_conditions
FROM staged
WHERE
    known.pair_key = staged.pair_key
    AND known.recorded_at = staged.recorded_at
    AND known.superseded_at IS NULL;

-- name: change_verdict_versions
UPDATE lake.verdict_versions AS known
SET superseded_at = staged.superseded_at
FROM staged
WHERE
    known.pair_key = staged.pair_key
    AND known.recorded_at = staged.recorded_at
    AND known.superseded_at IS NULL;
