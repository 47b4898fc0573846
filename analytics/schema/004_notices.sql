-- Who was told what of the verdicts. Unlike all else in here it does not follow from the log: a
-- database that is built anew must take both tables over, or it begins as if just switched on.

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
    content JSON
);

COMMENT ON TABLE notices IS 'What each target was told, or is still to be told, of a verdict';
COMMENT ON COLUMN notices.seq IS 'The order in which they are told';
COMMENT ON COLUMN notices.target IS 'alertmanager or webhook';
COMMENT ON COLUMN notices.kind IS 'stands, or withdrawn: that version stands no more';
COMMENT ON COLUMN notices.conflict IS 'The conflict of both';
COMMENT ON COLUMN notices.commitment_id IS 'The commitment';
COMMENT ON COLUMN notices.incident_id IS 'The incident';
COMMENT ON COLUMN notices.party IS 'The one known actor; NULL: none, or several';
COMMENT ON COLUMN notices.verdict IS 'violation, contested or undetermined';
COMMENT ON COLUMN notices.recorded_at IS 'When the log took what made it so';
COMMENT ON COLUMN notices.state IS
'waiting; trying (it may have arrived); told; refused by the target; passed (withdrawn before it
was told, or switched off); old (recorded too long ago to be told)';
COMMENT ON COLUMN notices.told_at IS 'When it got into a state in which nothing more is to be done';
COMMENT ON COLUMN notices.content IS 'What was posted';
