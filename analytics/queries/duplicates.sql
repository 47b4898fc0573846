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
        make_timestamptz($since::BIGINT), make_timestamptz($until::BIGINT)
    ) AS found
WHERE
    found.score >= $min_score
    AND coalesce(found.conflict = $conflict::VARCHAR, TRUE)
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
