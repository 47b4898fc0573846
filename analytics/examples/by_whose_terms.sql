-- By whose terms was each truce broken, how often at least and at most?
-- claim_id NULL: by all its claims together.
SELECT
    c.commitment_id, c.claim_id, claims.claimed_by, c.party,
    c.violations_lower, c.violations_upper, c.unattributed
FROM compliance AS c
LEFT JOIN claims USING (conflict, commitment_id, claim_id)
ORDER BY c.commitment_id, c.claim_id NULLS FIRST, c.party;
