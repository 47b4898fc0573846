-- Which local days a window has, as runs of days that follow each other: nothing is spelt out.

CREATE OR REPLACE VIEW window_days AS
WITH parts AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        bound_parties,
        unnest(window_parts) AS part
    FROM claims
    WHERE stance = 'asserts'
),

stretches AS (
    SELECT
        parts.* EXCLUDE (part),
        parts.part.daily_from::TIME AS hours_from,
        parts.part.daily_to::TIME AS hours_to,
        zone_or_utc(parts.part.zone) AS clocks,
        unnest([
            {
                'extent': 'core',
                'starts': epoch_us(parts.part.core_starts),
                'ends': CASE
                    WHEN
                        observed_to IS NOT NULL
                        AND (parts.part.core_ends IS NOT NULL OR parts.part.open_ended)
                        THEN least(epoch_us(parts.part.core_ends), observed_to)
                END
            },
            {
                'extent': 'hull',
                'starts': epoch_us(parts.part.starts),
                'ends': CASE
                    WHEN
                        observed_to IS NOT NULL
                        AND (parts.part.ends IS NOT NULL OR parts.part.open_ended)
                        THEN least(epoch_us(parts.part.ends), observed_to)
                END
            },
            {
                'extent': 'whole',
                'starts': epoch_us(parts.part.core_starts),
                'ends': epoch_us(parts.part.core_ends)
            }
        ]) AS stretch
    FROM parts
    LEFT JOIN (
        SELECT
            conflict,
            epoch_us(observed_to) AS observed_to
        FROM observed
    ) AS seen ON parts.conflict = seen.conflict
),

-- Of daily hours: from their first moment to their last.
clipped AS (
    SELECT
        * EXCLUDE (stretch),
        stretch.extent AS extent,
        stretch.starts AS starts,
        stretch.ends AS ends,
        timezone(clocks, make_timestamptz(stretch.starts)) AS first_clock,
        timezone(clocks, make_timestamptz(stretch.ends - 1)) AS last_clock
    FROM stretches
    WHERE stretch.starts < stretch.ends
),

moments AS (
    SELECT
        * EXCLUDE (starts, ends, first_clock, last_clock, hours_from, hours_to, clocks),
        CASE
            WHEN
                hours_from IS NULL
                OR (
                    hours_from < hours_to AND first_clock::TIME >= hours_from
                    AND first_clock::TIME < hours_to
                )
                OR (
                    hours_from > hours_to
                    AND (first_clock::TIME >= hours_from OR first_clock::TIME < hours_to)
                )
                THEN starts
            ELSE
                moment_of(
                    clocks,
                    first_clock::DATE
                    + CASE WHEN first_clock::TIME < hours_from THEN 0 ELSE 1 END
                    + hours_from
                )
        END AS starts,
        CASE
            WHEN
                hours_from IS NULL
                OR (
                    hours_from < hours_to AND last_clock::TIME >= hours_from
                    AND last_clock::TIME < hours_to
                )
                OR (
                    hours_from > hours_to
                    AND (last_clock::TIME >= hours_from OR last_clock::TIME < hours_to)
                )
                THEN ends
            ELSE
                moment_of(
                    clocks,
                    last_clock::DATE
                    - CASE WHEN last_clock::TIME >= hours_to THEN 0 ELSE 1 END
                    + hours_to
                )
        END AS ends
    FROM clipped
),

read_by AS (
    SELECT
        * EXCLUDE (bound_parties),
        unnest(bound_parties) AS party
    FROM moments
    WHERE starts < ends
    UNION ALL
    SELECT
        * EXCLUDE (bound_parties) REPLACE (NULL AS claim_id),
        unnest(bound_parties) AS party
    FROM moments
    WHERE starts < ends
),

spans AS (
    SELECT DISTINCT
        read_by.conflict,
        read_by.commitment_id,
        read_by.claim_id,
        read_by.party,
        read_by.extent,
        local_day(obligations.zone, read_by.starts) AS first_day,
        local_day(obligations.zone, read_by.ends - 1) AS last_day
    FROM read_by
    INNER JOIN obligations
        ON
            read_by.conflict = obligations.conflict
            AND read_by.commitment_id = obligations.commitment_id
            AND read_by.claim_id IS NOT DISTINCT FROM obligations.claim_id
            AND read_by.party = obligations.party
),

walked AS (
    SELECT
        *,
        max(last_day) OVER (
            PARTITION BY conflict, commitment_id, claim_id, party, extent
            ORDER BY first_day, last_day
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS reached
    FROM spans
),

numbered AS (
    SELECT
        *,
        count(*) FILTER (WHERE reached IS NULL OR first_day > reached + 1) OVER (
            PARTITION BY conflict, commitment_id, claim_id, party, extent
            ORDER BY first_day, last_day
            ROWS UNBOUNDED PRECEDING
        ) AS run
    FROM walked
),

runs AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        extent,
        min(first_day) AS first_day,
        max(last_day) AS last_day
    FROM numbered
    GROUP BY conflict, commitment_id, claim_id, party, extent, run
)

SELECT
    conflict,
    commitment_id,
    claim_id,
    party,
    extent,
    first_day,
    last_day,
    coalesce(
        sum(last_day - first_day + 1) OVER (
            PARTITION BY conflict, commitment_id, claim_id, party, extent
            ORDER BY first_day
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ),
        0
    )::BIGINT AS days_before
FROM runs;

COMMENT ON VIEW window_days IS
'The local days that the known parts of a window have, as runs of days that follow each other, for
each row of obligations. A day counts that any of it touches';
COMMENT ON COLUMN window_days.conflict IS 'The conflict';
COMMENT ON COLUMN window_days.commitment_id IS 'The commitment';
COMMENT ON COLUMN window_days.claim_id IS 'The claim; NULL: the commitment as a whole';
COMMENT ON COLUMN window_days.party IS 'The party that is claimed to be bound';
COMMENT ON COLUMN window_days.extent IS
'core: what is certainly inside, up to where anybody last reported; hull: what may be, up to there;
whole: what is certainly inside, and ends';
COMMENT ON COLUMN window_days.first_day IS 'The first day of the run, in days since 1970-01-01';
COMMENT ON COLUMN window_days.last_day IS 'The last day of the run';
COMMENT ON COLUMN window_days.days_before IS 'How many days earlier runs have';
