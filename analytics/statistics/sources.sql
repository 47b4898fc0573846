-- Who reports, and when each was last heard.

CREATE OR REPLACE VIEW sources AS
WITH heard AS (
    SELECT
        conflict,
        reported_by,
        reporter_kind,
        reporter_party,
        recorded_at,
        incident_id,
        recorded_at AS reported_at,
        occurred_end,
        NULL AS covered_at,
        NULL AS watched_until,
        NULL AS denied_until
    FROM reports
    UNION ALL
    SELECT
        conflict,
        reported_by,
        reporter_kind,
        reporter_party,
        recorded_at,
        NULL AS incident_id,
        NULL AS reported_at,
        NULL AS occurred_end,
        recorded_at AS covered_at,
        CASE WHEN quality IN ('full', 'partial') THEN covered_end END AS watched_until,
        CASE WHEN quality = 'denied' THEN covered_end END AS denied_until
    FROM coverage
)

SELECT
    conflict,
    reported_by,
    arg_max(reporter_kind, recorded_at) AS reporter_kind,
    arg_max(reporter_party, recorded_at) AS reporter_party,
    count(reported_at) AS reports,
    count(DISTINCT incident_id) AS incidents,
    max(reported_at) AS last_report,
    max(occurred_end) AS last_occurred,
    count(covered_at) AS coverages,
    max(covered_at) AS last_coverage,
    max(watched_until) AS watched_until,
    max(denied_until) AS denied_until
FROM heard
GROUP BY conflict, reported_by;

COMMENT ON VIEW sources IS
'Who reports on a conflict, or says that it watched: how often, and when it was last heard';
COMMENT ON COLUMN sources.conflict IS 'The conflict';
COMMENT ON COLUMN sources.reported_by IS 'The source, by name';
COMMENT ON COLUMN sources.reporter_kind IS 'What kind of source that is, as it was last said';
COMMENT ON COLUMN sources.reporter_party IS 'The party that it speaks for, as it was last said';
COMMENT ON COLUMN sources.reports IS 'Its standing reports, denials included';
COMMENT ON COLUMN sources.incidents IS 'How many incidents these are of';
COMMENT ON COLUMN sources.last_report IS 'When the log took the last of them';
COMMENT ON COLUMN sources.last_occurred IS 'The latest end of what it reports';
COMMENT ON COLUMN sources.coverages IS 'What stands of what it says of its watching';
COMMENT ON COLUMN sources.last_coverage IS 'When the log took the last of these';
COMMENT ON COLUMN sources.watched_until IS 'Up to when it watched, in full or in part';
COMMENT ON COLUMN sources.denied_until IS 'Up to when it was last denied to watch';
