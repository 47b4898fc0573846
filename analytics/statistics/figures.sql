-- The numbers of each report: what `munitions`, `casualties` and `disagreements` compare.

-- The limits of a number, or of {min, max}, as events have them; NULL: not given.
CREATE OR REPLACE MACRO least_of(given) AS (
    CASE
        WHEN json_type(given) = 'OBJECT' THEN json_extract_string(given, '$.min')::DOUBLE
        ELSE json_extract_string(given, '$')::DOUBLE
    END
);

COMMENT ON MACRO least_of IS -- noqa: PRS
'The least that a number or a {min, max} of an event allows';

CREATE OR REPLACE MACRO most_of(given) AS (
    CASE
        WHEN json_type(given) = 'OBJECT' THEN json_extract_string(given, '$.max')::DOUBLE
        ELSE json_extract_string(given, '$')::DOUBLE
    END
);

COMMENT ON MACRO most_of IS -- noqa: PRS
'The most that a number or a {min, max} of an event allows';

CREATE OR REPLACE VIEW figures AS
WITH armed AS (
    SELECT
        conflict,
        incident_id,
        report_id,
        reported_by,
        unnest(weapons::JSON[]) AS weapon
    FROM asserting_reports
),

counted AS (
    SELECT
        conflict,
        incident_id,
        report_id,
        reported_by,
        'launched' AS measure,
        json_extract_string(weapon, '$.type') AS name,
        json_extract(weapon, '$.launched') AS given
    FROM armed
    UNION ALL
    SELECT
        conflict,
        incident_id,
        report_id,
        reported_by,
        'intercepted' AS measure,
        json_extract_string(weapon, '$.type') AS name,
        json_extract(weapon, '$.intercepted') AS given
    FROM armed
),

of_whole AS (
    SELECT
        conflict,
        incident_id,
        report_id,
        reported_by,
        unnest(map_entries(effects::MAP(VARCHAR, JSON)), recursive := TRUE)
    FROM asserting_reports
),

of_impacts AS (
    SELECT
        conflict,
        incident_id,
        report_id,
        reported_by,
        unnest(
            map_entries(json_extract(impact, '$.effects')::MAP(VARCHAR, JSON)),
            recursive := TRUE
        )
    FROM (
        SELECT
            conflict,
            incident_id,
            report_id,
            reported_by,
            unnest(impacts::JSON[]) AS impact
        FROM asserting_reports
    )
),

-- The parts speak only where the whole does not: else they would be counted twice.
suffered AS (
    SELECT
        conflict,
        incident_id,
        report_id,
        reported_by,
        key AS name,
        value AS given
    FROM of_whole
    UNION ALL
    SELECT
        parts.conflict,
        parts.incident_id,
        parts.report_id,
        parts.reported_by,
        parts.key AS name,
        parts.value AS given
    FROM of_impacts AS parts
    WHERE NOT EXISTS (
        SELECT 1
        FROM of_whole AS whole
        WHERE
            whole.conflict = parts.conflict
            AND whole.incident_id = parts.incident_id
            AND whole.report_id = parts.report_id
            AND whole.key = parts.key
    )
),

given_each AS (
    SELECT *
    FROM counted
    UNION ALL BY NAME
    SELECT
        *,
        'effects' AS measure
    FROM suffered
)

SELECT
    conflict,
    incident_id,
    report_id,
    any_value(reported_by) AS reported_by,
    measure,
    name,
    sum(least_of(given)) AS least,
    CASE WHEN count(most_of(given)) = count(*) THEN sum(most_of(given)) END AS most
FROM given_each
GROUP BY conflict, incident_id, report_id, measure, name;

COMMENT ON VIEW figures IS
'The numbers that each standing report gives. Entries of one type add up within a report, and so do
the effects of its impacts, but only where the whole gives none of that name: they are parts of it';
COMMENT ON COLUMN figures.conflict IS 'The conflict that the incident belongs to';
COMMENT ON COLUMN figures.incident_id IS 'The incident that is reported';
COMMENT ON COLUMN figures.report_id IS 'The report';
COMMENT ON COLUMN figures.reported_by IS 'Who reports it';
COMMENT ON COLUMN figures.measure IS 'launched or intercepted, of a weapon; or effects';
COMMENT ON COLUMN figures.name IS 'The type of the weapon, or the name of the effect';
COMMENT ON COLUMN figures.least IS 'At least so many; NULL: no lower limit is given';
COMMENT ON COLUMN figures.most IS 'At most so many; NULL: no upper limit is given';
