-- What is asked of the tables, by whoever has them: the ledger runs this file when it is opened,
-- and every reader of the lake runs it in memory. Nothing in here keeps a row.

CREATE OR REPLACE VIEW events AS
SELECT
    source,
    event_id,
    type,
    conflict,
    posted_by,
    recorded_at,
    log_id,
    partition,
    "offset",
    batch_index,
    payload,
    event_key
FROM accepted;

COMMENT ON VIEW events IS 'Every accepted event, once, as it stands in the log';
COMMENT ON COLUMN events.source IS 'Who made the event: the CloudEvents source';
COMMENT ON COLUMN events.event_id IS 'The id of the event: unique for a source within a conflict';
COMMENT ON COLUMN events.type IS 'One of the five event types, such as incident.reported';
COMMENT ON COLUMN events.conflict IS 'The conflict that the event belongs to';
COMMENT ON COLUMN events.posted_by IS
'Whose token it was posted with; NULL: nobody posted it, or that cannot be verified';
COMMENT ON COLUMN events.recorded_at IS 'When the log took the event; never runs backwards';
COMMENT ON COLUMN events.log_id IS 'Which log it was: an embedded broker starts a new one';
COMMENT ON COLUMN events.partition IS 'The partition of the log';
COMMENT ON COLUMN events."offset" IS 'The offset of the record in its partition';
COMMENT ON COLUMN events.batch_index IS 'The place in a record that is a batch, from 0';
COMMENT ON COLUMN events.payload IS 'The event in its own JSON text';
COMMENT ON COLUMN events.event_key IS 'Hash of conflict, source and event_id, for look-ups';

CREATE OR REPLACE VIEW report_versions AS
SELECT
    conflict,
    incident_id,
    report_id,
    reported_by,
    reporter_kind,
    reporter_party,
    stance,
    occurred_start,
    occurred_end,
    certainty,
    actor,
    confidence,
    act,
    targets,
    payload,
    recorded_at,
    superseded_at,
    begins_at,
    ends_at,
    over_by,
    incident_key,
    report_key
FROM accepted
WHERE report_key IS NOT NULL;

COMMENT ON VIEW report_versions IS 'Every version of every report of an incident';
COMMENT ON COLUMN report_versions.conflict IS 'The conflict that the incident belongs to';
COMMENT ON COLUMN report_versions.incident_id IS 'The incident that is reported';
COMMENT ON COLUMN report_versions.report_id IS 'The report; the same id again is a revision';
COMMENT ON COLUMN report_versions.reported_by IS 'Who reports it';
COMMENT ON COLUMN report_versions.reporter_kind IS 'What kind of source that is';
COMMENT ON COLUMN report_versions.reporter_party IS 'The party that the reporter speaks for';
COMMENT ON COLUMN report_versions.stance IS 'asserts, or denies that it happened';
COMMENT ON COLUMN report_versions.occurred_start IS 'When it is said to have begun';
COMMENT ON COLUMN report_versions.occurred_end IS
'When it had ended; equal to the start: an instant';
COMMENT ON COLUMN report_versions.certainty IS 'sometime in between, or throughout';
COMMENT ON COLUMN report_versions.actor IS 'Who is said to have acted; NULL: not said';
COMMENT ON COLUMN report_versions.confidence IS
'confirmed, likely, alleged or unknown; NULL: no actor';
COMMENT ON COLUMN report_versions.act IS 'What was done; NULL: not said';
COMMENT ON COLUMN report_versions.targets IS
'What was hit; empty: not said; NULL in it: and others';
COMMENT ON COLUMN report_versions.payload IS 'The event that said it, in its own JSON text';
COMMENT ON COLUMN report_versions.recorded_at IS 'When the log took this version';
COMMENT ON COLUMN report_versions.superseded_at IS
'When the log took what replaced it; NULL: stands';
COMMENT ON COLUMN report_versions.begins_at IS
'The earliest start of the acts, of the whole and its impacts; NULL: it denies';
COMMENT ON COLUMN report_versions.ends_at IS 'The latest end of the acts; NULL: it denies';
COMMENT ON COLUMN report_versions.over_by IS
'A moment that all of it certainly came before; NULL: it denies';
COMMENT ON COLUMN report_versions.incident_key IS 'Hash of conflict and incident_id';
COMMENT ON COLUMN report_versions.report_key IS 'Hash of conflict, incident_id and report_id';

-- What stands now, and what stood at any earlier moment of the log.

CREATE OR REPLACE VIEW claims AS
SELECT * EXCLUDE (superseded_at)
FROM claim_versions
WHERE superseded_at IS NULL;

COMMENT ON VIEW claims IS 'The standing claims and denials: one row each';
COMMENT ON COLUMN claims.conflict IS 'The conflict that the claim belongs to';
COMMENT ON COLUMN claims.commitment_id IS 'The undertaking that it is a reading of';
COMMENT ON COLUMN claims.claim_id IS 'The claim';
COMMENT ON COLUMN claims.stance IS 'asserts, or denies that the parties are bound';
COMMENT ON COLUMN claims.claimed_by IS 'Who claims it';
COMMENT ON COLUMN claims.claimant_role IS 'party, mediator, observer or media';
COMMENT ON COLUMN claims.claimant_party IS 'The party that the claimant speaks for';
COMMENT ON COLUMN claims.bound_parties IS 'Who is bound, or denied to be bound';
COMMENT ON COLUMN claims.acts IS 'Prohibited acts; empty: not said; NULL in it: and others';
COMMENT ON COLUMN claims.targets IS 'Protected targets; empty: not said; NULL in it: and others';
COMMENT ON COLUMN claims.window_start IS 'Earliest possible start; NULL: unknown';
COMMENT ON COLUMN claims.window_end IS 'Latest possible end; NULL: unknown, or open';
COMMENT ON COLUMN claims.open_ended IS 'Does it stand until it is revised?';
COMMENT ON COLUMN claims.window_parts IS 'Each stretch of the window, at its widest';
COMMENT ON COLUMN claims.reciprocal IS 'Does it bind only while the other side keeps it?';
COMMENT ON COLUMN claims.other_conditions IS 'Other conditions, in words';
COMMENT ON COLUMN claims.evidence IS 'Where it can be read';
COMMENT ON COLUMN claims.payload IS 'The event that said it, in its own JSON text';
COMMENT ON COLUMN claims.recorded_at IS 'When the log took this version';
COMMENT ON COLUMN claims.claim_key IS 'Hash of conflict, commitment_id and claim_id';

CREATE OR REPLACE VIEW reports AS
SELECT
    conflict,
    incident_id,
    report_id,
    reported_by,
    reporter_kind,
    reporter_party,
    stance,
    occurred_start,
    occurred_end,
    certainty,
    actor,
    confidence,
    act,
    targets,
    json_extract_string(payload, '$.data.occurred.as_stated') AS occurred_as_stated,
    json_extract(payload, '$.data.places') AS places,
    json_extract(payload, '$.data.weapons') AS weapons,
    json_extract(payload, '$.data.effects') AS effects,
    json_extract(payload, '$.data.impacts') AS impacts,
    json_extract(payload, '$.data.evidence') AS evidence,
    payload,
    recorded_at
FROM report_versions
WHERE superseded_at IS NULL;

COMMENT ON VIEW reports IS 'The standing reports of incidents: one row each';
COMMENT ON COLUMN reports.conflict IS 'The conflict that the incident belongs to';
COMMENT ON COLUMN reports.incident_id IS 'The incident that is reported';
COMMENT ON COLUMN reports.report_id IS 'The report';
COMMENT ON COLUMN reports.reported_by IS 'Who reports it';
COMMENT ON COLUMN reports.reporter_kind IS 'What kind of source that is';
COMMENT ON COLUMN reports.reporter_party IS 'The party that the reporter speaks for';
COMMENT ON COLUMN reports.stance IS 'asserts, or denies that it happened';
COMMENT ON COLUMN reports.occurred_start IS 'When it is said to have begun';
COMMENT ON COLUMN reports.occurred_end IS 'When it had ended; equal to the start: an instant';
COMMENT ON COLUMN reports.certainty IS 'sometime in between, or throughout';
COMMENT ON COLUMN reports.actor IS 'Who is said to have acted; NULL: not said';
COMMENT ON COLUMN reports.confidence IS 'confirmed, likely, alleged or unknown; NULL: no actor';
COMMENT ON COLUMN reports.act IS 'What was done; NULL: not said';
COMMENT ON COLUMN reports.targets IS 'What was hit; empty: not said; NULL in it: and others';
COMMENT ON COLUMN reports.occurred_as_stated IS 'When, in the words of the source';
COMMENT ON COLUMN reports.places IS
'Where: codes, points with a radius, and one_of several of these, as a JSON list';
COMMENT ON COLUMN reports.weapons IS 'What was used and how much of it, as a JSON list';
COMMENT ON COLUMN reports.effects IS 'Killed, injured and so on, as a JSON object';
COMMENT ON COLUMN reports.impacts IS 'The places that were hit, one by one, as a JSON list';
COMMENT ON COLUMN reports.evidence IS 'Where it can be read, as a JSON list';
COMMENT ON COLUMN reports.payload IS 'The event that said it, in its own JSON text';
COMMENT ON COLUMN reports.recorded_at IS 'When the log took this version';

CREATE OR REPLACE VIEW claim_verdicts AS
SELECT
    conflict,
    commitment_id,
    claim_id,
    incident_id,
    party,
    verdict,
    in_window,
    party_bound,
    act_prohibited,
    target_covered,
    in_area,
    still_bound,
    recorded_at
FROM claim_verdict_versions
WHERE superseded_at IS NULL;

COMMENT ON VIEW claim_verdicts IS
'The standing verdict on an incident by each claim whose window its time can touch. With several
reports, or impacts, a criterion is what all agree on';
COMMENT ON COLUMN claim_verdicts.conflict IS 'The conflict of both';
COMMENT ON COLUMN claim_verdicts.commitment_id IS 'The commitment that the claim reads';
COMMENT ON COLUMN claim_verdicts.claim_id IS 'The claim';
COMMENT ON COLUMN claim_verdicts.incident_id IS 'The incident';
COMMENT ON COLUMN claim_verdicts.party IS 'The one known actor; NULL: none, or several';
COMMENT ON COLUMN claim_verdicts.verdict IS 'violation, clear or undetermined';
COMMENT ON COLUMN claim_verdicts.in_window IS 'Was it inside the window? NULL: unknown';
COMMENT ON COLUMN claim_verdicts.party_bound IS 'Is the actor bound? NULL: unknown';
COMMENT ON COLUMN claim_verdicts.act_prohibited IS 'Is the act prohibited? NULL: unknown';
COMMENT ON COLUMN claim_verdicts.target_covered IS 'Is a target protected? NULL: unknown';
COMMENT ON COLUMN claim_verdicts.in_area IS 'Was it inside the area? NULL: unknown';
COMMENT ON COLUMN claim_verdicts.still_bound IS 'Do the conditions still bind? NULL: unknown';
COMMENT ON COLUMN claim_verdicts.recorded_at IS 'When the log took what made it so';

CREATE OR REPLACE VIEW verdicts AS
SELECT
    conflict,
    commitment_id,
    incident_id,
    party,
    verdict,
    occurred_start,
    occurred_end,
    independent_reports,
    evidence,
    admitted,
    denied_by,
    recorded_at
FROM verdict_versions
WHERE superseded_at IS NULL;

COMMENT ON VIEW verdicts IS
'The standing verdict on an incident by each commitment that its time can touch';
COMMENT ON COLUMN verdicts.conflict IS 'The conflict of both';
COMMENT ON COLUMN verdicts.commitment_id IS 'The commitment';
COMMENT ON COLUMN verdicts.incident_id IS 'The incident';
COMMENT ON COLUMN verdicts.party IS 'The one known actor; NULL: none, or several';
COMMENT ON COLUMN verdicts.verdict IS 'violation, clear, contested or undetermined';
COMMENT ON COLUMN verdicts.occurred_start IS 'Least start over reports and impacts';
COMMENT ON COLUMN verdicts.occurred_end IS 'Greatest end over reports and impacts';
COMMENT ON COLUMN verdicts.independent_reports IS
'Assertions by who speaks neither for a party that a claim binds nor for one named as actor';
COMMENT ON COLUMN verdicts.evidence IS
'one_sided, reported, corroborated or verified; NULL: no report supports a violation';
COMMENT ON COLUMN verdicts.admitted IS
'Does a supporting reporter name its own party as the actor?';
COMMENT ON COLUMN verdicts.denied_by IS 'The names of who denies that it happened';
COMMENT ON COLUMN verdicts.recorded_at IS 'When the log took what made it so';

CREATE OR REPLACE MACRO verdicts_as_of(ts) AS TABLE
    SELECT
        conflict,
        commitment_id,
        incident_id,
        party,
        verdict,
        occurred_start,
        occurred_end,
        independent_reports,
        evidence,
        admitted,
        denied_by,
        recorded_at
    FROM verdict_versions
    WHERE recorded_at <= ts AND coalesce(superseded_at > ts, TRUE);

COMMENT ON MACRO TABLE verdicts_as_of IS -- noqa: PRS
'The verdicts as they were known at a moment of the log: FROM verdicts_as_of(TIMESTAMPTZ ''...'')';

CREATE OR REPLACE MACRO reports_between(in_conflict, earliest, latest) AS TABLE
    WITH touched AS (
        SELECT
            incident_key,
            row_number() OVER (ORDER BY any_value(incident_id)) AS place
        FROM report_versions
        WHERE
            superseded_at IS NULL
            AND conflict = in_conflict
            AND coalesce(begins_at <= latest, TRUE)
            AND coalesce(ends_at >= earliest, TRUE)
        GROUP BY incident_key
    )

    SELECT
        touched.place,
        known.incident_id,
        known.report_id,
        known.payload
    FROM report_versions AS known
    INNER JOIN touched ON known.incident_key = touched.incident_key
    WHERE known.superseded_at IS NULL AND known.conflict = in_conflict;

COMMENT ON MACRO TABLE reports_between IS -- noqa: PRS
'All standing reports of the incidents of a conflict that have one whose time can meet [earliest,
latest], incidents numbered; NULL: without limit';

-- How often, how soon and on how many days a commitment was broken, by whose account.

CREATE OR REPLACE VIEW compliance AS
WITH counted AS (
    SELECT
        conflict,
        max(recorded_at) AS counted_to
    FROM events
    GROUP BY conflict
),

bound AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        claim_key,
        window_start,
        window_end,
        unnest(bound_parties) AS party
    FROM claims
    WHERE stance = 'asserts'
),

-- Which claims are read together: those of a commitment that bind the same party.
subjects AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        window_start,
        window_end,
        [claim_key] AS readings
    FROM bound
    UNION ALL
    SELECT
        conflict,
        commitment_id,
        NULL AS claim_id,
        party,
        CASE WHEN bool_and(window_start IS NOT NULL) THEN min(window_start) END AS window_start,
        CASE WHEN bool_and(window_end IS NOT NULL) THEN max(window_end) END AS window_end,
        list(claim_key ORDER BY claim_id) AS readings
    FROM bound
    GROUP BY conflict, commitment_id, party
),

incidents AS (
    SELECT
        judged.conflict,
        judged.commitment_id,
        judged.claim_id,
        judged.party,
        judged.verdict,
        verdicts.occurred_start,
        verdicts.occurred_end
    FROM claim_verdicts AS judged
    INNER JOIN verdicts
        ON
            judged.conflict = verdicts.conflict
            AND judged.commitment_id = verdicts.commitment_id
            AND judged.incident_id = verdicts.incident_id
    WHERE judged.party IS NOT NULL
    UNION ALL
    SELECT
        conflict,
        commitment_id,
        NULL AS claim_id,
        party,
        verdict,
        occurred_start,
        occurred_end
    FROM verdicts
    WHERE party IS NOT NULL
),

tally AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        count(*) FILTER (WHERE verdict = 'violation') AS violations_lower,
        count(*) FILTER (WHERE verdict != 'clear') AS violations_upper,
        min(occurred_start) FILTER (WHERE verdict = 'violation') AS first_violation_at
    FROM incidents
    GROUP BY conflict, commitment_id, claim_id, party
),

stretches AS (
    SELECT
        claims.claim_key,
        part.starts,
        least(part.ends, counted.counted_to) AS ends,
        part.starts IS NOT NULL AND (part.ends IS NOT NULL OR part.open_ended) AS is_known
    FROM claims
    INNER JOIN counted ON claims.conflict = counted.conflict
    CROSS JOIN unnest(claims.window_parts) AS parts (part)
    WHERE claims.stance = 'asserts'
),

-- From the first to the last UTC day of each stretch, days that follow each other as one.
claim_days AS (
    SELECT
        claim_key,
        min(first_day) AS first_day,
        max(last_day) AS last_day
    FROM (
        SELECT
            *,
            count(*) FILTER (WHERE reached IS NULL OR first_day > reached + 1) OVER (
                PARTITION BY claim_key
                ORDER BY first_day, last_day
                ROWS UNBOUNDED PRECEDING
            ) AS island
        FROM (
            SELECT
                *,
                max(last_day) OVER (
                    PARTITION BY claim_key
                    ORDER BY first_day, last_day
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS reached
            FROM (
                SELECT
                    claim_key,
                    (starts AT TIME ZONE 'UTC')::DATE - DATE '1970-01-01' AS first_day,
                    ((ends - INTERVAL 1 MICROSECOND) AT TIME ZONE 'UTC')::DATE
                    - DATE '1970-01-01' AS last_day
                FROM stretches
                WHERE is_known AND starts < ends
            ) AS spans
        ) AS walked
    ) AS numbered
    GROUP BY claim_key, island
),

known AS (
    SELECT
        claim_key,
        bool_and(is_known) AS is_known
    FROM stretches
    GROUP BY claim_key
),

-- Of all that are read together: whether their windows are known, and how many days they have.
read_together AS (
    SELECT
        readings,
        unnest(readings) AS claim_key
    FROM (SELECT DISTINCT readings FROM subjects)
),

known_together AS (
    SELECT
        read_together.readings,
        bool_and(known.is_known) AS is_known
    FROM read_together
    INNER JOIN known ON read_together.claim_key = known.claim_key
    GROUP BY read_together.readings
),

window_days AS (
    SELECT
        readings,
        sum(greatest(0, last_day - greatest(first_day - 1, reached)))::BIGINT AS days
    FROM (
        SELECT
            read_together.readings,
            claim_days.first_day,
            claim_days.last_day,
            max(claim_days.last_day) OVER (
                PARTITION BY read_together.readings
                ORDER BY claim_days.first_day, claim_days.last_day
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS reached
        FROM read_together
        INNER JOIN claim_days ON read_together.claim_key = claim_days.claim_key
    )
    GROUP BY readings
),

violation_days AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        (occurred_start AT TIME ZONE 'UTC')::DATE - DATE '1970-01-01' AS first_day,
        (greatest(occurred_start, occurred_end - INTERVAL 1 MICROSECOND) AT TIME ZONE 'UTC')::DATE
        - DATE '1970-01-01' AS last_day
    FROM incidents
    WHERE verdict = 'violation'
),

-- The days of a window without a violation are those that the window adds to the violations'.
broken AS (
    SELECT DISTINCT
        subjects.conflict,
        subjects.commitment_id,
        subjects.claim_id,
        subjects.party,
        subjects.readings
    FROM subjects
    INNER JOIN tally
        ON
            subjects.conflict = tally.conflict
            AND subjects.commitment_id = tally.commitment_id
            AND subjects.claim_id IS NOT DISTINCT FROM tally.claim_id
            AND subjects.party = tally.party
    WHERE tally.violations_lower > 0
),

told_days AS (
    SELECT
        *,
        FALSE AS is_window
    FROM violation_days
    UNION ALL
    SELECT
        broken.conflict,
        broken.commitment_id,
        broken.claim_id,
        broken.party,
        claim_days.first_day,
        claim_days.last_day,
        TRUE AS is_window
    FROM broken
    CROSS JOIN unnest(broken.readings) AS of_claim (claim_key)
    INNER JOIN claim_days ON of_claim.claim_key = claim_days.claim_key
),

free_days AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        (
            sum(greatest(0, last_day - greatest(first_day - 1, reached)))
            - coalesce(
                sum(greatest(0, last_day - greatest(first_day - 1, reached_before)))
                FILTER (WHERE NOT is_window),
                0
            )
        )::BIGINT AS violation_free_days
    FROM (
        SELECT
            *,
            max(last_day) OVER walk AS reached,
            max(last_day) FILTER (WHERE NOT is_window) OVER walk AS reached_before
        FROM told_days
        WINDOW walk AS (
            PARTITION BY conflict, commitment_id, claim_id, party
            ORDER BY first_day, last_day
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
    )
    GROUP BY conflict, commitment_id, claim_id, party
)

SELECT
    subjects.conflict,
    subjects.commitment_id,
    subjects.claim_id,
    subjects.party,
    subjects.window_start,
    subjects.window_end,
    coalesce(tally.violations_lower, 0) AS violations_lower,
    coalesce(tally.violations_upper, 0) AS violations_upper,
    tally.first_violation_at,
    CASE
        WHEN tally.first_violation_at < subjects.window_start THEN 0
        ELSE (epoch_us(tally.first_violation_at) - epoch_us(subjects.window_start)) / 1000000
    END AS seconds_to_first_violation,
    CASE
        WHEN known_together.is_known
            THEN coalesce(free_days.violation_free_days, window_days.days, 0)
    END AS violation_free_days,
    CASE WHEN known_together.is_known THEN coalesce(window_days.days, 0) END AS days
FROM subjects
INNER JOIN known_together ON subjects.readings = known_together.readings
LEFT JOIN window_days ON subjects.readings = window_days.readings
LEFT JOIN tally
    ON
        subjects.conflict = tally.conflict
        AND subjects.commitment_id = tally.commitment_id
        AND subjects.claim_id IS NOT DISTINCT FROM tally.claim_id
        AND subjects.party = tally.party
LEFT JOIN free_days
    ON
        subjects.conflict = free_days.conflict
        AND subjects.commitment_id = free_days.commitment_id
        AND subjects.claim_id IS NOT DISTINCT FROM free_days.claim_id
        AND subjects.party = free_days.party;

COMMENT ON VIEW compliance IS
'How well each bound party kept to each claim, and (claim_id NULL) to the commitment by all its
claims together. No reports is not compliance: look at what was reported, too';
COMMENT ON COLUMN compliance.conflict IS 'The conflict';
COMMENT ON COLUMN compliance.commitment_id IS 'The commitment';
COMMENT ON COLUMN compliance.claim_id IS 'The claim; NULL: the commitment as a whole';
COMMENT ON COLUMN compliance.party IS 'The party that is claimed to be bound';
COMMENT ON COLUMN compliance.window_start IS 'Earliest possible start; NULL: unknown';
COMMENT ON COLUMN compliance.window_end IS 'Latest possible end; NULL: unknown, or open';
COMMENT ON COLUMN compliance.violations_lower IS 'Incidents that are a violation';
COMMENT ON COLUMN compliance.violations_upper IS
'Incidents that are, or may be, a violation: those that are contested or undetermined as well';
COMMENT ON COLUMN compliance.first_violation_at IS
'Earliest possible start of the first violation, by the time of the world';
COMMENT ON COLUMN compliance.seconds_to_first_violation IS
'Seconds from window_start to first_violation_at; 0 if it had begun before';
COMMENT ON COLUMN compliance.violation_free_days IS
'UTC days of the window, as in days, that no violation touched';
COMMENT ON COLUMN compliance.days IS
'UTC days that the window touched up to the last recorded_at of the conflict; NULL: the window is
not known well enough';

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
