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
    json_extract_string(payload, '$.data.occurred.as_stated') AS occurred_as_stated,
    json_extract(payload, '$.data.places') AS places,
    json_extract(payload, '$.data.weapons') AS weapons,
    json_extract(payload, '$.data.effects') AS effects,
    json_extract(payload, '$.data.impacts') AS impacts,
    json_extract(payload, '$.data.evidence') AS evidence,
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
COMMENT ON COLUMN report_versions.occurred_as_stated IS 'When, in the words of the source';
COMMENT ON COLUMN report_versions.places IS
'Where: codes, points with a radius, and one_of several of these, as a JSON list';
COMMENT ON COLUMN report_versions.weapons IS 'What was used and how much of it, as a JSON list';
COMMENT ON COLUMN report_versions.effects IS 'Killed, injured and so on, as a JSON object';
COMMENT ON COLUMN report_versions.impacts IS
'The places that were hit, one by one, as a JSON list';
COMMENT ON COLUMN report_versions.evidence IS 'Where it can be read, as a JSON list';
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
COMMENT ON COLUMN claims.window_parts IS
'Each part of the window: from when to when it may hold, and certainly holds (NULL: unknown, or
open); its hours, if daily; whose clocks were meant';
COMMENT ON COLUMN claims.reciprocal IS 'Does it bind only while the other side keeps it?';
COMMENT ON COLUMN claims.other_conditions IS 'Other conditions, in words';
COMMENT ON COLUMN claims.evidence IS 'Where it can be read';
COMMENT ON COLUMN claims.payload IS 'The event that said it, in its own JSON text';
COMMENT ON COLUMN claims.recorded_at IS 'When the log took this version';
COMMENT ON COLUMN claims.claim_key IS 'Hash of conflict, commitment_id and claim_id';

CREATE OR REPLACE VIEW reports AS
SELECT * EXCLUDE (superseded_at, begins_at, ends_at, over_by, incident_key, report_key)
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
SELECT * EXCLUDE (superseded_at, since, raised_at, pair_key)
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
    SELECT * EXCLUDE (superseded_at, since, raised_at, pair_key)
    FROM verdict_versions
    WHERE recorded_at <= ts AND coalesce(superseded_at > ts, TRUE);

COMMENT ON MACRO TABLE verdicts_as_of IS -- noqa: PRS
'The verdicts as they were known at a moment of the log: FROM verdicts_as_of(TIMESTAMPTZ ''...'')';

CREATE OR REPLACE MACRO claims_as_of(ts) AS TABLE
    SELECT * EXCLUDE (superseded_at)
    FROM claim_versions
    WHERE recorded_at <= ts AND coalesce(superseded_at > ts, TRUE);

COMMENT ON MACRO TABLE claims_as_of IS -- noqa: PRS
'The claims and denials as they were known at a moment of the log: FROM claims_as_of(TIMESTAMPTZ ''...'')';

CREATE OR REPLACE MACRO reports_as_of(ts) AS TABLE
    SELECT * EXCLUDE (superseded_at, begins_at, ends_at, over_by, incident_key, report_key)
    FROM report_versions
    WHERE recorded_at <= ts AND coalesce(superseded_at > ts, TRUE);

COMMENT ON MACRO TABLE reports_as_of IS -- noqa: PRS
'The reports as they were known at a moment of the log: FROM reports_as_of(TIMESTAMPTZ ''...'')';

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
