-- The tables of the lake by the names that they have in the ledger, in memory, for views.sql to
-- stand on. What each column holds stands beside the columns of `lake` itself.

CREATE OR REPLACE VIEW accepted AS
FROM lake.accepted;

COMMENT ON VIEW accepted IS
'Every accepted event, once, with what it says if it reports an incident: NULL in all others';

CREATE OR REPLACE VIEW claim_versions AS
FROM lake.claim_versions;

COMMENT ON VIEW claim_versions IS 'Every version of every claim and denial';

CREATE OR REPLACE VIEW coverage_versions AS
FROM lake.coverage_versions;

COMMENT ON VIEW coverage_versions IS
'Every version of what was said of who watched where and when, and of who was kept from it';

CREATE OR REPLACE VIEW claim_verdict_versions AS
FROM lake.claim_verdict_versions;

COMMENT ON VIEW claim_verdict_versions IS
'Every version of the verdict on an incident by one claim; a new verdict, party or criterion opens
one. No row: the incident is certainly outside the window of the claim';

CREATE OR REPLACE VIEW verdict_versions AS
FROM lake.verdict_versions;

COMMENT ON VIEW verdict_versions IS
'Every version of the verdict on an incident by a commitment, all its claims taken together; a new
value of any of its columns opens one. No row: the incident is certainly outside of every window';

CREATE OR REPLACE VIEW rejected AS
FROM lake.rejected;

COMMENT ON VIEW rejected IS 'What came in the log and could not be taken';

CREATE OR REPLACE VIEW provenance AS
FROM lake.provenance;

COMMENT ON VIEW provenance IS 'By what the verdicts were judged, one after the other';

CREATE OR REPLACE VIEW log_offsets AS
FROM lake.log_offsets;

COMMENT ON VIEW log_offsets IS 'How far each partition of each log is in the ledger';

CREATE OR REPLACE VIEW notice_targets AS
FROM lake.notice_targets;

COMMENT ON VIEW notice_targets IS 'Where changed verdicts are posted to, while that is on';

CREATE OR REPLACE VIEW notices AS
FROM lake.notices;

COMMENT ON VIEW notices IS 'What was posted to each target, or is still to be, of a verdict';

CREATE OR REPLACE VIEW notice_digests AS
FROM lake.notice_digests;

COMMENT ON VIEW notice_digests IS
'Messages that stand for many notices each; `notices.digest` says which';

CREATE OR REPLACE VIEW lake_mark AS
SELECT
    NULL::VARCHAR AS worker,
    *,
    NULL::INTEGER[] AS partitions
FROM lake.lake_mark;

COMMENT ON VIEW lake_mark IS
'How far the lake is: the last transaction of the ledger that it holds, and when that was noted. If
several workers write it, a row for each, with the partitions of which its rows are shown';

CREATE OR REPLACE VIEW contents AS
SELECT
    NULL::VARCHAR AS worker,
    *
FROM lake.contents;

COMMENT ON VIEW contents IS
'How many rows each table has, and their hash, as the transactions of the ledger counted them. If
several workers write the lake, by worker';
