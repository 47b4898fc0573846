-- What was used, and how much of it: between the least and the most that reports give, never a sum
-- over reports of the same incident.

CREATE OR REPLACE VIEW munitions AS
WITH over_reports AS (
    SELECT
        conflict,
        incident_id,
        name,
        measure,
        CASE WHEN count(least) > 0 THEN min(coalesce(least, most)) END AS least,
        CASE WHEN count(most) > 0 THEN max(coalesce(most, least)) END AS most,
        count(*) AS reports
    FROM figures
    WHERE measure IN ('launched', 'intercepted')
    GROUP BY conflict, incident_id, name, measure
)

SELECT
    conflict,
    incident_id,
    name AS weapon,
    any_value(least) FILTER (measure = 'launched') AS launched_min,
    any_value(most) FILTER (measure = 'launched') AS launched_max,
    any_value(least) FILTER (measure = 'intercepted') AS intercepted_min,
    any_value(most) FILTER (measure = 'intercepted') AS intercepted_max,
    max(reports) AS reports
FROM over_reports
GROUP BY conflict, incident_id, name;

COMMENT ON VIEW munitions IS
'What was launched and intercepted, by incident and type of weapon: the least and the most that any
standing report gives, never a sum over reports';
COMMENT ON COLUMN munitions.conflict IS 'The conflict that the incident belongs to';
COMMENT ON COLUMN munitions.incident_id IS 'The incident';
COMMENT ON COLUMN munitions.weapon IS 'The type of the weapon';
COMMENT ON COLUMN munitions.launched_min IS 'The least that were launched; NULL: nobody says';
COMMENT ON COLUMN munitions.launched_max IS
'The most that were launched; NULL: nobody says, or all only "at least"';
COMMENT ON COLUMN munitions.intercepted_min IS 'The least that were intercepted; NULL: nobody says';
COMMENT ON COLUMN munitions.intercepted_max IS
'The most that were intercepted; NULL: nobody says, or all only "at least"';
COMMENT ON COLUMN munitions.reports IS 'How many reports name the weapon, with numbers or without';
