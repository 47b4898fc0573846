-- Messages to publish stand in packets: of each by itself most was the same, again and again. What
-- is left of them is packed anew after this, before the next change of the schema.

ALTER TABLE outbox RENAME TO unpacked_outbox;

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
