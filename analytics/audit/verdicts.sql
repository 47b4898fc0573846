-- The two aggregations: the verdict of each claim over the reports, and of each commitment over its
-- claims.

-- name: verdicts
-- The columns show what all reports and impacts agree on.
CREATE OR REPLACE TABLE common AS
SELECT
    c,
    i,
    unanimous(in_window) AS in_window,
    unanimous(party_bound) AS party_bound,
    unanimous(act_prohibited) AS act_prohibited,
    unanimous(target_covered) AS target_covered,
    unanimous(in_area) AS in_area
FROM criteria
GROUP BY c, i;

CREATE OR REPLACE TABLE claim_verdicts AS
WITH conditioned AS (
    SELECT
        answers.c,
        answers.i,
        still_bound.still_bound,
        answers.broken AND still_bound.still_bound AS broken,
        denied.i IS NOT NULL AS is_denied,
        -- A condition is no silence.
        (answers.broken AND still_bound.still_bound) IS NULL
        AND answers.is_only_silent
        AND still_bound.still_bound IS NOT NULL AS abstains
    FROM answers
    INNER JOIN still_bound ON answers.c = still_bound.c AND answers.i = still_bound.i
    INNER JOIN claims ON answers.c = claims.c
    LEFT JOIN denied ON claims.m = denied.m AND answers.i = denied.i
),

conditional AS (
    SELECT
        c,
        i,
        any_value(still_bound) AS still_bound,
        agreed(broken, abstains, is_denied) AS verdict
    FROM conditioned
    GROUP BY c, i
)

SELECT
    claims.m,
    common.c,
    common.i,
    common.in_window,
    common.party_bound,
    common.act_prohibited,
    common.target_covered,
    common.in_area,
    CASE WHEN conditional.c IS NULL THEN TRUE ELSE conditional.still_bound END AS still_bound,
    coalesce(conditional.verdict, unconditional.verdict) AS verdict
FROM common
INNER JOIN claims ON common.c = claims.c
INNER JOIN unconditional ON common.c = unconditional.c AND common.i = unconditional.i
LEFT JOIN conditional ON common.c = conditional.c AND common.i = conditional.i;

-- The claims that speak of the actors: those that bind, or deny to bind, one of them; all of them
-- where there is none.
CREATE OR REPLACE TABLE speaking AS
WITH pairs AS (
    SELECT DISTINCT
        claim_verdicts.m,
        happened.actors
    FROM claim_verdicts
    INNER JOIN happened ON claim_verdicts.i = happened.i
)

SELECT
    pairs.actors,
    claims.m,
    claims.c
FROM pairs
INNER JOIN claims ON pairs.m = claims.m
WHERE len(pairs.actors) = 0 OR list_has_any(pairs.actors, claims.bound_parties);

-- The reports of which the answer, conditions included, is yes for some claim.
CREATE OR REPLACE TABLE supporting AS
SELECT DISTINCT
    claims.m,
    answers.i,
    answers.r
FROM answers
INNER JOIN claims ON answers.c = claims.c
LEFT JOIN still_bound ON answers.c = still_bound.c AND answers.i = still_bound.i
WHERE answers.broken AND (still_bound.c IS NULL OR still_bound.still_bound);

-- What the evidence is worth: the highest grade that holds.
CREATE OR REPLACE TABLE graded AS
SELECT
    supporting.m,
    supporting.i,
    CASE
        WHEN bool_or(independent.r IS NOT NULL AND reports.reporter_kind = 'monitor')
            THEN 'verified'
        WHEN count(DISTINCT reports.reported_by) FILTER (WHERE independent.r IS NOT NULL) > 1
            THEN 'corroborated'
        WHEN count(independent.r) > 0 THEN 'reported'
        ELSE 'one_sided'
    END AS evidence,
    bool_or(
        reports.is_attributed AND coalesce(reports.reporter_party = reports.party, FALSE)
    ) AS admitted
FROM supporting
INNER JOIN reports ON supporting.r = reports.r
LEFT JOIN independent
    ON
        supporting.m = independent.m
        AND supporting.i = independent.i
        AND supporting.r = independent.r
GROUP BY supporting.m, supporting.i;

CREATE OR REPLACE TABLE who_denies AS
SELECT
    i,
    -- The first hundred are named.
    list_sort(list(DISTINCT reported_by))[1:100] AS denied_by
FROM denials
GROUP BY i;

-- A denial, or a window elsewhere, has no row and is a clear.
CREATE OR REPLACE TABLE verdicts AS
WITH speakers AS (
    SELECT
        m,
        actors,
        count(*) AS many
    FROM speaking
    GROUP BY m, actors
),

counted AS (
    SELECT
        judged.m,
        judged.i,
        any_value(speakers.many) AS many,
        count(*) FILTER (WHERE speaking.c IS NOT NULL AND judged.verdict = 'violation') AS broken,
        count(*) FILTER (WHERE speaking.c IS NOT NULL AND judged.verdict = 'clear') AS clear,
        count(speaking.c) AS have_rows
    FROM claim_verdicts AS judged
    INNER JOIN happened ON judged.i = happened.i
    LEFT JOIN speaking ON judged.c = speaking.c AND happened.actors = speaking.actors
    LEFT JOIN speakers ON judged.m = speakers.m AND happened.actors = speakers.actors
    GROUP BY judged.m, judged.i
),

independents AS (
    SELECT
        m,
        i,
        count(*) AS independent_reports
    FROM independent
    GROUP BY m, i
)

SELECT
    counted.m,
    counted.i,
    happened.said_starts AS starts,
    happened.said_ends AS ends,
    graded.evidence,
    coalesce(independents.independent_reports, 0) AS independent_reports,
    coalesce(graded.admitted, FALSE) AS admitted,
    coalesce(who_denies.denied_by, []) AS denied_by,
    CASE
        WHEN counted.many IS NULL OR counted.clear = counted.have_rows THEN 'clear'
        WHEN counted.broken = counted.many THEN 'violation'
        WHEN counted.broken > 0 THEN 'contested'
        ELSE 'undetermined'
    END AS verdict
FROM counted
INNER JOIN happened ON counted.i = happened.i
LEFT JOIN independents ON counted.m = independents.m AND counted.i = independents.i
LEFT JOIN graded ON counted.m = graded.m AND counted.i = graded.i
LEFT JOIN who_denies ON counted.i = who_denies.i;
