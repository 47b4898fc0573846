-- Who broke each claim first, and how many hours after it began to hold?
SELECT
    commitment_id, claim_id, party, first_violation_at,
    round(seconds_to_first_violation / 3600, 1) AS hours_after_start
FROM compliance
QUALIFY first_violation_at
    = min(first_violation_at) OVER (PARTITION BY conflict, commitment_id, claim_id)
ORDER BY commitment_id, claim_id NULLS FIRST, party;
