-- Who reports what nobody else does?
SELECT only_source, count(*) AS incidents, list(incident_id ORDER BY incident_id) AS which
FROM (
    SELECT conflict, incident_id, any_value(reported_by) AS only_source
    FROM reports GROUP BY ALL HAVING count(DISTINCT reported_by) = 1
)
GROUP BY ALL ORDER BY incidents DESC, only_source;
