-- Compliance day by day, and how much of each day was watched.

CREATE OR REPLACE VIEW compliance_daily AS
WITH spans AS (
    SELECT
        window_days.conflict,
        window_days.commitment_id,
        window_days.claim_id,
        window_days.party,
        obligations.zone,
        -- Of a window of thousands of years, the last hundred.
        unnest(
            range(
                greatest(window_days.first_day, window_days.last_day - 36599),
                window_days.last_day + 1
            )
        ) AS day
    FROM window_days
    INNER JOIN obligations
        ON
            window_days.conflict = obligations.conflict
            AND window_days.commitment_id = obligations.commitment_id
            AND window_days.claim_id IS NOT DISTINCT FROM obligations.claim_id
            AND window_days.party = obligations.party
    WHERE
        window_days.extent = CASE WHEN obligations.is_hull_known THEN 'hull' ELSE 'core' END
),

zones AS (
    SELECT DISTINCT
        conflict,
        commitment_id,
        claim_id,
        zone
    FROM obligations
),

by_days AS (
    SELECT
        counted.conflict,
        counted.commitment_id,
        counted.claim_id,
        counted.party,
        counted.is_violation,
        local_day(zones.zone, epoch_us(counted.occurred_start)) AS first_day,
        local_day(
            zones.zone,
            greatest(epoch_us(counted.occurred_start), epoch_us(counted.occurred_end) - 1)
        ) AS last_day,
        count(*) AS incidents
    FROM counted_incidents AS counted
    INNER JOIN zones
        ON
            counted.conflict = zones.conflict
            AND counted.commitment_id = zones.commitment_id
            AND counted.claim_id IS NOT DISTINCT FROM zones.claim_id
    GROUP BY ALL
),

-- From its first day on it may have been, after its last no more.
steps AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        unnest([first_day, last_day + 1]) AS day,
        unnest([incidents, -incidents]) AS upper,
        unnest(
            CASE
                WHEN is_violation AND first_day = last_day THEN [incidents, -incidents]
                ELSE [0, 0]
            END
        ) AS lower
    FROM by_days
),

of_parties AS (
    SELECT
        steps.conflict,
        steps.commitment_id,
        steps.claim_id,
        obligations.party,
        steps.day,
        steps.lower,
        CASE WHEN steps.party IS NULL THEN 0 ELSE steps.upper END AS upper,
        CASE WHEN steps.party IS NULL THEN steps.upper ELSE 0 END AS unattributed
    FROM steps
    INNER JOIN obligations
        ON
            steps.conflict = obligations.conflict
            AND steps.commitment_id = obligations.commitment_id
            AND steps.claim_id IS NOT DISTINCT FROM obligations.claim_id
            AND coalesce(steps.party = obligations.party, TRUE)
),

walked AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        zone,
        day,
        sum(lower) OVER upto AS lower,
        sum(upper) OVER upto AS upper,
        sum(unattributed) OVER upto AS unattributed
    FROM (
        SELECT
            *,
            0 AS lower,
            0 AS upper,
            0 AS unattributed
        FROM spans
        UNION ALL BY NAME
        FROM of_parties
    ) AS days
    WINDOW upto AS (
        PARTITION BY conflict, commitment_id, claim_id, party
        ORDER BY day
        RANGE UNBOUNDED PRECEDING
    )
),

days AS (
    FROM walked
    WHERE zone IS NOT NULL
),

-- What must be watched: each code of the area. NULL stands for what is no code, or not said.
areas AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        coalesce(nullif(json_extract(payload, '$.data.area[*]'), []), ['null']) AS area
    FROM claims
    WHERE stance = 'asserts'
),

needed AS (
    SELECT DISTINCT
        conflict,
        commitment_id,
        claim_id,
        CASE WHEN json_type(place) = 'VARCHAR' THEN place ->> '$' END AS code
    FROM (
        SELECT
            conflict,
            commitment_id,
            claim_id,
            unnest(area) AS place
        FROM areas
        UNION ALL
        SELECT
            conflict,
            commitment_id,
            NULL AS claim_id,
            unnest(area) AS place
        FROM areas
    ) AS places
),

needed_codes AS (
    SELECT
        needed.conflict,
        needed.commitment_id,
        needed.claim_id,
        zones.zone,
        count(needed.code) AS codes,
        count(needed.code) = count(*) AS are_all_codes
    FROM needed
    INNER JOIN zones
        ON
            needed.conflict = zones.conflict
            AND needed.commitment_id = zones.commitment_id
            AND needed.claim_id IS NOT DISTINCT FROM zones.claim_id
    GROUP BY needed.conflict, needed.commitment_id, needed.claim_id, zones.zone
),

looked AS (
    SELECT
        conflict,
        epoch_us(covered_start) AS starts,
        least(epoch_us(covered_end), epoch_us(recorded_at)) AS ends,
        coalesce(nullif(json_extract(area, '$[*]'), []), ['null']) AS area
    FROM coverage
    WHERE quality IN ('full', 'partial')
),

looked_at AS (
    SELECT
        conflict,
        starts,
        ends,
        CASE WHEN json_type(place) = 'VARCHAR' THEN place ->> '$' END AS code
    FROM (
        SELECT
            * EXCLUDE (area),
            unnest(area) AS place
        FROM looked
    ) AS places
    WHERE starts < ends
),

-- Each code's time, without what two looked at together.
of_codes AS (
    SELECT
        needed.conflict,
        needed.commitment_id,
        needed.claim_id,
        needed.code,
        looked_at.starts,
        looked_at.ends,
        max(looked_at.ends) OVER (
            PARTITION BY needed.conflict, needed.commitment_id, needed.claim_id, needed.code
            ORDER BY looked_at.starts, looked_at.ends
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS reached
    FROM needed
    INNER JOIN looked_at
        ON
            needed.conflict = looked_at.conflict
            AND looked_at.code IN (needed.code, split_part(needed.code, '-', 1))
),

code_steps AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        unnest([greatest(starts, coalesce(reached, starts)), ends]) AS moment,
        unnest([1, -1]) AS step
    FROM of_codes
    WHERE ends > coalesce(reached, starts)
),

code_counts AS (
    SELECT
        *,
        sum(step) OVER (
            PARTITION BY conflict, commitment_id, claim_id
            ORDER BY moment
            RANGE UNBOUNDED PRECEDING
        ) AS codes,
        lead(moment) OVER (
            PARTITION BY conflict, commitment_id, claim_id
            ORDER BY moment, step
        ) AS next_moment
    FROM code_steps
),

-- All codes at once, and (`is_certain` not) what may be all of them: an area of another kind.
watching AS (
    SELECT
        needed_codes.conflict,
        needed_codes.commitment_id,
        needed_codes.claim_id,
        needed_codes.zone,
        code_counts.moment AS starts,
        code_counts.next_moment AS ends,
        TRUE AS is_certain
    FROM code_counts
    INNER JOIN needed_codes
        ON
            code_counts.conflict = needed_codes.conflict
            AND code_counts.commitment_id = needed_codes.commitment_id
            AND code_counts.claim_id IS NOT DISTINCT FROM needed_codes.claim_id
            AND code_counts.codes = needed_codes.codes
    WHERE code_counts.moment < code_counts.next_moment AND needed_codes.are_all_codes
    UNION ALL
    SELECT
        needed_codes.conflict,
        needed_codes.commitment_id,
        needed_codes.claim_id,
        needed_codes.zone,
        looked_at.starts,
        looked_at.ends,
        FALSE AS is_certain
    FROM looked_at
    INNER JOIN needed_codes ON looked_at.conflict = needed_codes.conflict
    WHERE looked_at.code IS NULL
),

-- No other days are asked for, however long somebody says to have watched.
reach AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        min(day) AS first_day,
        max(day) AS last_day
    FROM spans
    GROUP BY conflict, commitment_id, claim_id
),

watched_days AS (
    SELECT
        watching.conflict,
        watching.commitment_id,
        watching.claim_id,
        watching.zone,
        watching.starts,
        watching.ends,
        watching.is_certain,
        unnest(
            range(
                greatest(local_day(watching.zone, watching.starts), reach.first_day),
                least(local_day(watching.zone, watching.ends - 1), reach.last_day) + 1
            )
        ) AS day
    FROM watching
    INNER JOIN reach
        ON
            watching.conflict = reach.conflict
            AND watching.commitment_id = reach.commitment_id
            AND watching.claim_id IS NOT DISTINCT FROM reach.claim_id
),

shares AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        day,
        coalesce(
            sum(
                (
                    least(ends, first_moment(zone, day + 1))
                    - greatest(starts, first_moment(zone, day))
                )
                / (first_moment(zone, day + 1) - first_moment(zone, day))
            ) FILTER (WHERE is_certain),
            0
        ) AS share,
        bool_and(is_certain) AS is_certain
    FROM watched_days
    GROUP BY conflict, commitment_id, claim_id, day
),

said AS (
    SELECT DISTINCT conflict
    FROM coverage
)

SELECT
    days.conflict,
    days.commitment_id,
    days.claim_id,
    days.party,
    DATE '1970-01-01' + days.day::INTEGER AS day,
    days.lower::BIGINT AS lower,
    days.upper::BIGINT AS upper,
    days.unattributed::BIGINT AS unattributed,
    CASE
        WHEN NOT needed_codes.are_all_codes OR said.conflict IS NULL THEN NULL
        WHEN shares.share IS NULL THEN 0
        WHEN shares.is_certain OR shares.share >= 1 THEN shares.share
    END AS watched
FROM days
INNER JOIN needed_codes
    ON
        days.conflict = needed_codes.conflict
        AND days.commitment_id = needed_codes.commitment_id
        AND days.claim_id IS NOT DISTINCT FROM needed_codes.claim_id
LEFT JOIN said ON days.conflict = said.conflict
LEFT JOIN shares
    ON
        days.conflict = shares.conflict
        AND days.commitment_id = shares.commitment_id
        AND days.claim_id IS NOT DISTINCT FROM shares.claim_id
        AND days.day = shares.day;

COMMENT ON VIEW compliance_daily IS
'Compliance day by day: the local days of each window, at its widest as far as that is known, up to
where anybody last reported, of the last hundred years of each. An incident that may have been on
several days is on each of them, so uppers never add up over days';
COMMENT ON COLUMN compliance_daily.conflict IS 'The conflict';
COMMENT ON COLUMN compliance_daily.commitment_id IS 'The commitment';
COMMENT ON COLUMN compliance_daily.claim_id IS 'The claim; NULL: the commitment as a whole';
COMMENT ON COLUMN compliance_daily.party IS 'The party that is claimed to be bound';
COMMENT ON COLUMN compliance_daily.day IS 'The local day, in the zone of compliance.days';
COMMENT ON COLUMN compliance_daily.lower IS
'Violations with this party as the only known actor that were certainly on this day';
COMMENT ON COLUMN compliance_daily.upper IS
'Incidents that are not clear, have this party as a known actor and may have been on this day';
COMMENT ON COLUMN compliance_daily.unattributed IS
'Incidents that are not clear, have no known actor and may have been on this day: the same for all
parties, so never to be added up over them';
COMMENT ON COLUMN compliance_daily.watched IS
'The share of the day, 0 to 1, in which somebody fully or partially watched all of the area of the
claim: each of its codes, or their country. NULL: the area is not said in codes, nobody said of the
conflict who watched it, or it is not said in codes what they watched on this day';
