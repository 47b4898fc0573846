-- What one transaction writes. `staged` is the Arrow table handed over with the statement. What closes
-- versions gives their keys, and the hashes that leave and enter the sums of `contents.sql`.

-- name: accepted
INSERT INTO accepted BY NAME
SELECT * FROM staged;

-- name: claim_versions
INSERT INTO claim_versions BY NAME
SELECT * FROM staged;

-- name: claim_verdict_versions
INSERT INTO claim_verdict_versions BY NAME
SELECT * FROM staged;

-- name: verdict_versions
INSERT INTO verdict_versions BY NAME
SELECT * FROM staged;

-- name: rejected
INSERT INTO rejected BY NAME
SELECT * FROM staged;

-- name: outbox
INSERT INTO outbox BY NAME
SELECT * FROM staged;

-- name: close_claim_versions
UPDATE claim_versions
SET superseded_at = staged.superseded_at
FROM staged
WHERE claim_versions.claim_key = staged.key AND claim_versions.superseded_at IS NULL
RETURNING
    claim_key AS key,
    hash(claim_key, recorded_at, NULL) AS out_hash,
    hash(claim_key, recorded_at, superseded_at) AS in_hash;

-- name: close_accepted
UPDATE accepted
SET superseded_at = staged.superseded_at
FROM staged
WHERE accepted.report_key = staged.key AND accepted.superseded_at IS NULL
RETURNING
    report_key AS key,
    hash(report_key, recorded_at, NULL) AS out_hash,
    hash(report_key, recorded_at, superseded_at) AS in_hash;

-- name: close_claim_verdict_versions
UPDATE claim_verdict_versions
SET superseded_at = staged.superseded_at
FROM staged
WHERE
    claim_verdict_versions.pair_key = staged.key
    AND claim_verdict_versions.superseded_at IS NULL
RETURNING
    pair_key AS key,
    hash(pair_key, recorded_at, NULL) AS out_hash,
    hash(pair_key, recorded_at, superseded_at) AS in_hash;

-- name: close_verdict_versions
UPDATE verdict_versions
SET superseded_at = staged.superseded_at
FROM staged
WHERE verdict_versions.pair_key = staged.key AND verdict_versions.superseded_at IS NULL
RETURNING
    pair_key AS key,
    hash(pair_key, recorded_at, NULL) AS out_hash,
    hash(pair_key, recorded_at, superseded_at) AS in_hash;

-- name: amend_verdict_versions
UPDATE verdict_versions
SET
    occurred_start = staged.occurred_start,
    occurred_end = staged.occurred_end,
    independent_reports = staged.independent_reports
FROM staged
WHERE verdict_versions.pair_key = staged.key AND verdict_versions.superseded_at IS NULL;

-- name: amend_claim_verdict_versions
UPDATE claim_verdict_versions
SET before_conditions = staged.before_conditions
FROM staged
WHERE
    claim_verdict_versions.pair_key = staged.key
    AND claim_verdict_versions.superseded_at IS NULL;

-- name: since
SELECT
    pair_key,
    epoch_us(since) AS since_us
FROM verdict_versions
WHERE superseded_at IS NULL AND pair_key IN (SELECT key FROM staged);

-- name: new_offset
INSERT INTO log_offsets (log_id, partition, next_offset, recorded_at)
VALUES ($log_id, $partition, $next_offset, make_timestamptz($recorded_at::BIGINT));

-- name: advance
UPDATE log_offsets
SET
    next_offset = $next_offset,
    recorded_at = make_timestamptz($recorded_at::BIGINT)
WHERE log_id = $log_id AND partition = $partition;

-- name: published
DELETE FROM outbox
WHERE last_seq <= $up_to;

-- name: published_in_part
UPDATE outbox
SET first_seq = $up_to + 1
WHERE first_seq <= $up_to;
