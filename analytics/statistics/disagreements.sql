-- What standing reports of one incident do not agree on.

-- A number without a fraction is written without one.
CREATE OR REPLACE MACRO number_text(number) AS (
    CASE WHEN number = trunc(number) THEN number::BIGINT::VARCHAR ELSE number::VARCHAR END
);

COMMENT ON MACRO number_text IS -- noqa: PRS
'A number as text, without a fraction of 0';

CREATE OR REPLACE VIEW disagreements AS
WITH several AS (
    SELECT
        conflict,
        incident_id
    FROM asserting_reports
    GROUP BY conflict, incident_id
    HAVING count(*) > 1
),

compared AS (
    SELECT reports.*
    FROM asserting_reports AS reports
    INNER JOIN several
        ON
            reports.conflict = several.conflict
            AND reports.incident_id = several.incident_id
),

placed AS (
    SELECT
        places.conflict,
        places.incident_id,
        places.report_id,
        places.place,
        places.one_of,
        concat_ws(
            ' ',
            CASE
                WHEN any_value(lat) IS NOT NULL
                    THEN concat(
                        any_value(lat), ',', any_value(lon), ' within ', any_value(radius_km), ' km'
                    )
            END,
            string_agg(code, '+' ORDER BY code)
        ) AS words
    FROM places
    INNER JOIN several
        ON
            places.conflict = several.conflict
            AND places.incident_id = several.incident_id
    WHERE places.impact IS NULL
    GROUP BY
        places.conflict, places.incident_id, places.report_id, places.place, places.one_of
),

named AS (
    SELECT
        conflict,
        incident_id,
        report_id,
        place,
        string_agg(words, ' or ' ORDER BY words) AS words
    FROM placed
    GROUP BY conflict, incident_id, report_id, place
),

located AS (
    SELECT
        conflict,
        incident_id,
        report_id,
        string_agg(DISTINCT words, ', ' ORDER BY words) AS words
    FROM named
    GROUP BY conflict, incident_id, report_id
),

said AS (
    SELECT
        conflict,
        incident_id,
        report_id,
        'actor' AS field,
        actor AS value
    FROM compared
    UNION ALL
    SELECT
        conflict,
        incident_id,
        report_id,
        'act' AS field,
        act AS value
    FROM compared
    UNION ALL
    SELECT
        conflict,
        incident_id,
        report_id,
        'targets' AS field,
        nullif(
            array_to_string(
                list_sort(list_distinct(list_transform(targets, lambda t: coalesce(t, 'others')))),
                ', '
            ),
            ''
        ) AS value
    FROM compared
    UNION ALL
    SELECT
        conflict,
        incident_id,
        report_id,
        'places' AS field,
        words AS value
    FROM located
    UNION ALL
    SELECT
        conflict,
        incident_id,
        report_id,
        'occurred.start' AS field,
        strftime(occurred_start AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') AS value
    FROM compared
    UNION ALL
    SELECT
        conflict,
        incident_id,
        report_id,
        'occurred.end' AS field,
        strftime(occurred_end AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') AS value
    FROM compared
    UNION ALL
    SELECT
        conflict,
        incident_id,
        report_id,
        concat_ws('.', CASE WHEN measure = 'effects' THEN 'effects' ELSE 'weapons' END, name,
            CASE WHEN measure != 'effects' THEN measure END) AS field,
        CASE
            WHEN least = most THEN number_text(least)
            WHEN least IS NOT NULL OR most IS NOT NULL
                THEN concat(number_text(least), '..', number_text(most))
        END AS value
    FROM figures
),

differing AS (
    SELECT
        conflict,
        incident_id,
        field
    FROM said
    GROUP BY conflict, incident_id, field
    HAVING min(value) != max(value)
),

by_value AS (
    SELECT
        said.conflict,
        said.incident_id,
        said.field,
        said.value,
        list(said.report_id ORDER BY said.report_id) AS reports
    FROM said
    INNER JOIN differing
        ON
            said.conflict = differing.conflict
            AND said.incident_id = differing.incident_id
            AND said.field = differing.field
    WHERE said.value IS NOT NULL
    GROUP BY said.conflict, said.incident_id, said.field, said.value
)

SELECT
    conflict,
    incident_id,
    field,
    count(*) AS distinct_values,
    list({'value': value, 'reports': reports} ORDER BY value) AS values_by_report
FROM by_value
GROUP BY conflict, incident_id, field;

COMMENT ON VIEW disagreements IS
'What the standing reports of an incident do not agree on, field by field, each value with who says
it. A report that leaves a field out neither agrees nor disagrees; impacts are left aside';
COMMENT ON COLUMN disagreements.conflict IS 'The conflict that the incident belongs to';
COMMENT ON COLUMN disagreements.incident_id IS 'The incident';
COMMENT ON COLUMN disagreements.field IS
'actor, act, targets, places, occurred.start, occurred.end, weapons.TYPE.launched or .intercepted,
or effects.NAME';
COMMENT ON COLUMN disagreements.distinct_values IS 'How many different values are given';
COMMENT ON COLUMN disagreements.values_by_report IS
'Each value, in words, with the ids of the reports that give it; 70.. is at least, ..70 at most';
