-- What a lake asks of the ledger that it follows, all of it as of one moment. `base` is the name of
-- a table, and `base_key` that of the key of its versions.

-- name: all
SELECT *
FROM base;

-- Rows are only ever appended, and stay in their places.
-- name: new
SELECT *
FROM base
WHERE rowid >= $known;

-- Of each key that changed, the last of the versions that the lake knows: if one stood, it is that.
-- name: changed
SELECT *
FROM base
WHERE
    rowid IN (
        SELECT max(rowid)
        FROM base
        WHERE
            rowid < $known
            AND base_key IN (
                SELECT key
                FROM changed_keys
                WHERE seq > $seq AND table_name = 'base'
            )
        GROUP BY base_key
    );

-- name: any_changed
SELECT DISTINCT table_name
FROM changed_keys
WHERE seq > $seq;
