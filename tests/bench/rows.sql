-- What a program has written, table by table: how many rows, and one number made of their contents.
-- Left out is what says when and under which name the log had them, which differs from run to run.
SELECT
    'events' AS name,
    count(*) AS row_count,
    bit_xor(hash(r)) AS contents
FROM (SELECT * EXCLUDE (recorded_at, log_id) FROM events) AS r
UNION ALL
SELECT
    'claims' AS name,
    count(*) AS row_count,
    bit_xor(hash(r)) AS contents
FROM (SELECT * EXCLUDE (recorded_at) FROM claim_versions) AS r
UNION ALL
SELECT
    'reports' AS name,
    count(*) AS row_count,
    bit_xor(hash(r)) AS contents
FROM (SELECT * EXCLUDE (recorded_at, log_id) FROM accepted WHERE report_key IS NOT NULL) AS r
UNION ALL
SELECT
    'claim verdicts' AS name,
    count(*) AS row_count,
    bit_xor(hash(r)) AS contents
FROM (SELECT * EXCLUDE (recorded_at) FROM claim_verdict_versions) AS r
UNION ALL
SELECT
    'verdicts' AS name,
    count(*) AS row_count,
    bit_xor(hash(r)) AS contents
FROM (SELECT * EXCLUDE (recorded_at, since, raised_at) FROM verdict_versions) AS r;
