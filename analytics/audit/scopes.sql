-- What: each distinct scope of a claim against each distinct thing that was reported, so
-- that the answers can be joined instead of found anew for every pair.

-- Strong Kleene logic over groups of rows; SQL's own AND and OR have it for two answers.
-- name: logic
CREATE OR REPLACE MACRO any_of(answer) AS (
    CASE WHEN bool_or(answer) THEN TRUE WHEN count(answer) = count(*) THEN FALSE END
);

CREATE OR REPLACE MACRO all_of(answer) AS (
    CASE WHEN NOT bool_and(answer) THEN FALSE WHEN count(answer) = count(*) THEN TRUE END
);

CREATE OR REPLACE MACRO unanimous(answer) AS (
    CASE
        WHEN count(answer) = count(*) AND bool_and(answer) = bool_or(answer) THEN bool_or(answer)
    END
);

-- name: trees
CREATE OR REPLACE TABLE trees AS
WITH RECURSIVE closure AS (
    SELECT
        tree,
        term,
        term AS broader
    FROM staged
    UNION ALL
    SELECT
        closure.tree,
        closure.term,
        staged.parent AS broader
    FROM closure
    INNER JOIN staged ON closure.tree = staged.tree AND closure.broader = staged.term
    WHERE staged.parent IS NOT NULL
)

SELECT
    tree,
    term,
    broader
FROM closure;

-- name: codes
CREATE OR REPLACE TABLE subdivisions AS
SELECT
    code,
    parent
FROM staged;

-- name: zones
CREATE OR REPLACE TABLE zones AS
SELECT zone
FROM staged;

-- name: limits
CREATE OR REPLACE TABLE limits AS
SELECT
    longest_walk,
    longest_days
FROM staged;

-- name: vocabularies
-- An empty scope was not said: it stands as one NULL, which is unknown against anything, as is a
-- NULL among others ("and others not named"). `any` covers even what was not said.
CREATE OR REPLACE TABLE act_answers AS
WITH scopes AS (
    SELECT
        act_scope,
        any_value(CASE WHEN len(acts) = 0 THEN [NULL] ELSE acts END) AS acts
    FROM claims
    GROUP BY act_scope
),

terms AS (
    SELECT
        act_scope,
        unnest(acts) AS term
    FROM scopes
),

reported AS (
    SELECT DISTINCT act
    FROM reports
)

SELECT
    terms.act_scope,
    reported.act,
    any_of(
        CASE
            WHEN terms.term = 'any' THEN TRUE
            WHEN reported.act = '' OR terms.term IS NULL THEN NULL
            WHEN up.broader IS NOT NULL THEN TRUE
            WHEN down.broader IS NOT NULL THEN NULL
            ELSE FALSE
        END
    ) AS answer
FROM terms
CROSS JOIN reported
LEFT JOIN trees AS up
    ON up.tree = 'acts' AND reported.act = up.term AND terms.term = up.broader
LEFT JOIN trees AS down
    ON down.tree = 'acts' AND terms.term = down.term AND reported.act = down.broader
GROUP BY terms.act_scope, reported.act;

-- Any target that is covered is yes; `is_mixed`: some are certainly covered, but not all.
CREATE OR REPLACE TABLE target_answers AS
WITH scopes AS (
    SELECT
        target_scope,
        any_value(CASE WHEN len(targets) = 0 THEN [NULL] ELSE targets END) AS targets
    FROM claims
    GROUP BY target_scope
),

terms AS (
    SELECT
        target_scope,
        unnest(targets) AS term
    FROM scopes
),

lists AS (
    SELECT DISTINCT targets
    FROM parts
),

reported AS (
    SELECT
        targets,
        unnest(CASE WHEN targets = '[]' THEN [NULL] ELSE targets::VARCHAR[] END) AS target
    FROM lists
),

distinct_targets AS (
    SELECT DISTINCT target
    FROM reported
),

single AS (
    SELECT
        terms.target_scope,
        distinct_targets.target,
        any_of(
            CASE
                WHEN terms.term = 'any' THEN TRUE
                WHEN distinct_targets.target IS NULL OR terms.term IS NULL THEN NULL
                WHEN up.broader IS NOT NULL THEN TRUE
                WHEN down.broader IS NOT NULL THEN NULL
                ELSE FALSE
            END
        ) AS answer
    FROM terms
    CROSS JOIN distinct_targets
    LEFT JOIN trees AS up
        ON
            up.tree = 'targets'
            AND distinct_targets.target = up.term
            AND terms.term = up.broader
    LEFT JOIN trees AS down
        ON
            down.tree = 'targets'
            AND terms.term = down.term
            AND distinct_targets.target = down.broader
    GROUP BY terms.target_scope, distinct_targets.target
)

SELECT
    single.target_scope,
    reported.targets,
    any_of(single.answer) AS answer,
    coalesce(bool_or(single.answer), FALSE)
    AND count_if(single.answer) < count(*) AS is_mixed
FROM reported
INNER JOIN single ON reported.target IS NOT DISTINCT FROM single.target
GROUP BY single.target_scope, reported.targets;
