-- Where it was, place by place, as reports have it.

CREATE OR REPLACE VIEW places AS
WITH said AS (
    SELECT
        conflict,
        incident_id,
        report_id,
        NULL AS impact,
        unnest(places::JSON[]) AS given,
        generate_subscripts(places::JSON[], 1) AS place
    FROM asserting_reports
    UNION ALL
    SELECT
        conflict,
        incident_id,
        report_id,
        impact,
        json_extract(part, '$.place') AS given,
        1 AS place
    FROM (
        SELECT
            conflict,
            incident_id,
            report_id,
            unnest(impacts::JSON[]) AS part,
            generate_subscripts(impacts::JSON[], 1) AS impact
        FROM asserting_reports
    )
),

-- Of a name that may be several places, each by itself.
readings AS (
    SELECT
        * EXCLUDE (given),
        unnest(json_extract(given, '$.one_of')::JSON[]) AS given,
        generate_subscripts(json_extract(given, '$.one_of')::JSON[], 1) AS one_of
    FROM said
    WHERE json_type(given, '$.one_of') = 'ARRAY'
    UNION ALL BY NAME
    SELECT
        *,
        NULL AS one_of
    FROM said
    WHERE coalesce(json_type(given, '$.one_of'), '') != 'ARRAY'
),

coded AS (
    SELECT
        *,
        CASE
            WHEN json_type(given) = 'VARCHAR' THEN [json_extract_string(given, '$')]
            WHEN json_array_length(given, '$.codes') > 0
                THEN json_extract(given, '$.codes')::VARCHAR[]
            ELSE [NULL::VARCHAR]
        END AS codes
    FROM readings
    WHERE json_type(given) IN ('VARCHAR', 'OBJECT')
)

SELECT
    conflict,
    incident_id,
    report_id,
    impact,
    place,
    one_of,
    unnest(codes) AS code,
    json_extract_string(given, '$.lat')::DOUBLE AS lat,
    json_extract_string(given, '$.lon')::DOUBLE AS lon,
    CASE
        WHEN json_type(given) = 'OBJECT'
            THEN coalesce(json_extract_string(given, '$.radius_km')::DOUBLE, 0)
    END AS radius_km,
    NULL::VARCHAR AS name
FROM coded;

COMMENT ON VIEW places IS
'Where each standing report has it: a row for each code, and for each point with each of its codes.
Several places of a report are "and"; rows of one place that differ in one_of are "or"';
COMMENT ON COLUMN places.conflict IS 'The conflict that the incident belongs to';
COMMENT ON COLUMN places.incident_id IS 'The incident';
COMMENT ON COLUMN places.report_id IS 'The report';
COMMENT ON COLUMN places.impact IS 'The number of the impact that says it, from 1; NULL: the whole';
COMMENT ON COLUMN places.place IS 'The number of the place among those of the whole, or the impact';
COMMENT ON COLUMN places.one_of IS
'The number of the reading, where the name of the place is ambiguous; NULL: it is not';
COMMENT ON COLUMN places.code IS
'The ISO 3166 code, or of a point one of those that it is said to lie in; NULL: not said';
COMMENT ON COLUMN places.lat IS 'Degrees north; NULL: no point';
COMMENT ON COLUMN places.lon IS 'Degrees east; NULL: no point';
COMMENT ON COLUMN places.radius_km IS 'How far around the point it may have been; NULL: no point';
COMMENT ON COLUMN places.name IS
'What the place is called; NULL: events give codes and points, and no names';
