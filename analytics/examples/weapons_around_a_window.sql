-- What was launched and intercepted, at least, before, during and after each claim's window?
-- uncertain: it may have been inside or outside. phase NULL: between two parts of the window.
WITH told AS (SELECT conflict, incident_id, min(occurred_start) AS begins, max(occurred_end) AS ends
    FROM asserting_reports GROUP BY ALL)
SELECT c.commitment_id, c.claim_id, weapon, CASE WHEN in_window THEN 'during'
    WHEN verdict IS NOT NULL THEN 'uncertain' WHEN ends <= window_start THEN 'before'
    WHEN begins >= window_end THEN 'after' END AS phase, sum(launched_min) AS launched,
    sum(intercepted_min) AS intercepted FROM munitions NATURAL JOIN told JOIN claims AS c
    USING (conflict) LEFT JOIN claim_verdicts USING (conflict, commitment_id, claim_id, incident_id)
WHERE c.stance = 'asserts' GROUP BY ALL ORDER BY ALL;
