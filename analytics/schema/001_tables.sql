-- What the ledger writes. Versions are appended; superseding one sets superseded_at and no more.
-- Times of the log (recorded_at, superseded_at) never mix with times of the world (occurred_*).

-- An event and the version of a report that it makes are one row: their text is half of all.
-- No CHECK: DuckDB writes its columns anew when it sets superseded_at, and if a list is among
-- them the row gets another place, though their order is that in which events came in.

CREATE TABLE accepted (
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
    event_key BIGINT NOT NULL,
    superseded_at TIMESTAMPTZ,
    incident_id VARCHAR,
    report_id VARCHAR,
    reported_by VARCHAR,
    reporter_kind VARCHAR,
    reporter_party VARCHAR,
    stance VARCHAR,
    occurred_start TIMESTAMPTZ,
    occurred_end TIMESTAMPTZ,
    certainty VARCHAR,
    actor VARCHAR,
    confidence VARCHAR,
    act VARCHAR,
    targets VARCHAR[],
    begins_at TIMESTAMPTZ,
    ends_at TIMESTAMPTZ,
    over_by TIMESTAMPTZ,
    incident_key BIGINT,
    report_key BIGINT,
    posted_by VARCHAR
);

COMMENT ON TABLE accepted IS
'Every accepted event, once, with what it says if it reports an incident: NULL in all others';
COMMENT ON COLUMN accepted.source IS 'Who made the event: the CloudEvents source';
COMMENT ON COLUMN accepted.event_id IS 'The id of the event: unique for a source within a conflict';
COMMENT ON COLUMN accepted.type IS 'One of the five event types, such as incident.reported';
COMMENT ON COLUMN accepted.conflict IS 'The conflict that the event belongs to';
COMMENT ON COLUMN accepted.recorded_at IS 'When the log took the event; never runs backwards';
COMMENT ON COLUMN accepted.log_id IS 'Which log it was: an embedded broker starts a new one';
COMMENT ON COLUMN accepted.partition IS 'The partition of the log';
COMMENT ON COLUMN accepted."offset" IS 'The offset of the record in its partition';
COMMENT ON COLUMN accepted.batch_index IS 'The place in a record that is a batch, from 0';
COMMENT ON COLUMN accepted.payload IS 'The event in its own JSON text';
COMMENT ON COLUMN accepted.event_key IS 'Hash of conflict, source and event_id, for look-ups';
COMMENT ON COLUMN accepted.superseded_at IS
'When the log took what replaced the report, or took it back; NULL: stands, or no report';
COMMENT ON COLUMN accepted.incident_id IS 'The incident that is reported';
COMMENT ON COLUMN accepted.report_id IS 'The report; the same id again is a revision';
COMMENT ON COLUMN accepted.reported_by IS 'Who reports it';
COMMENT ON COLUMN accepted.reporter_kind IS 'What kind of source that is';
COMMENT ON COLUMN accepted.reporter_party IS 'The party that the reporter speaks for';
COMMENT ON COLUMN accepted.stance IS 'asserts, or denies that it happened';
COMMENT ON COLUMN accepted.occurred_start IS 'When it is said to have begun';
COMMENT ON COLUMN accepted.occurred_end IS 'When it had ended; equal to the start: an instant';
COMMENT ON COLUMN accepted.certainty IS 'sometime in between, or throughout';
COMMENT ON COLUMN accepted.actor IS 'Who is said to have acted; NULL: not said';
COMMENT ON COLUMN accepted.confidence IS 'confirmed, likely, alleged or unknown; NULL: no actor';
COMMENT ON COLUMN accepted.act IS 'What was done; NULL: not said';
COMMENT ON COLUMN accepted.targets IS 'What was hit; empty: not said; NULL in it: and others';
COMMENT ON COLUMN accepted.begins_at IS
'The earliest start of the acts, of the whole and its impacts; NULL: it denies';
COMMENT ON COLUMN accepted.ends_at IS 'The latest end of the acts; NULL: it denies';
COMMENT ON COLUMN accepted.over_by IS
'A moment that all of it certainly came before; NULL: it denies';
COMMENT ON COLUMN accepted.incident_key IS 'Hash of conflict and incident_id';
COMMENT ON COLUMN accepted.report_key IS 'Hash of conflict, incident_id and report_id';
COMMENT ON COLUMN accepted.posted_by IS
'Whose token it was posted with; NULL: nobody posted it, or that cannot be verified';

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
    window_parts STRUCT(
        starts TIMESTAMPTZ, ends TIMESTAMPTZ, open_ended BOOLEAN,
        core_starts TIMESTAMPTZ, core_ends TIMESTAMPTZ,
        daily_from VARCHAR, daily_to VARCHAR, "zone" VARCHAR
    )[] NOT NULL,
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
COMMENT ON COLUMN claim_versions.window_parts IS
'Each part of the window: from when to when it may hold, and certainly holds (NULL: unknown, or
open); its hours, if daily; whose clocks were meant';
COMMENT ON COLUMN claim_versions.reciprocal IS 'Does it bind only while the other side keeps it?';
COMMENT ON COLUMN claim_versions.other_conditions IS 'Other conditions, in words';
COMMENT ON COLUMN claim_versions.evidence IS 'Where it can be read';
COMMENT ON COLUMN claim_versions.payload IS 'The event that said it, in its own JSON text';
COMMENT ON COLUMN claim_versions.recorded_at IS 'When the log took this version';
COMMENT ON COLUMN claim_versions.superseded_at IS
'When the log took what replaced it; NULL: stands';
COMMENT ON COLUMN claim_versions.claim_key IS 'Hash of conflict, commitment_id and claim_id';

CREATE TABLE coverage_versions (
    conflict VARCHAR NOT NULL,
    coverage_id VARCHAR NOT NULL,
    reported_by VARCHAR NOT NULL,
    reporter_kind VARCHAR,
    reporter_party VARCHAR,
    covered_start TIMESTAMPTZ NOT NULL,
    covered_end TIMESTAMPTZ NOT NULL,
    area JSON,
    quality VARCHAR NOT NULL,
    as_stated VARCHAR,
    evidence VARCHAR[] NOT NULL,
    payload JSON NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    superseded_at TIMESTAMPTZ,
    coverage_key BIGINT NOT NULL
);

COMMENT ON TABLE coverage_versions IS
'Every version of what was said of who watched where and when, and of who was kept from it';
COMMENT ON COLUMN coverage_versions.conflict IS 'The conflict that was watched';
COMMENT ON COLUMN coverage_versions.coverage_id IS 'The statement; the same id again is a revision';
COMMENT ON COLUMN coverage_versions.reported_by IS 'Who watched, or says who did';
COMMENT ON COLUMN coverage_versions.reporter_kind IS 'What kind of source that is';
COMMENT ON COLUMN coverage_versions.reporter_party IS 'The party that the reporter speaks for';
COMMENT ON COLUMN coverage_versions.covered_start IS 'From when on';
COMMENT ON COLUMN coverage_versions.covered_end IS 'Until when, that moment excluded';
COMMENT ON COLUMN coverage_versions.area IS
'Where, as a JSON list of codes and geometries; NULL: not said; null in it: and others';
COMMENT ON COLUMN coverage_versions.quality IS
'full, partial, denied: kept from watching; none: taken back';
COMMENT ON COLUMN coverage_versions.as_stated IS 'The words of the source';
COMMENT ON COLUMN coverage_versions.evidence IS 'Where it can be read';
COMMENT ON COLUMN coverage_versions.payload IS 'The event that said it, in its own JSON text';
COMMENT ON COLUMN coverage_versions.recorded_at IS 'When the log took this version';
COMMENT ON COLUMN coverage_versions.superseded_at IS
'When the log took what replaced it; NULL: stands';
COMMENT ON COLUMN coverage_versions.coverage_key IS 'Hash of conflict and coverage_id';

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
    evidence VARCHAR,
    admitted BOOLEAN NOT NULL,
    denied_by VARCHAR[] NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    superseded_at TIMESTAMPTZ,
    since TIMESTAMPTZ NOT NULL,
    raised_at TIMESTAMPTZ NOT NULL,
    pair_key BIGINT NOT NULL
);

COMMENT ON TABLE verdict_versions IS
'Every version of the verdict on an incident by a commitment, all its claims taken together; a new
value of any of its columns opens one. No row: the incident is certainly outside of every window';
COMMENT ON COLUMN verdict_versions.conflict IS 'The conflict of both';
COMMENT ON COLUMN verdict_versions.commitment_id IS 'The commitment';
COMMENT ON COLUMN verdict_versions.incident_id IS 'The incident';
COMMENT ON COLUMN verdict_versions.party IS 'The one known actor; NULL: none, or several';
COMMENT ON COLUMN verdict_versions.verdict IS 'violation, clear, contested or undetermined';
COMMENT ON COLUMN verdict_versions.occurred_start IS 'Least start over reports and impacts';
COMMENT ON COLUMN verdict_versions.occurred_end IS 'Greatest end over reports and impacts';
COMMENT ON COLUMN verdict_versions.independent_reports IS
'Assertions by who speaks neither for a party that a claim binds nor for one named as actor';
COMMENT ON COLUMN verdict_versions.evidence IS
'one_sided, reported, corroborated or verified; NULL: no report supports a violation';
COMMENT ON COLUMN verdict_versions.admitted IS
'Does a supporting reporter name its own party as the actor?';
COMMENT ON COLUMN verdict_versions.denied_by IS 'The names of who denies that it happened';
COMMENT ON COLUMN verdict_versions.recorded_at IS 'When the log took what made it so';
COMMENT ON COLUMN verdict_versions.superseded_at IS 'When that ceased; NULL: stands';
COMMENT ON COLUMN verdict_versions.since IS
'When the pair came to this verdict, whatever else changed after that';
COMMENT ON COLUMN verdict_versions.raised_at IS
'When the pair came to this verdict and party, whatever else changed after that';
COMMENT ON COLUMN verdict_versions.pair_key IS 'Hash of conflict, commitment_id and incident_id';

CREATE TABLE log_offsets (
    log_id VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    next_offset BIGINT NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL
);

COMMENT ON TABLE log_offsets IS 'How far each partition of each log is in the ledger';
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

CREATE TABLE provenance (
    version VARCHAR NOT NULL,
    rules VARCHAR NOT NULL,
    tzdata VARCHAR NOT NULL,
    iso_lists VARCHAR NOT NULL,
    since TIMESTAMPTZ
);

COMMENT ON TABLE provenance IS 'By what the verdicts were judged, one after the other';
COMMENT ON COLUMN provenance.version IS 'The version of Trucewatch';
COMMENT ON COLUMN provenance.rules IS 'The date of the rules';
COMMENT ON COLUMN provenance.tzdata IS
'The release of the package tzdata, which has the IANA time zones';
COMMENT ON COLUMN provenance.iso_lists IS
'The release of the package pycountry, which has the lists of ISO 3166';
COMMENT ON COLUMN provenance.since IS
'It judged what the log took after this moment; NULL: from the first event on';

-- Of each message by itself most is the same, again and again: so they stand in packets.

CREATE TABLE outbox (
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    piece INTEGER NOT NULL,
    packed BLOB NOT NULL,
    bytes BIGINT NOT NULL
);

COMMENT ON TABLE outbox IS
'Messages that are still to be published, in packets; gone once they are';
COMMENT ON COLUMN outbox.first_seq IS 'The first message of the packet that is not published yet';
COMMENT ON COLUMN outbox.last_seq IS 'The last message of the packet, in the order of publishing';
COMMENT ON COLUMN outbox.piece IS 'Which piece of the packet this row is, from 0';
COMMENT ON COLUMN outbox.packed IS
'A piece of an Arrow stream (LZ4): seq, topic, key, value, headers in MessagePack';
COMMENT ON COLUMN outbox.bytes IS 'How large the keys and values of the packet are';

-- Which notifications went where. Unlike all else in here they do not follow from the log: a
-- rebuilt database must take these tables over, or it begins as if just switched on.

CREATE TABLE notice_targets (
    target VARCHAR NOT NULL,
    since TIMESTAMPTZ NOT NULL
);

COMMENT ON TABLE notice_targets IS 'Where changed verdicts are posted to, while that is on';
COMMENT ON COLUMN notice_targets.target IS 'alertmanager or webhook';
COMMENT ON COLUMN notice_targets.since IS
'When it was switched on: what was recorded before is not told';

CREATE TABLE notices (
    seq BIGINT NOT NULL,
    target VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    conflict VARCHAR NOT NULL,
    commitment_id VARCHAR NOT NULL,
    incident_id VARCHAR NOT NULL,
    party VARCHAR,
    verdict VARCHAR NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    state VARCHAR NOT NULL,
    told_at TIMESTAMPTZ,
    content JSON,
    noted_at TIMESTAMPTZ,
    digest BIGINT,
    version_at TIMESTAMPTZ
);

COMMENT ON TABLE notices IS 'What each target was told, or is still to be told, of a verdict';
COMMENT ON COLUMN notices.seq IS 'The order in which they are told';
COMMENT ON COLUMN notices.target IS 'alertmanager or webhook';
COMMENT ON COLUMN notices.kind IS
'stands; revised: it stands with another text; withdrawn: it stands no more';
COMMENT ON COLUMN notices.conflict IS 'The conflict of both';
COMMENT ON COLUMN notices.commitment_id IS 'The commitment';
COMMENT ON COLUMN notices.incident_id IS 'The incident';
COMMENT ON COLUMN notices.party IS 'The one known actor; NULL: none, or several';
COMMENT ON COLUMN notices.verdict IS 'violation, contested or undetermined';
COMMENT ON COLUMN notices.recorded_at IS 'When the pair came to this verdict and party';
COMMENT ON COLUMN notices.state IS
'waiting; trying (it may have arrived); told; refused by the target; passed (withdrawn before it
was told, or switched off); old (recorded too long ago to be told); digest (one of many in a
message)';
COMMENT ON COLUMN notices.told_at IS 'When it got into a state in which nothing more is to be done';
COMMENT ON COLUMN notices.content IS 'What was posted';
COMMENT ON COLUMN notices.noted_at IS 'When the worker saw that it is to be told';
COMMENT ON COLUMN notices.digest IS 'The message that stands for it and others; NULL: its own';
COMMENT ON COLUMN notices.version_at IS
'The recorded_at of the version that is told of; NULL: of none, it is withdrawn';

CREATE TABLE notice_digests (
    digest BIGINT NOT NULL,
    target VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    conflict VARCHAR NOT NULL,
    commitment_id VARCHAR NOT NULL,
    incident_id VARCHAR,
    verdict VARCHAR NOT NULL,
    since TIMESTAMPTZ NOT NULL,
    opened_at TIMESTAMPTZ NOT NULL,
    closed_at TIMESTAMPTZ,
    state VARCHAR NOT NULL,
    revision INTEGER NOT NULL,
    counted BIGINT NOT NULL,
    standing BIGINT NOT NULL,
    is_final BOOLEAN NOT NULL,
    is_over BOOLEAN NOT NULL,
    told_at TIMESTAMPTZ,
    content JSON
);

COMMENT ON TABLE notice_digests IS
'Messages that stand for many notices each; `notices.digest` says which';
COMMENT ON COLUMN notice_digests.digest IS 'Its number';
COMMENT ON COLUMN notice_digests.target IS 'alertmanager or webhook';
COMMENT ON COLUMN notice_digests.kind IS
'burst: more than TRUCE_NOTIFY_RATE a minute of one commitment; flapping: one incident again and
again';
COMMENT ON COLUMN notice_digests.conflict IS 'The conflict of all';
COMMENT ON COLUMN notice_digests.commitment_id IS 'The commitment of all';
COMMENT ON COLUMN notice_digests.incident_id IS 'The incident that flaps; NULL: a burst';
COMMENT ON COLUMN notice_digests.verdict IS 'The verdict of all; if it flaps, of the first';
COMMENT ON COLUMN notice_digests.since IS 'When the log took what made the first of them so';
COMMENT ON COLUMN notice_digests.opened_at IS 'When the worker began it';
COMMENT ON COLUMN notice_digests.closed_at IS 'When it became quiet; NULL: others still join it';
COMMENT ON COLUMN notice_digests.state IS
'waiting; trying (it may have arrived); told; refused by the target; passed (switched off)';
COMMENT ON COLUMN notice_digests.revision IS 'How often its text was written: 0: never';
COMMENT ON COLUMN notice_digests.counted IS 'Incidents, or times, that the last text counts';
COMMENT ON COLUMN notice_digests.standing IS 'How many of them stand by the last text';
COMMENT ON COLUMN notice_digests.is_final IS 'The last text says the final count';
COMMENT ON COLUMN notice_digests.is_over IS 'The last text says that none stands any more';
COMMENT ON COLUMN notice_digests.told_at IS 'When the target took the last text, or refused it';
COMMENT ON COLUMN notice_digests.content IS 'What was last posted';

-- The ledger numbers its transactions, and each says what the tables hold after it: so a lake that
-- follows the ledger knows what it lacks, and anybody can tell whether a copy is whole.

CREATE TABLE identity (
    ledger_id VARCHAR NOT NULL,
    basis VARCHAR NOT NULL
);

COMMENT ON TABLE identity IS 'Which database this is';
COMMENT ON COLUMN identity.ledger_id IS 'A name that no other database has, but its copies';
COMMENT ON COLUMN identity.basis IS 'What the hashes depend on: versions of DuckDB and the schema';

INSERT INTO identity
SELECT
    uuid()::VARCHAR AS ledger_id,
    '' AS basis;

CREATE TABLE transactions (
    seq BIGINT NOT NULL,
    table_name VARCHAR NOT NULL,
    row_count BIGINT NOT NULL,
    hash UBIGINT NOT NULL
);

COMMENT ON TABLE transactions IS
'What each table held after each transaction that the lake may still have to follow';
COMMENT ON COLUMN transactions.seq IS 'The number of the transaction';
COMMENT ON COLUMN transactions.table_name IS 'The table';
COMMENT ON COLUMN transactions.row_count IS 'How many rows it had';
COMMENT ON COLUMN transactions.hash IS 'The sum of the hashes of its rows, modulo 2^64';

CREATE TABLE changed_rows (
    seq BIGINT NOT NULL,
    table_name VARCHAR NOT NULL,
    place BIGINT NOT NULL
);

COMMENT ON TABLE changed_rows IS
'Versions that were there before a transaction and were changed by it: a lake has yet to follow';
COMMENT ON COLUMN changed_rows.seq IS 'The number of the transaction';
COMMENT ON COLUMN changed_rows.table_name IS 'The table of versions';
COMMENT ON COLUMN changed_rows.place IS 'The rowid of the version, which never changes';
