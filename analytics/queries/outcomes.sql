-- What became of records of the log, which lie in ranges of offsets.

-- name: count_taken
WITH ranges AS (
    SELECT
        unnest($logs::VARCHAR[]) AS log_id,
        unnest($partitions::INTEGER[]) AS partition,
        unnest($firsts::BIGINT[]) AS first_offset,
        unnest($lasts::BIGINT[]) AS last_offset
)

SELECT count(*)
FROM events
INNER JOIN ranges
    ON
        events.log_id = ranges.log_id
        AND events.partition = ranges.partition
        AND events."offset" BETWEEN ranges.first_offset AND ranges.last_offset;

-- name: taken
WITH ranges AS (
    SELECT
        unnest($logs::VARCHAR[]) AS log_id,
        unnest($partitions::INTEGER[]) AS partition,
        unnest($firsts::BIGINT[]) AS first_offset,
        unnest($lasts::BIGINT[]) AS last_offset
)

SELECT
    events.log_id,
    events.partition,
    events."offset",
    events.batch_index
FROM events
INNER JOIN ranges
    ON
        events.log_id = ranges.log_id
        AND events.partition = ranges.partition
        AND events."offset" BETWEEN ranges.first_offset AND ranges.last_offset;

-- name: refused
WITH ranges AS (
    SELECT
        unnest($logs::VARCHAR[]) AS log_id,
        unnest($partitions::INTEGER[]) AS partition,
        unnest($firsts::BIGINT[]) AS first_offset,
        unnest($lasts::BIGINT[]) AS last_offset
)

SELECT
    rejected.log_id,
    rejected.partition,
    rejected."offset",
    rejected.batch_index,
    rejected.problems
FROM rejected
INNER JOIN ranges
    ON
        rejected.log_id = ranges.log_id
        AND rejected.partition = ranges.partition
        AND rejected."offset" BETWEEN ranges.first_offset AND ranges.last_offset
ORDER BY rejected.log_id, rejected.partition, rejected."offset", rejected.batch_index;

-- The verdict of each pair before the first of these events and after the last, where the two are
-- not the same; how many pairs went the same way, and some of them.
-- name: changed_verdicts
WITH ranges AS (
    SELECT
        unnest($logs::VARCHAR[]) AS log_id,
        unnest($partitions::INTEGER[]) AS partition,
        unnest($firsts::BIGINT[]) AS first_offset,
        unnest($lasts::BIGINT[]) AS last_offset
),

moments AS (
    SELECT DISTINCT
        events.conflict,
        events.recorded_at
    FROM events
    INNER JOIN ranges
        ON
            events.log_id = ranges.log_id
            AND events.partition = ranges.partition
            AND events."offset" BETWEEN ranges.first_offset AND ranges.last_offset
),

spans AS (
    SELECT
        conflict,
        min(recorded_at) AS since,
        max(recorded_at) AS until
    FROM moments
    GROUP BY conflict
),

touched AS (
    SELECT
        judged.conflict,
        judged.commitment_id,
        judged.incident_id
    FROM verdict_versions AS judged
    INNER JOIN moments USING (conflict, recorded_at)
    UNION
    SELECT
        judged.conflict,
        judged.commitment_id,
        judged.incident_id
    FROM verdict_versions AS judged
    INNER JOIN moments
        ON judged.conflict = moments.conflict AND judged.superseded_at = moments.recorded_at
),

sides AS (
    SELECT
        touched.conflict,
        touched.commitment_id,
        touched.incident_id,
        any_value(judged.verdict) FILTER (
            judged.recorded_at < spans.since
            AND coalesce(judged.superseded_at >= spans.since, TRUE)
        ) AS verdict_before,
        any_value(judged.party) FILTER (
            judged.recorded_at < spans.since
            AND coalesce(judged.superseded_at >= spans.since, TRUE)
        ) AS party_before,
        any_value(judged.verdict) FILTER (
            judged.recorded_at <= spans.until
            AND coalesce(judged.superseded_at > spans.until, TRUE)
        ) AS verdict_after,
        any_value(judged.party) FILTER (
            judged.recorded_at <= spans.until
            AND coalesce(judged.superseded_at > spans.until, TRUE)
        ) AS party_after
    FROM touched
    INNER JOIN spans ON touched.conflict = spans.conflict
    INNER JOIN verdict_versions AS judged
        ON
            touched.conflict = judged.conflict
            AND touched.commitment_id = judged.commitment_id
            AND touched.incident_id = judged.incident_id
    GROUP BY touched.conflict, touched.commitment_id, touched.incident_id
)

SELECT
    verdict_before,
    party_before,
    verdict_after,
    party_after,
    count(*) AS pairs,
    list_slice(
        list([conflict, commitment_id, incident_id] ORDER BY conflict, commitment_id, incident_id),
        1,
        $most
    ) AS examples
FROM sides
WHERE verdict_before IS DISTINCT FROM verdict_after OR party_before IS DISTINCT FROM party_after
GROUP BY verdict_before, party_before, verdict_after, party_after
ORDER BY verdict_before, party_before, verdict_after, party_after;
