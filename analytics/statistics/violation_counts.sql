-- How often each party broke what it is bound by: at least, at most, and by nobody that is known.

CREATE OR REPLACE VIEW violation_counts AS
WITH counted AS MATERIALIZED (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        count(*) FILTER (WHERE is_violation) AS violations_lower,
        count(*) AS violations_upper,
        min(occurred_start) FILTER (WHERE is_violation) AS first_violation_at,
        min(occurred_end) FILTER (WHERE is_violation) AS first_violation_latest
    FROM counted_incidents
    GROUP BY conflict, commitment_id, claim_id, party
)

SELECT
    obligations.conflict,
    obligations.commitment_id,
    obligations.claim_id,
    obligations.party,
    coalesce(tally.violations_lower, 0) AS violations_lower,
    coalesce(tally.violations_upper, 0) AS violations_upper,
    coalesce(nobodys.violations_upper, 0) AS unattributed,
    tally.first_violation_at,
    tally.first_violation_latest
FROM obligations
LEFT JOIN counted AS tally
    ON
        obligations.conflict = tally.conflict
        AND obligations.commitment_id = tally.commitment_id
        AND obligations.claim_id IS NOT DISTINCT FROM tally.claim_id
        AND obligations.party = tally.party
LEFT JOIN counted AS nobodys
    ON
        obligations.conflict = nobodys.conflict
        AND obligations.commitment_id = nobodys.commitment_id
        AND obligations.claim_id IS NOT DISTINCT FROM nobodys.claim_id
        AND nobodys.party IS NULL;

COMMENT ON VIEW violation_counts IS
'How often each bound party broke each claim, and (claim_id NULL) the commitment: the counts of
compliance, without its days and rates';
COMMENT ON COLUMN violation_counts.conflict IS 'The conflict';
COMMENT ON COLUMN violation_counts.commitment_id IS 'The commitment';
COMMENT ON COLUMN violation_counts.claim_id IS 'The claim; NULL: the commitment as a whole';
COMMENT ON COLUMN violation_counts.party IS 'The party that is claimed to be bound';
COMMENT ON COLUMN violation_counts.violations_lower IS
'Incidents that are a violation, with this party as the only known actor';
COMMENT ON COLUMN violation_counts.violations_upper IS
'Incidents that are not clear, with this party as a known actor: where reports blame several, each
of these has it here. Beside these, any that are unattributed may be the party''s';
COMMENT ON COLUMN violation_counts.unattributed IS
'Incidents that are not clear and have no known actor: the same for all parties, so never to be
added up over them';
COMMENT ON COLUMN violation_counts.first_violation_at IS
'Earliest possible start of the first violation, by the time of the world';
COMMENT ON COLUMN violation_counts.first_violation_latest IS
'By then the first violation had certainly happened';
