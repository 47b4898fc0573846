-- What a lake asks of S3, and how long it waits for that.

-- noqa: disable=PRS
-- name: own_server
CREATE OR REPLACE TEMPORARY SECRET lake (
    TYPE s3, PROVIDER config, KEY_ID $key, SECRET $secret, SESSION_TOKEN $token, REGION $region,
    ENDPOINT $endpoint, URL_STYLE 'path', USE_SSL $encrypted, SCOPE $scope
);

-- name: aws
CREATE OR REPLACE TEMPORARY SECRET lake (
    TYPE s3, PROVIDER config, KEY_ID $key, SECRET $secret, SESSION_TOKEN $token, REGION $region,
    SCOPE $scope
);

-- For people, whose DuckDB finds the keys in its environment.
-- name: own_server_by_hand
INSTALL httpfs;
LOAD httpfs;
CREATE SECRET lake (
    TYPE s3, KEY_ID getenv('AWS_ACCESS_KEY_ID'), SECRET getenv('AWS_SECRET_ACCESS_KEY'),
    SESSION_TOKEN getenv('AWS_SESSION_TOKEN'), REGION '{region}', ENDPOINT '{endpoint}',
    URL_STYLE 'path', USE_SSL '{encrypted}', SCOPE '{scope}'
);

-- name: aws_by_hand
INSTALL httpfs;
LOAD httpfs;
CREATE SECRET lake (
    TYPE s3, KEY_ID getenv('AWS_ACCESS_KEY_ID'), SECRET getenv('AWS_SECRET_ACCESS_KEY'),
    SESSION_TOKEN getenv('AWS_SESSION_TOKEN'), REGION '{region}', SCOPE '{scope}'
);

-- name: http_timeout
SET GLOBAL http_timeout = $value;

-- name: http_retries
SET GLOBAL http_retries = $value;

-- name: s3_uploader_max_filesize
SET GLOBAL s3_uploader_max_filesize = $value;

-- name: s3_uploader_thread_limit
SET GLOBAL s3_uploader_thread_limit = $value;

-- name: s3_access_key_id
SET GLOBAL s3_access_key_id = $value;

-- name: s3_secret_access_key
SET GLOBAL s3_secret_access_key = $value;

-- name: s3_session_token
SET GLOBAL s3_session_token = $value;

-- name: ca_cert_file
SET GLOBAL ca_cert_file = $value;

-- name: any_file
FROM glob($all) LIMIT 1;

-- name: marker
SELECT content FROM read_text($file);

-- name: mark
COPY (
    SELECT
        $lake AS lake,
        $host AS host,
        $device AS device,
        $inode AS inode
) TO $file (FORMAT json);

-- name: ca_cert_file_by_hand
SET ca_cert_file = '{value}';

-- Of these columns alone, it lists the files and opens none.
-- name: sizes
SELECT
    filename,
    size
FROM read_blob($all);

-- noqa: enable=PRS
-- The first schema is made with the catalogue, and named at random.
-- name: identity
SELECT schema_uuid::VARCHAR FROM __ducklake_metadata_lake.ducklake_schema WHERE schema_id = 0;

-- name: is_unwritten
SELECT max(snapshot_id) = 0 FROM __ducklake_metadata_lake.ducklake_snapshot;

-- Of a catalogue in a file of SQLite, read as such.
-- name: data_path
SELECT value FROM ducklake_metadata WHERE key = 'data_path';

-- name: named_files
WITH tables AS (
    SELECT
        known.table_id,
        CASE WHEN inside.path_is_relative THEN $data ELSE '' END || inside.path AS of_schema,
        CASE WHEN known.path_is_relative THEN of_schema ELSE '' END || known.path AS folder
    FROM __ducklake_metadata_lake.ducklake_table AS known
    INNER JOIN __ducklake_metadata_lake.ducklake_schema AS inside
        ON known.schema_id = inside.schema_id
),

files AS (
    SELECT
        table_id,
        path,
        path_is_relative
    FROM __ducklake_metadata_lake.ducklake_data_file
    UNION ALL
    SELECT
        table_id,
        path,
        path_is_relative
    FROM __ducklake_metadata_lake.ducklake_delete_file
)

SELECT DISTINCT CASE WHEN files.path_is_relative THEN tables.folder ELSE '' END || files.path AS file
FROM files
INNER JOIN tables ON files.table_id = tables.table_id
ORDER BY file;
