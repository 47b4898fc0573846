-- Which reports were revised, and what did they first and last say of casualties?
SELECT
    incident_id, report_id, reported_by, count(*) AS versions,
    first(payload -> '$.data.effects' ORDER BY payload ->> '$.time') AS first_said,
    last(payload -> '$.data.effects' ORDER BY payload ->> '$.time') AS last_said
FROM report_versions
GROUP BY ALL HAVING versions > 1 ORDER BY versions DESC, incident_id, report_id;
