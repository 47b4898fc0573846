-- What an import by a mapping makes instead of a source's SQL.

-- name: tables
CREATE TABLE refused ("row" BIGINT, "column" VARCHAR, reason VARCHAR);

CREATE TABLE skipped ("row" BIGINT, reason VARCHAR);

CREATE TABLE events ("rows" BIGINT[], type VARCHAR, said TIMESTAMPTZ, data JSON);

-- name: rows
SELECT * EXCLUDE (file, line, layout)
FROM raw
ORDER BY "row";

-- name: span
-- From the first to the last day of the rows.
CREATE VIEW scope AS
SELECT
    min(CAST(data -> 'occurred' ->> 'start' AS TIMESTAMPTZ)) AS since,
    max(
        CAST(
            coalesce(data -> 'occurred' ->> 'end', data -> 'occurred' ->> 'start') AS TIMESTAMPTZ
        )
    ) AS until,
    CAST(NULL AS VARCHAR[]) AS countries,
    'the span of the rows' AS label
FROM events
HAVING count(*) > 0;
