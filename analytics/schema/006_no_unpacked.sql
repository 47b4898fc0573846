-- What was in it has been packed anew.

DROP TABLE unpacked_outbox;
