-- On which of the counted days of a window what is not clear may have been.

CREATE OR REPLACE VIEW touched_days AS
WITH obliged AS MATERIALIZED (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        zone
    FROM obligations
),

zones AS (
    SELECT DISTINCT
        conflict,
        commitment_id,
        claim_id,
        zone
    FROM obliged
),

counted AS MATERIALIZED (
    SELECT
        counted.conflict,
        counted.commitment_id,
        counted.claim_id,
        counted.party,
        counted.is_violation,
        zones.zone,
        epoch_us(counted.occurred_start) AS starts,
        epoch_us(counted.occurred_end) AS ends,
        count(*) AS incidents
    FROM counted_incidents AS counted
    INNER JOIN zones
        ON
            counted.conflict = zones.conflict
            AND counted.commitment_id = zones.commitment_id
            AND counted.claim_id IS NOT DISTINCT FROM zones.claim_id
    GROUP BY ALL
),

-- Many claims speak of one time: its days are looked up once.
times AS (
    SELECT
        zone,
        starts,
        ends,
        local_day(zone, starts) AS first_day,
        local_day(zone, greatest(starts, ends - 1)) AS last_day
    FROM (
        SELECT DISTINCT
            zone,
            starts,
            ends
        FROM counted
    ) AS each
),

by_days AS (
    SELECT
        counted.conflict,
        counted.commitment_id,
        counted.claim_id,
        counted.party,
        counted.is_violation,
        times.first_day,
        times.last_day,
        sum(counted.incidents)::BIGINT AS incidents
    FROM counted
    INNER JOIN times
        ON
            counted.zone = times.zone
            AND counted.starts = times.starts
            AND counted.ends = times.ends
    GROUP BY ALL
),

-- What nobody is known to have done may have been done by each of those that are bound.
held_against AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        is_violation,
        first_day,
        last_day,
        sum(incidents)::BIGINT AS incidents
    FROM (
        FROM by_days
        WHERE party IS NOT NULL
        UNION ALL
        SELECT by_days.* REPLACE (obliged.party AS party)
        FROM by_days
        INNER JOIN obliged
            ON
                by_days.conflict = obliged.conflict
                AND by_days.commitment_id = obliged.commitment_id
                AND by_days.claim_id IS NOT DISTINCT FROM obliged.claim_id
        WHERE by_days.party IS NULL
    ) AS each
    GROUP BY ALL
)

SELECT
    held.conflict,
    held.commitment_id,
    held.claim_id,
    held.party,
    held.is_violation,
    held.last_day - held.first_day > 1 AS is_long,
    min(days.days_before + greatest(held.first_day, days.first_day) - days.first_day + 1)
        AS first_number,
    max(days.days_before + least(held.last_day, days.last_day) - days.first_day + 1)
        AS last_number,
    any_value(held.incidents) AS incidents
FROM held_against AS held
INNER JOIN window_days AS days
    ON
        held.conflict = days.conflict
        AND held.commitment_id = days.commitment_id
        AND held.claim_id IS NOT DISTINCT FROM days.claim_id
        AND held.party = days.party
        AND held.first_day <= days.last_day
        AND held.last_day >= days.first_day
WHERE days.extent = 'core'
GROUP BY
    held.conflict,
    held.commitment_id,
    held.claim_id,
    held.party,
    held.is_violation,
    held.first_day,
    held.last_day;

COMMENT ON VIEW touched_days IS
'On which of the counted days of a window the incidents of the party that are not clear may have
been, and those of which no actor is known. Days are numbered from 1 in the order of time';
COMMENT ON COLUMN touched_days.conflict IS 'The conflict';
COMMENT ON COLUMN touched_days.commitment_id IS 'The commitment';
COMMENT ON COLUMN touched_days.claim_id IS 'The claim; NULL: the commitment as a whole';
COMMENT ON COLUMN touched_days.party IS 'The party that is claimed to be bound';
COMMENT ON COLUMN touched_days.is_violation IS 'Are they certainly violations by this party?';
COMMENT ON COLUMN touched_days.is_long IS
'Do their intervals meet more than two local days? Then each was on one of them';
COMMENT ON COLUMN touched_days.first_number IS 'The first of the days';
COMMENT ON COLUMN touched_days.last_number IS 'The last of the days';
COMMENT ON COLUMN touched_days.incidents IS 'How many incidents have just these days';
