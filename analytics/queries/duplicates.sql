-- name: pairs
SELECT
    found.conflict,
    found.incident_id,
    found.other_incident_id,
    found.score,
    found.reasons,
    found.seconds_apart,
    found.km_apart
FROM
    duplicates_between(
        make_timestamptz($since::BIGINT), make_timestamptz($until::BIGINT), $min_score::DOUBLE
    ) AS found
WHERE
    coalesce(found.conflict = $conflict::VARCHAR, TRUE)
    AND (
        $commitment IS NULL
        OR EXISTS (
            SELECT 1
            FROM verdicts
            WHERE
                verdicts.conflict = found.conflict
                AND verdicts.commitment_id = $commitment
                AND verdicts.incident_id IN (found.incident_id, found.other_incident_id)
        )
    )
ORDER BY found.score DESC, found.conflict, found.incident_id, found.other_incident_id;

-- name: reports_of
SELECT
    conflict,
    incident_id,
    report_id,
    payload
FROM reports
WHERE list_contains($ids::VARCHAR[], incident_id)
ORDER BY conflict, incident_id, report_id;

-- The reports of incidents that may have been between two moments, the nearest to their middle.
-- name: reports_around
SELECT
    conflict,
    incident_id,
    incident_key,
    source,
    reported_by,
    epoch_us(occurred_start) AS occurred_start,
    epoch_us(occurred_end) AS occurred_end,
    actor,
    act,
    payload::VARCHAR AS payload,
    report_key,
    NULL AS superseded_at,
    stance
FROM accepted
WHERE
    conflict = $conflict
    AND report_key IS NOT NULL
    AND superseded_at IS NULL
    AND stance = 'asserts'
    AND occurred_end >= make_timestamptz($since::BIGINT)
    AND occurred_start < make_timestamptz($until::BIGINT)
ORDER BY
    abs(epoch_us(occurred_start) - ($since::BIGINT + $until::BIGINT) // 2),
    incident_id,
    report_key
LIMIT $most;

-- name: pairs_with
SELECT
    CASE incident_id WHEN $incident_id THEN other_incident_id ELSE incident_id END AS other,
    score,
    reasons
FROM duplicates_between(NULL, NULL, $least)
WHERE $incident_id IN (incident_id, other_incident_id)
ORDER BY score DESC, other
LIMIT $most;

-- name: crowded
SELECT
    on_day,
    code,
    reports
FROM
    crowded_blocks(
        make_timestamptz($since::BIGINT), make_timestamptz($until::BIGINT)
    ) AS crowded
WHERE coalesce(conflict = $conflict::VARCHAR, TRUE)
ORDER BY reports DESC, on_day, code;
