-- Why the verdict by a claim is open: which of its criteria are unknown, and who leaves them out.

CREATE OR REPLACE VIEW unknowns AS
WITH open_verdicts AS (
    SELECT
        judged.*,
        claims.acts,
        claims.targets,
        claims.window_start,
        claims.window_end,
        claims.open_ended,
        coalesce(json_array_length(claims.payload, '$.data.area'), 0) AS areas
    FROM claim_verdicts AS judged
    INNER JOIN claims
        ON
            judged.conflict = claims.conflict
            AND judged.commitment_id = claims.commitment_id
            AND judged.claim_id = claims.claim_id
    WHERE judged.verdict = 'undetermined'
),

questions AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        incident_id,
        unnest([
            'in_window',
            'party_bound',
            'act_prohibited',
            'target_covered',
            'in_area',
            'still_bound'
        ]) AS criterion,
        unnest([
            in_window,
            party_bound,
            act_prohibited,
            target_covered,
            in_area,
            still_bound
        ]) AS answer,
        unnest([
            window_start IS NULL OR (window_end IS NULL AND NOT open_ended),
            FALSE,
            len(acts) = 0,
            len(targets) = 0,
            areas = 0,
            FALSE
        ]) AS unsaid
    FROM open_verdicts
),

-- What each report leaves out of what is asked.
left_out AS (
    SELECT
        conflict,
        incident_id,
        criterion,
        list(report_id ORDER BY report_id) AS reports
    FROM (
        SELECT
            conflict,
            incident_id,
            report_id,
            unnest([
                CASE
                    WHEN actor IS NULL OR coalesce(confidence, '') NOT IN ('confirmed', 'likely')
                        THEN 'party_bound'
                END,
                CASE WHEN act IS NULL THEN 'act_prohibited' END,
                CASE WHEN len(targets) = 0 THEN 'target_covered' END,
                CASE
                    WHEN coalesce(json_array_length(places), 0) = 0 THEN 'in_area'
                END
            ]) AS criterion
        FROM asserting_reports
    )
    WHERE criterion IS NOT NULL
    GROUP BY conflict, incident_id, criterion
),

-- Where each question is answered, somebody contradicts it.
contradicted AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        incident_id
    FROM questions
    GROUP BY conflict, commitment_id, claim_id, incident_id
    HAVING count(*) = count(answer)
),

denied AS (
    SELECT
        conflict,
        incident_id,
        list(report_id ORDER BY report_id) AS reports
    FROM reports
    WHERE stance = 'denies'
    GROUP BY conflict, incident_id
)

SELECT
    questions.conflict,
    questions.commitment_id,
    questions.claim_id,
    questions.incident_id,
    questions.criterion,
    questions.unsaid AS unsaid_by_claim,
    coalesce(left_out.reports, []) AS reports
FROM questions
LEFT JOIN left_out
    ON
        questions.conflict = left_out.conflict
        AND questions.incident_id = left_out.incident_id
        AND questions.criterion = left_out.criterion
WHERE questions.answer IS NULL
UNION ALL
SELECT
    contradicted.conflict,
    contradicted.commitment_id,
    contradicted.claim_id,
    contradicted.incident_id,
    NULL AS criterion,
    FALSE AS unsaid_by_claim,
    coalesce(denied.reports, []) AS reports
FROM contradicted
LEFT JOIN denied
    ON
        contradicted.conflict = denied.conflict
        AND contradicted.incident_id = denied.incident_id;

COMMENT ON VIEW unknowns IS
'Why the verdict on an incident by a claim is undetermined: a row for each criterion that is
unknown, or on which its reports or impacts do not agree';
COMMENT ON COLUMN unknowns.conflict IS 'The conflict of both';
COMMENT ON COLUMN unknowns.commitment_id IS 'The commitment that the claim reads';
COMMENT ON COLUMN unknowns.claim_id IS 'The claim';
COMMENT ON COLUMN unknowns.incident_id IS 'The incident';
COMMENT ON COLUMN unknowns.criterion IS
'in_window, party_bound, act_prohibited, target_covered, in_area or still_bound; NULL: each is
answered, and a report denies the incident';
COMMENT ON COLUMN unknowns.unsaid_by_claim IS
'Is it the claim that does not say: no acts, targets or area, or a bound that is not known?';
COMMENT ON COLUMN unknowns.reports IS
'The ids of the reports that leave it out: no actor, or none that is confirmed or likely, no act,
target or place. Empty: all say it, and it is not enough. Without a criterion: who denies';
