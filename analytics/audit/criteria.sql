-- The criteria: every part of every report against every claim whose window the incident can touch.
-- Everything three-valued is SQL's own AND and OR, with NULL.

-- name: criteria
CREATE OR REPLACE TABLE criteria AS
WITH matched AS (
    SELECT
        touched.c,
        touched.i,
        parts.r,
        CASE WHEN timed.p IS NULL THEN FALSE ELSE timed.in_window END AS in_window,
        CASE WHEN reports.is_attributed THEN bound.c IS NOT NULL END AS party_bound,
        act_answers.answer AS act_prohibited,
        -- Some places and some targets: which target was where is unsaid.
        CASE
            WHEN NOT (target_answers.is_mixed AND places_answers.is_mixed)
                THEN target_answers.answer
        END AS target_covered,
        places_answers.answer AS in_area,
        parts.is_whole AND reports.impacts IS NULL AS stands_alone,
        reports.names_no_actor AS leaves_out_actor,
        reports.act = '' AND claims.speaks_of_acts AS leaves_out_act,
        parts.targets = '[]' AND claims.speaks_of_targets AS leaves_out_targets,
        parts.places = '[]' AND claims.speaks_of_area AS leaves_out_places
    FROM touched
    INNER JOIN claims ON touched.c = claims.c
    INNER JOIN parts ON touched.i = parts.i
    INNER JOIN reports ON parts.r = reports.r
    INNER JOIN act_answers
        ON claims.act_scope = act_answers.act_scope AND reports.act = act_answers.act
    INNER JOIN target_answers
        ON
            claims.target_scope = target_answers.target_scope
            AND parts.targets = target_answers.targets
    INNER JOIN places_answers
        ON claims.area_scope = places_answers.area_scope AND parts.places = places_answers.places
    LEFT JOIN timed ON touched.c = timed.c AND parts.p = timed.p
    LEFT JOIN bound
        ON touched.c = bound.c AND reports.is_attributed AND reports.party = bound.party
)

-- Silence is what is unknown only because the report left out what the claim speaks of.
SELECT
    c,
    i,
    r,
    in_window,
    party_bound,
    act_prohibited,
    target_covered,
    in_area,
    stands_alone
    AND in_window IS NOT NULL
    AND (party_bound IS NOT NULL OR leaves_out_actor)
    AND (act_prohibited IS NOT NULL OR leaves_out_act)
    AND (target_covered IS NOT NULL OR leaves_out_targets)
    AND (in_area IS NOT NULL OR leaves_out_places) AS is_only_silent
FROM matched;

-- name: before_conditions
-- What each report says of each claim: the AND of the five, OR-ed over the whole and its impacts.
CREATE OR REPLACE TABLE answers AS
SELECT
    c,
    i,
    r,
    any_of(in_window AND party_bound AND act_prohibited AND target_covered AND in_area) AS broken,
    bool_or(is_only_silent) AS is_only_silent
FROM criteria
GROUP BY c, i, r;

-- What those say that do not abstain; unknown where they differ, or where all abstain.
CREATE OR REPLACE MACRO agreed(broken, abstains) AS (
    CASE
        WHEN bool_and(abstains) THEN 'undetermined'
        WHEN bool_and(abstains OR coalesce(broken, FALSE)) THEN 'violation'
        WHEN bool_and(abstains OR coalesce(NOT broken, FALSE)) THEN 'clear'
        ELSE 'undetermined'
    END
);

CREATE OR REPLACE TABLE unconditional AS
SELECT
    c,
    i,
    agreed(broken, broken IS NULL AND is_only_silent) AS verdict
FROM answers
GROUP BY c, i;
