-- What the metrics are a function of.

-- name: verdicts
-- Also what no incident stands at any more: its series go down to 0 and do not vanish.
SELECT
    conflict,
    commitment_id,
    party,
    verdict,
    count(*) FILTER (WHERE superseded_at IS NULL) AS incidents,
    epoch_us(max(since) FILTER (WHERE superseded_at IS NULL)) AS since
FROM verdict_versions
GROUP BY conflict, commitment_id, party, verdict;

-- name: claim_verdicts
SELECT
    conflict,
    commitment_id,
    claim_id,
    party,
    verdict,
    count(*) AS incidents
FROM claim_verdict_versions
WHERE superseded_at IS NULL
GROUP BY conflict, commitment_id, claim_id, party, verdict;

-- name: withdrawals
-- A violation is taken back when the pair ceases to be one, or to be one by this party. Versions
-- that were over in the moment they began are passed over: nobody could have been told of them.
SELECT
    ended.conflict,
    ended.commitment_id,
    ended.party,
    epoch_us(max(ended.superseded_at)) AS recorded_at
FROM verdict_versions AS ended
WHERE
    ended.verdict = 'violation'
    AND ended.superseded_at > ended.recorded_at
    AND NOT EXISTS (
        SELECT 1
        FROM verdict_versions AS after
        WHERE
            after.pair_key = ended.pair_key
            AND after.recorded_at = ended.superseded_at
            AND after.verdict = 'violation'
            AND after.party IS NOT DISTINCT FROM ended.party
            AND coalesce(after.superseded_at > after.recorded_at, TRUE)
    )
GROUP BY ended.conflict, ended.commitment_id, ended.party;

-- name: coverage
-- Who was kept from watching, or takes it back, has not watched.
WITH heard AS (
    SELECT
        conflict,
        max(recorded_at) FILTER (WHERE type = 'incident.reported') AS last_report,
        arg_max(log_id, recorded_at) AS log_id,
        arg_max(partition, recorded_at) AS partition
    FROM events
    GROUP BY conflict
),

watched AS (
    SELECT
        conflict,
        max(recorded_at) AS last_coverage
    FROM coverage_versions
    WHERE superseded_at IS NULL AND quality IN ('full', 'partial')
    GROUP BY conflict
)

SELECT
    heard.conflict,
    epoch_us(heard.last_report) AS last_report,
    epoch_us(watched.last_coverage) AS last_coverage,
    heard.log_id,
    heard.partition
FROM heard
LEFT JOIN watched ON heard.conflict = watched.conflict;

-- name: rejections
SELECT
    reason,
    epoch_us(max(recorded_at)) AS recorded_at
FROM rejected
GROUP BY reason;
