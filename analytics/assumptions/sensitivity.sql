-- Which assumptions are tried in turn: each claim, the sources that report most of what is judged,
-- and each moment at which a claim's window may be over.

-- name: claims_in_turn
SELECT
    claim_id,
    any_value(claimed_by) AS claimed_by
FROM claims
WHERE commitment_id = $commitment AND stance = 'asserts'
GROUP BY claim_id
ORDER BY claim_id;

-- name: sources_in_turn
SELECT reports.reported_by
FROM verdicts
INNER JOIN reports
    ON verdicts.conflict = reports.conflict AND verdicts.incident_id = reports.incident_id
WHERE verdicts.commitment_id = $commitment
GROUP BY reports.reported_by
ORDER BY count(*) DESC, reports.reported_by
LIMIT $most;

-- name: moments_in_turn
SELECT DISTINCT epoch_us(window_end) AS moment
FROM claims
WHERE commitment_id = $commitment AND window_end IS NOT NULL
ORDER BY moment
LIMIT 10;
