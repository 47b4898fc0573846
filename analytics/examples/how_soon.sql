-- How many hours after it was over does each source report, and how often does it revise that?
SELECT
    reported_by, reporter_kind, count(DISTINCT incident_id) AS incidents, count(*) AS versions,
    round(min(epoch((payload ->> '$.time')::TIMESTAMPTZ - occurred_end) / 3600), 1) AS soonest,
    round(max(epoch((payload ->> '$.time')::TIMESTAMPTZ - occurred_end) / 3600), 1) AS latest
FROM report_versions WHERE stance = 'asserts'
GROUP BY ALL ORDER BY soonest, reported_by;
