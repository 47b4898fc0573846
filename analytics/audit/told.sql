-- What was claimed and reported, taken apart into rows: lists exploded, every time in microseconds
-- since 1970, every name by number. Nothing is judged here.

-- Before and after all that has a date.
-- name: words
CREATE OR REPLACE MACRO never_before() AS (-4000000000000000000);

CREATE OR REPLACE MACRO never_after() AS (4000000000000000000);

CREATE OR REPLACE MACRO day_length() AS (86400000000);

-- The day in UTC, counted from 1970: division rounds towards zero, so it is made of positives.
CREATE OR REPLACE MACRO day_of(moment) AS (
    (moment + 1000000 * day_length()) // day_length() - 1000000
);

-- Digits beyond the microsecond are cut off, not rounded.
CREATE OR REPLACE MACRO moment_of(said) AS (
    epoch_us(regexp_replace(upper(said), '(\.\d{6})\d+', '\1')::TIMESTAMPTZ)
);

-- An absent bound is unknown; a null one (only an end may be) is open, and that is known.
CREATE OR REPLACE MACRO earliest_of(bound) AS (
    CASE json_type(bound)
        WHEN 'VARCHAR' THEN moment_of(bound ->> '$')
        WHEN 'OBJECT' THEN coalesce(moment_of(bound ->> '$.earliest'), never_before())
        WHEN 'NULL' THEN never_after()
        ELSE never_before()
    END
);

CREATE OR REPLACE MACRO latest_of(bound) AS (
    CASE json_type(bound)
        WHEN 'VARCHAR' THEN moment_of(bound ->> '$')
        WHEN 'OBJECT' THEN coalesce(moment_of(bound ->> '$.latest'), never_after())
        ELSE never_after()
    END
);

-- An ISO 8601 duration of days, hours, minutes and seconds, in microseconds; a day where none is
-- given, which is also the longest that there may be.
CREATE OR REPLACE MACRO number_before(unit, said) AS (
    coalesce(
        nullif(regexp_extract(replace(said, ',', '.'), '([0-9.]+)' || unit, 1), '')::DECIMAL(18, 6),
        0
    )
);

CREATE OR REPLACE MACRO flight_of(said) AS (
    CASE
        WHEN said IS NULL THEN day_length()
        ELSE (
            number_before('D', said) * 86400000000
            + number_before('H', said) * 3600000000
            + number_before('M', said) * 60000000
            + number_before('S', said) * 1000000
        )::BIGINT
    END
);

-- name: claims
CREATE OR REPLACE TABLE conflicts AS
WITH named AS (
    SELECT conflict FROM told_claims
    UNION
    SELECT conflict FROM told_reports
)

SELECT
    conflict,
    row_number() OVER () AS k
FROM named;

CREATE OR REPLACE TABLE commitments AS
WITH named AS (
    SELECT DISTINCT
        conflict,
        commitment_id
    FROM told_claims
)

SELECT
    named.conflict,
    named.commitment_id,
    conflicts.k,
    row_number() OVER () AS m
FROM named
INNER JOIN conflicts ON named.conflict = conflicts.conflict;

-- An empty list was not said. The terms of a denial have no weight: it is never compared.
CREATE OR REPLACE TABLE claims AS
WITH scoped AS (
    SELECT
        told.* EXCLUDE (area),
        commitments.m,
        commitments.k,
        coalesce(nullif(told.area, 'null'), '[]') AS area
    FROM told_claims AS told
    INNER JOIN commitments
        ON
            told.conflict = commitments.conflict
            AND told.commitment_id = commitments.commitment_id
)

SELECT
    k,
    m,
    conflict,
    commitment_id,
    claim_id,
    stance = 'asserts' AS asserts,
    bound_parties,
    acts,
    targets,
    area,
    time_window,
    stance = 'asserts' AND reciprocal AS reciprocal,
    other_conditions IS NOT NULL AS has_other_conditions,
    row_number() OVER () AS c,
    dense_rank() OVER (ORDER BY acts::VARCHAR) AS act_scope,
    dense_rank() OVER (ORDER BY targets::VARCHAR) AS target_scope,
    dense_rank() OVER (ORDER BY area) AS area_scope,
    -- A NULL is "and others not named": it speaks of none.
    len(list_filter(acts, term -> term IS NOT NULL)) > 0 AS speaks_of_acts,
    len(list_filter(targets, term -> term IS NOT NULL)) > 0 AS speaks_of_targets,
    len(list_filter(area::JSON::JSON[], term -> term IS NOT NULL)) > 0 AS speaks_of_area
FROM scoped;

CREATE OR REPLACE TABLE bound AS
SELECT
    c,
    m,
    asserts,
    unnest(bound_parties) AS party
FROM claims;

-- Each entry of a window. Hours that go once round the clock leave no gap: they are no recurrence.
CREATE OR REPLACE TABLE stretches AS
WITH entries AS (
    SELECT
        k,
        c,
        unnest(time_window::JSON::JSON[]) AS entry
    FROM claims
    WHERE asserts
),

bounds AS (
    SELECT
        k,
        c,
        earliest_of(entry -> '$.start') AS start_earliest,
        latest_of(entry -> '$.start') AS start_latest,
        earliest_of(entry -> '$.end') AS end_earliest,
        latest_of(entry -> '$.end') AS end_latest,
        (entry ->> '$.daily.from')::TIME AS from_clock,
        (entry ->> '$.daily.to')::TIME AS to_clock,
        entry ->> '$.daily.zone' AS zone
    FROM entries
)

-- Of hours in a time zone that is not known (any more) nothing is certain but their outer bounds.
SELECT
    bounds.* EXCLUDE (start_latest, end_earliest),
    row_number() OVER () AS s,
    coalesce(bounds.from_clock <> bounds.to_clock, FALSE) AND zones.zone IS NOT NULL AS is_daily,
    CASE
        WHEN bounds.from_clock <> bounds.to_clock AND zones.zone IS NULL THEN never_after()
        ELSE bounds.start_latest
    END AS start_latest,
    CASE
        WHEN bounds.from_clock <> bounds.to_clock AND zones.zone IS NULL THEN never_before()
        ELSE bounds.end_earliest
    END AS end_earliest
FROM bounds
LEFT JOIN zones ON bounds.zone = zones.zone;

-- name: reports
CREATE OR REPLACE TABLE incidents AS
WITH named AS (
    SELECT DISTINCT
        conflict,
        incident_id
    FROM told_reports
    WHERE stance = 'asserts'
)

SELECT
    named.conflict,
    named.incident_id,
    conflicts.k,
    row_number() OVER () AS i
FROM named
INNER JOIN conflicts ON named.conflict = conflicts.conflict;

CREATE OR REPLACE TABLE reports AS
SELECT
    incidents.i,
    incidents.k,
    told.reported_by,
    told.reporter_kind,
    told.reporter_party,
    told.starts,
    told.ends,
    told.certainty = 'throughout' AS throughout,
    coalesce(told.timed = 'impact', FALSE) AS of_impact,
    flight_of(told.flight) AS flight,
    told.party,
    told.party IS NOT NULL
    AND coalesce(told.confidence IN ('confirmed', 'likely'), FALSE) AS is_attributed,
    told.party IS NULL AND coalesce(told.confidence, '') <> 'alleged' AS names_no_actor,
    coalesce(told.act, '') AS act,
    told.targets::VARCHAR AS targets,
    coalesce(nullif(told.places, 'null'), '[]') AS places,
    nullif(nullif(told.impacts, 'null'), '[]') AS impacts,
    row_number() OVER () AS r
FROM told_reports AS told
INNER JOIN incidents
    ON told.conflict = incidents.conflict AND told.incident_id = incidents.incident_id
WHERE told.stance = 'asserts';

-- Who says that it did not happen; the rest of what they say has no weight.
CREATE OR REPLACE TABLE denials AS
SELECT
    incidents.i,
    told.reported_by,
    told.reporter_party
FROM told_reports AS told
INNER JOIN incidents
    ON told.conflict = incidents.conflict AND told.incident_id = incidents.incident_id
WHERE told.stance = 'denies';

-- The whole of each report, and the whole as each of its impacts refines it.
CREATE OR REPLACE TABLE parts AS
WITH impacts AS (
    SELECT
        r,
        unnest(impacts::JSON::JSON[]) AS impact
    FROM reports
    WHERE impacts IS NOT NULL
),

said AS (
    SELECT
        r,
        moment_of(impact ->> '$.occurred.start') AS starts,
        moment_of(impact ->> '$.occurred.end') AS ends,
        coalesce((impact ->> '$.occurred.certainty') = 'throughout', FALSE) AS throughout,
        coalesce((impact ->> '$.occurred.of') = 'impact', FALSE) AS of_impact,
        flight_of(impact ->> '$.occurred.flight') AS flight,
        (impact -> '$.targets')::VARCHAR[]::VARCHAR AS targets,
        impact -> '$.place' AS place
    FROM impacts
),

told AS (
    SELECT
        k,
        i,
        r,
        TRUE AS is_whole,
        starts,
        ends,
        throughout,
        of_impact,
        flight,
        targets,
        places
    FROM reports
    UNION ALL
    SELECT
        whole.k,
        whole.i,
        whole.r,
        FALSE AS is_whole,
        coalesce(said.starts, whole.starts) AS starts,
        coalesce(said.ends, said.starts, whole.ends) AS ends,
        CASE WHEN said.starts IS NULL THEN whole.throughout ELSE said.throughout END AS throughout,
        CASE WHEN said.starts IS NULL THEN whole.of_impact ELSE said.of_impact END AS of_impact,
        CASE WHEN said.starts IS NULL THEN whole.flight ELSE said.flight END AS flight,
        coalesce(said.targets, whole.targets) AS targets,
        CASE
            WHEN said.place IS NULL THEN whole.places
            ELSE '[' || said.place::VARCHAR || ']'
        END AS places
    FROM said
    INNER JOIN reports AS whole ON said.r = whole.r
),

-- Of an impact the act began at some moment before it, but within the time of its flight.
acts AS (
    SELECT
        k,
        i,
        r,
        is_whole,
        targets,
        places,
        starts AS said_starts,
        ends AS said_ends,
        CASE WHEN of_impact THEN starts - flight ELSE starts END AS starts,
        ends,
        throughout AND NOT of_impact AS throughout
    FROM told
)

-- An instant is as long as time is fine: `stops` is what comes certainly after it.
SELECT
    *,
    greatest(ends, starts + 1) AS stops,
    row_number() OVER () AS p
FROM acts;

-- Each incident as a whole, who is named as its actor, and who is known to be.
CREATE OR REPLACE TABLE named_actors AS
SELECT DISTINCT
    i,
    party
FROM reports
WHERE party IS NOT NULL;

CREATE OR REPLACE TABLE known_actors AS
SELECT DISTINCT
    i,
    party
FROM reports
WHERE is_attributed;

CREATE OR REPLACE TABLE happened AS
WITH actors AS (
    SELECT
        i,
        list_sort(list(party)) AS actors
    FROM known_actors
    GROUP BY i
),

times AS (
    SELECT
        k,
        i,
        min(starts) AS starts,
        max(ends) AS ends,
        max(stops) AS stops,
        min(said_starts) AS said_starts,
        max(said_ends) AS said_ends
    FROM parts
    GROUP BY k, i
)

SELECT
    times.*,
    coalesce(actors.actors, []) AS actors
FROM times
LEFT JOIN actors ON times.i = actors.i;
