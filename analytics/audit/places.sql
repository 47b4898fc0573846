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

-- A name that is ambiguous is several places, of which one was meant; any other is one.
CREATE OR REPLACE TABLE meant AS
WITH distinct_places AS (
    SELECT DISTINCT place
    FROM place_lists
)

SELECT
    place,
    unnest(
        CASE
            WHEN json_exists(place, '$.one_of') THEN (place -> '$.one_of')::JSON[]
            ELSE [place::JSON]
        END
    )::VARCHAR AS option
FROM distinct_places;

-- The codes of each: its own, or those that it lies in.
CREATE OR REPLACE TABLE option_codes AS
SELECT DISTINCT
    option,
    unnest(
        CASE
            WHEN starts_with(option, '"') THEN [option ->> '$']
            ELSE coalesce((option -> '$.codes')::VARCHAR[], [])
        END
    ) AS code
FROM meant
WHERE option IS NOT NULL;

CREATE OR REPLACE TABLE options AS
SELECT DISTINCT
    lists.area_scope,
    meant.option
FROM place_lists AS lists
INNER JOIN meant ON lists.place IS NOT DISTINCT FROM meant.place;

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
    list(DISTINCT options.option) AS points
FROM shapes
INNER JOIN options ON shapes.area_scope = options.area_scope
WHERE starts_with(options.option, '{')
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
    SELECT code
    FROM option_codes
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

-- The geometries of an area count as one. Without boundaries a code against a geometry is unknown,
-- and a point against a code is what the codes that it lies in say together. What ISO does not list
-- (any more) may be a part of every other code of its country.
CREATE OR REPLACE TABLE area_answers AS
WITH coded AS (
    SELECT
        options.area_scope,
        options.option,
        area_terms.term,
        CASE
            WHEN up.code IS NOT NULL THEN TRUE
            WHEN down.code IS NOT NULL THEN NULL
            WHEN
                (listed.code IS NULL OR listed_term.code IS NULL)
                AND split_part(option_codes.code, '-', 1)
                = split_part(area_terms.term ->> '$', '-', 1)
                THEN NULL
            WHEN starts_with(area_terms.term, '"') AND option_codes.code IS NOT NULL THEN FALSE
        END AS answer
    FROM options
    INNER JOIN area_terms ON options.area_scope = area_terms.area_scope
    LEFT JOIN option_codes
        ON options.option = option_codes.option AND starts_with(area_terms.term, '"')
    LEFT JOIN containers AS up
        ON option_codes.code = up.code AND (area_terms.term ->> '$') = up.container
    LEFT JOIN containers AS down
        ON (area_terms.term ->> '$') = down.code AND option_codes.code = down.container
    LEFT JOIN subdivisions AS listed ON option_codes.code = listed.code
    LEFT JOIN subdivisions AS listed_term ON (area_terms.term ->> '$') = listed_term.code
    WHERE
        NOT coalesce(
            starts_with(area_terms.term, '{') AND starts_with(options.option, '{'), FALSE
        )
),

answers AS (
    SELECT
        area_scope,
        option,
        CASE WHEN bool_or(answer) THEN TRUE WHEN NOT bool_and(answer) THEN FALSE END AS answer
    FROM coded
    GROUP BY area_scope, option, term
    UNION ALL
    SELECT
        area_scope,
        place AS option,
        answer
    FROM shape_answers
),

options_answers AS (
    SELECT
        area_scope,
        option,
        any_of(answer) AS answer
    FROM answers
    GROUP BY area_scope, option
)

SELECT
    found.area_scope,
    meant.place,
    unanimous(found.answer) AS answer
FROM options_answers AS found
INNER JOIN meant ON found.option IS NOT DISTINCT FROM meant.option
GROUP BY found.area_scope, meant.place;

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
