-- What is the evidence worth on which violations stand, and who denies them?
SELECT
    commitment_id, incident_id, verdict, party, evidence, admitted,
    independent_reports, denied_by
FROM verdicts
WHERE verdict IN ('violation', 'contested')
ORDER BY commitment_id, occurred_start, incident_id;
