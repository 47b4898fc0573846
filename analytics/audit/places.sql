-- Where: each distinct area of a claim against each distinct place that was reported.

-- name: places
-- The places that are to be compared with an area: only of pairs whose times touch.
CREATE OR REPLACE TABLE place_lists AS
WITH lists AS (
    SELECT DISTINCT
        claims.area_scope,
        parts.places
    FROM touched
    INNER JOIN claims ON touched.c = claims.c
    INNER JOIN parts ON touched.i = parts.i
)

SELECT
    area_scope,
    places,
    unnest(CASE WHEN places = '[]' THEN [NULL] ELSE places::JSON::JSON[] END)::VARCHAR AS place
FROM lists;

CREATE OR REPLACE TABLE area_terms AS
WITH scopes AS (
    SELECT
        area_scope,
        any_value(area) AS area
    FROM claims
    GROUP BY area_scope
)

SELECT
    area_scope,
    unnest(CASE WHEN area = '[]' THEN [NULL] ELSE area::JSON::JSON[] END)::VARCHAR AS term
FROM scopes;

-- name: shapes_wanted
WITH shapes AS (
    SELECT
        area_scope,
        list(term) AS geometries
    FROM area_terms
    WHERE starts_with(term, '{')
    GROUP BY area_scope
)

SELECT
    shapes.area_scope,
    any_value(shapes.geometries) AS geometries,
    list(DISTINCT place_lists.place) AS points
FROM shapes
INNER JOIN place_lists ON shapes.area_scope = place_lists.area_scope
WHERE starts_with(place_lists.place, '{')
GROUP BY shapes.area_scope;

-- name: no_shapes
CREATE OR REPLACE TABLE shape_answers (
    area_scope BIGINT,
    place VARCHAR,
    answer BOOLEAN
);

-- name: take_shapes
INSERT INTO shape_answers BY NAME
SELECT
    area_scope,
    place,
    answer
FROM staged;

-- name: areas
-- A code lies within itself, within whatever ISO gives as its parents, and within its country.
CREATE OR REPLACE TABLE containers AS
WITH RECURSIVE codes AS (
    SELECT place ->> '$' AS code
    FROM place_lists
    WHERE starts_with(place, '"')
    UNION
    SELECT term ->> '$' AS code
    FROM area_terms
    WHERE starts_with(term, '"')
),

upwards AS (
    SELECT
        code,
        code AS container
    FROM codes
    UNION
    SELECT
        upwards.code,
        subdivisions.parent AS container
    FROM upwards
    INNER JOIN subdivisions ON upwards.container = subdivisions.code
    WHERE subdivisions.parent IS NOT NULL
)

SELECT
    code,
    container
FROM upwards
UNION
SELECT
    code,
    split_part(code, '-', 1) AS container
FROM codes;

-- The geometries of an area count as one. Without boundaries a point against a code, or a code
-- against a geometry, is unknown.
CREATE OR REPLACE TABLE area_answers AS
WITH pairs AS (
    SELECT DISTINCT
        area_scope,
        place
    FROM place_lists
),

coded AS (
    SELECT
        pairs.area_scope,
        pairs.place,
        CASE
            WHEN up.code IS NOT NULL THEN TRUE
            WHEN down.code IS NOT NULL THEN NULL
            WHEN starts_with(area_terms.term, '"') AND starts_with(pairs.place, '"') THEN FALSE
        END AS answer
    FROM pairs
    INNER JOIN area_terms ON pairs.area_scope = area_terms.area_scope
    LEFT JOIN containers AS up
        ON (pairs.place ->> '$') = up.code AND (area_terms.term ->> '$') = up.container
    LEFT JOIN containers AS down
        ON (area_terms.term ->> '$') = down.code AND (pairs.place ->> '$') = down.container
    WHERE NOT coalesce(starts_with(area_terms.term, '{') AND starts_with(pairs.place, '{'), FALSE)
),

answers AS (
    SELECT *
    FROM coded
    UNION ALL
    SELECT
        area_scope,
        place,
        answer
    FROM shape_answers
)

SELECT
    area_scope,
    place,
    any_of(answer) AS answer
FROM answers
GROUP BY area_scope, place;

CREATE OR REPLACE TABLE places_answers AS
SELECT
    lists.area_scope,
    lists.places,
    any_of(answers.answer) AS answer,
    coalesce(bool_or(answers.answer), FALSE)
    AND count_if(answers.answer) < count(*) AS is_mixed
FROM place_lists AS lists
INNER JOIN area_answers AS answers
    ON
        lists.area_scope = answers.area_scope
        AND lists.place IS NOT DISTINCT FROM answers.place
GROUP BY lists.area_scope, lists.places;
