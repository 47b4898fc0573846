-- When each claim holds. Daily hours are spelt out day by day, as far as that is of use: a window
-- may last for thousands of years.

CREATE OR REPLACE VIEW windows AS
WITH parts AS (
    SELECT
        claims.conflict,
        claims.commitment_id,
        claims.claim_id,
        epoch_us(greatest(claims.recorded_at, observed.observed_to)) AS known_at,
        unnest(range(1, len(claims.window_parts) + 1)) AS number,
        unnest(claims.window_parts) AS part
    FROM claims
    LEFT JOIN observed ON claims.conflict = observed.conflict
    WHERE claims.stance = 'asserts'
),

zoned AS (
    SELECT
        *,
        zone_or_utc(part.zone) AS clocks
    FROM parts
    WHERE part.daily_from IS NOT NULL
),

-- Hours of an evening may end on the next day. 1,000 days, and a week that is still to come.
daily AS (
    SELECT
        *,
        least(
            local_day(clocks, epoch_us(part.ends)), local_day(clocks, known_at) + 7
        ) AS last_day,
        local_day(clocks, epoch_us(part.starts)) - 1 AS first_day
    FROM zoned
),

hours AS (
    SELECT
        * EXCLUDE (first_day, last_day),
        unnest(range(greatest(first_day, last_day - 999), last_day + 1)) AS day
    FROM daily
),

spelt_out AS (
    SELECT
        *,
        make_timestamptz(
            moment_of(
                clocks, (DATE '1970-01-01' + day::INTEGER) + part.daily_from::TIME
            )
        ) AS begins,
        make_timestamptz(
            moment_of(
                clocks,
                (
                    DATE '1970-01-01' + day::INTEGER
                    + CASE WHEN part.daily_to::TIME <= part.daily_from::TIME THEN 1 ELSE 0 END
                )
                + part.daily_to::TIME
            )
        ) AS ends
    FROM hours
)

SELECT
    conflict,
    commitment_id,
    claim_id,
    number::INTEGER AS part,
    NULL::DATE AS day,
    part.core_starts AS core_start,
    part.core_ends AS core_end,
    part.starts AS hull_start,
    part.ends AS hull_end,
    part.open_ended AS open_ended,
    part.zone AS zone
FROM parts
WHERE part.daily_from IS NULL
UNION ALL
SELECT
    conflict,
    commitment_id,
    claim_id,
    number::INTEGER AS part,
    DATE '1970-01-01' + day::INTEGER AS day,
    CASE WHEN part.core_starts IS NOT NULL THEN greatest(begins, part.core_starts) END
        AS core_start,
    CASE
        WHEN part.core_ends IS NOT NULL OR part.open_ended THEN least(ends, part.core_ends)
    END AS core_end,
    greatest(begins, part.starts) AS hull_start,
    least(ends, part.ends) AS hull_end,
    FALSE AS open_ended,
    part.zone AS zone
FROM spelt_out
WHERE greatest(begins, part.starts) < least(ends, part.ends);

COMMENT ON VIEW windows IS
'When each claim holds, part by part: certainly within the core, possibly within the hull. Daily
hours have a row for each day: the last 1,000 up to a week after the claim was recorded, or anybody
last reported. Their hours are those of DuckDB''s own time zone data';
COMMENT ON COLUMN windows.conflict IS 'The conflict';
COMMENT ON COLUMN windows.commitment_id IS 'The commitment';
COMMENT ON COLUMN windows.claim_id IS 'The claim';
COMMENT ON COLUMN windows.part IS 'Which part of the window, from 1';
COMMENT ON COLUMN windows.day IS
'Of daily hours, the local day on which they begin; NULL: a part in one piece';
COMMENT ON COLUMN windows.core_start IS 'From here on it certainly holds; NULL: unknown';
COMMENT ON COLUMN windows.core_end IS
'Until here it certainly holds, if that is after core_start; NULL: unknown, or open';
COMMENT ON COLUMN windows.hull_start IS 'From here on it may hold; NULL: unknown';
COMMENT ON COLUMN windows.hull_end IS 'Until here it may hold; NULL: unknown, or open';
COMMENT ON COLUMN windows.open_ended IS 'Does it stand until it is revised?';
COMMENT ON COLUMN windows.zone IS 'Whose clocks the source meant; NULL: not said';
