-- How many counted days in a row there was no violation.

CREATE OR REPLACE VIEW streaks AS
WITH touching AS MATERIALIZED (
    FROM touched_days
),

counted AS MATERIALIZED (
    SELECT
        obligations.conflict,
        obligations.commitment_id,
        obligations.claim_id,
        obligations.party,
        coalesce(sum(days.last_day - days.first_day + 1), 0)::BIGINT AS days
    FROM obligations
    LEFT JOIN window_days AS days
        ON
            obligations.conflict = days.conflict
            AND obligations.commitment_id = days.commitment_id
            AND obligations.claim_id IS NOT DISTINCT FROM days.claim_id
            AND obligations.party = days.party
            AND days.extent = 'core'
    WHERE obligations.is_core_known
    GROUP BY ALL
),

-- A streak cannot hold all of a violation's days. Up to a day it reaches back to the latest first
-- day of those that are over by then.
walls AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        last_number AS number,
        max(first_number) AS first_number
    FROM touching
    WHERE is_violation
    GROUP BY conflict, commitment_id, claim_id, party, last_number
    UNION ALL
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        days + 1 AS number,
        NULL AS first_number
    FROM counted
),

longest AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        max(number - 1 - coalesce(behind, 0)) AS upper,
        arg_max(number - 1 - coalesce(behind, 0), number) AS current_upper
    FROM (
        SELECT
            *,
            max(first_number) OVER (
                PARTITION BY conflict, commitment_id, claim_id, party
                ORDER BY number
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS behind
        FROM walls
    ) AS walked
    GROUP BY conflict, commitment_id, claim_id, party
),

-- Certainly unbroken are the days between those that anything may have touched.
touched AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        is_long,
        first_number,
        last_number
    FROM touching
    UNION ALL
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        FALSE AS is_long,
        days + 1 AS first_number,
        days + 1 AS last_number
    FROM counted
),

gaps AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        is_long,
        first_number - 1 - coalesce(
            max(last_number) OVER (
                PARTITION BY conflict, commitment_id, claim_id, party
                ORDER BY first_number, last_number
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ),
            0
        ) AS untouched,
        first_number - 1 - coalesce(
            max(last_number) FILTER (WHERE NOT is_long) OVER (
                PARTITION BY conflict, commitment_id, claim_id, party
                ORDER BY first_number, last_number
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ),
            0
        ) AS between_short_ones,
        first_number
    FROM touched
),

long_ones AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        sum(incidents) AS incidents
    FROM touching
    WHERE is_long
    GROUP BY conflict, commitment_id, claim_id, party
),

shortest AS (
    SELECT
        gaps.conflict,
        gaps.commitment_id,
        gaps.claim_id,
        gaps.party,
        -- The long ones have one day each: at best for them they cut a gap into equal pieces.
        greatest(
            0,
            max(gaps.untouched),
            max(
                ceil(
                    (gaps.between_short_ones - coalesce(long_ones.incidents, 0))
                    / (coalesce(long_ones.incidents, 0) + 1)
                )
            ) FILTER (WHERE NOT gaps.is_long)
        )::BIGINT AS lower,
        greatest(0, arg_max(gaps.untouched, gaps.first_number)) AS current_lower
    FROM gaps
    LEFT JOIN long_ones
        ON
            gaps.conflict = long_ones.conflict
            AND gaps.commitment_id = long_ones.commitment_id
            AND gaps.claim_id IS NOT DISTINCT FROM long_ones.claim_id
            AND gaps.party = long_ones.party
    GROUP BY gaps.conflict, gaps.commitment_id, gaps.claim_id, gaps.party
)

SELECT
    counted.conflict,
    counted.commitment_id,
    counted.claim_id,
    counted.party,
    shortest.current_lower,
    longest.current_upper,
    shortest.lower AS longest_lower,
    longest.upper AS longest_upper
FROM counted
INNER JOIN shortest
    ON
        counted.conflict = shortest.conflict
        AND counted.commitment_id = shortest.commitment_id
        AND counted.claim_id IS NOT DISTINCT FROM shortest.claim_id
        AND counted.party = shortest.party
INNER JOIN longest
    ON
        counted.conflict = longest.conflict
        AND counted.commitment_id = longest.commitment_id
        AND counted.claim_id IS NOT DISTINCT FROM longest.claim_id
        AND counted.party = longest.party;

COMMENT ON VIEW streaks IS
'How many days in a row each bound party kept to each claim, and (claim_id NULL) to the commitment.
Days are those that compliance counts; days between parts of a window break no streak. No row: the
bounds of the window are not known';
COMMENT ON COLUMN streaks.conflict IS 'The conflict';
COMMENT ON COLUMN streaks.commitment_id IS 'The commitment';
COMMENT ON COLUMN streaks.claim_id IS 'The claim; NULL: the commitment as a whole';
COMMENT ON COLUMN streaks.party IS 'The party that is claimed to be bound';
COMMENT ON COLUMN streaks.current_lower IS
'Days without a violation for certain, up to the last that is counted: where anybody last reported
or, before that, where the window ended. What is not clear, of the party or unattributed, ends it';
COMMENT ON COLUMN streaks.current_upper IS
'The most days up to there that may have been without a violation: only violations end it';
COMMENT ON COLUMN streaks.longest_lower IS
'The longest streak of days without a violation has certainly at least as many';
COMMENT ON COLUMN streaks.longest_upper IS
'The longest streak of days without a violation has at most as many';
