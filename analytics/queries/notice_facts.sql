-- What the texts are made of. Keys only spare looking at all: the names are compared afterwards.
-- name: claims
SELECT
    claims.conflict,
    claims.commitment_id,
    claims.claim_id,
    claims.payload,
    count(*) OVER (PARTITION BY claims.conflict, claims.commitment_id) AS claims
FROM claims
SEMI JOIN (
    SELECT
        unnest($conflicts::VARCHAR[]) AS conflict,
        unnest($commitments::VARCHAR[]) AS commitment_id
) AS wanted ON claims.conflict = wanted.conflict AND claims.commitment_id = wanted.commitment_id
QUALIFY
    row_number() OVER (
        PARTITION BY claims.conflict, claims.commitment_id
        ORDER BY claims.claim_id
    ) <= $most;

-- name: reports
SELECT
    conflict,
    incident_id,
    report_id,
    payload,
    count(*) OVER (PARTITION BY conflict, incident_id) AS reports
FROM report_versions
WHERE superseded_at IS NULL AND incident_key IN (SELECT unnest($keys::BIGINT[]))
QUALIFY
    row_number() OVER (PARTITION BY conflict, incident_id ORDER BY report_id) <= $most;

-- name: verdicts
SELECT
    conflict,
    commitment_id,
    incident_id,
    verdict,
    party,
    independent_reports,
    evidence,
    admitted,
    denied_by
FROM verdict_versions
WHERE superseded_at IS NULL AND pair_key IN (SELECT unnest($keys::BIGINT[]));

-- name: claim_verdicts
SELECT
    conflict,
    commitment_id,
    claim_id,
    incident_id,
    verdict,
    still_bound
FROM claim_verdict_versions
WHERE superseded_at IS NULL AND pair_key IN (SELECT unnest($keys::BIGINT[]));
