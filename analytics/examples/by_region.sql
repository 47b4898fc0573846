-- Which regions were hit, by which verdicts?
SELECT
    p.code, count(DISTINCT p.incident_id) AS incidents,
    count(DISTINCT p.incident_id) FILTER (v.verdict = 'violation') AS violations,
    count(DISTINCT p.incident_id) FILTER (v.verdict = 'contested') AS contested,
    count(DISTINCT p.incident_id) FILTER (v.verdict = 'undetermined') AS undetermined
FROM places AS p LEFT JOIN verdicts AS v USING (conflict, incident_id)
WHERE p.code IS NOT NULL GROUP BY ALL ORDER BY incidents DESC, code;
