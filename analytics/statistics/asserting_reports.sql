-- What is counted of reports: those that assert. Who denies gives no number and no place.

CREATE OR REPLACE VIEW asserting_reports AS
SELECT
    conflict,
    incident_id,
    report_id,
    reported_by,
    occurred_start,
    occurred_end,
    actor,
    confidence,
    act,
    targets,
    places,
    weapons,
    effects,
    impacts,
    recorded_at
FROM reports
WHERE stance = 'asserts';

COMMENT ON VIEW asserting_reports IS
'The standing reports that say that something happened: all but those that deny it';
COMMENT ON COLUMN asserting_reports.conflict IS 'The conflict that the incident belongs to';
COMMENT ON COLUMN asserting_reports.incident_id IS 'The incident that is reported';
COMMENT ON COLUMN asserting_reports.report_id IS 'The report';
COMMENT ON COLUMN asserting_reports.reported_by IS 'Who reports it';
COMMENT ON COLUMN asserting_reports.occurred_start IS 'When it is said to have begun';
COMMENT ON COLUMN asserting_reports.occurred_end IS
'When it had ended; equal to the start: an instant';
COMMENT ON COLUMN asserting_reports.actor IS 'Who is said to have acted; NULL: not said';
COMMENT ON COLUMN asserting_reports.confidence IS
'confirmed, likely, alleged or unknown; NULL: no actor';
COMMENT ON COLUMN asserting_reports.act IS 'What was done; NULL: not said';
COMMENT ON COLUMN asserting_reports.targets IS
'What was hit; empty: not said; NULL in it: and others';
COMMENT ON COLUMN asserting_reports.places IS
'Where: codes, and points with a radius, as a JSON list';
COMMENT ON COLUMN asserting_reports.weapons IS
'What was used and how much of it, as a JSON list';
COMMENT ON COLUMN asserting_reports.effects IS 'Killed, injured and so on, as a JSON object';
COMMENT ON COLUMN asserting_reports.impacts IS
'The places that were hit, one by one, as a JSON list';
COMMENT ON COLUMN asserting_reports.recorded_at IS 'When the log took this version';
