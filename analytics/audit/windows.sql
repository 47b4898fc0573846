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
    stops,
    stops - starts > limits.longest_days * 86400000000 AS is_too_long
FROM parts
CROSS JOIN limits
WHERE day_of(stops - 1) - day_of(starts) >= 4;

CREATE OR REPLACE TABLE days AS
SELECT DISTINCT
    k,
    day
FROM short_parts;

-- A recurrence is spelt out around what happened. A local day begins within a day of the one in
-- UTC, and its hours may end on the next. Of what lasts for too long to be walked through it is
-- only asked whether it meets any hours: those of the first days tell.
CREATE OR REPLACE TABLE long_days AS
WITH clipped AS (
    SELECT
        daily.s,
        long_parts.* EXCLUDE (k),
        greatest(long_parts.starts, daily.start_earliest) AS earliest_from,
        greatest(long_parts.starts, daily.start_latest) AS latest_from,
        least(long_parts.stops, daily.end_latest) AS until,
        CASE WHEN long_parts.is_too_long THEN 8 ELSE limits.longest_days + 1 END AS most_days
    FROM stretches AS daily
    INNER JOIN long_parts
        ON
            daily.k = long_parts.k
            AND daily.start_earliest < long_parts.stops
            AND daily.end_latest > long_parts.starts
    CROSS JOIN limits
    WHERE daily.is_daily
),

walks AS (
    SELECT
        * EXCLUDE (earliest_from, latest_from),
        earliest_from AS first
    FROM clipped
    UNION
    SELECT
        * EXCLUDE (earliest_from, latest_from),
        latest_from AS first
    FROM clipped
    WHERE latest_from < until
)

SELECT DISTINCT
    s,
    p,
    starts,
    stops,
    is_too_long,
    unnest(range(day_of(first) - 3, least(day_of(until), day_of(first) + most_days) + 3)) AS day
FROM walks;

CREATE OR REPLACE TABLE days_wanted AS
WITH near AS (
    SELECT DISTINCT
        daily.zone,
        daily.from_clock,
        daily.to_clock,
        days.day
    FROM stretches AS daily
    INNER JOIN days
        ON
            daily.k = days.k
            AND day_of(daily.start_earliest) <= days.day
            AND day_of(daily.end_latest) >= days.day
    WHERE daily.is_daily
)

SELECT
    zone,
    from_clock,
    to_clock,
    unnest(range(day - 3, day + 3)) AS day
FROM near
UNION
SELECT
    daily.zone,
    daily.from_clock,
    daily.to_clock,
    long_days.day
FROM long_days
INNER JOIN stretches AS daily ON long_days.s = daily.s;

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
    day BIGINT,
    begins BIGINT,
    ends BIGINT
);

-- name: take_hours
INSERT INTO hours BY NAME
SELECT
    zone,
    from_clock,
    to_clock,
    day,
    begins,
    ends
FROM staged;

-- name: in_window
-- The hull of a piece: outside of it is outside whatever the bounds are. Its core: inside whatever
-- they are; it may be empty. A clock change may leave nothing of a short pause.
CREATE OR REPLACE TABLE undivided AS
SELECT
    k,
    c,
    s,
    NULL::BIGINT AS of_day,
    start_earliest AS hull_from,
    end_latest AS hull_to,
    start_latest AS core_from,
    end_earliest AS core_to
FROM stretches
WHERE NOT is_daily;

CREATE OR REPLACE TABLE hours_of_days AS
SELECT
    stretches.k,
    stretches.c,
    stretches.s,
    hours.day AS of_day,
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

-- Each part with the pieces of windows that it meets, once.
CREATE OR REPLACE TABLE close AS
WITH placed AS (
    SELECT
        undivided.*,
        days.day
    FROM undivided
    INNER JOIN days
        ON
            undivided.k = days.k
            AND day_of(undivided.hull_from) <= days.day
            AND day_of(undivided.hull_to) >= days.day
    UNION ALL
    SELECT
        *,
        unnest(range(day_of(hull_from), day_of(hull_to - 1) + 1)) AS day
    FROM hours_of_days
    WHERE hull_from < hull_to
),

short AS (
    SELECT DISTINCT
        placed.* EXCLUDE (k, day),
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
)

SELECT
    *,
    FALSE AS is_sample
FROM short
UNION ALL
SELECT
    undivided.* EXCLUDE (k),
    long_parts.p,
    long_parts.starts,
    long_parts.stops,
    FALSE AS is_sample
FROM undivided
INNER JOIN long_parts
    ON
        undivided.k = long_parts.k
        AND undivided.hull_from < long_parts.stops
        AND undivided.hull_to > long_parts.starts
UNION ALL
SELECT
    hours_of_days.* EXCLUDE (k),
    long_days.p,
    long_days.starts,
    long_days.stops,
    long_days.is_too_long AS is_sample
FROM long_days
INNER JOIN hours_of_days
    ON long_days.s = hours_of_days.s AND long_days.day = hours_of_days.of_day
WHERE hours_of_days.hull_from < long_days.stops AND hours_of_days.hull_to > long_days.starts;

CREATE OR REPLACE TABLE met AS
SELECT
    c,
    p,
    bool_or(core_from < core_to AND core_from < stops AND core_to > starts) AS meets_a_core,
    bool_or(core_from <= starts AND core_to >= stops) AS lies_in_a_core,
    -- At least as much as all cores have of it together.
    sum(greatest(0, least(core_to, stops) - greatest(core_from, starts)))
    FILTER (WHERE NOT is_sample) AS most_inside
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
        greatest(close.core_from, parts.starts) AS begins,
        least(close.core_to, parts.stops) AS ends
    FROM met
    INNER JOIN parts ON met.p = parts.p
    INNER JOIN close
        ON
            met.c = close.c
            AND met.p = close.p
            AND NOT close.is_sample
            AND close.core_from < close.core_to
            AND close.core_from < parts.stops
            AND close.core_to > parts.starts
    WHERE
        met.meets_a_core
        AND NOT met.lies_in_a_core
        AND met.most_inside >= parts.stops - parts.starts
        AND NOT parts.throughout
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
