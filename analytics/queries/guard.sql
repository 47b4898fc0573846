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

-- name: read_only
CREATE MACRO truce_guard.main.read_only(session, sql) AS (
    WITH parsed AS MATERIALIZED (
        SELECT json_serialize_sql(sql::VARCHAR) AS tree
    ),

    nodes AS MATERIALIZED (
        SELECT
            node.key AS name,
            lower(node.atom ->> '$') AS value
        FROM parsed, json_tree(parsed.tree) AS node
        WHERE node.key IN ('function_name', 'table_name', 'type')
    )

    SELECT
        coalesce(
            json_extract_string(parsed.tree, '$.error') = 'false'
            AND json_array_length(parsed.tree, '$.statements') = 1
            AND NOT EXISTS (
                SELECT 1
                FROM nodes
                WHERE
                    name = 'function_name'
                    AND value NOT IN (SELECT allowed.name FROM truce_guard.main.allowed)
            )
            AND NOT EXISTS (
                SELECT 1
                FROM nodes
                WHERE
                    (name = 'table_name' AND value IN ('duckdb_logs', 'pg_settings'))
                    OR (
                        name = 'type'
                        AND ends_with(value, '_node')
                        AND value NOT IN (
                            'select_node', 'set_operation_node', 'recursive_cte_node', 'cte_node'
                        )
                    )
            ),
            FALSE
        )
    FROM parsed
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
