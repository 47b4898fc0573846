-- From when on, and until when, anybody reported on a conflict. Beyond that nothing is known, and
-- what is not known is neither kept nor broken.

CREATE OR REPLACE VIEW observed AS
WITH looked AS (
    SELECT
        conflict,
        epoch_us(occurred_start) AS starts,
        epoch_us(greatest(occurred_end, ends_at)) AS ends,
        epoch_us(recorded_at) AS known_at
    FROM report_versions
    WHERE superseded_at IS NULL AND stance = 'asserts'
    UNION ALL
    SELECT
        conflict,
        epoch_us(covered_start) AS starts,
        epoch_us(covered_end) AS ends,
        epoch_us(recorded_at) AS known_at
    FROM coverage
    WHERE quality IN ('full', 'partial')
)

SELECT
    conflict,
    make_timestamptz(min(starts)) AS observed_from,
    -- An instant lasts a microsecond here, so that it has a day.
    make_timestamptz(
        max(
            CASE
                WHEN ends <= starts AND starts <= known_at THEN starts + 1 ELSE
                    least(ends, known_at)
            END
        )
    ) AS observed_to
FROM looked
GROUP BY conflict;

COMMENT ON VIEW observed IS
'From when on, and until when, anybody reported on a conflict or, fully or partially, watched it';
COMMENT ON COLUMN observed.conflict IS 'The conflict';
COMMENT ON COLUMN observed.observed_from IS 'The earliest start of what was reported, or watched';
COMMENT ON COLUMN observed.observed_to IS
'The latest end of what was reported, or watched, each no later than its recorded_at';
