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

-- Who speaks neither for a party that a claim of the commitment binds, nor for one that is named as
-- the actor. By commitment and incident: the reporters, and whether one of those who deny is such.
CREATE OR REPLACE TABLE bound_by AS
SELECT DISTINCT
    m,
    party
FROM bound
WHERE asserts;

CREATE OR REPLACE TABLE judged_pairs AS
SELECT DISTINCT
    claims.m,
    touched.i
FROM touched
INNER JOIN claims ON touched.c = claims.c;

CREATE OR REPLACE TABLE independent AS
SELECT
    judged_pairs.m,
    judged_pairs.i,
    reports.r
FROM judged_pairs
INNER JOIN reports ON judged_pairs.i = reports.i
ANTI JOIN bound_by ON judged_pairs.m = bound_by.m AND reports.reporter_party = bound_by.party
ANTI JOIN named_actors
    ON judged_pairs.i = named_actors.i AND reports.reporter_party = named_actors.party;

CREATE OR REPLACE TABLE denied AS
SELECT DISTINCT
    judged_pairs.m,
    judged_pairs.i
FROM judged_pairs
INNER JOIN denials ON judged_pairs.i = denials.i
ANTI JOIN bound_by ON judged_pairs.m = bound_by.m AND denials.reporter_party = bound_by.party
ANTI JOIN named_actors
    ON judged_pairs.i = named_actors.i AND denials.reporter_party = named_actors.party;

-- What those say that do not abstain; unknown where they differ, or where all abstain. Whoever is
-- independent and denies says no, but not alone.
CREATE OR REPLACE MACRO agreed(broken, abstains, denied) AS (
    CASE
        WHEN bool_and(abstains) THEN 'undetermined'
        WHEN NOT bool_or(denied) AND bool_and(abstains OR coalesce(broken, FALSE)) THEN 'violation'
        WHEN bool_and(abstains OR coalesce(NOT broken, FALSE)) THEN 'clear'
        ELSE 'undetermined'
    END
);

CREATE OR REPLACE TABLE unconditional AS
SELECT
    answers.c,
    answers.i,
    agreed(
        answers.broken,
        answers.broken IS NULL AND answers.is_only_silent,
        denied.i IS NOT NULL
    ) AS verdict
FROM answers
INNER JOIN claims ON answers.c = claims.c
LEFT JOIN denied ON claims.m = denied.m AND answers.i = denied.i
GROUP BY answers.c, answers.i;
