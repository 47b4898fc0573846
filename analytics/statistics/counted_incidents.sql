-- What is not clear, and who is known to have done it.

CREATE OR REPLACE VIEW known_actors AS
SELECT DISTINCT
    conflict,
    incident_id,
    actor AS party
FROM asserting_reports
WHERE confidence IN ('confirmed', 'likely') AND actor IS NOT NULL;

COMMENT ON VIEW known_actors IS
'Whom the standing reports of an incident that assert it name as its actor, confirmed or likely';
COMMENT ON COLUMN known_actors.conflict IS 'The conflict';
COMMENT ON COLUMN known_actors.incident_id IS 'The incident';
COMMENT ON COLUMN known_actors.party IS 'A party that is known as its actor';

CREATE OR REPLACE VIEW counted_incidents AS
WITH judged AS (
    SELECT
        verdicts.conflict,
        verdicts.commitment_id,
        of_claim.claim_id,
        verdicts.incident_id,
        of_claim.party,
        of_claim.verdict,
        verdicts.occurred_start,
        verdicts.occurred_end
    FROM claim_verdicts AS of_claim
    INNER JOIN verdicts
        ON
            of_claim.conflict = verdicts.conflict
            AND of_claim.commitment_id = verdicts.commitment_id
            AND of_claim.incident_id = verdicts.incident_id
    WHERE of_claim.verdict != 'clear'
    UNION ALL
    SELECT
        conflict,
        commitment_id,
        NULL AS claim_id,
        incident_id,
        party,
        verdict,
        occurred_start,
        occurred_end
    FROM verdicts
    WHERE verdict != 'clear'
)

SELECT
    conflict,
    commitment_id,
    claim_id,
    incident_id,
    party,
    verdict = 'violation' AS is_violation,
    occurred_start,
    occurred_end
FROM judged
WHERE party IS NOT NULL
UNION ALL
SELECT
    judged.conflict,
    judged.commitment_id,
    judged.claim_id,
    judged.incident_id,
    known_actors.party,
    FALSE AS is_violation,
    judged.occurred_start,
    judged.occurred_end
FROM judged
LEFT JOIN known_actors
    ON judged.conflict = known_actors.conflict AND judged.incident_id = known_actors.incident_id
WHERE judged.party IS NULL;

COMMENT ON VIEW counted_incidents IS
'The incidents that are not clear, by each party that is a known actor. Where several are, each has
a row: it is certain of none of them';
COMMENT ON COLUMN counted_incidents.conflict IS 'The conflict';
COMMENT ON COLUMN counted_incidents.commitment_id IS 'The commitment';
COMMENT ON COLUMN counted_incidents.claim_id IS 'The claim; NULL: the commitment as a whole';
COMMENT ON COLUMN counted_incidents.incident_id IS 'The incident';
COMMENT ON COLUMN counted_incidents.party IS 'A known actor; NULL: none is known';
COMMENT ON COLUMN counted_incidents.is_violation IS
'Is it certainly a violation by this party: a violation, and no other actor is known?';
COMMENT ON COLUMN counted_incidents.occurred_start IS 'Least start over reports and impacts';
COMMENT ON COLUMN counted_incidents.occurred_end IS 'Greatest end over reports and impacts';
