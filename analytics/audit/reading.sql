-- What is audited, and by what: copied into a database of its own, which nobody else writes.

-- One statement, so that it sees one state of a database that a worker goes on writing. The facts
-- come from columns where there are such, otherwise from the event's own JSON.
-- name: snapshot
SELECT
    'claim' AS kind,
    conflict,
    commitment_id,
    claim_id,
    stance,
    bound_parties,
    acts,
    targets,
    reciprocal,
    other_conditions,
    json_extract(payload, '$.data.window')::VARCHAR AS time_window,
    json_extract(payload, '$.data.area')::VARCHAR AS area
FROM claims
UNION ALL BY NAME
SELECT
    'report' AS kind,
    conflict,
    incident_id,
    report_id,
    reported_by,
    reporter_kind,
    reporter_party,
    stance,
    epoch_us(occurred_start) AS starts,
    epoch_us(occurred_end) AS ends,
    certainty,
    json_extract_string(payload, '$.data.occurred.of') AS timed,
    json_extract_string(payload, '$.data.occurred.flight') AS flight,
    actor AS party,
    confidence,
    act,
    targets,
    places::VARCHAR AS places,
    impacts::VARCHAR AS impacts
FROM reports
UNION ALL BY NAME
SELECT
    'claim_verdict' AS kind,
    conflict,
    commitment_id,
    claim_id,
    incident_id,
    party,
    verdict,
    in_window,
    party_bound,
    act_prohibited,
    target_covered,
    in_area,
    still_bound
FROM claim_verdicts
UNION ALL BY NAME
SELECT
    'verdict' AS kind,
    conflict,
    commitment_id,
    incident_id,
    party,
    verdict,
    epoch_us(occurred_start) AS starts,
    epoch_us(occurred_end) AS ends,
    independent_reports,
    evidence,
    admitted,
    denied_by
FROM verdicts;

-- name: empty
CREATE OR REPLACE TABLE told_claims (
    conflict VARCHAR,
    commitment_id VARCHAR,
    claim_id VARCHAR,
    stance VARCHAR,
    bound_parties VARCHAR[],
    acts VARCHAR[],
    targets VARCHAR[],
    reciprocal BOOLEAN,
    other_conditions VARCHAR,
    time_window VARCHAR,
    area VARCHAR
);

CREATE OR REPLACE TABLE told_reports (
    conflict VARCHAR,
    incident_id VARCHAR,
    report_id VARCHAR,
    reported_by VARCHAR,
    reporter_kind VARCHAR,
    reporter_party VARCHAR,
    stance VARCHAR,
    starts BIGINT,
    ends BIGINT,
    certainty VARCHAR,
    timed VARCHAR,
    flight VARCHAR,
    party VARCHAR,
    confidence VARCHAR,
    act VARCHAR,
    targets VARCHAR[],
    places VARCHAR,
    impacts VARCHAR
);

CREATE OR REPLACE TABLE stored_claim_verdicts (
    conflict VARCHAR,
    commitment_id VARCHAR,
    claim_id VARCHAR,
    incident_id VARCHAR,
    party VARCHAR,
    verdict VARCHAR,
    in_window BOOLEAN,
    party_bound BOOLEAN,
    act_prohibited BOOLEAN,
    target_covered BOOLEAN,
    in_area BOOLEAN,
    still_bound BOOLEAN
);

CREATE OR REPLACE TABLE stored_verdicts (
    conflict VARCHAR,
    commitment_id VARCHAR,
    incident_id VARCHAR,
    party VARCHAR,
    verdict VARCHAR,
    starts BIGINT,
    ends BIGINT,
    independent_reports INTEGER,
    evidence VARCHAR,
    admitted BOOLEAN,
    denied_by VARCHAR[]
);

-- Of each kind by itself, since not each answer has all of them.
-- name: take_claim
INSERT INTO told_claims BY NAME
SELECT
    conflict,
    commitment_id,
    claim_id,
    stance,
    bound_parties,
    acts,
    targets,
    reciprocal,
    other_conditions,
    time_window,
    area
FROM staged
WHERE kind = 'claim';

-- name: take_report
INSERT INTO told_reports BY NAME
SELECT
    conflict,
    incident_id,
    report_id,
    reported_by,
    reporter_kind,
    reporter_party,
    stance,
    starts,
    ends,
    certainty,
    timed,
    flight,
    party,
    confidence,
    act,
    targets,
    places,
    impacts
FROM staged
WHERE kind = 'report';

-- name: take_claim_verdict
INSERT INTO stored_claim_verdicts BY NAME
SELECT
    conflict,
    commitment_id,
    claim_id,
    incident_id,
    party,
    verdict,
    in_window,
    party_bound,
    act_prohibited,
    target_covered,
    in_area,
    still_bound
FROM staged
WHERE kind = 'claim_verdict';

-- name: take_verdict
INSERT INTO stored_verdicts BY NAME
SELECT
    conflict,
    commitment_id,
    incident_id,
    party,
    verdict,
    starts,
    ends,
    independent_reports,
    evidence,
    admitted,
    denied_by
FROM staged
WHERE kind = 'verdict';
