-- How often, how soon and on how many days a commitment was broken, by whose account.

CREATE OR REPLACE VIEW compliance AS
SELECT
    obligations.conflict,
    obligations.commitment_id,
    obligations.claim_id,
    obligations.party,
    obligations.window_start,
    obligations.window_end,
    counts.violations_lower,
    counts.violations_upper,
    counts.unattributed,
    counts.first_violation_at,
    CASE
        WHEN counts.first_violation_at < obligations.window_start THEN 0
        ELSE
            (epoch_us(counts.first_violation_at) - epoch_us(obligations.window_start)) / 1000000
    END AS seconds_to_first_violation,
    counts.first_violation_latest,
    free_days.free_lower AS violation_free_days_lower,
    free_days.free_upper AS violation_free_days_upper,
    free_days.days,
    free_days.days_upper,
    free_days.unobserved_days,
    rates.rate_before,
    rates.rate_during,
    rates.rate_after,
    rates.rate_ratio,
    rates.rate_ratio_low,
    rates.rate_ratio_high
FROM obligations
INNER JOIN violation_counts AS counts
    ON
        obligations.conflict = counts.conflict
        AND obligations.commitment_id = counts.commitment_id
        AND obligations.claim_id IS NOT DISTINCT FROM counts.claim_id
        AND obligations.party = counts.party
LEFT JOIN free_days
    ON
        obligations.conflict = free_days.conflict
        AND obligations.commitment_id = free_days.commitment_id
        AND obligations.claim_id IS NOT DISTINCT FROM free_days.claim_id
        AND obligations.party = free_days.party
LEFT JOIN incident_rates AS rates
    ON
        obligations.conflict = rates.conflict
        AND obligations.commitment_id = rates.commitment_id
        AND obligations.claim_id IS NOT DISTINCT FROM rates.claim_id
        AND obligations.party = rates.party;

COMMENT ON VIEW compliance IS
'How well each bound party kept to each claim, and (claim_id NULL) to the commitment by all its
claims together. No reports is not compliance: look at what was reported, too. Whoever says one of
violations_lower, violations_upper and unattributed says all three';
COMMENT ON COLUMN compliance.conflict IS 'The conflict';
COMMENT ON COLUMN compliance.commitment_id IS 'The commitment';
COMMENT ON COLUMN compliance.claim_id IS 'The claim; NULL: the commitment as a whole';
COMMENT ON COLUMN compliance.party IS 'The party that is claimed to be bound';
COMMENT ON COLUMN compliance.window_start IS 'Earliest possible start; NULL: unknown';
COMMENT ON COLUMN compliance.window_end IS 'Latest possible end; NULL: unknown, or open';
COMMENT ON COLUMN compliance.violations_lower IS
'Incidents that are a violation, with this party as the only known actor';
COMMENT ON COLUMN compliance.violations_upper IS
'Incidents that are not clear, with this party as a known actor: where reports blame several, each
of these has it here. Beside these, any that are unattributed may be the party''s';
COMMENT ON COLUMN compliance.unattributed IS
'Incidents that are not clear and have no known actor: the same for all parties, so never to be
added up over them';
COMMENT ON COLUMN compliance.first_violation_at IS
'Earliest possible start of the first violation, by the time of the world';
COMMENT ON COLUMN compliance.seconds_to_first_violation IS
'Seconds from window_start to first_violation_at; 0 if it had begun before';
COMMENT ON COLUMN compliance.first_violation_latest IS
'By then the first violation had certainly happened';
COMMENT ON COLUMN compliance.violation_free_days_lower IS
'Of days, those certainly without a violation: without the most days that incidents that are not
clear, of the party or unattributed, can touch. One whose interval meets one or two local days may
have touched each, a longer one counts as one of its days';
COMMENT ON COLUMN compliance.violation_free_days_upper IS
'Of days, those possibly without a violation: without the fewest days that can hold one moment of
each violation';
COMMENT ON COLUMN compliance.days IS
'Local days that the core of the window touches, up to where anybody last reported on the conflict;
in the zone of the first part of the window, else UTC (a commitment: if its claims agree, else UTC).
NULL: from when to when it certainly holds is not known';
COMMENT ON COLUMN compliance.days_upper IS
'The same of the hull; NULL: from when to when it may hold is not known';
COMMENT ON COLUMN compliance.unobserved_days IS
'Local days of the core after that, of which nothing is known: never free. NULL: its end is open, or
its bounds are not known';
COMMENT ON COLUMN compliance.rate_before IS
'Incidents a day over a span before the core, as long as that of rate_during. The incidents are all
of the conflict of which the party is a known actor, whatever was promised, that were certainly in
the span. NULL: nobody reported as early as that, or the core is not known or in several pieces';
COMMENT ON COLUMN compliance.rate_during IS
'The same over the core, up to the end of the day of the last report. One that straddles a boundary
is in no rate';
COMMENT ON COLUMN compliance.rate_after IS
'The same over an equal span after the core; NULL, too: nobody reported as late as that';
COMMENT ON COLUMN compliance.rate_ratio IS
'rate_during over rate_before; NULL: that is 0, or unknown';
COMMENT ON COLUMN compliance.rate_ratio_low IS
'Lower bound of the exact 95 % interval of the ratio of two Poisson rates (conditional on their sum,
by Clopper and Pearson), with what straddles a boundary counted as before';
COMMENT ON COLUMN compliance.rate_ratio_high IS
'Upper bound of that interval, with what straddles a boundary counted as during; NULL: it has none,
or nothing is known';
