-- What standing reports of one incident do not agree on.

-- A number without a fraction is written without one.
CREATE OR REPLACE MACRO number_text(number) AS (
    CASE WHEN number = trunc(number) THEN number::BIGINT::VARCHAR ELSE number::VARCHAR END
);

COMMENT ON MACRO number_text IS -- noqa: PRS
'A number as text, without a fraction of 0';

CREATE OR REPLACE VIEW disagreements AS
WITH placed AS (
    SELECT
        conflict,
        incident_id,
        report_id,
        place,
        one_of,
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
    WHERE impact IS NULL
    GROUP BY conflict, incident_id, report_id, place, one_of
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
    FROM asserting_reports
    UNION ALL
    SELECT
        conflict,
        incident_id,
        report_id,
        'act' AS field,
        act AS value
    FROM asserting_reports
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
    FROM asserting_reports
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
    FROM asserting_reports
    UNION ALL
    SELECT
        conflict,
        incident_id,
        report_id,
        'occurred.end' AS field,
        strftime(occurred_end AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') AS value
    FROM asserting_reports
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

by_value AS (
    SELECT
        conflict,
        incident_id,
        field,
        value,
        list(report_id ORDER BY report_id) AS reports
    FROM said
    WHERE value IS NOT NULL
    GROUP BY conflict, incident_id, field, value
)

SELECT
    conflict,
    incident_id,
    field,
    count(*) AS distinct_values,
    list({'value': value, 'reports': reports} ORDER BY value) AS values_by_report
FROM by_value
GROUP BY conflict, incident_id, field
HAVING count(*) > 1;

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
