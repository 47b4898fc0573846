-- What would have to be known to settle the verdicts that are open?
-- claim_does_not_say: for how many incidents it is the claim that leaves it unsaid.
SELECT
    commitment_id, claim_id, criterion, count(*) AS incidents,
    count(*) FILTER (unsaid_by_claim) AS claim_does_not_say
FROM unknowns
GROUP BY ALL
ORDER BY incidents DESC, commitment_id, claim_id, criterion;
