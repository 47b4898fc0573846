-- Many notices may be one message: a burst of a commitment, or an incident that flaps.

ALTER TABLE notices ADD COLUMN noted_at TIMESTAMPTZ;

ALTER TABLE notices ADD COLUMN digest BIGINT;

COMMENT ON COLUMN notices.state IS
'waiting; trying (it may have arrived); told; refused by the target; passed (withdrawn before it
was told, or switched off); old (recorded too long ago to be told); digest (one of many in a
message)';
COMMENT ON COLUMN notices.noted_at IS 'When the worker saw that it is to be told';
COMMENT ON COLUMN notices.digest IS 'The message that stands for it and others; NULL: its own';

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
