-- The ledger numbers its transactions, and each says what the tables hold after it: so a lake that
-- follows the ledger knows what it lacks, and anybody can tell whether a copy is whole.

CREATE TABLE identity (
    ledger_id VARCHAR NOT NULL,
    basis VARCHAR NOT NULL
);

COMMENT ON TABLE identity IS 'Which database this is';
COMMENT ON COLUMN identity.ledger_id IS 'A name that no other database has, but its copies';
COMMENT ON COLUMN identity.basis IS 'What the hashes depend on: versions of DuckDB and the schema';

INSERT INTO identity
SELECT
    uuid()::VARCHAR AS ledger_id,
    '' AS basis;

CREATE TABLE transactions (
    seq BIGINT NOT NULL,
    table_name VARCHAR NOT NULL,
    row_count BIGINT NOT NULL,
    hash UBIGINT NOT NULL
);

COMMENT ON TABLE transactions IS
'What each table held after each transaction that the lake may still have to follow';
COMMENT ON COLUMN transactions.seq IS 'The number of the transaction';
COMMENT ON COLUMN transactions.table_name IS 'The table';
COMMENT ON COLUMN transactions.row_count IS 'How many rows it had';
COMMENT ON COLUMN transactions.hash IS 'The sum of the hashes of its rows, modulo 2^64';

CREATE TABLE changed_keys (
    seq BIGINT NOT NULL,
    table_name VARCHAR NOT NULL,
    key BIGINT NOT NULL
);

COMMENT ON TABLE changed_keys IS
'Of which keys a transaction changed the version that stood before it: the lake has yet to';
COMMENT ON COLUMN changed_keys.seq IS 'The number of the transaction';
COMMENT ON COLUMN changed_keys.table_name IS 'The table of versions';
COMMENT ON COLUMN changed_keys.key IS 'The key of the version';
