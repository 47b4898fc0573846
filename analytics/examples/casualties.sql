-- How many people were killed and injured, at least and at most, in what was judged how?
-- NULL in most: a report gives no upper bound.
SELECT
    v.commitment_id, v.verdict, v.party, c.effect, sum(c.least) AS least,
    nullif(sum(coalesce(c.most, 'inf')), 'inf') AS most, count(*) AS incidents
FROM casualties AS c JOIN verdicts AS v USING (conflict, incident_id)
WHERE c.effect IN ('killed', 'injured')
GROUP BY ALL ORDER BY ALL;
