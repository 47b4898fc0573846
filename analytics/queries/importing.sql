-- What an import asks of the tables that a source's SQL makes, and of what stands already.

-- name: tables
CREATE TABLE standing (
    kind VARCHAR,
    conflict VARCHAR,
    whole VARCHAR,
    part VARCHAR,
    event_id VARCHAR,
    stands BOOLEAN,
    said TIMESTAMPTZ,
    data JSON,
    started TIMESTAMPTZ,
    ended TIMESTAMPTZ
);

CREATE TABLE made (
    number BIGINT,
    "row" BIGINT,
    kind VARCHAR,
    type VARCHAR,
    conflict VARCHAR,
    whole VARCHAR,
    part VARCHAR,
    said VARCHAR,
    data JSON,
    is_refused BOOLEAN
);

CREATE TABLE in_scope (
    since TIMESTAMPTZ,
    until TIMESTAMPTZ,
    countries VARCHAR[],
    label VARCHAR,
    ids VARCHAR
);

-- name: variables
SET VARIABLE zone = cast($zone AS VARCHAR);

SET VARIABLE conflict = cast($conflict AS VARCHAR);

-- name: decimals
SET VARIABLE decimal_comma = cast($comma AS BOOLEAN);

-- name: add_scope
INSERT INTO in_scope
VALUES (make_timestamptz($since), make_timestamptz($until), $countries, $label, $ids);

-- name: scopes
SELECT
    epoch_us(since) AS since,
    epoch_us(until) AS until,
    countries,
    label,
    ids
FROM (
    FROM scope
    UNION ALL BY NAME
    SELECT cast(NULL AS VARCHAR) AS ids
    WHERE FALSE
)
ORDER BY since, until, label;

-- name: said_by_source
-- What a source said last of each report, claim and coverage, from the lake.
WITH said AS (
    SELECT
        type,
        conflict,
        event_id,
        payload -> 'data' AS data,
        payload ->> 'time' AS said,
        recorded_at,
        "offset",
        batch_index
    FROM events
    WHERE source = $source
),

named AS (
    SELECT
        CASE split_part(type, '.', 1)
            WHEN 'incident' THEN 'report'
            WHEN 'commitment' THEN 'claim'
            ELSE 'coverage'
        END AS kind,
        conflict,
        coalesce(data ->> 'incident_id', data ->> 'commitment_id', '') AS whole,
        coalesce(data ->> 'report_id', data ->> 'claim_id', data ->> 'coverage_id') AS part,
        event_id,
        type NOT LIKE '%retracted' AND coalesce(data ->> 'quality', '') <> 'none' AS stands,
        said,
        data,
        recorded_at,
        "offset",
        batch_index
    FROM said
)

SELECT
    kind,
    conflict,
    whole,
    part,
    event_id,
    stands,
    cast(said AS TIMESTAMPTZ) AS said,
    data,
    cast(coalesce(data -> 'occurred' ->> 'start', data ->> 'start') AS TIMESTAMPTZ) AS started,
    cast(
        coalesce(
            data -> 'occurred' ->> 'end', data ->> 'end',
            data -> 'occurred' ->> 'start', data ->> 'start'
        ) AS TIMESTAMPTZ
    ) AS ended
FROM named
QUALIFY
    row_number() OVER (
        PARTITION BY kind, conflict, whole, part
        ORDER BY recorded_at DESC, "offset" DESC, batch_index DESC
    ) = 1;

-- name: objects
-- Which of the names a source's SQL may make it has made.
SELECT table_name
FROM information_schema.tables
WHERE table_name IN ('refused', 'skipped', 'events', 'notes', 'scope');

-- name: refused
SELECT
    refused."row",
    refused."column",
    refused.reason
FROM refused
ORDER BY refused."row", refused."column";

-- name: notes
SELECT
    notes."row",
    notes."column",
    notes.reason
FROM notes
ORDER BY notes."row", notes."column";

-- name: skipped
SELECT
    skipped."row",
    any_value(skipped.reason) AS reason
FROM skipped
GROUP BY skipped."row"
ORDER BY skipped."row";

-- name: events
SELECT
    "rows",
    type,
    iso(said) AS said,
    cast(to_json(data) AS VARCHAR) AS data
FROM events
ORDER BY list_min("rows"), type;

-- name: places_of_rows
SELECT
    "row",
    file,
    line
FROM raw;

-- name: twins
-- Rows whose events would be one and the same report.
WITH twins AS (
    SELECT
        number,
        "row",
        kind,
        conflict,
        whole,
        part,
        count(*) OVER same_report AS times,
        min("row") OVER same_report AS first_row,
        max("row") OVER same_report AS last_row
    FROM made
    WHERE type NOT LIKE '%retracted' AND NOT is_refused
    WINDOW same_report AS (PARTITION BY kind, conflict, whole, part)
)

SELECT
    number,
    "row",
    CASE WHEN "row" = first_row THEN last_row ELSE first_row END AS other_row
FROM twins
WHERE times > 1
ORDER BY number;

-- name: refuse_events
UPDATE made
SET is_refused = TRUE
WHERE number IN (SELECT unnest($numbers));

-- name: changes
-- Each event with what it changes, beside what stands.
WITH beside AS (
    SELECT
        made.*,
        standing.event_id AS before,
        standing.stands,
        cast(made.said AS TIMESTAMPTZ) < standing.said AS is_older,
        standing.part IS NOT NULL AS is_known,
        made.type LIKE '%retracted' AS retracts,
        bool_or(made.type LIKE '%retracted') OVER of_it AS is_retracted,
        bool_or(made.type NOT LIKE '%retracted') OVER of_it AS is_said,
        standing.data AS data_before
    FROM made
    LEFT JOIN
        standing
        ON
            made.kind = standing.kind
            AND made.conflict = standing.conflict
            AND made.whole = standing.whole
            AND made.part = standing.part
    WHERE NOT made.is_refused
    WINDOW of_it AS (PARTITION BY made.kind, made.conflict, made.whole, made.part)
)

SELECT
    number,
    "row",
    kind,
    conflict,
    whole,
    part,
    type,
    said,
    data,
    before,
    CASE
        WHEN retracts AND (stands OR (NOT is_known AND is_said)) THEN 'retracted'
        WHEN retracts THEN 'nothing'
        WHEN is_older AND json_extract(data, '$') <> json_extract(data_before, '$') THEN 'older'
        WHEN is_retracted AND is_known THEN 'same'
        WHEN NOT is_known OR NOT stands THEN 'added'
        WHEN json_extract(data, '$') = json_extract(data_before, '$') THEN 'same'
        ELSE 'revised'
    END AS change,
    CASE WHEN stands AND NOT retracts THEN data_before END AS data_before
FROM beside
ORDER BY number;

-- name: retracted_here
-- What the files themselves take back.
SELECT DISTINCT
    kind,
    conflict,
    whole,
    part
FROM made
WHERE type LIKE '%retracted' AND NOT is_refused;

-- name: scoped
-- What stands of the source within the scope of the import, and was said of something else than
-- coverage.
CREATE TABLE standing_in_scope AS
WITH placed AS (
    SELECT
        kind,
        conflict,
        whole,
        part,
        event_id,
        started,
        ended,
        list_distinct(
            regexp_extract_all(
                cast(json_extract(data, '$.places') AS VARCHAR), '"([A-Z]{2})(-[A-Z0-9]{1,3})?"', 1
            )
        ) AS countries
    FROM standing
    WHERE stands AND kind <> 'coverage'
)

SELECT DISTINCT
    placed.kind,
    placed.conflict,
    placed.whole,
    placed.part,
    placed.event_id
FROM placed
INNER JOIN
    in_scope
    ON
        (in_scope.since IS NULL OR placed.started >= in_scope.since)
        AND (in_scope.until IS NULL OR placed.ended <= in_scope.until)
        AND (in_scope.ids IS NULL OR starts_with(placed.part, in_scope.ids))
        AND (
            in_scope.countries IS NULL
            OR (len(placed.countries) > 0 AND list_has_all(in_scope.countries, placed.countries))
        );

-- name: standing_in_scope
SELECT count(*) FROM standing_in_scope;

-- name: gone
-- What stands within the scope, and is not in the files.
SELECT
    stood.kind,
    stood.conflict,
    stood.whole,
    stood.part,
    stood.event_id
FROM standing_in_scope AS stood
ANTI JOIN
    made
    ON
        stood.kind = made.kind
        AND stood.conflict = made.conflict
        AND stood.whole = made.whole
        AND stood.part = made.part
ORDER BY stood.kind, stood.conflict, stood.whole, stood.part;
