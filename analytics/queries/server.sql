-- What is asked of the PostgreSQL that a lake's catalogue is in, in PostgreSQL's own SQL.

-- noqa: disable=all
-- name: attach
ATTACH '{pg}' AS server (TYPE postgres, READ_ONLY, ISOLATION_LEVEL 'READ COMMITTED');

-- name: lock
FROM postgres_query(
    'server',
    'SELECT pg_try_advisory_xact_lock(hashtextextended(''trucewatch '
    || replace($name, '''', '''''') || ''', 0))'
);

-- name: has_catalogue
FROM postgres_query('server', 'SELECT to_regclass(''public.ducklake_metadata'') IS NOT NULL');

-- name: data
FROM postgres_query(
    'server', 'SELECT value FROM public.ducklake_metadata WHERE key = ''data_path'' AND scope IS NULL'
);

-- Files are scheduled for deletion by upkeep alone, which makes no snapshot.
-- name: state
FROM postgres_query(
    'server',
    'SELECT
        (SELECT max(snapshot_id) FROM public.ducklake_snapshot) AS newest,
        (SELECT min(snapshot_id) FROM public.ducklake_snapshot) AS oldest,
        (SELECT count(*) FROM public.ducklake_snapshot) AS snapshots,
        (SELECT count(*) FROM public.ducklake_files_scheduled_for_deletion) AS scheduled'
);
