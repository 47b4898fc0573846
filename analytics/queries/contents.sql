-- What a table holds: how many rows, and the sum of their hashes modulo 2^64, in whatever order.
-- Columns that change are hashed by themselves: a change takes out and puts in no more than that.
-- `some_table`: the table, or what is about to become a part of it.

-- name: accepted
SELECT
    count(*) AS row_count,
    (coalesce(sum(
        hash(*COLUMNS(* EXCLUDE (superseded_at)))::HUGEINT
        + hash(report_key, recorded_at, superseded_at)
    ), 0) % 18446744073709551616)::UBIGINT AS hash
FROM some_table;

-- name: claim_versions
SELECT
    count(*) AS row_count,
    (coalesce(sum(
        hash(*COLUMNS(* EXCLUDE (superseded_at)))::HUGEINT
        + hash(claim_key, recorded_at, superseded_at)
    ), 0) % 18446744073709551616)::UBIGINT AS hash
FROM some_table;

-- name: coverage_versions
SELECT
    count(*) AS row_count,
    (coalesce(sum(
        hash(*COLUMNS(* EXCLUDE (superseded_at)))::HUGEINT
        + hash(coverage_key, recorded_at, superseded_at)
    ), 0) % 18446744073709551616)::UBIGINT AS hash
FROM some_table;

-- name: claim_verdict_versions
SELECT
    count(*) AS row_count,
    (coalesce(sum(
        hash(*COLUMNS(* EXCLUDE (superseded_at, before_conditions)))::HUGEINT
        + hash(pair_key, recorded_at, superseded_at)
        + hash(pair_key, recorded_at, before_conditions)
    ), 0) % 18446744073709551616)::UBIGINT AS hash
FROM some_table;

-- name: verdict_versions
SELECT
    count(*) AS row_count,
    (coalesce(sum(
        hash(*COLUMNS(* EXCLUDE (superseded_at)))::HUGEINT
        + hash(pair_key, recorded_at, superseded_at)
    ), 0) % 18446744073709551616)::UBIGINT AS hash
FROM some_table;

-- name: rejected
SELECT
    count(*) AS row_count,
    (coalesce(sum(hash(*COLUMNS(*))::HUGEINT), 0) % 18446744073709551616)::UBIGINT AS hash
FROM some_table;

-- name: provenance
SELECT
    count(*) AS row_count,
    (coalesce(sum(hash(*COLUMNS(*))::HUGEINT), 0) % 18446744073709551616)::UBIGINT AS hash
FROM some_table;

-- name: log_offsets
SELECT
    count(*) AS row_count,
    (coalesce(sum(hash(*COLUMNS(*))::HUGEINT), 0) % 18446744073709551616)::UBIGINT AS hash
FROM some_table;

-- name: identity
SELECT
    ledger_id,
    basis
FROM identity;

-- name: basis
SELECT version() || ', schema ' || max(version) AS basis
FROM schema_migrations;

-- name: set_basis
UPDATE identity
SET basis = $basis;

-- name: last
SELECT coalesce(max(seq), 0)
FROM transactions;

-- name: after
SELECT
    table_name,
    row_count,
    hash
FROM transactions
WHERE seq = $seq
ORDER BY table_name;

-- name: record
INSERT INTO transactions BY NAME
SELECT * FROM staged;

-- name: changed
INSERT INTO changed_rows BY NAME
SELECT * FROM staged;

-- name: forget
DELETE FROM transactions
WHERE seq < $seq;

-- name: forget_changed
DELETE FROM changed_rows
WHERE seq <= $seq;

-- name: other_events
WITH named AS (
    SELECT
        unnest($conflicts::VARCHAR[]) AS conflict,
        unnest($sources::VARCHAR[]) AS source,
        unnest($ids::VARCHAR[]) AS event_id
)

SELECT count(*)
FROM accepted
ANTI JOIN named USING (conflict, source, event_id);
