-- How many days in a row did each party keep each claim: now, and at the longest?
SELECT
    commitment_id, claim_id, party,
    current_lower, current_upper, longest_lower, longest_upper
FROM streaks
ORDER BY commitment_id, claim_id NULLS FIRST, party;
