-- What stands under assumptions, in the form in which the audit takes it; and what then differs.

-- A claim is read from its event, so that what is assumed reads like what was said. Its newest
-- event counts, and of those that are assumed the last.
-- name: assumed_claims
WITH claimed AS (
    SELECT
        conflict,
        type,
        payload,
        0 AS assumed,
        recorded_at,
        "offset",
        batch_index
    FROM accepted
    WHERE
        type IN ('commitment.claimed', 'commitment.claim_retracted')
        AND coalesce(recorded_at <= make_timestamptz($recorded_by::BIGINT), TRUE)
        AND (
            $said_by IS NULL
            OR coalesce(
                json_extract_string(payload, '$.time')::TIMESTAMPTZ, recorded_at
            ) <= make_timestamptz($said_by::BIGINT)
        )
    UNION ALL
    SELECT
        json_extract_string(term, '$.data.conflict') AS conflict,
        json_extract_string(term, '$.type') AS type,
        term AS payload,
        place AS assumed,
        NULL AS recorded_at,
        NULL AS "offset",
        NULL AS batch_index
    FROM (
        SELECT
            unnest($terms::JSON[]) AS term,
            generate_subscripts($terms::JSON[], 1) AS place
    )
),

newest AS (
    SELECT
        conflict,
        json_extract_string(payload, '$.data.commitment_id') AS commitment_id,
        json_extract_string(payload, '$.data.claim_id') AS claim_id,
        arg_max(
            struct_pack(type := type, payload := payload),
            row(
                assumed,
                coalesce(recorded_at, '1970-01-01'),
                coalesce("offset", 0),
                coalesce(batch_index, 0)
            )
        ) AS event
    FROM claimed
    GROUP BY 1, 2, 3
),

claims_assumed AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        event.payload AS payload
    FROM newest
    WHERE
        event.type = 'commitment.claimed'
        AND coalesce(conflict = $conflict::VARCHAR, TRUE)
        AND coalesce(commitment_id = $commitment::VARCHAR, TRUE)
        AND (len($claims::VARCHAR[]) = 0 OR list_contains($claims::VARCHAR[], claim_id))
)

SELECT
    'claim' AS kind,
    conflict,
    commitment_id,
    claim_id,
    json_extract_string(payload, '$.data.stance') AS stance,
    coalesce(json_extract(payload, '$.data.bound_parties')::VARCHAR[], []) AS bound_parties,
    coalesce(json_extract(payload, '$.data.prohibits.acts')::VARCHAR[], []) AS acts,
    coalesce(json_extract(payload, '$.data.prohibits.targets')::VARCHAR[], []) AS targets,
    coalesce(json_extract_string(payload, '$.data.conditions.reciprocal')::BOOLEAN, FALSE)
        AS reciprocal,
    json_extract_string(payload, '$.data.conditions.other') AS other_conditions,
    json_extract(payload, '$.data.window')::VARCHAR AS time_window,
    json_extract(payload, '$.data.area')::VARCHAR AS area
FROM claims_assumed
UNION ALL BY NAME
SELECT
    'claim_verdict' AS kind,
    conflict,
    commitment_id,
    claim_id,
    incident_id,
    party,
    verdict,
    in_window,
    party_bound,
    act_prohibited,
    target_covered,
    in_area,
    still_bound
FROM claim_verdicts
WHERE
    coalesce(conflict = $conflict::VARCHAR, TRUE)
    AND coalesce(commitment_id = $commitment::VARCHAR, TRUE)
UNION ALL BY NAME
SELECT
    'verdict' AS kind,
    conflict,
    commitment_id,
    incident_id,
    party,
    verdict,
    epoch_us(occurred_start) AS starts,
    epoch_us(occurred_end) AS ends,
    independent_reports,
    evidence,
    admitted,
    denied_by
FROM verdicts
WHERE
    coalesce(conflict = $conflict::VARCHAR, TRUE)
    AND coalesce(commitment_id = $commitment::VARCHAR, TRUE);

-- All reports of each incident of which one can meet the windows of the claims: of most of a long
-- log, nothing is read but when it was.
-- name: assumed_reports
WITH spans AS (
    SELECT
        unnest($conflicts::VARCHAR[]) AS conflict,
        unnest($earliest::BIGINT[]) AS earliest,
        unnest($latest::BIGINT[]) AS latest
),

standing AS NOT MATERIALIZED (
    SELECT *
    FROM accepted
    WHERE
        $said_by IS NULL
        AND report_key IS NOT NULL
        AND coalesce(recorded_at <= make_timestamptz($recorded_by::BIGINT), TRUE)
        AND (superseded_at IS NULL OR superseded_at > make_timestamptz($recorded_by::BIGINT))
        AND NOT list_contains($without_sources::VARCHAR[], reported_by)
),

said AS MATERIALIZED (
    SELECT *
    FROM (
        SELECT
            *,
            row_number() OVER (
                PARTITION BY
                    conflict,
                    coalesce(incident_id, json_extract_string(payload, '$.data.incident_id')),
                    coalesce(report_id, json_extract_string(payload, '$.data.report_id'))
                ORDER BY recorded_at DESC, "offset" DESC, batch_index DESC
            ) AS age
        FROM accepted
        WHERE
            $said_by IS NOT NULL
            AND type IN ('incident.reported', 'incident.report_retracted')
            AND coalesce(recorded_at <= make_timestamptz($recorded_by::BIGINT), TRUE)
            AND coalesce(
                json_extract_string(payload, '$.time')::TIMESTAMPTZ, recorded_at
            ) <= make_timestamptz($said_by::BIGINT)
    )
    WHERE
        age = 1
        AND report_key IS NOT NULL
        AND NOT list_contains($without_sources::VARCHAR[], reported_by)
),

reports_assumed AS NOT MATERIALIZED (
    SELECT *
    FROM standing
    UNION ALL
    SELECT * EXCLUDE (age)
    FROM said
),

near AS (
    SELECT reports_assumed.incident_key
    FROM reports_assumed
    INNER JOIN spans
        ON
            reports_assumed.conflict = spans.conflict
            AND coalesce(reports_assumed.begins_at <= make_timestamptz(spans.latest), TRUE)
            AND coalesce(reports_assumed.ends_at >= make_timestamptz(spans.earliest), TRUE)
    WHERE reports_assumed.stance = 'asserts'
)

SELECT
    'report' AS kind,
    conflict,
    incident_id,
    report_id,
    reported_by,
    reporter_kind,
    reporter_party,
    stance,
    epoch_us(occurred_start) AS starts,
    epoch_us(occurred_end) AS ends,
    certainty,
    json_extract_string(payload, '$.data.occurred.of') AS timed,
    json_extract_string(payload, '$.data.occurred.flight') AS flight,
    actor AS party,
    CASE
        WHEN actor IS NOT NULL AND confidence NOT IN ('confirmed', 'likely') AND $count_alleged
            THEN 'likely'
        ELSE confidence
    END AS confidence,
    act,
    targets,
    json_extract(payload, '$.data.places')::VARCHAR AS places,
    json_extract(payload, '$.data.impacts')::VARCHAR AS impacts
FROM reports_assumed
WHERE incident_key IN (SELECT incident_key FROM near);

-- name: standing_counts
SELECT
    conflict,
    commitment_id,
    claim_id,
    party,
    violations_lower,
    violations_upper,
    unattributed
FROM violation_counts
WHERE
    coalesce(conflict = $conflict::VARCHAR, TRUE)
    AND coalesce(commitment_id = $commitment::VARCHAR, TRUE);

-- From when to when the windows of the claims of each conflict may hold.
-- name: spans
SELECT
    conflicts.conflict,
    min(stretches.start_earliest) AS earliest,
    max(stretches.end_latest) AS latest
FROM stretches
INNER JOIN conflicts ON stretches.k = conflicts.k
GROUP BY conflicts.conflict
ORDER BY conflicts.conflict;

-- name: no_conditions
DELETE FROM still_bound;

-- What has no grade that is high enough is as if nobody had reported it, under this commitment.
-- name: below_grade
DELETE FROM touched
WHERE NOT EXISTS (
    SELECT 1
    FROM graded
    INNER JOIN claims ON graded.m = claims.m
    WHERE
        claims.c = touched.c
        AND graded.i = touched.i
        AND list_contains($grades::VARCHAR[], graded.evidence)
);

-- name: ungraded_claim_verdicts
DELETE FROM claim_verdicts
WHERE NOT EXISTS (
    SELECT 1
    FROM touched
    WHERE touched.c = claim_verdicts.c AND touched.i = claim_verdicts.i
);

-- name: ungraded_verdicts
DELETE FROM verdicts
WHERE NOT EXISTS (
    SELECT 1
    FROM touched
    INNER JOIN claims ON touched.c = claims.c
    WHERE claims.m = verdicts.m AND touched.i = verdicts.i
);

-- name: assumed_counts
WITH judged AS (
    SELECT
        m,
        c,
        i,
        verdict
    FROM claim_verdicts
    WHERE verdict != 'clear'
    UNION ALL
    SELECT
        m,
        NULL AS c,
        i,
        verdict
    FROM verdicts
    WHERE verdict != 'clear'
),

attributed AS (
    SELECT
        judged.m,
        judged.c,
        judged.verdict,
        len(happened.actors) = 1 AS is_only,
        unnest(CASE WHEN len(happened.actors) = 0 THEN [NULL] ELSE happened.actors END) AS party
    FROM judged
    INNER JOIN happened ON judged.i = happened.i
),

tally AS (
    SELECT
        m,
        c,
        party,
        count_if(verdict = 'violation' AND is_only) AS lower,
        count(*) AS upper
    FROM attributed
    GROUP BY m, c, party
),

obliged AS (
    SELECT
        m,
        c,
        party
    FROM bound
    WHERE asserts
    UNION
    SELECT
        m,
        NULL AS c,
        party
    FROM bound
    WHERE asserts
)

SELECT
    commitments.conflict,
    commitments.commitment_id,
    claims.claim_id,
    obliged.party,
    coalesce(tally.lower, 0) AS lower,
    coalesce(tally.upper, 0) AS upper,
    coalesce(nobodys.upper, 0) AS unattributed
FROM obliged
INNER JOIN commitments ON obliged.m = commitments.m
LEFT JOIN claims ON obliged.c = claims.c
LEFT JOIN tally
    ON
        obliged.m = tally.m
        AND obliged.c IS NOT DISTINCT FROM tally.c
        AND obliged.party = tally.party
LEFT JOIN tally AS nobodys
    ON
        obliged.m = nobodys.m
        AND obliged.c IS NOT DISTINCT FROM nobodys.c
        AND nobodys.party IS NULL;

-- name: changed
WITH found AS (
    SELECT
        commitments.conflict,
        commitments.commitment_id,
        claims.claim_id,
        incidents.incident_id,
        judged.verdict,
        CASE WHEN len(happened.actors) = 1 THEN happened.actors[1] END AS party,
        judged.evidence
    FROM (
        SELECT
            m,
            c,
            i,
            verdict,
            NULL AS evidence
        FROM claim_verdicts
        UNION ALL
        SELECT
            m,
            NULL AS c,
            i,
            verdict,
            evidence
        FROM verdicts
    ) AS judged
    INNER JOIN commitments ON judged.m = commitments.m
    LEFT JOIN claims ON judged.c = claims.c
    INNER JOIN incidents ON judged.i = incidents.i
    INNER JOIN happened ON judged.i = happened.i
),

stood AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        incident_id,
        verdict,
        party,
        NULL AS evidence
    FROM stored_claim_verdicts
    UNION ALL
    SELECT
        conflict,
        commitment_id,
        NULL AS claim_id,
        incident_id,
        verdict,
        party,
        evidence
    FROM stored_verdicts
)

SELECT
    coalesce(stood.conflict, found.conflict) AS conflict,
    coalesce(stood.commitment_id, found.commitment_id) AS commitment_id,
    coalesce(stood.claim_id, found.claim_id) AS claim_id,
    coalesce(stood.incident_id, found.incident_id) AS incident_id,
    stood.verdict AS before,
    found.verdict AS after,
    stood.party AS party_before,
    found.party AS party_after,
    stood.evidence AS evidence_before,
    found.evidence AS evidence_after
FROM stood
FULL OUTER JOIN found
    ON
        stood.conflict = found.conflict
        AND stood.commitment_id = found.commitment_id
        AND stood.claim_id IS NOT DISTINCT FROM found.claim_id
        AND stood.incident_id = found.incident_id
WHERE
    stood.verdict IS DISTINCT FROM found.verdict
    OR stood.party IS DISTINCT FROM found.party
    OR stood.evidence IS DISTINCT FROM found.evidence
ORDER BY 1, 2, 4, 3 NULLS FIRST;
