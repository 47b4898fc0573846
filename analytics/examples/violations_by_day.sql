-- On which days was each claim broken, at least and at most?
-- Add up neither upper nor unattributed over days: one incident may have been on either of two.
SELECT day, commitment_id, claim_id, party, lower, upper, unattributed, watched
FROM compliance_daily
WHERE upper > 0
ORDER BY commitment_id, claim_id NULLS FIRST, party, day;
