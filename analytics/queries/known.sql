-- What is known beside an input: what its warnings are given by. Only of its conflicts.

-- name: bound
SELECT
    conflict,
    list(DISTINCT bound_party) AS bound_parties
FROM claims
CROSS JOIN unnest(claims.bound_parties) AS bound (bound_party)
WHERE conflict IN (SELECT unnest($conflicts::VARCHAR[]))
GROUP BY conflict;

-- name: claims
SELECT
    conflict,
    commitment_id,
    claim_id,
    claimant_party,
    json_extract(payload, '$.data.area')::VARCHAR AS area
FROM claims
WHERE conflict IN (SELECT unnest($conflicts::VARCHAR[]))
ORDER BY recorded_at, claim_key
LIMIT $most;

-- An incident that is nearly another one happened at nearly the same time.
-- name: reports
WITH spans AS (
    SELECT
        unnest($conflicts::VARCHAR[]) AS conflict,
        unnest($earliest::BIGINT[]) AS earliest,
        unnest($latest::BIGINT[]) AS latest
)

SELECT
    known.conflict,
    known.incident_id,
    known.report_id
FROM report_versions AS known
INNER JOIN spans
    ON
        known.conflict = spans.conflict
        AND known.begins_at <= make_timestamptz(spans.latest)
        AND known.ends_at >= make_timestamptz(spans.earliest)
WHERE known.superseded_at IS NULL
ORDER BY known.recorded_at DESC
LIMIT $most;

-- name: standing_claims
WITH wanted AS (
    SELECT
        unnest($conflicts::VARCHAR[]) AS conflict,
        unnest($groups::VARCHAR[]) AS commitment_id,
        unnest($names::VARCHAR[]) AS claim_id
)

SELECT
    conflict,
    commitment_id,
    claim_id
FROM claims
INNER JOIN wanted USING (conflict, commitment_id, claim_id);

-- name: standing_reports
WITH wanted AS (
    SELECT
        unnest($conflicts::VARCHAR[]) AS conflict,
        unnest($groups::VARCHAR[]) AS incident_id,
        unnest($names::VARCHAR[]) AS report_id
)

SELECT
    conflict,
    incident_id,
    report_id
FROM report_versions
INNER JOIN wanted USING (conflict, incident_id, report_id)
WHERE superseded_at IS NULL;

-- name: close_report
SELECT
    conflict,
    incident_id,
    report_id
FROM report_versions
WHERE
    superseded_at IS NULL
    AND conflict = $conflict
    AND jaro_winkler_similarity(incident_id, $incident_id) > 0.85
ORDER BY
    jaro_winkler_similarity(incident_id, $incident_id) DESC,
    jaro_winkler_similarity(report_id, $report_id) DESC,
    incident_id,
    report_id
LIMIT 1;

-- The places of reports of about that time: enough to tell where a conflict is.
-- name: places
WITH spans AS (
    SELECT
        unnest($conflicts::VARCHAR[]) AS conflict,
        unnest($earliest::BIGINT[]) AS earliest,
        unnest($latest::BIGINT[]) AS latest
)

SELECT
    known.conflict,
    json_extract(known.payload, '$.data.places')::VARCHAR AS places
FROM report_versions AS known
INNER JOIN spans
    ON
        known.conflict = spans.conflict
        AND known.begins_at <= make_timestamptz(spans.latest)
        AND known.ends_at >= make_timestamptz(spans.earliest)
WHERE known.superseded_at IS NULL
LIMIT $most;
