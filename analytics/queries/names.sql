-- What can be named in a query of the lake: for completion, and for `.schema`.

-- name: columns
SELECT
    table_name,
    column_name,
    data_type,
    comment
FROM duckdb_columns()
WHERE
    NOT internal
    AND schema_name = 'main'
    AND table_name IN (
        SELECT view_name
        FROM duckdb_views()
        WHERE NOT internal AND comment IS NOT NULL
    )
    AND database_name = current_database()
ORDER BY
    table_name,
    column_index;

-- name: functions
SELECT
    function_name,
    function_type LIKE '%table%' AS is_table,
    first(parameters ORDER BY len(parameters)) AS parameters,
    first(coalesce(comment, description) ORDER BY coalesce(comment, description) IS NULL) AS does,
    bool_or(NOT internal) AS is_ours
FROM duckdb_functions()
WHERE
    regexp_full_match(function_name, '[a-z][a-z0-9_]*')
    AND function_type <> 'pragma'
GROUP BY ALL
ORDER BY function_name;

-- name: keywords
SELECT upper(keyword_name) AS keyword
FROM duckdb_keywords()
WHERE keyword_category = 'reserved'
ORDER BY keyword;
