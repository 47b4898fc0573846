-- Many notices in one message: when, which, and what it says.

-- name: undigested
UPDATE notice_digests
SET state = 'passed', is_over = TRUE
WHERE NOT is_over AND target NOT IN (SELECT unnest($targets::VARCHAR[]));

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

-- name: close_bursts
UPDATE notice_digests
SET closed_at = make_timestamptz($now)
WHERE
    kind = 'burst'
    AND closed_at IS NULL
    AND opened_at < make_timestamptz($now)
    AND (
        SELECT count(*)
        FROM notices AS told
        WHERE
            told.kind = 'stands'
            AND told.target = notice_digests.target
            AND told.conflict = notice_digests.conflict
            AND told.commitment_id = notice_digests.commitment_id
            AND told.verdict = notice_digests.verdict
            AND told.noted_at > make_timestamptz($rate_since)
    ) <= $rate;

-- name: close_flapping
UPDATE notice_digests
SET closed_at = make_timestamptz($now)
WHERE
    kind = 'flapping'
    AND closed_at IS NULL
    AND opened_at < make_timestamptz($now)
    AND NOT EXISTS (
        SELECT 1
        FROM notices AS told
        WHERE
            told.digest = notice_digests.digest
            AND told.noted_at > make_timestamptz($flapping_since)
    );

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
            AND told.recorded_at = judged.raised_at
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
            AND judged.recorded_at = judged.raised_at
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

-- name: recent_digests
SELECT content
FROM notice_digests
WHERE
    target = $target AND state = 'told' AND content IS NOT NULL
    AND told_at >= make_timestamptz($since)
ORDER BY digest;
