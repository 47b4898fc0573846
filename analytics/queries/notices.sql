-- What is to be told of the verdicts, and what was. A version of a verdict is known by its pair,
-- its party, its verdict and its recorded time.

-- name: switched_off
DELETE FROM notice_targets
WHERE target NOT IN (SELECT unnest($targets::VARCHAR[]));

-- name: untold
UPDATE notices
SET state = 'passed', told_at = make_timestamptz($now)
WHERE
    state IN ('waiting', 'trying')
    AND target NOT IN (SELECT unnest($targets::VARCHAR[]));

-- name: undigested
UPDATE notice_digests
SET state = 'passed', is_over = TRUE
WHERE NOT is_over AND target NOT IN (SELECT unnest($targets::VARCHAR[]));

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
INNER JOIN notice_targets AS goal ON judged.recorded_at < goal.since
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
            AND judged.recorded_at = told.recorded_at
    )
    AND NOT EXISTS (
        SELECT 1
        FROM notices AS after
        WHERE
            after.kind = 'withdrawn'
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
        ORDER BY judged.recorded_at, judged.conflict, judged.commitment_id, judged.incident_id
    ) AS seq,
    goal.target,
    'stands' AS kind,
    judged.conflict,
    judged.commitment_id,
    judged.incident_id,
    judged.party,
    judged.verdict,
    judged.recorded_at,
    make_timestamptz($now) AS noted_at,
    CASE WHEN judged.recorded_at < make_timestamptz($oldest) THEN 'old' ELSE 'waiting' END AS state,
    CASE WHEN judged.recorded_at < make_timestamptz($oldest) THEN make_timestamptz($now) END
        AS told_at
FROM verdict_versions AS judged
INNER JOIN notice_targets AS goal ON judged.recorded_at >= goal.since
WHERE
    judged.superseded_at IS NULL
    AND judged.recorded_at >= make_timestamptz($floor)
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
            AND told.recorded_at = judged.recorded_at
    )
RETURNING target, state;

-- What is fresh was noted in this look. An incident flaps if it is fresh again after it was noted,
-- each time by itself, so often in so short a time, even if it was gone before it was told.
-- name: begin_flapping
INSERT INTO notice_digests
SELECT
    (SELECT coalesce(max(digest), 0) FROM notice_digests) + row_number() OVER (
        ORDER BY min(told.seq)
    ) AS digest,
    told.target,
    'flapping' AS kind,
    told.conflict,
    told.commitment_id,
    told.incident_id,
    arg_max(told.verdict, told.seq) AS verdict,
    min(told.recorded_at) AS since,
    make_timestamptz($now) AS opened_at,
    NULL AS closed_at,
    'waiting' AS state,
    0 AS revision,
    0 AS counted,
    0 AS standing,
    FALSE AS is_final,
    FALSE AS is_over,
    NULL AS told_at,
    NULL AS content
FROM notices AS told
WHERE
    told.kind = 'stands'
    AND told.digest IS NULL
    AND told.state IN ('waiting', 'trying', 'told', 'refused', 'passed')
    AND told.noted_at > make_timestamptz($flapping_since)
    AND NOT EXISTS (
        SELECT 1
        FROM notice_digests AS known
        WHERE
            known.kind = 'flapping'
            AND known.closed_at IS NULL
            AND known.target = told.target
            AND known.conflict = told.conflict
            AND known.commitment_id = told.commitment_id
            AND known.incident_id = told.incident_id
    )
GROUP BY told.target, told.conflict, told.commitment_id, told.incident_id
HAVING
    count(*) > $flips
    AND bool_or(told.state = 'waiting' AND told.noted_at = make_timestamptz($now));

-- name: join_flapping
UPDATE notices
SET state = 'digest', digest = known.digest, told_at = make_timestamptz($now)
FROM notice_digests AS known
WHERE
    notices.kind = 'stands'
    AND notices.state = 'waiting'
    AND notices.noted_at = make_timestamptz($now)
    AND known.kind = 'flapping'
    AND known.closed_at IS NULL
    AND known.target = notices.target
    AND known.conflict = notices.conflict
    AND known.commitment_id = notices.commitment_id
    AND known.incident_id = notices.incident_id;

-- The rate of a commitment and verdict: what waits, and what was noted in the last minute. Beyond
-- it all that is fresh joins a burst, and, while that is open, all that follows.
-- name: begin_bursts
INSERT INTO notice_digests
WITH load AS (
    SELECT
        target,
        conflict,
        commitment_id,
        verdict,
        count(*) AS notices,
        row_number() OVER (ORDER BY min(seq)) AS number
    FROM notices
    WHERE
        kind = 'stands'
        AND digest IS NULL
        AND (
            state IN ('waiting', 'trying')
            OR (state IN ('told', 'refused') AND noted_at > make_timestamptz($rate_since))
        )
    GROUP BY target, conflict, commitment_id, verdict
    HAVING
        count(*) > $rate
        AND bool_or(state = 'waiting' AND noted_at = make_timestamptz($now))
)

SELECT
    (SELECT coalesce(max(digest), 0) FROM notice_digests) + row_number() OVER (
        ORDER BY load.number
    ) AS digest,
    load.target,
    'burst' AS kind,
    load.conflict,
    load.commitment_id,
    NULL AS incident_id,
    load.verdict,
    make_timestamptz($now) AS since,
    make_timestamptz($now) AS opened_at,
    NULL AS closed_at,
    'waiting' AS state,
    0 AS revision,
    0 AS counted,
    0 AS standing,
    FALSE AS is_final,
    FALSE AS is_over,
    NULL AS told_at,
    NULL AS content
FROM load
WHERE NOT EXISTS (
    SELECT 1
    FROM notice_digests AS known
    WHERE
        known.kind = 'burst'
        AND known.closed_at IS NULL
        AND known.target = load.target
        AND known.conflict = load.conflict
        AND known.commitment_id = load.commitment_id
        AND known.verdict = load.verdict
);

-- name: join_bursts
UPDATE notices
SET state = 'digest', digest = ranked.digest, told_at = make_timestamptz($now)
FROM (
    SELECT
        told.seq,
        known.digest,
        known.opened_at < make_timestamptz($now) AS was_open,
        told.state = 'waiting' AND told.noted_at = make_timestamptz($now) AS is_fresh,
        row_number() OVER (PARTITION BY known.digest ORDER BY told.seq) AS place
    FROM notices AS told
    INNER JOIN notice_digests AS known
        ON
            told.target = known.target
            AND told.conflict = known.conflict
            AND told.commitment_id = known.commitment_id
            AND told.verdict = known.verdict
    WHERE
        told.kind = 'stands'
        AND told.digest IS NULL
        AND known.kind = 'burst'
        AND known.closed_at IS NULL
        AND (
            told.state IN ('waiting', 'trying')
            OR (
                told.state IN ('told', 'refused') AND told.noted_at > make_timestamptz($rate_since)
            )
        )
) AS ranked
WHERE
    notices.seq = ranked.seq
    AND ranked.is_fresh
    AND (ranked.was_open OR ranked.place > $rate);

-- name: first_of_bursts
UPDATE notice_digests
SET since = joined.since
FROM (
    SELECT
        digest,
        min(recorded_at) AS since
    FROM notices
    WHERE digest IS NOT NULL
    GROUP BY digest
) AS joined
WHERE
    notice_digests.digest = joined.digest
    AND notice_digests.kind = 'burst'
    AND notice_digests.opened_at = make_timestamptz($now);

-- name: close_digests
UPDATE notice_digests
SET closed_at = make_timestamptz($now)
WHERE
    closed_at IS NULL
    AND opened_at < make_timestamptz($now)
    AND CASE kind
        WHEN 'burst' THEN (
            SELECT count(*)
            FROM notices AS told
            WHERE
                told.kind = 'stands'
                AND told.target = notice_digests.target
                AND told.conflict = notice_digests.conflict
                AND told.commitment_id = notice_digests.commitment_id
                AND told.verdict = notice_digests.verdict
                AND told.noted_at > make_timestamptz($rate_since)
        ) <= $rate
        ELSE (
            SELECT count(*)
            FROM notices AS told
            WHERE
                told.digest = notice_digests.digest
                AND told.noted_at > make_timestamptz($flapping_since)
        ) = 0
    END;

-- Of each digest that is not over: how many incidents, or for one that flaps how many times, and
-- how many stand.
-- name: counted_digests
CREATE OR REPLACE TEMP VIEW counted_digests AS
WITH members AS (
    SELECT
        told.digest,
        count(DISTINCT told.incident_id) AS incidents,
        count(judged.verdict) AS standing,
        max(told.recorded_at) AS last_at
    FROM notices AS told
    INNER JOIN notice_digests AS known ON told.digest = known.digest
    LEFT JOIN verdict_versions AS judged
        ON
            judged.superseded_at IS NULL
            AND told.conflict = judged.conflict
            AND told.commitment_id = judged.commitment_id
            AND told.incident_id = judged.incident_id
            AND told.party IS NOT DISTINCT FROM judged.party
            AND told.verdict = judged.verdict
            AND told.recorded_at = judged.recorded_at
    WHERE NOT known.is_over
    GROUP BY told.digest
),

flips AS (
    SELECT
        known.digest,
        count(*) AS times
    FROM notice_digests AS known
    INNER JOIN verdict_versions AS judged
        ON
            known.conflict = judged.conflict
            AND known.commitment_id = judged.commitment_id
            AND known.incident_id = judged.incident_id
            AND known.verdict = judged.verdict
            AND known.since <= judged.recorded_at
    WHERE known.kind = 'flapping' AND NOT known.is_over
    GROUP BY known.digest
)

SELECT
    members.digest,
    members.standing,
    members.last_at,
    coalesce(flips.times, members.incidents) AS counted
FROM members
LEFT JOIN flips ON members.digest = flips.digest;

-- A text is written when there is a digest, when it is closed, and when none stands any more; in
-- between, what has changed in it is told now and then.
-- name: due_digests
UPDATE notice_digests
SET state = 'waiting'
FROM counted_digests AS now_counted
WHERE
    notice_digests.digest = now_counted.digest
    AND notice_digests.state IN ('told', 'refused')
    AND (
        notice_digests.is_final != (notice_digests.closed_at IS NOT NULL)
        OR (notice_digests.closed_at IS NOT NULL AND now_counted.standing = 0)
        OR (
            (notice_digests.counted, notice_digests.standing)
            != (now_counted.counted, now_counted.standing)
            AND notice_digests.told_at < CASE
                WHEN notice_digests.target = 'webhook' THEN make_timestamptz($seldom)
                ELSE make_timestamptz($often)
            END
        )
    );

-- name: open_digests
SELECT count(*)
FROM notice_digests
WHERE NOT is_over AND (closed_at IS NULL OR state IN ('waiting', 'trying'));

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
    AND kind = 'stands'
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
            AND judged.recorded_at = notices.recorded_at
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
            AND judged.recorded_at = told.recorded_at
    ) AS superseded_at
FROM notices AS told
INNER JOIN lanes ON told.conflict = lanes.conflict AND told.commitment_id = lanes.commitment_id
WHERE told.target = $target AND told.state IN ('waiting', 'trying')
QUALIFY row_number() OVER (PARTITION BY told.conflict, told.commitment_id ORDER BY told.seq) <= $most
ORDER BY told.seq;

-- name: next_digests
WITH lanes AS (
    SELECT
        unnest($conflicts::VARCHAR[]) AS conflict,
        unnest($commitments::VARCHAR[]) AS commitment_id
)

SELECT
    known.digest,
    known.kind,
    known.conflict,
    known.commitment_id,
    known.incident_id,
    known.verdict,
    epoch_us(known.since) AS since,
    known.closed_at IS NOT NULL AS is_closed,
    known.state,
    known.revision,
    known.content,
    now_counted.counted,
    now_counted.standing,
    epoch_us(now_counted.last_at) AS last_at
FROM notice_digests AS known
INNER JOIN lanes ON known.conflict = lanes.conflict AND known.commitment_id = lanes.commitment_id
INNER JOIN counted_digests AS now_counted ON known.digest = now_counted.digest
WHERE known.target = $target AND known.state IN ('waiting', 'trying')
QUALIFY
    row_number() OVER (PARTITION BY known.conflict, known.commitment_id ORDER BY known.digest)
    <= $most
ORDER BY known.digest;

-- name: parties_of_digest
SELECT
    party,
    count(DISTINCT incident_id) AS incidents
FROM notices
WHERE digest = $digest
GROUP BY party
ORDER BY incidents DESC, party
LIMIT $most;

-- name: incidents_of_digest
SELECT incident_id
FROM notices
WHERE digest = $digest
GROUP BY incident_id
ORDER BY min(seq)
LIMIT $most;

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

-- name: trying_digest
UPDATE notice_digests
SET
    state = 'trying',
    content = $content,
    revision = $revision,
    counted = $counted,
    standing = $standing,
    is_final = $is_final
WHERE digest = $digest;

-- name: shorter_digest
UPDATE notice_digests
SET content = $content
WHERE digest = $digest;

-- name: done_digest
UPDATE notice_digests
SET
    state = $state,
    told_at = make_timestamptz($now),
    is_over = is_final AND standing = 0
WHERE digest = $digest;

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

-- name: recent_digests
SELECT content
FROM notice_digests
WHERE
    target = $target AND state = 'told' AND content IS NOT NULL
    AND told_at >= make_timestamptz($since)
ORDER BY digest;

-- What the texts are made of. Keys only spare looking at all: the names are compared afterwards.
-- name: claims
SELECT
    claims.conflict,
    claims.commitment_id,
    claims.claim_id,
    claims.payload,
    count(*) OVER (PARTITION BY claims.conflict, claims.commitment_id) AS claims
FROM claims
SEMI JOIN (
    SELECT
        unnest($conflicts::VARCHAR[]) AS conflict,
        unnest($commitments::VARCHAR[]) AS commitment_id
) AS wanted ON claims.conflict = wanted.conflict AND claims.commitment_id = wanted.commitment_id
QUALIFY
    row_number() OVER (
        PARTITION BY claims.conflict, claims.commitment_id
        ORDER BY claims.claim_id
    ) <= $most;

-- name: reports
SELECT
    conflict,
    incident_id,
    report_id,
    payload,
    count(*) OVER (PARTITION BY conflict, incident_id) AS reports
FROM report_versions
WHERE superseded_at IS NULL AND incident_key IN (SELECT unnest($keys::BIGINT[]))
QUALIFY
    row_number() OVER (PARTITION BY conflict, incident_id ORDER BY report_id) <= $most;

-- name: verdicts
SELECT
    conflict,
    commitment_id,
    incident_id,
    verdict,
    party
FROM verdict_versions
WHERE superseded_at IS NULL AND pair_key IN (SELECT unnest($keys::BIGINT[]));

-- name: claim_verdicts
SELECT
    conflict,
    commitment_id,
    claim_id,
    incident_id,
    verdict,
    still_bound
FROM claim_verdict_versions
WHERE superseded_at IS NULL AND pair_key IN (SELECT unnest($keys::BIGINT[]));
