-- Whom the claims bind: a row for each of `compliance`. The commitment as a whole is read by all
-- claims that bind the party.

CREATE OR REPLACE VIEW obligations AS
WITH asserted AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        bound_parties,
        window_start,
        window_end,
        window_parts,
        zone_or_utc(window_parts[1].zone) AS zone
    FROM claims
    WHERE stance = 'asserts'
),

bound AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        zone,
        window_start,
        window_end,
        len(
            list_filter(
                window_parts,
                LAMBDA part:
                part.core_starts IS NULL OR (part.core_ends IS NULL AND NOT part.open_ended)
            )
        ) = 0 AS is_core_known,
        len(
            list_filter(
                window_parts,
                LAMBDA part: part.starts IS NULL OR (part.ends IS NULL AND NOT part.open_ended)
            )
        ) = 0 AS is_hull_known,
        len(list_filter(window_parts, LAMBDA part: part.open_ended)) > 0 AS is_open,
        len(list_filter(window_parts, LAMBDA part: part.daily_from IS NOT NULL)) > 0 AS is_daily,
        unnest(bound_parties) AS party
    FROM asserted
),

agreed AS (
    SELECT
        conflict,
        commitment_id,
        CASE WHEN count(DISTINCT zone) = 1 THEN any_value(zone) ELSE 'UTC' END AS zone
    FROM asserted
    GROUP BY conflict, commitment_id
)

SELECT
    conflict,
    commitment_id,
    claim_id,
    party,
    zone,
    window_start,
    window_end,
    is_core_known,
    is_hull_known,
    is_open,
    is_daily
FROM bound
UNION ALL
SELECT
    bound.conflict,
    bound.commitment_id,
    NULL AS claim_id,
    bound.party,
    any_value(agreed.zone) AS zone,
    CASE WHEN bool_and(bound.window_start IS NOT NULL) THEN min(bound.window_start) END
        AS window_start,
    CASE WHEN bool_and(bound.window_end IS NOT NULL) THEN max(bound.window_end) END AS window_end,
    bool_and(bound.is_core_known) AS is_core_known,
    bool_and(bound.is_hull_known) AS is_hull_known,
    bool_or(bound.is_open) AS is_open,
    bool_or(bound.is_daily) AS is_daily
FROM bound
INNER JOIN agreed
    ON bound.conflict = agreed.conflict AND bound.commitment_id = agreed.commitment_id
GROUP BY bound.conflict, bound.commitment_id, bound.party;

COMMENT ON VIEW obligations IS
'Whom each claim binds, and (claim_id NULL) each commitment by all its claims: a row of compliance
each, with what is known of the window';
COMMENT ON COLUMN obligations.conflict IS 'The conflict';
COMMENT ON COLUMN obligations.commitment_id IS 'The commitment';
COMMENT ON COLUMN obligations.claim_id IS 'The claim; NULL: the commitment as a whole';
COMMENT ON COLUMN obligations.party IS 'The party that is claimed to be bound';
COMMENT ON COLUMN obligations.zone IS
'Whose days are counted: the zone of the first part of the window, UTC if it has none; of a
commitment, that of its claims if they agree, else UTC';
COMMENT ON COLUMN obligations.window_start IS 'Earliest possible start; NULL: unknown';
COMMENT ON COLUMN obligations.window_end IS 'Latest possible end; NULL: unknown, or open';
COMMENT ON COLUMN obligations.is_core_known IS
'Is it known of each part from when to when it certainly holds?';
COMMENT ON COLUMN obligations.is_hull_known IS
'Is it known of each part from when to when it may hold?';
COMMENT ON COLUMN obligations.is_open IS 'Does a part stand until it is revised?';
COMMENT ON COLUMN obligations.is_daily IS 'Is a part a daily recurrence?';
