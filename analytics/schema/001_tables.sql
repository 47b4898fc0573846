-- What the ledger writes. Versions are appended; superseding one sets superseded_at and no more.
-- Times of the log (recorded_at, superseded_at) never mix with times of the world (occurred_*).

CREATE TABLE events (
    source VARCHAR NOT NULL,
    event_id VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    conflict VARCHAR NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    log_id VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    batch_index INTEGER NOT NULL,
    payload JSON NOT NULL,
    event_key BIGINT NOT NULL
);

COMMENT ON TABLE events IS 'Every accepted event, once, as it stands in the log';
COMMENT ON COLUMN events.source IS 'Who made the event: the CloudEvents source';
COMMENT ON COLUMN events.event_id IS 'The id of the event: unique for a source within a conflict';
COMMENT ON COLUMN events.type IS 'One of the four event types, such as incident.reported';
COMMENT ON COLUMN events.conflict IS 'The conflict that the event belongs to';
COMMENT ON COLUMN events.recorded_at IS 'When the log took the event; never runs backwards';
COMMENT ON COLUMN events.log_id IS 'Which log it was: an embedded broker starts a new one';
COMMENT ON COLUMN events.partition IS 'The partition of the log';
COMMENT ON COLUMN events."offset" IS 'The offset of the record in its partition';
COMMENT ON COLUMN events.batch_index IS 'The place in a record that is a batch, from 0';
COMMENT ON COLUMN events.payload IS 'The event in its own JSON text';
COMMENT ON COLUMN events.event_key IS 'Hash of conflict, source and event_id, for look-ups';

CREATE TABLE claim_versions (
    conflict VARCHAR NOT NULL,
    commitment_id VARCHAR NOT NULL,
    claim_id VARCHAR NOT NULL,
    stance VARCHAR NOT NULL,
    claimed_by VARCHAR NOT NULL,
    claimant_role VARCHAR,
    claimant_party VARCHAR,
    bound_parties VARCHAR[] NOT NULL,
    acts VARCHAR[] NOT NULL,
    targets VARCHAR[] NOT NULL,
    window_start TIMESTAMPTZ,
    window_end TIMESTAMPTZ,
    open_ended BOOLEAN NOT NULL,
    window_parts STRUCT(starts TIMESTAMPTZ, ends TIMESTAMPTZ, open_ended BOOLEAN)[] NOT NULL,
    reciprocal BOOLEAN NOT NULL,
    other_conditions VARCHAR,
    evidence VARCHAR[] NOT NULL,
    payload JSON NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    superseded_at TIMESTAMPTZ,
    claim_key BIGINT NOT NULL
);

COMMENT ON TABLE claim_versions IS 'Every version of every claim and denial';
COMMENT ON COLUMN claim_versions.conflict IS 'The conflict that the claim belongs to';
COMMENT ON COLUMN claim_versions.commitment_id IS 'The undertaking that it is a reading of';
COMMENT ON COLUMN claim_versions.claim_id IS 'The claim; the same id again is a revision';
COMMENT ON COLUMN claim_versions.stance IS 'asserts, or denies that the parties are bound';
COMMENT ON COLUMN claim_versions.claimed_by IS 'Who claims it';
COMMENT ON COLUMN claim_versions.claimant_role IS 'party, mediator, observer or media';
COMMENT ON COLUMN claim_versions.claimant_party IS 'The party that the claimant speaks for';
COMMENT ON COLUMN claim_versions.bound_parties IS 'Who is bound, or denied to be bound';
COMMENT ON COLUMN claim_versions.acts IS 'Prohibited acts; empty: not said; NULL in it: and others';
COMMENT ON COLUMN claim_versions.targets IS 'Protected targets; empty: not said; NULL: and others';
COMMENT ON COLUMN claim_versions.window_start IS 'Earliest possible start; NULL: unknown';
COMMENT ON COLUMN claim_versions.window_end IS 'Latest possible end; NULL: unknown, or open';
COMMENT ON COLUMN claim_versions.open_ended IS 'Does it stand until it is revised?';
COMMENT ON COLUMN claim_versions.window_parts IS 'Each stretch of the window, at its widest';
COMMENT ON COLUMN claim_versions.reciprocal IS 'Does it bind only while the other side keeps it?';
COMMENT ON COLUMN claim_versions.other_conditions IS 'Other conditions, in words';
COMMENT ON COLUMN claim_versions.evidence IS 'Where it can be read';
COMMENT ON COLUMN claim_versions.payload IS 'The event that said it, in its own JSON text';
COMMENT ON COLUMN claim_versions.recorded_at IS 'When the log took this version';
COMMENT ON COLUMN claim_versions.superseded_at IS
'When the log took what replaced it; NULL: stands';
COMMENT ON COLUMN claim_versions.claim_key IS 'Hash of conflict, commitment_id and claim_id';

CREATE TABLE report_versions (
    conflict VARCHAR NOT NULL,
    incident_id VARCHAR NOT NULL,
    report_id VARCHAR NOT NULL,
    reported_by VARCHAR NOT NULL,
    reporter_kind VARCHAR,
    reporter_party VARCHAR,
    occurred_start TIMESTAMPTZ NOT NULL,
    occurred_end TIMESTAMPTZ NOT NULL,
    certainty VARCHAR NOT NULL,
    actor VARCHAR,
    confidence VARCHAR,
    act VARCHAR,
    targets VARCHAR[] NOT NULL,
    payload JSON NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    superseded_at TIMESTAMPTZ,
    begins_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    over_by TIMESTAMPTZ NOT NULL,
    incident_key BIGINT NOT NULL,
    report_key BIGINT NOT NULL
);

COMMENT ON TABLE report_versions IS 'Every version of every report of an incident';
COMMENT ON COLUMN report_versions.conflict IS 'The conflict that the incident belongs to';
COMMENT ON COLUMN report_versions.incident_id IS 'The incident that is reported';
COMMENT ON COLUMN report_versions.report_id IS 'The report; the same id again is a revision';
COMMENT ON COLUMN report_versions.reported_by IS 'Who reports it';
COMMENT ON COLUMN report_versions.reporter_kind IS 'What kind of source that is';
COMMENT ON COLUMN report_versions.reporter_party IS 'The party that the reporter speaks for';
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
COMMENT ON COLUMN report_versions.begins_at IS 'The earliest start of the whole and its impacts';
COMMENT ON COLUMN report_versions.ends_at IS 'The latest end of the whole and its impacts';
COMMENT ON COLUMN report_versions.over_by IS 'A moment that all of it certainly came before';
COMMENT ON COLUMN report_versions.incident_key IS 'Hash of conflict and incident_id';
COMMENT ON COLUMN report_versions.report_key IS 'Hash of conflict, incident_id and report_id';

CREATE TABLE claim_verdict_versions (
    conflict VARCHAR NOT NULL,
    commitment_id VARCHAR NOT NULL,
    claim_id VARCHAR NOT NULL,
    incident_id VARCHAR NOT NULL,
    party VARCHAR,
    verdict VARCHAR NOT NULL,
    in_window BOOLEAN,
    party_bound BOOLEAN,
    act_prohibited BOOLEAN,
    target_covered BOOLEAN,
    in_area BOOLEAN,
    still_bound BOOLEAN,
    before_conditions VARCHAR NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    superseded_at TIMESTAMPTZ,
    pair_key BIGINT NOT NULL
);

COMMENT ON TABLE claim_verdict_versions IS
'Every version of the verdict on an incident by one claim; a new verdict, party or criterion opens
one. No row: the incident is certainly outside the window of the claim';
COMMENT ON COLUMN claim_verdict_versions.conflict IS 'The conflict of both';
COMMENT ON COLUMN claim_verdict_versions.commitment_id IS 'The commitment that the claim reads';
COMMENT ON COLUMN claim_verdict_versions.claim_id IS 'The claim';
COMMENT ON COLUMN claim_verdict_versions.incident_id IS 'The incident';
COMMENT ON COLUMN claim_verdict_versions.party IS 'The one known actor; NULL: none, or several';
COMMENT ON COLUMN claim_verdict_versions.verdict IS 'violation, clear or undetermined';
COMMENT ON COLUMN claim_verdict_versions.in_window IS 'Was it inside the window? NULL: unknown';
COMMENT ON COLUMN claim_verdict_versions.party_bound IS 'Is the actor bound? NULL: unknown';
COMMENT ON COLUMN claim_verdict_versions.act_prohibited IS 'Is the act prohibited? NULL: unknown';
COMMENT ON COLUMN claim_verdict_versions.target_covered IS 'Is a target protected? NULL: unknown';
COMMENT ON COLUMN claim_verdict_versions.in_area IS 'Was it inside the area? NULL: unknown';
COMMENT ON COLUMN claim_verdict_versions.still_bound IS
'Do the conditions still bind? NULL: unknown';
COMMENT ON COLUMN claim_verdict_versions.before_conditions IS 'The verdict without still_bound';
COMMENT ON COLUMN claim_verdict_versions.recorded_at IS 'When the log took what made it so';
COMMENT ON COLUMN claim_verdict_versions.superseded_at IS 'When that ceased; NULL: stands';
COMMENT ON COLUMN claim_verdict_versions.pair_key IS
'Hash of conflict, commitment_id, claim_id and incident_id';

CREATE TABLE verdict_versions (
    conflict VARCHAR NOT NULL,
    commitment_id VARCHAR NOT NULL,
    incident_id VARCHAR NOT NULL,
    party VARCHAR,
    verdict VARCHAR NOT NULL,
    occurred_start TIMESTAMPTZ NOT NULL,
    occurred_end TIMESTAMPTZ NOT NULL,
    independent_reports INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    superseded_at TIMESTAMPTZ,
    since TIMESTAMPTZ NOT NULL,
    pair_key BIGINT NOT NULL
);

COMMENT ON TABLE verdict_versions IS
'Every version of the verdict on an incident by a commitment, all its claims taken together; a new
verdict or party opens one. No row: the incident is certainly outside of every window';
COMMENT ON COLUMN verdict_versions.conflict IS 'The conflict of both';
COMMENT ON COLUMN verdict_versions.commitment_id IS 'The commitment';
COMMENT ON COLUMN verdict_versions.incident_id IS 'The incident';
COMMENT ON COLUMN verdict_versions.party IS 'The one known actor; NULL: none, or several';
COMMENT ON COLUMN verdict_versions.verdict IS 'violation, clear, contested or undetermined';
COMMENT ON COLUMN verdict_versions.occurred_start IS 'Least start over reports and impacts';
COMMENT ON COLUMN verdict_versions.occurred_end IS 'Greatest end over reports and impacts';
COMMENT ON COLUMN verdict_versions.independent_reports IS
'Reports not made by a party that the claims bind; with the occurred times as last known while this
version stood';
COMMENT ON COLUMN verdict_versions.recorded_at IS 'When the log took what made it so';
COMMENT ON COLUMN verdict_versions.superseded_at IS 'When that ceased; NULL: stands';
COMMENT ON COLUMN verdict_versions.since IS
'When the pair came to this verdict, whatever else changed after that';
COMMENT ON COLUMN verdict_versions.pair_key IS 'Hash of conflict, commitment_id and incident_id';

CREATE TABLE log_offsets (
    log_id VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    next_offset BIGINT NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL
);

COMMENT ON TABLE log_offsets IS 'How far each partition of each log has been taken in';
COMMENT ON COLUMN log_offsets.log_id IS 'Which log';
COMMENT ON COLUMN log_offsets.partition IS 'Which partition of it';
COMMENT ON COLUMN log_offsets.next_offset IS 'The first offset that is not in this database';
COMMENT ON COLUMN log_offsets.recorded_at IS 'The recorded_at of the record before that';

CREATE TABLE rejected (
    reason VARCHAR NOT NULL,
    problems VARCHAR[] NOT NULL,
    raw BLOB NOT NULL,
    bytes BIGINT NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    log_id VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    batch_index INTEGER
);

COMMENT ON TABLE rejected IS 'What came in the log and could not be taken';
COMMENT ON COLUMN rejected.reason IS 'not_json, invalid, key_mismatch, too_large or id_reused';
COMMENT ON COLUMN rejected.problems IS 'Each fault as "field: what was expected"';
COMMENT ON COLUMN rejected.raw IS 'The bytes as they came, the first 65,536 of them';
COMMENT ON COLUMN rejected.bytes IS 'How many bytes came; truce.rejected has them all';
COMMENT ON COLUMN rejected.recorded_at IS 'When the log took it';
COMMENT ON COLUMN rejected.log_id IS 'Which log it was';
COMMENT ON COLUMN rejected.partition IS 'The partition of the log';
COMMENT ON COLUMN rejected."offset" IS 'The offset of the record in its partition';
COMMENT ON COLUMN rejected.batch_index IS 'The place in a batch; NULL: the record as a whole';

CREATE TABLE outbox (
    seq BIGINT NOT NULL,
    topic VARCHAR NOT NULL,
    piece INTEGER NOT NULL,
    key BLOB,
    value BLOB,
    headers STRUCT(name VARCHAR, value BLOB)[] NOT NULL,
    bytes BIGINT NOT NULL
);

COMMENT ON TABLE outbox IS 'Messages that are still to be published; gone once they are';
COMMENT ON COLUMN outbox.seq IS 'The order in which they are to be published';
COMMENT ON COLUMN outbox.topic IS 'The topic to publish to';
COMMENT ON COLUMN outbox.piece IS 'Which piece of a large record this row is, from 0';
COMMENT ON COLUMN outbox.key IS 'The key of the record, or a piece of it';
COMMENT ON COLUMN outbox.value IS 'The record, or a piece of it';
COMMENT ON COLUMN outbox.headers IS 'The headers of the record';
COMMENT ON COLUMN outbox.bytes IS 'How large the record is';
