-- `compliance` as it was before days were counted: each day of a window is a row.

CREATE VIEW spelt_out AS
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
        window_start,
        window_end,
        window_parts,
        unnest(bound_parties) AS party
    FROM claims
    WHERE stance = 'asserts'
),

subjects AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        window_start,
        window_end,
        window_parts
    FROM bound
    UNION ALL
    SELECT
        conflict,
        commitment_id,
        NULL AS claim_id,
        party,
        CASE WHEN bool_and(window_start IS NOT NULL) THEN min(window_start) END AS window_start,
        CASE WHEN bool_and(window_end IS NOT NULL) THEN max(window_end) END AS window_end,
        flatten(list(window_parts)) AS window_parts
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
        subjects.conflict,
        subjects.commitment_id,
        subjects.claim_id,
        subjects.party,
        part.starts,
        least(part.ends, counted.counted_to) AS ends,
        part.starts IS NOT NULL AND (part.ends IS NOT NULL OR part.open_ended) AS is_known
    FROM subjects
    INNER JOIN counted ON subjects.conflict = counted.conflict
    CROSS JOIN unnest(subjects.window_parts) AS parts (part)
),

known AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        bool_and(is_known) AS is_known
    FROM stretches
    GROUP BY conflict, commitment_id, claim_id, party
),

window_days AS (
    SELECT DISTINCT
        conflict,
        commitment_id,
        claim_id,
        party,
        unnest(
            generate_series(
                date_trunc('day', starts AT TIME ZONE 'UTC'),
                (ends - INTERVAL 1 MICROSECOND) AT TIME ZONE 'UTC',
                INTERVAL 1 DAY
            )
        )::DATE AS day
    FROM stretches
    WHERE is_known AND starts < ends
),

violation_days AS (
    SELECT DISTINCT
        conflict,
        commitment_id,
        claim_id,
        party,
        unnest(
            generate_series(
                date_trunc('day', occurred_start AT TIME ZONE 'UTC'),
                greatest(occurred_start, occurred_end - INTERVAL 1 MICROSECOND)
                AT TIME ZONE 'UTC',
                INTERVAL 1 DAY
            )
        )::DATE AS day
    FROM incidents
    WHERE verdict = 'violation'
),

days AS (
    SELECT
        window_days.conflict,
        window_days.commitment_id,
        window_days.claim_id,
        window_days.party,
        count(*) AS days,
        count(*) FILTER (WHERE violation_days.day IS NULL) AS violation_free_days
    FROM window_days
    LEFT JOIN violation_days
        ON
            window_days.conflict = violation_days.conflict
            AND window_days.commitment_id = violation_days.commitment_id
            AND window_days.claim_id IS NOT DISTINCT FROM violation_days.claim_id
            AND window_days.party = violation_days.party
            AND window_days.day = violation_days.day
    GROUP BY
        window_days.conflict,
        window_days.commitment_id,
        window_days.claim_id,
        window_days.party
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
    CASE WHEN known.is_known THEN coalesce(days.violation_free_days, 0) END AS violation_free_days,
    CASE WHEN known.is_known THEN coalesce(days.days, 0) END AS days
FROM subjects
INNER JOIN known
    ON
        subjects.conflict = known.conflict
        AND subjects.commitment_id = known.commitment_id
        AND subjects.claim_id IS NOT DISTINCT FROM known.claim_id
        AND subjects.party = known.party
LEFT JOIN tally
    ON
        subjects.conflict = tally.conflict
        AND subjects.commitment_id = tally.commitment_id
        AND subjects.claim_id IS NOT DISTINCT FROM tally.claim_id
        AND subjects.party = tally.party
LEFT JOIN days
    ON
        subjects.conflict = days.conflict
        AND subjects.commitment_id = days.commitment_id
        AND subjects.claim_id IS NOT DISTINCT FROM days.claim_id
        AND subjects.party = days.party;
