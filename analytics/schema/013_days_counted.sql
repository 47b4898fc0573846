-- A window may reach over thousands of years: its days are counted, and never spelt out.

CREATE OR REPLACE VIEW compliance AS
WITH counted AS (
    SELECT
        conflict,
        max(recorded_at) AS counted_to
    FROM events
    GROUP BY conflict
),

bound AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        claim_key,
        window_start,
        window_end,
        unnest(bound_parties) AS party
    FROM claims
    WHERE stance = 'asserts'
),

-- Which claims are read together: those of a commitment that bind the same party.
subjects AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        window_start,
        window_end,
        [claim_key] AS readings
    FROM bound
    UNION ALL
    SELECT
        conflict,
        commitment_id,
        NULL AS claim_id,
        party,
        CASE WHEN bool_and(window_start IS NOT NULL) THEN min(window_start) END AS window_start,
        CASE WHEN bool_and(window_end IS NOT NULL) THEN max(window_end) END AS window_end,
        list(claim_key ORDER BY claim_id) AS readings
    FROM bound
    GROUP BY conflict, commitment_id, party
),

incidents AS (
    SELECT
        judged.conflict,
        judged.commitment_id,
        judged.claim_id,
        judged.party,
        judged.verdict,
        verdicts.occurred_start,
        verdicts.occurred_end
    FROM claim_verdicts AS judged
    INNER JOIN verdicts
        ON
            judged.conflict = verdicts.conflict
            AND judged.commitment_id = verdicts.commitment_id
            AND judged.incident_id = verdicts.incident_id
    WHERE judged.party IS NOT NULL
    UNION ALL
    SELECT
        conflict,
        commitment_id,
        NULL AS claim_id,
        party,
        verdict,
        occurred_start,
        occurred_end
    FROM verdicts
    WHERE party IS NOT NULL
),

tally AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        count(*) FILTER (WHERE verdict = 'violation') AS violations_lower,
        count(*) FILTER (WHERE verdict != 'clear') AS violations_upper,
        min(occurred_start) FILTER (WHERE verdict = 'violation') AS first_violation_at
    FROM incidents
    GROUP BY conflict, commitment_id, claim_id, party
),

stretches AS (
    SELECT
        claims.claim_key,
        part.starts,
        least(part.ends, counted.counted_to) AS ends,
        part.starts IS NOT NULL AND (part.ends IS NOT NULL OR part.open_ended) AS is_known
    FROM claims
    INNER JOIN counted ON claims.conflict = counted.conflict
    CROSS JOIN unnest(claims.window_parts) AS parts (part)
    WHERE claims.stance = 'asserts'
),

-- From the first to the last UTC day of each stretch, days that follow each other as one.
claim_days AS (
    SELECT
        claim_key,
        min(first_day) AS first_day,
        max(last_day) AS last_day
    FROM (
        SELECT
            *,
            count(*) FILTER (WHERE reached IS NULL OR first_day > reached + 1) OVER (
                PARTITION BY claim_key
                ORDER BY first_day, last_day
                ROWS UNBOUNDED PRECEDING
            ) AS island
        FROM (
            SELECT
                *,
                max(last_day) OVER (
                    PARTITION BY claim_key
                    ORDER BY first_day, last_day
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS reached
            FROM (
                SELECT
                    claim_key,
                    (starts AT TIME ZONE 'UTC')::DATE - DATE '1970-01-01' AS first_day,
                    ((ends - INTERVAL 1 MICROSECOND) AT TIME ZONE 'UTC')::DATE
                    - DATE '1970-01-01' AS last_day
                FROM stretches
                WHERE is_known AND starts < ends
            ) AS spans
        ) AS walked
    ) AS numbered
    GROUP BY claim_key, island
),

known AS (
    SELECT
        claim_key,
        bool_and(is_known) AS is_known
    FROM stretches
    GROUP BY claim_key
),

-- Of all that are read together: whether their windows are known, and how many days they have.
read_together AS (
    SELECT
        readings,
        unnest(readings) AS claim_key
    FROM (SELECT DISTINCT readings FROM subjects)
),

known_together AS (
    SELECT
        read_together.readings,
        bool_and(known.is_known) AS is_known
    FROM read_together
    INNER JOIN known ON read_together.claim_key = known.claim_key
    GROUP BY read_together.readings
),

window_days AS (
    SELECT
        readings,
        sum(greatest(0, last_day - greatest(first_day - 1, reached)))::BIGINT AS days
    FROM (
        SELECT
            read_together.readings,
            claim_days.first_day,
            claim_days.last_day,
            max(claim_days.last_day) OVER (
                PARTITION BY read_together.readings
                ORDER BY claim_days.first_day, claim_days.last_day
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS reached
        FROM read_together
        INNER JOIN claim_days ON read_together.claim_key = claim_days.claim_key
    )
    GROUP BY readings
),

violation_days AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        (occurred_start AT TIME ZONE 'UTC')::DATE - DATE '1970-01-01' AS first_day,
        (greatest(occurred_start, occurred_end - INTERVAL 1 MICROSECOND) AT TIME ZONE 'UTC')::DATE
        - DATE '1970-01-01' AS last_day
    FROM incidents
    WHERE verdict = 'violation'
),

-- The days of a window without a violation are those that the window adds to the violations'.
broken AS (
    SELECT DISTINCT
        subjects.conflict,
        subjects.commitment_id,
        subjects.claim_id,
        subjects.party,
        subjects.readings
    FROM subjects
    INNER JOIN tally
        ON
            subjects.conflict = tally.conflict
            AND subjects.commitment_id = tally.commitment_id
            AND subjects.claim_id IS NOT DISTINCT FROM tally.claim_id
            AND subjects.party = tally.party
    WHERE tally.violations_lower > 0
),

told_days AS (
    SELECT
        *,
        FALSE AS is_window
    FROM violation_days
    UNION ALL
    SELECT
        broken.conflict,
        broken.commitment_id,
        broken.claim_id,
        broken.party,
        claim_days.first_day,
        claim_days.last_day,
        TRUE AS is_window
    FROM broken
    CROSS JOIN unnest(broken.readings) AS of_claim (claim_key)
    INNER JOIN claim_days ON of_claim.claim_key = claim_days.claim_key
),

free_days AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        (
            sum(greatest(0, last_day - greatest(first_day - 1, reached)))
            - coalesce(
                sum(greatest(0, last_day - greatest(first_day - 1, reached_before)))
                FILTER (WHERE NOT is_window),
                0
            )
        )::BIGINT AS violation_free_days
    FROM (
        SELECT
            *,
            max(last_day) OVER walk AS reached,
            max(last_day) FILTER (WHERE NOT is_window) OVER walk AS reached_before
        FROM told_days
        WINDOW walk AS (
            PARTITION BY conflict, commitment_id, claim_id, party
            ORDER BY first_day, last_day
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
    )
    GROUP BY conflict, commitment_id, claim_id, party
)

SELECT
    subjects.conflict,
    subjects.commitment_id,
    subjects.claim_id,
    subjects.party,
    subjects.window_start,
    subjects.window_end,
    coalesce(tally.violations_lower, 0) AS violations_lower,
    coalesce(tally.violations_upper, 0) AS violations_upper,
    tally.first_violation_at,
    CASE
        WHEN tally.first_violation_at < subjects.window_start THEN 0
        ELSE (epoch_us(tally.first_violation_at) - epoch_us(subjects.window_start)) / 1000000
    END AS seconds_to_first_violation,
    CASE
        WHEN known_together.is_known
            THEN coalesce(free_days.violation_free_days, window_days.days, 0)
    END AS violation_free_days,
    CASE WHEN known_together.is_known THEN coalesce(window_days.days, 0) END AS days
FROM subjects
INNER JOIN known_together ON subjects.readings = known_together.readings
LEFT JOIN window_days ON subjects.readings = window_days.readings
LEFT JOIN tally
    ON
        subjects.conflict = tally.conflict
        AND subjects.commitment_id = tally.commitment_id
        AND subjects.claim_id IS NOT DISTINCT FROM tally.claim_id
        AND subjects.party = tally.party
LEFT JOIN free_days
    ON
        subjects.conflict = free_days.conflict
        AND subjects.commitment_id = free_days.commitment_id
        AND subjects.claim_id IS NOT DISTINCT FROM free_days.claim_id
        AND subjects.party = free_days.party;

COMMENT ON VIEW compliance IS
'How well each bound party kept to each claim, and (claim_id NULL) to the commitment by all its
claims together. No reports is not compliance: look at what was reported, too';
COMMENT ON COLUMN compliance.conflict IS 'The conflict';
COMMENT ON COLUMN compliance.commitment_id IS 'The commitment';
COMMENT ON COLUMN compliance.claim_id IS 'The claim; NULL: the commitment as a whole';
COMMENT ON COLUMN compliance.party IS 'The party that is claimed to be bound';
COMMENT ON COLUMN compliance.window_start IS 'Earliest possible start; NULL: unknown';
COMMENT ON COLUMN compliance.window_end IS 'Latest possible end; NULL: unknown, or open';
COMMENT ON COLUMN compliance.violations_lower IS 'Incidents that are a violation';
COMMENT ON COLUMN compliance.violations_upper IS
'Incidents that are, or may be, a violation: those that are contested or undetermined as well';
COMMENT ON COLUMN compliance.first_violation_at IS
'Earliest possible start of the first violation, by the time of the world';
COMMENT ON COLUMN compliance.seconds_to_first_violation IS
'Seconds from window_start to first_violation_at; 0 if it had begun before';
COMMENT ON COLUMN compliance.violation_free_days IS
'UTC days of the window, as in days, that no violation touched';
COMMENT ON COLUMN compliance.days IS
'UTC days that the window touched up to the last recorded_at of the conflict; NULL: the window is
not known well enough';
