-- What is to be told of the verdicts, and what was. What is told once is known by its pair, its
-- party, its verdict, and when the pair came to these (`raised_at`, here `recorded_at`): versions
-- that follow, in which both stay, raise nothing.

-- name: switched_off
DELETE FROM notice_targets
WHERE target NOT IN (SELECT unnest($targets::VARCHAR[]));

-- name: untold
UPDATE notices
SET state = 'passed', told_at = make_timestamptz($now)
WHERE
    state IN ('waiting', 'trying')
    AND target NOT IN (SELECT unnest($targets::VARCHAR[]));

-- name: switched_on
INSERT INTO notice_targets
SELECT
    wanted.target,
    make_timestamptz($now) AS since
FROM (SELECT unnest($targets::VARCHAR[]) AS target) AS wanted
WHERE wanted.target NOT IN (SELECT known.target FROM notice_targets AS known)
RETURNING target;

-- name: before
SELECT
    goal.target,
    count(*) AS verdicts
FROM verdict_versions AS judged
INNER JOIN notice_targets AS goal ON judged.raised_at < goal.since
WHERE judged.superseded_at IS NULL AND list_contains($verdicts, judged.verdict)
GROUP BY goal.target;

-- name: withdrawn
INSERT INTO notices BY NAME
SELECT
    (SELECT coalesce(max(seq), 0) FROM notices) + row_number() OVER (ORDER BY told.seq) AS seq,
    told.target,
    'withdrawn' AS kind,
    told.conflict,
    told.commitment_id,
    told.incident_id,
    told.party,
    told.verdict,
    told.recorded_at,
    'waiting' AS state,
    make_timestamptz($now) AS noted_at
FROM notices AS told
WHERE
    told.kind = 'stands'
    AND told.state IN ('trying', 'told')
    AND told.target IN (SELECT goal.target FROM notice_targets AS goal)
    AND NOT EXISTS (
        SELECT 1
        FROM verdict_versions AS judged
        WHERE
            judged.superseded_at IS NULL
            AND judged.conflict = told.conflict
            AND judged.commitment_id = told.commitment_id
            AND judged.incident_id = told.incident_id
            AND judged.party IS NOT DISTINCT FROM told.party
            AND judged.verdict = told.verdict
            AND judged.raised_at = told.recorded_at
    )
    AND NOT EXISTS (
        SELECT 1
        FROM notices AS after
        WHERE
            after.kind = 'withdrawn'
            AND after.seq > told.seq
            AND after.target = told.target
            AND after.conflict = told.conflict
            AND after.commitment_id = told.commitment_id
            AND after.incident_id = told.incident_id
            AND after.party IS NOT DISTINCT FROM told.party
            AND after.verdict = told.verdict
            AND after.recorded_at = told.recorded_at
    );

-- name: standing
INSERT INTO notices BY NAME
SELECT
    (SELECT coalesce(max(seq), 0) FROM notices) + row_number() OVER (
        ORDER BY judged.raised_at, judged.conflict, judged.commitment_id, judged.incident_id
    ) AS seq,
    goal.target,
    'stands' AS kind,
    judged.conflict,
    judged.commitment_id,
    judged.incident_id,
    judged.party,
    judged.verdict,
    judged.raised_at AS recorded_at,
    judged.recorded_at AS version_at,
    make_timestamptz($now) AS noted_at,
    CASE WHEN judged.raised_at < make_timestamptz($oldest) THEN 'old' ELSE 'waiting' END AS state,
    CASE WHEN judged.raised_at < make_timestamptz($oldest) THEN make_timestamptz($now) END
        AS told_at
FROM verdict_versions AS judged
INNER JOIN notice_targets AS goal ON judged.raised_at >= goal.since
WHERE
    judged.superseded_at IS NULL
    AND judged.raised_at >= make_timestamptz($floor)
    AND list_contains($verdicts, judged.verdict)
    AND NOT EXISTS (
        SELECT 1
        FROM notices AS told
        WHERE
            told.kind = 'stands'
            AND told.target = goal.target
            AND told.conflict = judged.conflict
            AND told.commitment_id = judged.commitment_id
            AND told.incident_id = judged.incident_id
            AND told.party IS NOT DISTINCT FROM judged.party
            AND told.verdict = judged.verdict
            AND told.recorded_at = judged.raised_at
            -- It may have come, gone and come again in one moment of the log.
            AND NOT EXISTS (
                SELECT 1
                FROM notices AS after
                WHERE
                    after.kind = 'withdrawn'
                    AND after.seq > told.seq
                    AND after.target = told.target
                    AND after.conflict = told.conflict
                    AND after.commitment_id = told.commitment_id
                    AND after.incident_id = told.incident_id
                    AND after.party IS NOT DISTINCT FROM told.party
                    AND after.verdict = told.verdict
                    AND after.recorded_at = told.recorded_at
            )
    )
RETURNING target, state;

-- Of what Alertmanager was told and still stands as a later version: its text is told again, which
-- raises nothing there. A webhook is told of what comes and goes only.
-- name: revised
INSERT INTO notices BY NAME
SELECT
    (SELECT coalesce(max(seq), 0) FROM notices) + row_number() OVER (ORDER BY told.seq) AS seq,
    told.target,
    'revised' AS kind,
    told.conflict,
    told.commitment_id,
    told.incident_id,
    told.party,
    told.verdict,
    told.recorded_at,
    judged.recorded_at AS version_at,
    make_timestamptz($now) AS noted_at,
    'waiting' AS state
FROM notices AS told
INNER JOIN verdict_versions AS judged
    ON
        judged.superseded_at IS NULL
        AND told.conflict = judged.conflict
        AND told.commitment_id = judged.commitment_id
        AND told.incident_id = judged.incident_id
        AND told.party IS NOT DISTINCT FROM judged.party
        AND told.verdict = judged.verdict
        AND told.recorded_at = judged.raised_at
WHERE
    told.target = 'alertmanager'
    AND told.kind = 'stands'
    AND told.state IN ('trying', 'told')
    AND told.version_at < judged.recorded_at
    AND judged.recorded_at > judged.raised_at
    AND NOT EXISTS (
        SELECT 1
        FROM notices AS after
        WHERE
            after.kind = 'revised'
            AND after.target = told.target
            AND after.conflict = told.conflict
            AND after.commitment_id = told.commitment_id
            AND after.incident_id = told.incident_id
            AND after.party IS NOT DISTINCT FROM told.party
            AND after.verdict = told.verdict
            AND after.recorded_at = told.recorded_at
            AND (after.version_at >= judged.recorded_at OR after.state IN ('waiting', 'trying'))
    );

-- name: waiting
SELECT
    goal.target,
    count(told.target) AS notices
FROM notice_targets AS goal
LEFT JOIN (
    SELECT target FROM notices
    WHERE state IN ('waiting', 'trying')
    UNION ALL
    SELECT target FROM notice_digests
    WHERE state IN ('waiting', 'trying')
) AS told ON goal.target = told.target
GROUP BY goal.target;

-- What stands no more and has not been told: it is passed over, or if it may have arrived, its
-- withdrawal follows.
-- name: pass_over
UPDATE notices
SET
    state = CASE WHEN state = 'trying' THEN 'told' ELSE 'passed' END,
    told_at = make_timestamptz($now)
WHERE
    target = $target
    AND kind IN ('stands', 'revised')
    AND state IN ('waiting', 'trying')
    AND NOT EXISTS (
        SELECT 1
        FROM verdict_versions AS judged
        WHERE
            judged.superseded_at IS NULL
            AND judged.conflict = notices.conflict
            AND judged.commitment_id = notices.commitment_id
            AND judged.incident_id = notices.incident_id
            AND judged.party IS NOT DISTINCT FROM notices.party
            AND judged.verdict = notices.verdict
            AND judged.raised_at = notices.recorded_at
    )
RETURNING state;

-- name: lanes
SELECT
    conflict,
    commitment_id
FROM (
    SELECT
        conflict,
        commitment_id,
        seq
    FROM notices
    WHERE target = $target AND state IN ('waiting', 'trying')
    UNION ALL
    SELECT
        conflict,
        commitment_id,
        0 AS seq
    FROM notice_digests
    WHERE target = $target AND state IN ('waiting', 'trying')
)
GROUP BY conflict, commitment_id
ORDER BY min(seq);

-- name: next
WITH lanes AS (
    SELECT
        unnest($conflicts::VARCHAR[]) AS conflict,
        unnest($commitments::VARCHAR[]) AS commitment_id
)

SELECT
    told.seq,
    told.kind,
    told.conflict,
    told.commitment_id,
    told.incident_id,
    told.party,
    told.verdict,
    epoch_us(told.recorded_at) AS recorded_at,
    told.state,
    told.content,
    (
        SELECT epoch_us(max(judged.superseded_at))
        FROM verdict_versions AS judged
        WHERE
            judged.conflict = told.conflict
            AND judged.commitment_id = told.commitment_id
            AND judged.incident_id = told.incident_id
            AND judged.party IS NOT DISTINCT FROM told.party
            AND judged.verdict = told.verdict
            AND judged.raised_at = told.recorded_at
    ) AS superseded_at
FROM notices AS told
INNER JOIN lanes ON told.conflict = lanes.conflict AND told.commitment_id = lanes.commitment_id
WHERE told.target = $target AND told.state IN ('waiting', 'trying')
QUALIFY
    row_number() OVER (PARTITION BY told.conflict, told.commitment_id ORDER BY told.seq) <= $most
ORDER BY told.seq;

-- name: trying
UPDATE notices
SET state = 'trying', content = given.content
FROM (
    SELECT
        unnest($seqs::BIGINT[]) AS seq,
        unnest($contents::VARCHAR[]) AS content
) AS given
WHERE notices.seq = given.seq;

-- name: untried
UPDATE notices
SET state = 'waiting', content = NULL
WHERE seq IN (SELECT unnest($seqs::BIGINT[]));

-- name: done
UPDATE notices
SET state = $state, told_at = make_timestamptz($now)
WHERE seq IN (SELECT unnest($seqs::BIGINT[]));

-- name: recent
SELECT seq
FROM notices
WHERE
    target = $target AND state = 'told' AND content IS NOT NULL
    AND told_at >= make_timestamptz($since)
QUALIFY
    row_number() OVER (
        PARTITION BY conflict, commitment_id, incident_id, party, verdict
        ORDER BY seq DESC
    ) = 1
ORDER BY seq;

-- Not what something else was told of since: it would be undone.
-- name: contents
SELECT told.content
FROM notices AS told
WHERE
    told.seq IN (SELECT unnest($seqs::BIGINT[]))
    AND told.state = 'told'
    AND NOT EXISTS (
        SELECT 1
        FROM notices AS after
        WHERE
            after.seq > told.seq
            AND after.target = told.target
            AND after.state = 'told'
            AND after.content IS NOT NULL
            AND after.conflict = told.conflict
            AND after.commitment_id = told.commitment_id
            AND after.incident_id = told.incident_id
            AND after.party IS NOT DISTINCT FROM told.party
            AND after.verdict = told.verdict
    )
ORDER BY told.seq;
