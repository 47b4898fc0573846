-- What is odd in what stands, as far as a query can tell. Whoever publishes or posts is warned of
-- these, and of what only the names of states or the shape of a conflict show, when it comes in.

CREATE OR REPLACE VIEW warnings AS
WITH bound AS (
    SELECT DISTINCT
        conflict,
        unnest(bound_parties) AS party
    FROM claims
),

named AS (
    SELECT
        'incident' AS kind,
        conflict,
        '' AS within,
        incident_id AS name,
        min(recorded_at) AS since
    FROM reports
    GROUP BY conflict, incident_id
    UNION ALL
    SELECT
        'report' AS kind,
        conflict,
        incident_id AS within,
        report_id AS name,
        min(recorded_at) AS since
    FROM reports
    GROUP BY conflict, incident_id, report_id
    UNION ALL
    SELECT
        'commitment' AS kind,
        conflict,
        '' AS within,
        commitment_id AS name,
        min(recorded_at) AS since
    FROM claims
    GROUP BY conflict, commitment_id
    UNION ALL
    SELECT
        'claim' AS kind,
        conflict,
        commitment_id AS within,
        claim_id AS name,
        min(recorded_at) AS since
    FROM claims
    GROUP BY conflict, commitment_id, claim_id
),

-- The same for all that look the same but for case, accents, apostrophes, dashes and blanks.
looks AS (
    SELECT
        *,
        translate(
            lower(strip_accents(name)),
            chr(8217) || chr(8216) || chr(700) || chr(699) || chr(8242) || '`_ '
            || chr(8209) || chr(8211) || chr(8203),
            repeat('''', 6) || '----'
        ) AS look
    FROM named
),

hit AS (
    SELECT
        conflict,
        incident_id,
        report_id,
        unnest(
            list_concat(json_extract(places, '$[*]'), json_extract(impacts, '$[*].place'))
        ) AS place
    FROM reports
),

used AS (
    SELECT
        conflict,
        incident_id,
        report_id,
        unnest(json_extract(weapons, '$[*]')) AS weapon
    FROM reports
),

counted AS (
    SELECT
        conflict,
        incident_id,
        report_id,
        coalesce(
            try_cast(json_extract(weapon, '$.launched') AS DOUBLE),
            try_cast(json_extract(weapon, '$.launched.max') AS DOUBLE)
        ) AS most_launched,
        coalesce(
            try_cast(json_extract(weapon, '$.intercepted') AS DOUBLE),
            try_cast(json_extract(weapon, '$.intercepted.min') AS DOUBLE)
        ) AS least_intercepted
    FROM used
),

retracted AS (
    SELECT
        conflict,
        recorded_at,
        type,
        json_extract_string(payload, '$.data.incident_id') AS incident_id,
        json_extract_string(payload, '$.data.report_id') AS report_id,
        json_extract_string(payload, '$.data.commitment_id') AS commitment_id,
        json_extract_string(payload, '$.data.claim_id') AS claim_id
    FROM events
    WHERE type IN ('incident.report_retracted', 'commitment.claim_retracted')
)

SELECT
    'actor_unbound' AS cause,
    reports.conflict,
    reports.actor AS name,
    NULL AS meant,
    min(reports.incident_id) AS incident_id,
    NULL AS report_id,
    count(*) AS times
FROM reports
LEFT JOIN bound ON reports.conflict = bound.conflict AND reports.actor = bound.party
WHERE reports.actor IS NOT NULL AND bound.party IS NULL
GROUP BY reports.conflict, reports.actor
UNION ALL
SELECT
    'confidence_not_said' AS cause,
    conflict,
    actor AS name,
    NULL AS meant,
    min(incident_id) AS incident_id,
    NULL AS report_id,
    count(*) AS times
FROM reports
WHERE actor IS NOT NULL AND json_extract(payload, '$.data.actor.confidence') IS NULL
GROUP BY conflict, actor
UNION ALL
SELECT
    CASE
        WHEN occurred_start < TIMESTAMPTZ '1900-01-01 00:00:00+00' THEN 'before_1900'
        ELSE 'occurred_after_said'
    END AS cause,
    conflict,
    occurred_start::VARCHAR AS name,
    NULL AS meant,
    incident_id,
    report_id,
    1 AS times
FROM reports
WHERE
    occurred_start < TIMESTAMPTZ '1900-01-01 00:00:00+00'
    OR occurred_start > INTERVAL 1 DAY
    + coalesce(try_cast(json_extract_string(payload, '$.time') AS TIMESTAMPTZ), recorded_at)
UNION ALL
SELECT
    'zero_position' AS cause,
    conflict,
    '0,0' AS name,
    NULL AS meant,
    incident_id,
    report_id,
    count(*) AS times
FROM hit
WHERE
    try_cast(json_extract(place, '$.lat') AS DOUBLE) = 0
    AND try_cast(json_extract(place, '$.lon') AS DOUBLE) = 0
GROUP BY conflict, incident_id, report_id
UNION ALL
SELECT
    'more_intercepted_than_launched' AS cause,
    conflict,
    format('{:g} of {:g}', least_intercepted, most_launched) AS name,
    NULL AS meant,
    incident_id,
    report_id,
    1 AS times
FROM counted
WHERE least_intercepted > most_launched
UNION ALL
SELECT
    kind || '_looks_like_another' AS cause,
    conflict,
    name,
    first_value(name) OVER alike AS meant,
    CASE kind WHEN 'incident' THEN name WHEN 'report' THEN within END AS incident_id,
    CASE kind WHEN 'report' THEN name END AS report_id,
    1 AS times
FROM looks
WINDOW alike AS (PARTITION BY kind, conflict, within, look ORDER BY since, name)
QUALIFY row_number() OVER alike > 1
UNION ALL
SELECT
    'nothing_retracted' AS cause,
    retracted.conflict,
    coalesce(retracted.report_id, retracted.claim_id) AS name,
    NULL AS meant,
    retracted.incident_id,
    retracted.report_id,
    1 AS times
FROM retracted
LEFT JOIN report_versions AS reported
    ON
        retracted.type = 'incident.report_retracted'
        AND retracted.conflict = reported.conflict
        AND retracted.incident_id = reported.incident_id
        AND retracted.report_id = reported.report_id
        AND retracted.recorded_at = reported.superseded_at
LEFT JOIN claim_versions AS claimed
    ON
        retracted.type = 'commitment.claim_retracted'
        AND retracted.conflict = claimed.conflict
        AND retracted.commitment_id = claimed.commitment_id
        AND retracted.claim_id = claimed.claim_id
        AND retracted.recorded_at = claimed.superseded_at
WHERE reported.conflict IS NULL AND claimed.conflict IS NULL;

COMMENT ON VIEW warnings IS
'What in the standing claims and reports is probably a slip, each cause once for what it is about.
It moves no verdict. Only what a query can tell: publish and POST warn of more';
COMMENT ON COLUMN warnings.cause IS
'actor_unbound: no claim of the conflict speaks of the actor; confidence_not_said: it counts as
alleged; before_1900; occurred_after_said: more than a day after; zero_position;
more_intercepted_than_launched; incident, report, commitment or claim _looks_like_another;
nothing_retracted: a retraction of what did not stand';
COMMENT ON COLUMN warnings.conflict IS 'The conflict';
COMMENT ON COLUMN warnings.name IS 'The name, time or number that is odd';
COMMENT ON COLUMN warnings.meant IS 'The name that was known first and looks the same, if any';
COMMENT ON COLUMN warnings.incident_id IS 'The incident, or the first of several';
COMMENT ON COLUMN warnings.report_id IS 'The report, if it is about one';
COMMENT ON COLUMN warnings.times IS 'How many reports, or places of one, are odd in this way';
