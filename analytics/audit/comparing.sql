-- Row by row: what the ledger has beside what was found here. A stored row of what does not stand
-- has no number to be found by.

-- name: differing_claim_verdicts
WITH numbered AS (
    SELECT
        told.conflict,
        told.commitment_id,
        told.claim_id,
        told.incident_id,
        told.party,
        told.verdict,
        told.in_window,
        told.party_bound,
        told.act_prohibited,
        told.target_covered,
        told.in_area,
        told.still_bound,
        claims.c,
        incidents.i
    FROM stored_claim_verdicts AS told
    LEFT JOIN claims
        ON
            told.conflict = claims.conflict
            AND told.commitment_id = claims.commitment_id
            AND told.claim_id = claims.claim_id
    LEFT JOIN incidents
        ON told.conflict = incidents.conflict AND told.incident_id = incidents.incident_id
),

doubled AS (
    SELECT
        c,
        i
    FROM numbered
    GROUP BY c, i
    HAVING count(*) > 1
),

recomputed AS (
    SELECT
        found.c,
        found.i,
        CASE WHEN len(happened.actors) = 1 THEN happened.actors[1] END AS party,
        found.verdict,
        found.in_window,
        found.party_bound,
        found.act_prohibited,
        found.target_covered,
        found.in_area,
        found.still_bound
    FROM claim_verdicts AS found
    INNER JOIN happened ON found.i = happened.i
)

SELECT
    coalesce(stored.conflict, claims.conflict) AS conflict,
    coalesce(stored.commitment_id, claims.commitment_id) AS commitment_id,
    coalesce(stored.incident_id, incidents.incident_id) AS incident_id,
    coalesce(stored.claim_id, claims.claim_id) AS claim_id,
    CASE WHEN stored.conflict IS NOT NULL THEN to_json({
        'party': stored.party,
        'verdict': stored.verdict,
        'in_window': stored.in_window,
        'party_bound': stored.party_bound,
        'act_prohibited': stored.act_prohibited,
        'target_covered': stored.target_covered,
        'in_area': stored.in_area,
        'still_bound': stored.still_bound
    }) END::VARCHAR AS stored,
    CASE WHEN recomputed.i IS NOT NULL THEN to_json({
        'party': recomputed.party,
        'verdict': recomputed.verdict,
        'in_window': recomputed.in_window,
        'party_bound': recomputed.party_bound,
        'act_prohibited': recomputed.act_prohibited,
        'target_covered': recomputed.target_covered,
        'in_area': recomputed.in_area,
        'still_bound': recomputed.still_bound
    }) END::VARCHAR AS recomputed,
    doubled.i IS NOT NULL AS is_doubled
FROM numbered AS stored
FULL OUTER JOIN recomputed ON stored.c = recomputed.c AND stored.i = recomputed.i
LEFT JOIN doubled ON stored.c = doubled.c AND stored.i = doubled.i
LEFT JOIN claims ON recomputed.c = claims.c
LEFT JOIN incidents ON recomputed.i = incidents.i
WHERE
    stored.conflict IS NULL
    OR recomputed.i IS NULL
    OR doubled.i IS NOT NULL
    OR stored.party IS DISTINCT FROM recomputed.party
    OR stored.verdict IS DISTINCT FROM recomputed.verdict
    OR stored.in_window IS DISTINCT FROM recomputed.in_window
    OR stored.party_bound IS DISTINCT FROM recomputed.party_bound
    OR stored.act_prohibited IS DISTINCT FROM recomputed.act_prohibited
    OR stored.target_covered IS DISTINCT FROM recomputed.target_covered
    OR stored.in_area IS DISTINCT FROM recomputed.in_area
    OR stored.still_bound IS DISTINCT FROM recomputed.still_bound
ORDER BY ALL;

-- name: differing_verdicts
WITH numbered AS (
    SELECT
        told.conflict,
        told.commitment_id,
        told.incident_id,
        told.party,
        told.verdict,
        told.starts,
        told.ends,
        told.independent_reports,
        told.evidence,
        told.admitted,
        told.denied_by,
        commitments.m,
        incidents.i
    FROM stored_verdicts AS told
    LEFT JOIN commitments
        ON
            told.conflict = commitments.conflict
            AND told.commitment_id = commitments.commitment_id
    LEFT JOIN incidents
        ON told.conflict = incidents.conflict AND told.incident_id = incidents.incident_id
),

doubled AS (
    SELECT
        m,
        i
    FROM numbered
    GROUP BY m, i
    HAVING count(*) > 1
),

recomputed AS (
    SELECT
        found.m,
        found.i,
        CASE WHEN len(happened.actors) = 1 THEN happened.actors[1] END AS party,
        found.verdict,
        found.starts,
        found.ends,
        found.independent_reports,
        found.evidence,
        found.admitted,
        found.denied_by
    FROM verdicts AS found
    INNER JOIN happened ON found.i = happened.i
)

SELECT
    coalesce(stored.conflict, commitments.conflict) AS conflict,
    coalesce(stored.commitment_id, commitments.commitment_id) AS commitment_id,
    coalesce(stored.incident_id, incidents.incident_id) AS incident_id,
    NULL::VARCHAR AS claim_id,
    CASE WHEN stored.conflict IS NOT NULL THEN to_json({
        'party': stored.party,
        'verdict': stored.verdict,
        'occurred_start': stored.starts,
        'occurred_end': stored.ends,
        'independent_reports': stored.independent_reports,
        'evidence': stored.evidence,
        'admitted': stored.admitted,
        'denied_by': stored.denied_by
    }) END::VARCHAR AS stored,
    CASE WHEN recomputed.i IS NOT NULL THEN to_json({
        'party': recomputed.party,
        'verdict': recomputed.verdict,
        'occurred_start': recomputed.starts,
        'occurred_end': recomputed.ends,
        'independent_reports': recomputed.independent_reports,
        'evidence': recomputed.evidence,
        'admitted': recomputed.admitted,
        'denied_by': recomputed.denied_by
    }) END::VARCHAR AS recomputed,
    doubled.i IS NOT NULL AS is_doubled
FROM numbered AS stored
FULL OUTER JOIN recomputed ON stored.m = recomputed.m AND stored.i = recomputed.i
LEFT JOIN doubled ON stored.m = doubled.m AND stored.i = doubled.i
LEFT JOIN commitments ON recomputed.m = commitments.m
LEFT JOIN incidents ON recomputed.i = incidents.i
WHERE
    stored.conflict IS NULL
    OR recomputed.i IS NULL
    OR doubled.i IS NOT NULL
    OR stored.party IS DISTINCT FROM recomputed.party
    OR stored.verdict IS DISTINCT FROM recomputed.verdict
    OR stored.starts IS DISTINCT FROM recomputed.starts
    OR stored.ends IS DISTINCT FROM recomputed.ends
    OR stored.independent_reports IS DISTINCT FROM recomputed.independent_reports
    OR stored.evidence IS DISTINCT FROM recomputed.evidence
    OR stored.admitted IS DISTINCT FROM recomputed.admitted
    OR stored.denied_by IS DISTINCT FROM recomputed.denied_by
ORDER BY ALL;

-- name: compared
SELECT
    (SELECT count(*) FROM stored_claim_verdicts) AS claim_verdicts,
    (SELECT count(*) FROM stored_verdicts) AS verdicts,
    (SELECT count(*) FROM claims) AS claims,
    (SELECT count(*) FROM reports) AS reports,
    (SELECT count(*) FROM incidents) AS incidents;
