-- Why are incidents clear of each claim: which criteria said no?
SELECT
    commitment_id, claim_id, count(*) AS clear, count(*) FILTER (NOT in_window) AS other_time,
    count(*) FILTER (NOT party_bound) AS other_party,
    count(*) FILTER (NOT act_prohibited) AS allowed_act,
    count(*) FILTER (NOT target_covered) AS other_target, count(*) FILTER (NOT in_area) AS elsewhere
FROM claim_verdicts
WHERE verdict = 'clear' GROUP BY ALL ORDER BY ALL;
