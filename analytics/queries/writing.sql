-- What one transaction writes. `staged` is the Arrow table handed over with the statement. Versions
-- change in two steps: where those are that stand, with the hashes that leave and enter the sums of
-- `contents.sql`, and then the change. (RETURNING would write all their columns anew, and with a
-- list among them the rows would get other places.)

-- name: accepted
INSERT INTO accepted BY NAME
SELECT * FROM staged;

-- name: claim_versions
INSERT INTO claim_versions BY NAME
SELECT * FROM staged;

-- name: coverage_versions
INSERT INTO coverage_versions BY NAME
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

-- name: provenance
INSERT INTO provenance BY NAME
SELECT * FROM staged;

-- name: outbox
INSERT INTO outbox BY NAME
SELECT * FROM staged;

-- name: close_claim_versions
SELECT
    known.rowid AS place,
    staged.superseded_at,
    hash(known.claim_key, known.recorded_at, NULL) AS hash_before,
    hash(known.claim_key, known.recorded_at, staged.superseded_at) AS hash_after
FROM claim_versions AS known
INNER JOIN staged ON known.claim_key = staged.key
WHERE known.superseded_at IS NULL;

-- name: closed_claim_versions
UPDATE claim_versions
SET superseded_at = staged.superseded_at
FROM staged
WHERE claim_versions.rowid = staged.place;

-- name: close_coverage_versions
SELECT
    known.rowid AS place,
    staged.superseded_at,
    hash(known.coverage_key, known.recorded_at, NULL) AS hash_before,
    hash(known.coverage_key, known.recorded_at, staged.superseded_at) AS hash_after
FROM coverage_versions AS known
INNER JOIN staged ON known.coverage_key = staged.key
WHERE known.superseded_at IS NULL;

-- name: closed_coverage_versions
UPDATE coverage_versions
SET superseded_at = staged.superseded_at
FROM staged
WHERE coverage_versions.rowid = staged.place;

-- name: close_accepted
SELECT
    known.rowid AS place,
    staged.superseded_at,
    hash(known.report_key, known.recorded_at, NULL) AS hash_before,
    hash(known.report_key, known.recorded_at, staged.superseded_at) AS hash_after
FROM accepted AS known
INNER JOIN staged ON known.report_key = staged.key
WHERE known.superseded_at IS NULL;

-- name: closed_accepted
UPDATE accepted
SET superseded_at = staged.superseded_at
FROM staged
WHERE accepted.rowid = staged.place;

-- name: close_claim_verdict_versions
SELECT
    known.rowid AS place,
    staged.superseded_at,
    hash(known.pair_key, known.recorded_at, NULL) AS hash_before,
    hash(known.pair_key, known.recorded_at, staged.superseded_at) AS hash_after
FROM claim_verdict_versions AS known
INNER JOIN staged ON known.pair_key = staged.key
WHERE known.superseded_at IS NULL;

-- name: closed_claim_verdict_versions
UPDATE claim_verdict_versions
SET superseded_at = staged.superseded_at
FROM staged
WHERE claim_verdict_versions.rowid = staged.place;

-- name: close_verdict_versions
SELECT
    known.rowid AS place,
    staged.superseded_at,
    hash(known.pair_key, known.recorded_at, NULL) AS hash_before,
    hash(known.pair_key, known.recorded_at, staged.superseded_at) AS hash_after
FROM verdict_versions AS known
INNER JOIN staged ON known.pair_key = staged.key
WHERE known.superseded_at IS NULL;

-- name: closed_verdict_versions
UPDATE verdict_versions
SET superseded_at = staged.superseded_at
FROM staged
WHERE verdict_versions.rowid = staged.place;

-- name: amend_claim_verdict_versions
SELECT
    known.rowid AS place,
    staged.before_conditions,
    hash(known.pair_key, known.recorded_at, known.before_conditions) AS hash_before,
    hash(known.pair_key, known.recorded_at, staged.before_conditions) AS hash_after
FROM claim_verdict_versions AS known
INNER JOIN staged ON known.pair_key = staged.key
WHERE known.superseded_at IS NULL;

-- name: amended_claim_verdict_versions
UPDATE claim_verdict_versions
SET before_conditions = staged.before_conditions
FROM staged
WHERE claim_verdict_versions.rowid = staged.place;

-- name: since
SELECT
    pair_key,
    epoch_us(since) AS since_us,
    epoch_us(raised_at) AS raised_us
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
