-- How many incidents does each side report of each actor, beside those who speak for neither?
SELECT
    actor, count(DISTINCT incident_id) AS incidents,
    count(DISTINCT incident_id) FILTER (reporter_party = actor) AS by_its_own_side,
    count(DISTINCT incident_id) FILTER (reporter_party <> actor) AS by_another_party,
    count(DISTINCT incident_id) FILTER (reporter_party IS NULL) AS by_neither
FROM reports WHERE stance = 'asserts'
GROUP BY ALL ORDER BY incidents DESC, actor;
