-- What the metrics are a function of.

-- name: claims
SELECT
    conflict,
    commitment_id,
    claim_id,
    stance,
    bound_parties,
    payload
FROM claims;

-- name: verdicts
SELECT
    conflict,
    commitment_id,
    party,
    verdict,
    count(*) AS incidents,
    epoch_us(max(since)) AS since
FROM verdict_versions
WHERE superseded_at IS NULL
GROUP BY conflict, commitment_id, party, verdict;

-- name: claim_verdicts
SELECT
    conflict,
    commitment_id,
    claim_id,
    party,
    verdict,
    count(*) AS incidents
FROM claim_verdict_versions
WHERE superseded_at IS NULL
GROUP BY conflict, commitment_id, claim_id, party, verdict;

-- name: last_reports
SELECT
    events.conflict,
    epoch_us(max(events.recorded_at) FILTER (WHERE events.type = 'incident.reported')) AS last
FROM events
GROUP BY events.conflict;
