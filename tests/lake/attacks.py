"""The statements that readers are attacked with, a line each.

A backslash and an n is a new line, {lake} the directory of the lake, and {folder} one that holds
secrets and into which nothing may go.
"""

# These act, and are not even begun: their kind says so.
ACTING = r"""
DELETE FROM accepted
INSERT INTO verdict_versions SELECT * FROM verdict_versions
UPDATE accepted SET payload = '{}'
DROP TABLE accepted
DROP VIEW verdicts
ALTER TABLE accepted ADD COLUMN x INTEGER
TRUNCATE accepted
CREATE TABLE x AS SELECT 1
CREATE TEMP TABLE x AS SELECT 1
CREATE OR REPLACE VIEW verdicts AS SELECT 1
MERGE INTO accepted USING (SELECT 1 AS i) s ON TRUE WHEN MATCHED THEN DELETE
WITH x AS (SELECT 1) DELETE FROM accepted
SELECT 1; DELETE FROM accepted
/* SELECT */ DELETE FROM accepted
-- SELECT\nDELETE FROM events
;;DELETE FROM accepted
SELECT 1;\n-- harmless\nDROP TABLE events
EXPLAIN ANALYZE DELETE FROM accepted
BEGIN
COMMIT
ROLLBACK
PREPARE p AS DELETE FROM accepted
EXECUTE p
DEALLOCATE p
COPY events TO '{folder}/out.csv'
COPY (SELECT 1) TO '{folder}/out.parquet'
COPY accepted FROM '{folder}/secret.csv'
EXPORT DATABASE '{folder}/out'
ATTACH '{folder}/other.duckdb'
ATTACH ':memory:' AS other
INSTALL httpfs
LOAD httpfs
SET memory_limit = '1MB'
SET lock_configuration = FALSE
SET VARIABLE x = 1
PRAGMA enable_profiling
PRAGMA memory_limit = '1MB'
CALL pragma_version()
CHECKPOINT
FORCE CHECKPOINT
VACUUM
ANALYZE
COMMENT ON TABLE events IS 'x'
CREATE SEQUENCE s
UPDATE EXTENSIONS
ATTACH '{lake}/catalog.sqlite' AS r (TYPE sqlite)
ATTACH 'ducklake:sqlite:{lake}/catalog.sqlite' AS r
DELETE FROM __ducklake_metadata_lake.ducklake_snapshot
CREATE TABLE lake.x AS SELECT 1
CREATE VIEW x AS SELECT 1
DROP TABLE lake.accepted
DETACH lake
USE lake
SET http_proxy = 'http://127.0.0.1:1'
SET search_path = 'lake'
EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/out.csv'
EXPLAIN (ANALYZE, FORMAT JSON) DELETE FROM accepted
EXPLAIN /* ( */ ANALYZE -- )\n DELETE FROM accepted
EXPLAIN (FORMAT /* ) SELECT */ JSON, ANALYZE) DELETE FROM accepted
explain analyze insert into lake.accepted from lake.accepted
PRAGMA enable_profiling = 'json'
PRAGMA threads = 100
CALL ducklake_cleanup_old_files('lake', cleanup_all => TRUE)
CALL lake.merge_adjacent_files()
SELECT 1; ATTACH '{lake}/catalog.sqlite' AS r (TYPE sqlite); SELECT 2
""".strip().splitlines()

# These ask, or seem to: they may be answered, and must reach and change nothing.
ASKING = r"""
WITH x AS (DELETE FROM accepted RETURNING *) SELECT * FROM x
WITH x AS (INSERT INTO outbox VALUES (1, 1, 0, '', 0) RETURNING bytes) FROM x
IMPORT DATABASE '{folder}/out'
PRAGMA database_list
FROM whoami()
FROM query('DELETE FROM accepted')
FROM query_table('events')
FROM query_table(['events', 'events'])
FROM histogram_values('events', conflict)
FROM checkpoint()
FROM force_checkpoint()
FROM enable_logging()
FROM disable_logging()
FROM truncate_duckdb_logs()
FROM enable_profiling()
FROM duckdb_logs()
FROM duckdb_logs
SELECT write_log('x')
SELECT nextval('s')
SELECT setseed(0.5)
FROM arrow_scan(1, 2, 3)
FROM arrow_scan_dumb(1, 2, 3)
FROM pandas_scan(1)
FROM python_map_function(1)
FROM seq_scan(1)
SELECT getenv('TRUCE_TEST_SECRET')
SELECT GetEnv('TRUCE_TEST_SECRET')
SELECT "getenv"('TRUCE_TEST_SECRET')
SELECT main.getenv('TRUCE_TEST_SECRET')
SELECT current_setting('secret_directory')
SELECT getvariable('x')
SELECT current_query()
FROM duckdb_secrets()
FROM duckdb_settings()
FROM duckdb_variables()
FROM duckdb_prepared_statements()
FROM pg_settings
FROM pg_catalog.pg_settings
FROM read_csv('{folder}/secret.csv')
FROM read_csv_auto('{folder}/secret.csv')
FROM '{folder}/secret.csv'
FROM "{folder}/secret.csv"
FROM read_text('{folder}/secret.csv')
FROM read_blob('/proc/self/environ')
FROM read_json('{folder}/secret.csv')
FROM read_parquet('{folder}/secret.csv')
FROM parquet_metadata('{folder}/secret.csv')
FROM read_duckdb('{folder}/truce.duckdb')
FROM sniff_csv('{folder}/secret.csv')
FROM glob('{folder}/*')
FROM read_csv('http://127.0.0.1:1/x')
FROM 'https://127.0.0.1:1/x.parquet'
FROM SECRET
FROM os
FROM door
SELECT getenv('PATH')
FROM ducklake_merge_adjacent_files('lake')
FROM ducklake_rewrite_data_files('lake')
FROM ducklake_cleanup_old_files('lake', cleanup_all => TRUE)
FROM ducklake_delete_orphaned_files('lake', cleanup_all => TRUE)
FROM ducklake_expire_snapshots('lake', older_than => now())
FROM ducklake_flush_inlined_data('lake')
FROM ducklake_add_data_files('lake', 'accepted', '{lake}/data/x.parquet')
FROM ducklake_set_option('lake', 'target_file_size', '1MB')
FROM ducklake_set_commit_message('lake', 'a', 'b')
FROM checkpoint('lake')
FROM sqlite_query('__ducklake_metadata_lake', 'DELETE FROM ducklake_snapshot RETURNING 1')
FROM sqlite_query('__ducklake_metadata_lake', 'VACUUM INTO ''{folder}/x.db''')
FROM sqlite_query('__ducklake_metadata_lake', 'ATTACH ''{lake}/catalog.sqlite'' AS r')
FROM sqlite_query('__ducklake_metadata_lake', 'PRAGMA journal_mode = WAL')
FROM sqlite_query('__ducklake_metadata_lake', 'SELECT load_extension(''x'')')
FROM sqlite_scan('{folder}/secret.sqlite', 'secret')
FROM sqlite_scan('{lake}/catalog.sqlite', 'ducklake_snapshot')
FROM sqlite_attach('{folder}/secret.sqlite')
FROM sqlite_attach('{lake}/catalog.sqlite', overwrite => TRUE)
FROM glob('{folder}/**')
FROM read_text('/proc/self/environ')
FROM read_text('{lake}/../worker.json')
FROM enable_logging(storage = 'file', storage_config = {'path': '{folder}/log'})
FROM enable_profiling(save_location = '{folder}/profile')
SELECT regexp_matches(repeat('a', 100000), '(a*)*b')
FROM query('COPY (SELECT 1) TO ''{folder}/x.csv''')
FROM json_execute_serialized_sql('{}')
""".strip().splitlines()

# Each of these wants all of a machine, or ends the process that asks it.
GREEDY = r"""
SELECT json_serialize_plan('FROM pandas_scan(NULL)')
SELECT json_structure((repeat('[', 1000000) || repeat(']', 1000000))::JSON)
SELECT length(json_transform('1', repeat('[', 1000000) || '"JSON"' || repeat(']', 1000000))::VARCHAR)
SELECT length(from_json('1', repeat('{"a":', 1000000) || '"JSON"' || repeat('}', 1000000))::VARCHAR)
SELECT repeat('x', 100000000) FROM range(100)
SELECT list(repeat('x', 100000000)) FROM range(100)
SELECT array_agg(range) FROM range(1000000000)
WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r) SELECT count(*) FROM r
SELECT count(*) FROM range(1000000000000)
SELECT pg_sleep(600)
SELECT sleep_ms(600000)
SELECT string_agg(a.payload || b.payload) FROM accepted AS a, accepted AS b, range(100000000)
""".strip().splitlines()
