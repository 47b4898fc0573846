-- What the metrics ask of claims. Their texts are asked for only where they are not known yet:
-- there may be very many.

-- name: changes
-- No claim comes, changes or goes without a version that is added or superseded.
SELECT
    count(*) AS versions,
    count(superseded_at) AS superseded
FROM claim_versions;

-- name: claims
SELECT
    conflict,
    commitment_id,
    claim_id,
    bound_parties,
    CASE WHEN stance = 'asserts' THEN md5(payload) END AS said
FROM claims;

-- name: texts
SELECT
    md5(payload) AS said,
    any_value(payload) AS payload
FROM claims
WHERE md5(payload) IN (SELECT unnest($said::VARCHAR[]))
GROUP BY said;
