-- Whether the conditions of a claim still bind whoever acted: yes, no or unknown.

-- name: still_bound
-- Who was released: by a violation, conditions left aside, of a claim that binds only while the
-- other side keeps it. By who is named for it: when the first of them may have begun, and the next
-- (an incident does not release itself), and when one of them is certainly over.
CREATE OR REPLACE TABLE releases AS
WITH violations AS (
    SELECT
        unconditional.c,
        happened.i,
        happened.actors,
        happened.starts,
        happened.stops,
        row_number() OVER (
            PARTITION BY unconditional.c, happened.actors ORDER BY happened.starts, happened.i
        ) AS number
    FROM unconditional
    INNER JOIN claims ON unconditional.c = claims.c
    INNER JOIN happened ON unconditional.i = happened.i
    WHERE claims.reciprocal AND unconditional.verdict = 'violation'
)

SELECT
    c,
    actors,
    min(i) FILTER (WHERE number = 1) AS first_i,
    min(starts) FILTER (WHERE number = 1) AS first_starts,
    min(starts) FILTER (WHERE number = 2) AS next_starts,
    min(stops) AS over_by
FROM violations
GROUP BY c, actors;

-- Each party that may have acted, by each group of violations. A violation by the party itself
-- releases it from nothing; one that began no earlier than all this ended came too late.
CREATE OR REPLACE TABLE still_bound AS
WITH conditional AS (
    SELECT
        touched.c,
        happened.*,
        claims.reciprocal,
        claims.has_other_conditions,
        CASE
            WHEN len(happened.actors) = 0 THEN claims.bound_parties
            ELSE happened.actors
        END AS candidates
    FROM touched
    INNER JOIN claims ON touched.c = claims.c
    INNER JOIN happened ON touched.i = happened.i
    WHERE claims.reciprocal OR claims.has_other_conditions
),

by_party AS (
    SELECT
        * EXCLUDE (candidates),
        unnest(candidates) AS candidate
    FROM conditional
),

released AS (
    SELECT
        by_party.c,
        by_party.i,
        by_party.candidate,
        by_party.has_other_conditions,
        all_of(
            CASE
                WHEN releases.c IS NULL OR releases.actors = [by_party.candidate] THEN TRUE
                WHEN
                    coalesce(
                        CASE
                            WHEN releases.first_i = by_party.i THEN releases.next_starts
                            ELSE releases.first_starts
                        END >= by_party.ends,
                        TRUE
                    )
                    THEN TRUE
                WHEN
                    NOT list_contains(releases.actors, by_party.candidate)
                    AND releases.over_by <= by_party.starts
                    THEN FALSE
            END
        ) AS is_bound
    FROM by_party
    LEFT JOIN releases ON by_party.reciprocal AND by_party.c = releases.c
    GROUP BY by_party.c, by_party.i, by_party.candidate, by_party.has_other_conditions
)

SELECT
    c,
    i,
    unanimous(is_bound) AND CASE WHEN NOT bool_or(has_other_conditions) THEN TRUE END AS still_bound
FROM released
GROUP BY c, i;
