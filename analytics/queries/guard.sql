-- What keeps the read-only door read-only. It lives in memory, beside the ledger and not in it.

-- name: attach
ATTACH ':memory:' AS truce_guard; -- noqa: PRS

-- name: allowed
CREATE TABLE truce_guard.main.allowed AS
WITH harmless AS (
    SELECT lower(function_name) AS name
    FROM duckdb_functions()
    WHERE
        function_type IN ('scalar', 'aggregate', 'macro')
        AND NOT coalesce(has_side_effects, FALSE)
    UNION
    SELECT unnest([
        'random', 'uuid', 'uuidv4', 'uuidv7', 'gen_random_uuid', 'error',
        'row_number', 'rank', 'dense_rank', 'rank_dense', 'percent_rank', 'cume_dist', 'ntile',
        'lag', 'lead', 'first_value', 'last_value', 'nth_value', 'fill',
        'unnest', 'range', 'generate_series', 'json_each', 'json_tree',
        'verdicts_as_of', 'reports_between',
        'duckdb_columns', 'duckdb_constraints', 'duckdb_databases', 'duckdb_functions',
        'duckdb_indexes', 'duckdb_keywords', 'duckdb_schemas', 'duckdb_tables', 'duckdb_types',
        'duckdb_views', 'icu_calendar_names', 'pg_timezone_names', 'pragma_database_size',
        'pragma_show', 'pragma_storage_info', 'pragma_table_info', 'pragma_version'
    ])
)

SELECT name
FROM harmless
WHERE
    NOT starts_with(name, 'quack')
    AND NOT regexp_matches(name, 'sleep|secret|whoami')
    AND name NOT IN (
        'getenv', 'current_setting', 'getvariable', 'current_query', 'write_log', 'query',
        'query_table', 'json_execute_serialized_sql'
    );

-- name: allowed_names
-- The same in one list. Each time that rows are made of a value in a query, as by json_tree or
-- unnest, DuckDB (1.5.5) keeps some KiB, in thousands of queries without an end that was seen; and
-- every answer asks: lists are compared instead.
CREATE TABLE truce_guard.main.allowed_names AS
SELECT list(name) AS names
FROM truce_guard.main.allowed;

-- name: read_only
-- '$..type' finds what is called type at any depth.
CREATE MACRO truce_guard.main.read_only(session, sql) AS (
    WITH parsed AS (
        SELECT json_serialize_sql(sql::VARCHAR) AS tree
    )

    SELECT
        coalesce(
            json_extract_string(parsed.tree, '$.error') = 'false'
            AND json_array_length(parsed.tree, '$.statements') = 1
            AND list_has_all(
                permitted.names,
                list_transform(
                    json_extract_string(parsed.tree, '$..function_name'), lambda n: lower(n)
                )
            )
            AND NOT list_has_any(
                ['duckdb_logs', 'pg_settings'],
                list_transform(
                    json_extract_string(parsed.tree, '$..table_name'), lambda n: lower(n)
                )
            )
            AND list_has_all(
                ['select_node', 'set_operation_node', 'recursive_cte_node', 'cte_node'],
                list_filter(
                    list_transform(
                        json_extract_string(parsed.tree, '$..type'), lambda n: lower(n)
                    ),
                    lambda n: ends_with(n, '_node')
                )
            ),
            FALSE
        )
    FROM parsed, truce_guard.main.allowed_names AS permitted
);

-- name: authorize
SET GLOBAL quack_authorization_function = 'truce_guard.main.read_only';

-- name: no_objects
SET GLOBAL python_enable_replacements = FALSE;

-- name: serve
CALL quack_serve($uri, token := $token);

-- name: no_files
SET GLOBAL enable_external_access = FALSE;

-- name: lock
SET GLOBAL lock_configuration = TRUE;

-- name: stop
CALL quack_stop($uri);

-- name: left_open
SELECT
    count(*) AS answers,
    coalesce(
        max((epoch_us(now()) - epoch_us(query_started_at)) / 1000000), 0
    ) AS longest_seconds
FROM quack_active_connections()
WHERE state = 'active';

-- name: ask
FROM quack_query($uri, $sql, token := $token);

-- name: mistake
WITH parsed AS (
    SELECT json_serialize_sql($sql::VARCHAR) AS tree
)

SELECT json_extract_string(tree, '$.error_message')
FROM parsed
WHERE json_extract_string(tree, '$.error_type') = 'parser';
