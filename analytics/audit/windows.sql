-- When: which parts of which reports lie in which windows. Times are compared by the day in UTC
-- first (a hash join), and only then exactly; what lasts for longer than a few days, without.

-- name: days_wanted
CREATE OR REPLACE TABLE short_parts AS
SELECT
    k,
    p,
    starts,
    stops,
    unnest(range(day_of(starts), day_of(stops - 1) + 1)) AS day
FROM parts
WHERE day_of(stops - 1) - day_of(starts) < 4;

CREATE OR REPLACE TABLE long_parts AS
SELECT
    k,
    p,
    starts,
    stops
FROM parts
WHERE day_of(stops - 1) - day_of(starts) >= 4;

CREATE OR REPLACE TABLE days AS
SELECT DISTINCT
    k,
    day
FROM short_parts;

-- A recurrence is spelt out around what happened, and no further than such a long time is walked
-- through. A local day begins within a day of the one in UTC, and its hours may end on the next.
CREATE OR REPLACE TABLE days_wanted AS
WITH daily AS (
    SELECT *
    FROM stretches
    WHERE is_daily
),

clipped AS (
    SELECT DISTINCT
        daily.zone,
        daily.from_clock,
        daily.to_clock,
        greatest(long_parts.starts, daily.start_earliest) AS earliest_from,
        greatest(long_parts.starts, daily.start_latest) AS latest_from,
        least(long_parts.stops, daily.end_latest) AS stops
    FROM daily
    INNER JOIN long_parts
        ON
            daily.k = long_parts.k
            AND daily.start_earliest < long_parts.stops
            AND daily.end_latest > long_parts.starts
),

walks AS (
    SELECT
        zone,
        from_clock,
        to_clock,
        day_of(earliest_from) AS first_day,
        day_of(stops) AS last_day
    FROM clipped
    UNION
    SELECT
        zone,
        from_clock,
        to_clock,
        day_of(latest_from) AS first_day,
        day_of(stops) AS last_day
    FROM clipped
    WHERE latest_from < stops
    UNION
    SELECT
        daily.zone,
        daily.from_clock,
        daily.to_clock,
        days.day AS first_day,
        days.day AS last_day
    FROM daily
    INNER JOIN days
        ON
            daily.k = days.k
            AND day_of(daily.start_earliest) <= days.day
            AND day_of(daily.end_latest) >= days.day
)

SELECT DISTINCT
    walks.zone,
    walks.from_clock,
    walks.to_clock,
    unnest(range(first_day - 3, least(last_day, first_day + limits.longest_walk) + 3)) AS day
FROM walks
CROSS JOIN limits;

-- name: zones_wanted
SELECT
    zone,
    from_clock,
    to_clock,
    list(day ORDER BY day) AS days
FROM days_wanted
GROUP BY zone, from_clock, to_clock
ORDER BY zone, from_clock, to_clock;

-- name: no_hours
CREATE OR REPLACE TABLE hours (
    zone VARCHAR,
    from_clock TIME,
    to_clock TIME,
    begins BIGINT,
    ends BIGINT
);

-- name: take_hours
INSERT INTO hours BY NAME
SELECT
    zone,
    from_clock,
    to_clock,
    begins,
    ends
FROM staged;

-- name: in_window
-- The hull of a piece: outside of it is outside whatever the bounds are. Its core: inside whatever
-- they are; it may be empty. A clock change may leave nothing of a short pause.
CREATE OR REPLACE TABLE pieces AS
SELECT
    k,
    c,
    FALSE AS is_daily,
    start_earliest AS hull_from,
    end_latest AS hull_to,
    start_latest AS core_from,
    end_earliest AS core_to
FROM stretches
WHERE NOT is_daily
UNION ALL
SELECT
    stretches.k,
    stretches.c,
    TRUE AS is_daily,
    greatest(hours.begins, stretches.start_earliest) AS hull_from,
    least(hours.ends, stretches.end_latest) AS hull_to,
    greatest(hours.begins, stretches.start_latest) AS core_from,
    least(hours.ends, stretches.end_earliest) AS core_to
FROM stretches
INNER JOIN hours
    ON
        stretches.zone = hours.zone
        AND stretches.from_clock = hours.from_clock
        AND stretches.to_clock = hours.to_clock
        AND stretches.start_earliest < hours.ends
        AND stretches.end_latest > hours.begins
WHERE stretches.is_daily AND hours.begins < hours.ends;

CREATE OR REPLACE TABLE met AS
WITH placed AS (
    SELECT
        pieces.*,
        days.day
    FROM pieces
    INNER JOIN days
        ON
            pieces.k = days.k
            AND day_of(pieces.hull_from) <= days.day
            AND day_of(pieces.hull_to) >= days.day
    WHERE NOT pieces.is_daily
    UNION ALL
    SELECT
        *,
        unnest(range(day_of(hull_from), day_of(hull_to - 1) + 1)) AS day
    FROM pieces
    WHERE is_daily AND hull_from < hull_to
),

close AS (
    SELECT
        placed.* EXCLUDE (day),
        short_parts.p,
        short_parts.starts,
        short_parts.stops
    FROM placed
    INNER JOIN short_parts
        ON
            placed.k = short_parts.k
            AND placed.day = short_parts.day
            AND placed.hull_from < short_parts.stops
            AND placed.hull_to > short_parts.starts
    UNION ALL
    SELECT
        pieces.*,
        long_parts.p,
        long_parts.starts,
        long_parts.stops
    FROM pieces
    INNER JOIN long_parts
        ON
            pieces.k = long_parts.k
            AND pieces.hull_from < long_parts.stops
            AND pieces.hull_to > long_parts.starts
)

SELECT
    c,
    p,
    bool_or(core_from < core_to AND core_from < stops AND core_to > starts) AS meets_a_core,
    bool_or(core_from <= starts AND core_to >= stops) AS lies_in_a_core,
    -- At least as much as all cores have of it together: a day may count twice.
    sum(greatest(0, least(core_to, stops) - greatest(core_from, starts))) AS most_inside
FROM close
GROUP BY c, p;

-- An interval may lie in no single core, and still within the union of all: if there is no hole
-- between them, in the order of their starts. Walked no further than the stated limit.
CREATE OR REPLACE TABLE united AS
WITH met_pieces AS (
    SELECT
        met.c,
        met.p,
        parts.starts,
        parts.stops,
        greatest(pieces.core_from, parts.starts) AS begins,
        least(pieces.core_to, parts.stops) AS ends
    FROM met
    INNER JOIN parts ON met.p = parts.p
    INNER JOIN pieces
        ON
            met.c = pieces.c
            AND pieces.core_from < pieces.core_to
            AND pieces.core_from < parts.stops
            AND pieces.core_to > parts.starts
    WHERE
        met.meets_a_core
        AND NOT met.lies_in_a_core
        AND met.most_inside >= parts.stops - parts.starts
        AND NOT parts.throughout
        AND NOT parts.of_impact
),

in_order AS (
    SELECT
        met_pieces.*,
        row_number() OVER walk AS number,
        coalesce(
            max(ends) OVER (walk ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), starts
        ) AS reached
    FROM met_pieces
    WINDOW walk AS (PARTITION BY c, p ORDER BY begins, ends)
)

SELECT
    in_order.c,
    in_order.p
FROM in_order
CROSS JOIN limits
WHERE in_order.number <= limits.longest_walk
GROUP BY in_order.c, in_order.p
HAVING
    bool_and(in_order.begins <= in_order.reached)
    AND max(in_order.ends) >= any_value(in_order.stops);

-- Yes or unknown where a part meets a hull; what is not here is no.
CREATE OR REPLACE TABLE timed AS
SELECT
    met.c,
    parts.i,
    parts.p,
    CASE
        WHEN parts.of_impact THEN NULL
        WHEN parts.throughout OR parts.ends = parts.starts THEN nullif(met.meets_a_core, FALSE)
        ELSE nullif(met.lies_in_a_core OR united.p IS NOT NULL, FALSE)
    END AS in_window
FROM met
INNER JOIN parts ON met.p = parts.p
LEFT JOIN united ON met.c = united.c AND met.p = united.p;

-- A pair is judged if the time of some report or impact can touch the claim's window.
CREATE OR REPLACE TABLE touched AS
SELECT DISTINCT
    c,
    i
FROM timed;
