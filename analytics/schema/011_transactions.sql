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

CREATE TABLE changed_rows (
    seq BIGINT NOT NULL,
    table_name VARCHAR NOT NULL,
    place BIGINT NOT NULL
);

COMMENT ON TABLE changed_rows IS
'Versions that were there before a transaction and were changed by it: a lake has yet to follow';
COMMENT ON COLUMN changed_rows.seq IS 'The number of the transaction';
COMMENT ON COLUMN changed_rows.table_name IS 'The table of versions';
COMMENT ON COLUMN changed_rows.place IS 'The rowid of the version, which never changes';
