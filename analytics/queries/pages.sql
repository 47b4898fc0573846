-- What the pages and the report ask. Each statement is bounded: it aggregates, or has a LIMIT.

-- The standing incidents of a conflict under its commitments, by what a reader wants to see.
-- name: count_incidents
SELECT
    verdict,
    count(*) AS pairs,
    count(DISTINCT incident_id) AS incidents
FROM verdicts
WHERE
    conflict = $conflict
    AND (len($verdicts::VARCHAR[]) = 0 OR verdict IN (SELECT unnest($verdicts::VARCHAR[])))
    AND coalesce(commitment_id = $commitment::VARCHAR, $commitment IS NULL)
    AND coalesce(occurred_end >= make_timestamptz($since::BIGINT), $since IS NULL)
    AND coalesce(occurred_start < make_timestamptz($until::BIGINT), $until IS NULL)
    AND (
        $party IS NULL
        OR incident_id IN (
            SELECT reports.incident_id
            FROM asserting_reports AS reports
            WHERE
                reports.conflict = $conflict
                AND reports.actor = $party::VARCHAR
        )
    )
GROUP BY verdict;

-- name: list_incidents
WITH chosen AS (
    SELECT
        conflict,
        commitment_id,
        incident_id,
        verdict,
        party,
        occurred_start,
        occurred_end,
        evidence,
        admitted,
        denied_by,
        row_number() OVER (
            ORDER BY
                CASE $sort
                    WHEN 'verdict'
                        THEN
                            CASE verdict
                                WHEN 'violation' THEN 0
                                WHEN 'contested' THEN 1
                                WHEN 'undetermined' THEN 2
                                ELSE 3
                            END
                    WHEN 'oldest' THEN epoch_us(occurred_start)
                    WHEN 'newest' THEN -epoch_us(occurred_start)
                END,
                CASE $sort
                    WHEN 'incident' THEN incident_id
                    WHEN 'party' THEN coalesce(party, '')
                    WHEN 'evidence' THEN coalesce(evidence, '')
                END,
                occurred_start DESC,
                incident_id,
                commitment_id
        ) AS place
    FROM verdicts
    WHERE
        conflict = $conflict
        AND (len($verdicts::VARCHAR[]) = 0 OR verdict IN (SELECT unnest($verdicts::VARCHAR[])))
        AND coalesce(commitment_id = $commitment::VARCHAR, $commitment IS NULL)
        AND coalesce(occurred_end >= make_timestamptz($since::BIGINT), $since IS NULL)
        AND coalesce(occurred_start < make_timestamptz($until::BIGINT), $until IS NULL)
        AND (
            $party IS NULL
            OR incident_id IN (
                SELECT reports.incident_id
                FROM asserting_reports AS reports
                WHERE
                    reports.conflict = $conflict
                    AND reports.actor = $party::VARCHAR
            )
        )
    ORDER BY place
    LIMIT $most OFFSET $skip
),

said AS (
    SELECT
        reports.incident_id,
        count(*) AS reports,
        list(DISTINCT reports.act ORDER BY reports.act) FILTER (reports.act IS NOT NULL) AS acts,
        list(DISTINCT reports.actor ORDER BY reports.actor) FILTER (reports.actor IS NOT NULL)
            AS actors,
        flatten(list(DISTINCT reports.targets)) AS targets,
        flatten(
            list(
                list_concat(
                    json_extract(reports.places, '$[*]'),
                    json_extract(reports.impacts, '$[*].place')
                )
            )
        ) AS places
    FROM asserting_reports AS reports
    WHERE
        reports.conflict = $conflict
        AND reports.incident_id IN (SELECT chosen.incident_id FROM chosen)
    GROUP BY reports.incident_id
)

SELECT
    chosen.conflict,
    chosen.commitment_id,
    chosen.incident_id,
    chosen.verdict,
    chosen.party,
    epoch_us(chosen.occurred_start) AS occurred_start,
    epoch_us(chosen.occurred_end) AS occurred_end,
    chosen.evidence,
    chosen.admitted,
    chosen.denied_by,
    coalesce(said.reports, 0) AS reports,
    coalesce(said.acts, []) AS acts,
    coalesce(said.actors, []) AS actors,
    list_sort(list_distinct(list_filter(said.targets, LAMBDA t: t IS NOT NULL))) AS targets,
    list_sort(
        list_distinct(
            list_transform(
                list_filter(said.places, LAMBDA p: p IS NOT NULL AND p::VARCHAR != 'null'),
                LAMBDA p: p::VARCHAR
            )
        )
    ) AS places
FROM chosen
LEFT JOIN said ON chosen.incident_id = said.incident_id
ORDER BY chosen.place;

-- From when to when anything is known to have happened.
-- name: reach_of_incidents
SELECT
    epoch_us(min(occurred_start)) AS first_start,
    epoch_us(max(occurred_end)) AS last_end
FROM verdicts
WHERE conflict = $conflict AND coalesce(commitment_id = $commitment::VARCHAR, $commitment IS NULL);

-- The same of windows.
-- name: reach_of_windows
SELECT
    epoch_us(least(min(hull_start), min(core_start))) AS first_window,
    epoch_us(greatest(max(hull_end), max(core_end), max(hull_start))) AS last_window
FROM windows
WHERE conflict = $conflict AND coalesce(commitment_id = $commitment::VARCHAR, $commitment IS NULL);

-- What windows are made of: as long as this is the same, they are. Daily hours are spelt out until
-- some days after what was observed, and days begin at full quarters of an hour.
-- name: windows_mark
SELECT
    count(*) AS versions,
    count(superseded_at) AS superseded,
    max(recorded_at) AS last_recorded,
    max(superseded_at) AS last_superseded,
    (
        SELECT
            string_agg(
                observed.conflict || ' ' || epoch_us(observed.observed_to) // 900000000, ','
                ORDER BY observed.conflict
            )
        FROM observed
    ) AS observed
FROM claim_versions;

-- name: marks
SELECT
    commitment_id,
    incident_id,
    verdict,
    party,
    epoch_us(occurred_start) AS occurred_start,
    epoch_us(occurred_end) AS occurred_end,
    len(denied_by) > 0 AS is_denied
FROM verdicts
WHERE
    conflict = $conflict
    AND coalesce(commitment_id = $commitment::VARCHAR, $commitment IS NULL)
    AND occurred_end >= make_timestamptz($from_us::BIGINT)
    AND occurred_start <= make_timestamptz($to_us::BIGINT)
ORDER BY occurred_start, incident_id, commitment_id
LIMIT $most;

-- Where there are too many marks: how many fall into each of so many equal pieces.
-- name: bins
SELECT
    verdict,
    least(
        greatest(
            (
                (epoch_us(occurred_start) + epoch_us(occurred_end)) // 2 - $from_us::BIGINT
            ) * $pieces::BIGINT // ($to_us::BIGINT - $from_us::BIGINT),
            0
        ),
        $pieces::BIGINT - 1
    ) AS piece,
    count(*) AS incidents
FROM verdicts
WHERE
    conflict = $conflict
    AND coalesce(commitment_id = $commitment::VARCHAR, $commitment IS NULL)
    AND occurred_end >= make_timestamptz($from_us::BIGINT)
    AND occurred_start <= make_timestamptz($to_us::BIGINT)
GROUP BY verdict, piece
ORDER BY verdict, piece;

-- name: bands
SELECT
    commitment_id,
    claim_id,
    epoch_us(core_start) AS core_start,
    epoch_us(core_end) AS core_end,
    epoch_us(hull_start) AS hull_start,
    epoch_us(hull_end) AS hull_end,
    open_ended,
    day IS NOT NULL AS is_daily
FROM windows
WHERE
    conflict = $conflict
    AND coalesce(commitment_id = $commitment::VARCHAR, $commitment IS NULL)
    AND coalesce(hull_end >= make_timestamptz($from_us::BIGINT), TRUE)
    AND coalesce(hull_start <= make_timestamptz($to_us::BIGINT), TRUE)
ORDER BY commitment_id, claim_id, part, day
LIMIT $most;

-- name: watched
SELECT
    reported_by,
    quality,
    epoch_us(covered_start) AS covered_start,
    epoch_us(covered_end) AS covered_end
FROM coverage
WHERE
    conflict = $conflict
    AND covered_end >= make_timestamptz($from_us::BIGINT)
    AND covered_start <= make_timestamptz($to_us::BIGINT)
ORDER BY reported_by, covered_start, coverage_id
LIMIT $most;

-- name: gaps
SELECT
    reported_by,
    quality,
    epoch_us(gap_start) AS gap_start,
    epoch_us(gap_end) AS gap_end
FROM coverage_gaps
WHERE
    conflict = $conflict
    AND gap_end >= make_timestamptz($from_us::BIGINT)
    AND gap_start <= make_timestamptz($to_us::BIGINT)
ORDER BY reported_by, gap_start
LIMIT $most;

-- name: daily
SELECT
    party,
    day::DATE AS day,
    lower,
    upper,
    unattributed,
    watched
FROM compliance_daily
WHERE
    conflict = $conflict
    AND commitment_id = $commitment
    AND claim_id IS NOT DISTINCT FROM $claim::VARCHAR
ORDER BY day DESC, party DESC
LIMIT $most;

-- name: kept
SELECT
    compliance.commitment_id,
    compliance.claim_id,
    compliance.party,
    compliance.violations_lower,
    compliance.violations_upper,
    compliance.unattributed,
    epoch_us(compliance.first_violation_at) AS first_violation_at,
    compliance.seconds_to_first_violation,
    compliance.violation_free_days_lower,
    compliance.violation_free_days_upper,
    compliance.days,
    compliance.unobserved_days,
    compliance.rate_before,
    compliance.rate_during,
    compliance.rate_after,
    compliance.rate_ratio,
    compliance.rate_ratio_low,
    compliance.rate_ratio_high,
    streaks.current_lower,
    streaks.current_upper,
    streaks.longest_lower,
    streaks.longest_upper
FROM compliance
LEFT JOIN streaks
    ON
        compliance.conflict = streaks.conflict
        AND compliance.commitment_id = streaks.commitment_id
        AND compliance.claim_id IS NOT DISTINCT FROM streaks.claim_id
        AND compliance.party = streaks.party
WHERE compliance.conflict = $conflict
ORDER BY compliance.commitment_id, compliance.claim_id NULLS FIRST, compliance.party
LIMIT 2000;

-- The points of the incidents that a reader wants to see, gathered where they are close together.
-- name: points
WITH chosen AS (
    SELECT
        incident_id,
        arg_min(
            verdict,
            CASE verdict
                WHEN 'violation' THEN 0
                WHEN 'contested' THEN 1
                WHEN 'undetermined' THEN 2
                ELSE 3
            END
        ) AS verdict
    FROM verdicts
    WHERE
        conflict = $conflict
        AND (len($verdicts::VARCHAR[]) = 0 OR verdict IN (SELECT unnest($verdicts::VARCHAR[])))
        AND coalesce(commitment_id = $commitment::VARCHAR, $commitment IS NULL)
        AND coalesce(occurred_end >= make_timestamptz($since::BIGINT), $since IS NULL)
        AND coalesce(occurred_start < make_timestamptz($until::BIGINT), $until IS NULL)
        AND (
            $party IS NULL
            OR incident_id IN (
                SELECT reports.incident_id
                FROM asserting_reports AS reports
                WHERE
                    reports.conflict = $conflict
                    AND reports.actor = $party::VARCHAR
            )
        )
    GROUP BY incident_id
),

spots AS (
    SELECT DISTINCT
        places.incident_id,
        chosen.verdict,
        places.lat,
        places.lon,
        places.radius_km,
        places.one_of IS NOT NULL AS is_one_of
    FROM places
    INNER JOIN chosen ON places.incident_id = chosen.incident_id
    WHERE places.conflict = $conflict AND places.lat IS NOT NULL
)

SELECT
    verdict,
    is_one_of,
    avg(lat) AS lat,
    avg(lon) AS lon,
    max(radius_km) AS radius_km,
    count(DISTINCT incident_id) AS incidents,
    min(incident_id) AS incident_id
FROM spots
GROUP BY verdict, is_one_of, round(lat * $fineness::DOUBLE), round(lon * $fineness::DOUBLE)
ORDER BY incidents DESC, incident_id
LIMIT $most;

-- The codes of these incidents: of those without a point, `without_point`.
-- name: codes
WITH chosen AS (
    SELECT
        incident_id,
        arg_min(
            verdict,
            CASE verdict
                WHEN 'violation' THEN 0
                WHEN 'contested' THEN 1
                WHEN 'undetermined' THEN 2
                ELSE 3
            END
        ) AS verdict
    FROM verdicts
    WHERE
        conflict = $conflict
        AND (len($verdicts::VARCHAR[]) = 0 OR verdict IN (SELECT unnest($verdicts::VARCHAR[])))
        AND coalesce(commitment_id = $commitment::VARCHAR, $commitment IS NULL)
        AND coalesce(occurred_end >= make_timestamptz($since::BIGINT), $since IS NULL)
        AND coalesce(occurred_start < make_timestamptz($until::BIGINT), $until IS NULL)
        AND (
            $party IS NULL
            OR incident_id IN (
                SELECT reports.incident_id
                FROM asserting_reports AS reports
                WHERE
                    reports.conflict = $conflict
                    AND reports.actor = $party::VARCHAR
            )
        )
    GROUP BY incident_id
),

spots AS (
    SELECT
        places.incident_id,
        chosen.verdict,
        places.code,
        bool_or(places.one_of IS NOT NULL) AS is_one_of,
        bool_and(places.lat IS NULL) AS is_code_only
    FROM places
    INNER JOIN chosen ON places.incident_id = chosen.incident_id
    WHERE places.conflict = $conflict AND places.code IS NOT NULL
    GROUP BY places.incident_id, chosen.verdict, places.code
)

SELECT
    code,
    count(*) AS incidents,
    count(*) FILTER (verdict = 'violation') AS violation,
    count(*) FILTER (verdict = 'contested') AS contested,
    count(*) FILTER (verdict = 'undetermined') AS undetermined,
    count(*) FILTER (verdict = 'clear') AS clear,
    count(*) FILTER (is_code_only) AS without_point,
    count(*) FILTER (is_one_of) AS one_of
FROM spots
GROUP BY code
ORDER BY incidents DESC, code
LIMIT $most;

-- name: last_said
SELECT
    reported_by,
    reporter_kind,
    incident_id,
    epoch_us(recorded_at) AS recorded_at
FROM reports
WHERE conflict = $conflict
ORDER BY recorded_at DESC, incident_id, report_id
LIMIT $most;

-- name: disagreements_of
SELECT
    field,
    values_by_report
FROM disagreements
WHERE conflict = $conflict AND incident_id = $incident_id
ORDER BY field;

-- How far the log is that all this was made of.
-- name: log_position
SELECT
    log_id,
    partition,
    max("offset") AS last_offset,
    epoch_us(max(recorded_at)) AS last_recorded
FROM events
WHERE conflict = $conflict
GROUP BY log_id, partition
ORDER BY last_recorded DESC
LIMIT 5;

-- name: place_in_log
SELECT
    log_id,
    partition,
    "offset"
FROM events
WHERE source = $source AND event_id = $event_id
ORDER BY recorded_at DESC
LIMIT 1;

-- What forms suggest: names that are known already, kind by kind, those used last first.
-- name: names
WITH said AS (
    SELECT
        incident_id,
        report_id,
        reported_by,
        actor,
        recorded_at
    FROM reports
    WHERE conflict = $conflict
    ORDER BY recorded_at DESC
    LIMIT 5000
),

promised AS (
    SELECT
        commitment_id,
        claim_id,
        claimed_by,
        bound_parties,
        recorded_at
    FROM claims
    WHERE conflict = $conflict
    ORDER BY recorded_at DESC
    LIMIT 5000
),

found AS (
    SELECT
        'conflicts' AS what,
        conflict AS name,
        max(recorded_at) AS used
    FROM events
    GROUP BY conflict
    UNION ALL
    SELECT
        'incidents' AS what,
        incident_id AS name,
        max(recorded_at) AS used
    FROM said
    GROUP BY incident_id
    UNION ALL
    SELECT
        'reports' AS what,
        report_id AS name,
        max(recorded_at) AS used
    FROM said
    GROUP BY report_id
    UNION ALL
    SELECT
        'names' AS what,
        reported_by AS name,
        max(recorded_at) AS used
    FROM said
    GROUP BY reported_by
    UNION ALL
    SELECT
        'parties' AS what,
        actor AS name,
        max(recorded_at) AS used
    FROM said
    WHERE actor IS NOT NULL
    GROUP BY actor
    UNION ALL
    SELECT
        'commitments' AS what,
        commitment_id AS name,
        max(recorded_at) AS used
    FROM promised
    GROUP BY commitment_id
    UNION ALL
    SELECT
        'claims' AS what,
        claim_id AS name,
        max(recorded_at) AS used
    FROM promised
    GROUP BY claim_id
    UNION ALL
    SELECT
        'names' AS what,
        claimed_by AS name,
        max(recorded_at) AS used
    FROM promised
    GROUP BY claimed_by
    UNION ALL
    SELECT
        'parties' AS what,
        bound.party AS name,
        max(promised.recorded_at) AS used
    FROM promised
    CROSS JOIN unnest(promised.bound_parties) AS bound (party)
    GROUP BY bound.party
)

SELECT
    what,
    name
FROM found
GROUP BY what, name
QUALIFY row_number() OVER (PARTITION BY what ORDER BY max(used) DESC, name) <= $most
ORDER BY what, max(used) DESC, name;
