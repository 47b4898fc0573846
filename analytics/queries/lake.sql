-- What keeps a lake. Of statements that are the same for several tables, `base` is the name of one;
-- `incoming` is the Arrow stream that is handed over with the statement.

-- name: attach
ATTACH 'ducklake:sqlite:catalog' AS lake (
    DATA_PATH 'files', DATA_INLINING_ROW_LIMIT 1000,
    META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 3000
);

-- name: detach
DETACH lake;

-- name: tables
SELECT table_name
FROM duckdb_tables()
WHERE database_name = 'lake';

-- name: mark
SELECT
    seq,
    epoch_us(marked_at) AS marked_us,
    ledger_id,
    basis
FROM lake.lake_mark;

-- name: contents
SELECT
    table_name,
    row_count,
    hash
FROM lake.contents;

-- name: create_mark
CREATE TABLE lake.lake_mark (
    seq BIGINT NOT NULL,
    marked_at TIMESTAMPTZ NOT NULL,
    ledger_id VARCHAR NOT NULL,
    basis VARCHAR NOT NULL
);

CREATE TABLE lake.contents (
    table_name VARCHAR NOT NULL,
    row_count BIGINT NOT NULL,
    hash UBIGINT NOT NULL
);

-- name: forget_mark
DELETE FROM lake.lake_mark;

-- name: set_mark
INSERT INTO lake.lake_mark
VALUES ($seq, make_timestamptz($marked_at::BIGINT), $ledger_id, $basis);

-- name: forget_contents
DELETE FROM lake.contents;

-- name: set_contents
INSERT INTO lake.contents BY NAME
SELECT * FROM incoming;

-- name: drop
DROP TABLE IF EXISTS lake.base;

-- name: create
CREATE TABLE lake.base AS
SELECT * FROM incoming
LIMIT 0;

-- name: append
INSERT INTO lake.base BY NAME
SELECT * FROM incoming;

-- name: empty
DELETE FROM lake.base;

-- name: change_accepted
UPDATE lake.accepted AS known
SET superseded_at = incoming.superseded_at
FROM incoming
WHERE
    known.report_key = incoming.report_key
    AND known.recorded_at = incoming.recorded_at
    AND known.superseded_at IS NULL;

-- name: change_claim_versions
UPDATE lake.claim_versions AS known
SET superseded_at = incoming.superseded_at
FROM incoming
WHERE
    known.claim_key = incoming.claim_key
    AND known.recorded_at = incoming.recorded_at
    AND known.superseded_at IS NULL;

-- name: change_claim_verdict_versions
UPDATE lake.claim_verdict_versions AS known
SET
    superseded_at = incoming.superseded_at,
    before_conditions = incoming.before_conditions
FROM incoming
WHERE
    known.pair_key = incoming.pair_key
    AND known.recorded_at = incoming.recorded_at
    AND known.superseded_at IS NULL;

-- name: change_verdict_versions
UPDATE lake.verdict_versions AS known
SET
    superseded_at = incoming.superseded_at,
    occurred_start = incoming.occurred_start,
    occurred_end = incoming.occurred_end,
    independent_reports = incoming.independent_reports
FROM incoming
WHERE
    known.pair_key = incoming.pair_key
    AND known.recorded_at = incoming.recorded_at
    AND known.superseded_at IS NULL;
