-- Who and what was hit, in numbers: between the least and the most that reports give, never a sum
-- over reports of the same incident.

CREATE OR REPLACE VIEW casualties AS
SELECT
    conflict,
    incident_id,
    name AS effect,
    CASE WHEN count(least) > 0 THEN min(coalesce(least, most)) END AS least,
    CASE WHEN count(most) > 0 THEN max(coalesce(most, least)) END AS most,
    count(*) AS reports
FROM figures
WHERE measure = 'effects'
GROUP BY conflict, incident_id, name;

COMMENT ON VIEW casualties IS
'Killed, injured and all other effects by incident: the least and the most that any standing report
gives, never a sum over reports. Impacts are parts of a report: they add up among themselves, and
only where the whole gives none of that name; its own number has theirs in it';
COMMENT ON COLUMN casualties.conflict IS 'The conflict that the incident belongs to';
COMMENT ON COLUMN casualties.incident_id IS 'The incident';
COMMENT ON COLUMN casualties.effect IS 'Its name as reported: killed, injured, destroyed and so on';
COMMENT ON COLUMN casualties.least IS 'The least of it; NULL: all say only "at most"';
COMMENT ON COLUMN casualties.most IS 'The most of it; NULL: all say only "at least"';
COMMENT ON COLUMN casualties.reports IS 'How many reports give a number of it';
