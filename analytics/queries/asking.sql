-- What the commands, and the notices of a worker, ask.

-- name: claims
SELECT payload
FROM claims
ORDER BY conflict, commitment_id, claim_id;

-- name: provenance
SELECT
    version,
    rules,
    tzdata,
    iso_lists,
    epoch_us(since) AS since_us
FROM provenance
ORDER BY since NULLS FIRST;

-- name: claims_of
SELECT payload
FROM claims
WHERE conflict = $conflict
ORDER BY commitment_id, claim_id;

-- name: bound_parties
SELECT
    conflict,
    list(DISTINCT bound_party) AS bound_parties
FROM claims
CROSS JOIN unnest(claims.bound_parties) AS bound (bound_party)
GROUP BY conflict
ORDER BY conflict;

-- name: actors
SELECT
    conflict,
    actor,
    count(*) AS reports
FROM reports
WHERE actor IS NOT NULL
GROUP BY conflict, actor
ORDER BY conflict, actor;

-- name: verdict_counts
SELECT
    conflict,
    commitment_id,
    verdict,
    count(*) AS incidents
FROM verdicts
GROUP BY conflict, commitment_id, verdict
ORDER BY conflict, commitment_id, verdict;

-- name: compliance
SELECT
    counts.conflict,
    counts.commitment_id,
    counts.claim_id,
    counts.party,
    counts.violations_lower,
    counts.violations_upper,
    counts.unattributed,
    free_days.free_lower,
    free_days.free_upper,
    free_days.days,
    free_days.unobserved_days
FROM violation_counts AS counts
INNER JOIN free_days
    ON
        counts.conflict = free_days.conflict
        AND counts.commitment_id = free_days.commitment_id
        AND counts.claim_id IS NOT DISTINCT FROM free_days.claim_id
        AND counts.party = free_days.party
ORDER BY counts.conflict, counts.commitment_id, counts.claim_id, counts.party;

-- name: coverage
WITH watched AS (
    SELECT
        conflict,
        max(recorded_at) AS last_coverage,
        max(covered_end) AS watched_until
    FROM coverage
    WHERE quality IN ('full', 'partial')
    GROUP BY conflict
)

SELECT
    known.conflict,
    count(reports.report_id) AS reports,
    count(DISTINCT reports.incident_id) AS incidents,
    count(DISTINCT reports.reported_by) AS sources,
    epoch_us(max(reports.recorded_at)) AS last_report,
    epoch_us(any_value(watched.last_coverage)) AS last_coverage,
    epoch_us(any_value(watched.watched_until)) AS watched_until
FROM (
    SELECT conflict FROM claims
    UNION
    SELECT conflict FROM reports
    UNION
    SELECT conflict FROM coverage
) AS known
LEFT JOIN reports ON known.conflict = reports.conflict
LEFT JOIN watched ON known.conflict = watched.conflict
GROUP BY known.conflict
ORDER BY known.conflict;

-- Of each source that was kept from watching: how often, and from when to when the last time.
-- name: kept_out
SELECT
    conflict,
    reported_by,
    count(*) AS times,
    epoch_us(arg_max(covered_start, (covered_end, covered_start))) AS last_start,
    epoch_us(max(covered_end)) AS last_end
FROM coverage
WHERE quality = 'denied'
GROUP BY conflict, reported_by
ORDER BY conflict, max(covered_end) DESC, reported_by;

-- Also where all reports of it were taken back.
-- name: conflicts_of
SELECT DISTINCT conflict
FROM report_versions
WHERE incident_id = $incident_id
ORDER BY conflict;

-- name: history_of
SELECT
    commitment_id,
    verdict,
    party,
    evidence,
    denied_by,
    epoch_us(recorded_at) AS recorded_us,
    epoch_us(superseded_at) AS superseded_us
FROM verdict_versions
WHERE
    conflict = $conflict
    AND incident_id = $incident_id
    AND coalesce(superseded_at > recorded_at, TRUE)
ORDER BY recorded_at, commitment_id, superseded_at NULLS LAST;

-- name: close_incidents
SELECT incident_id
FROM reports
GROUP BY incident_id
ORDER BY jaro_winkler_similarity(incident_id, $incident_id) DESC, incident_id
LIMIT 3;

-- name: reports_of
SELECT payload
FROM reports
WHERE conflict = $conflict AND incident_id = $incident_id
ORDER BY report_id;

-- Those of the incidents that happened last, as many as are wanted.
-- name: last_reports_of
SELECT payload
FROM reports
WHERE
    conflict = $conflict
    AND incident_id IN (
        SELECT incident_id
        FROM asserting_reports
        WHERE conflict = $conflict
        GROUP BY incident_id
        ORDER BY max(occurred_start) DESC, incident_id
        LIMIT $most
    )
ORDER BY incident_id, report_id;

-- name: count_incidents_of
SELECT count(DISTINCT incident_id) AS incidents
FROM asserting_reports
WHERE conflict = $conflict;

-- Who posted the reports that stand; those that nobody posted are left out. (No two events of a
-- conflict have the same text.)
-- name: posted_by_of
SELECT
    reports.report_id,
    events.posted_by
FROM reports
INNER JOIN events
    ON
        reports.conflict = events.conflict
        AND reports.recorded_at = events.recorded_at
        AND reports.payload = events.payload
WHERE
    reports.conflict = $conflict
    AND reports.incident_id = $incident_id
    AND events.posted_by IS NOT NULL;

-- name: verdicts_of
SELECT
    commitment_id,
    verdict,
    party,
    independent_reports,
    evidence,
    admitted,
    denied_by
FROM verdicts
WHERE conflict = $conflict AND incident_id = $incident_id
ORDER BY commitment_id;

-- name: claim_verdicts_of
SELECT
    commitment_id,
    claim_id,
    verdict,
    still_bound
FROM claim_verdicts
WHERE conflict = $conflict AND incident_id = $incident_id
ORDER BY commitment_id, claim_id;

-- `party` is one that a standing report names as actor, however sure it is.
-- name: incidents
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
        denied_by
    FROM verdicts
    WHERE
        (len($verdicts::VARCHAR[]) = 0 OR verdict IN (SELECT unnest($verdicts::VARCHAR[])))
        AND coalesce(commitment_id = $commitment::VARCHAR, $commitment IS NULL)
        AND coalesce(occurred_end >= make_timestamptz($since::BIGINT), $since IS NULL)
        AND coalesce(occurred_start < make_timestamptz($until::BIGINT), $until IS NULL)
        AND (
            $party IS NULL
            OR (conflict, incident_id) IN (
                SELECT (reports.conflict, reports.incident_id)
                FROM asserting_reports AS reports
                WHERE reports.actor = $party::VARCHAR
            )
        )
),

hit AS (
    SELECT
        reports.conflict,
        reports.incident_id,
        unnest(
            list_concat(
                json_extract(reports.places, '$[*]'), json_extract(reports.impacts, '$[*].place')
            )
        ) AS place
    FROM asserting_reports AS reports
    SEMI JOIN chosen USING (conflict, incident_id)
),

places AS (
    SELECT
        conflict,
        incident_id,
        list(DISTINCT place::VARCHAR ORDER BY place::VARCHAR) FILTER (
            place::VARCHAR != 'null'
        ) AS places
    FROM hit
    GROUP BY conflict, incident_id
),

doubts AS (
    SELECT
        conflict,
        commitment_id,
        incident_id,
        list(
            {
                'claim_id': claim_id,
                'criteria': list_filter(
                    [
                        CASE WHEN in_window IS NULL THEN 'in_window' END,
                        CASE WHEN party_bound IS NULL THEN 'party_bound' END,
                        CASE WHEN act_prohibited IS NULL THEN 'act_prohibited' END,
                        CASE WHEN target_covered IS NULL THEN 'target_covered' END,
                        CASE WHEN in_area IS NULL THEN 'in_area' END,
                        CASE WHEN still_bound IS NULL THEN 'still_bound' END
                    ],
                    LAMBDA name: name IS NOT NULL
                )
            }
            ORDER BY claim_id
        ) AS unknowns
    FROM claim_verdicts
    SEMI JOIN chosen USING (conflict, commitment_id, incident_id)
    WHERE verdict = 'undetermined'
    GROUP BY conflict, commitment_id, incident_id
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
    places.places,
    doubts.unknowns
FROM chosen
LEFT JOIN places
    ON chosen.conflict = places.conflict AND chosen.incident_id = places.incident_id
LEFT JOIN doubts
    ON
        chosen.conflict = doubts.conflict
        AND chosen.commitment_id = doubts.commitment_id
        AND chosen.incident_id = doubts.incident_id
WHERE NOT $is_open OR doubts.unknowns IS NOT NULL
ORDER BY
    chosen.occurred_start, chosen.conflict, chosen.incident_id, chosen.commitment_id;

-- name: counts
SELECT
    (SELECT count(*) FROM events) AS events,
    (SELECT count(*) FROM rejected) AS rejected,
    (SELECT coalesce(epoch_us(max(recorded_at)), 0) FROM events) AS last_recorded;

-- name: alerts
SELECT
    judged.conflict,
    judged.commitment_id,
    judged.incident_id,
    judged.party,
    judged.verdict,
    epoch_us(judged.recorded_at) AS recorded_at
FROM verdict_versions AS judged
WHERE
    judged.verdict IN ('violation', 'contested')
    AND judged.since = judged.recorded_at
    AND judged.recorded_at >= make_timestamptz($since)
ORDER BY judged.recorded_at, judged.conflict, judged.commitment_id, judged.incident_id;

-- name: most_telling
SELECT
    conflict,
    incident_id
FROM verdicts
WHERE conflict IN (SELECT unnest($conflicts))
ORDER BY
    verdict = 'contested' DESC,
    verdict = 'violation' DESC,
    verdict = 'undetermined' DESC,
    occurred_start DESC,
    incident_id
LIMIT 1;

-- name: last_incidents
WITH latest AS (
    SELECT
        conflict,
        commitment_id,
        incident_id,
        verdict,
        occurred_start
    FROM verdicts
    WHERE conflict = $conflict
    ORDER BY occurred_start DESC, commitment_id, incident_id
    LIMIT 20
)

SELECT
    latest.commitment_id,
    latest.incident_id,
    latest.verdict,
    judged.claim_id,
    judged.verdict AS claim_verdict
FROM latest
LEFT JOIN claim_verdicts AS judged
    ON
        latest.conflict = judged.conflict
        AND latest.commitment_id = judged.commitment_id
        AND latest.incident_id = judged.incident_id
ORDER BY latest.occurred_start, latest.commitment_id, latest.incident_id, judged.claim_id;

-- name: marked_at
-- Of several workers whose rows are shown, that which lags most.
SELECT
    epoch_us(
        coalesce(min(marked_at) FILTER (len(partitions) > 0), min(marked_at))
    ) AS marked_us
FROM lake_mark;

-- name: contents
SELECT
    worker,
    table_name,
    row_count,
    hash
FROM contents
ORDER BY worker, table_name;

-- name: marks
SELECT
    worker,
    seq,
    epoch_us(marked_at) AS marked_us,
    partitions
FROM lake_mark
ORDER BY worker;

-- name: transaction
SELECT sum(seq)::BIGINT AS seq
FROM lake_mark;

-- name: tables
SELECT
    table_name AS name,
    comment AS holds
FROM duckdb_tables()
WHERE
    NOT internal
    AND schema_name = 'main'
    AND database_name = current_database()
    AND comment IS NOT NULL
UNION ALL
SELECT
    view_name AS name,
    comment AS holds
FROM duckdb_views()
WHERE NOT internal AND schema_name = 'main' AND comment IS NOT NULL
ORDER BY name;
