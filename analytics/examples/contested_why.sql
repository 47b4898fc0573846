-- Which incidents are contested, and which claims call them what?
SELECT
    v.commitment_id, v.incident_id, v.party,
    list(c.claim_id ORDER BY c.claim_id) FILTER (c.verdict = 'violation') AS violation_by,
    list(c.claim_id ORDER BY c.claim_id) FILTER (c.verdict = 'clear') AS clear_by,
    list(c.claim_id ORDER BY c.claim_id) FILTER (c.verdict = 'undetermined') AS undetermined_by
FROM verdicts AS v JOIN claim_verdicts AS c USING (conflict, commitment_id, incident_id)
WHERE v.verdict = 'contested' GROUP BY ALL ORDER BY ALL;
