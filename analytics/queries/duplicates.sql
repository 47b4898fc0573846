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
