-- Incidents a day before, during and after a window, and how the first two compare.

CREATE OR REPLACE MACRO binomial_term(k, n, p) AS (
    exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * ln(p) + (n - k) * ln(1 - p))
);

COMMENT ON MACRO binomial_term IS -- noqa: PRS
'The probability of k successes out of n, each of probability p: binomial_term(k, n, p)';

-- P(X >= x) of X ~ Binomial(n, p), as far as its terms matter: where p < x / n they fall from the
-- first on, and beyond twelve standard deviations there is nothing that a DOUBLE can hold.
CREATE OR REPLACE MACRO binomial_tail(x, n, p) AS (
    list_sum(
        list_transform(
            range(x::BIGINT, least(n::BIGINT, x::BIGINT + 60 + (12 * sqrt(n))::BIGINT) + 1),
            LAMBDA k: binomial_term(k, n, p)
        )
    )
);

COMMENT ON MACRO binomial_tail IS -- noqa: PRS
'The probability of x successes or more out of n, for p not above x / n: binomial_tail(x, n, p)';

-- The least p by which x successes or more have a probability of 2.5 %: Clopper and Pearson's
-- lower bound, the beta quantile (0.025; x, n - x + 1), found by halving.
CREATE OR REPLACE MACRO least_share(x, n) AS (
    list_reduce(
        list_transform(range(50), LAMBDA i: {'low': 0::DOUBLE, 'high': 0::DOUBLE}),
        LAMBDA found, step:
            CASE
                WHEN binomial_tail(x, n, (found.low + found.high) / 2) > 0.025
                    THEN {'low': found.low, 'high': (found.low + found.high) / 2}
                ELSE {'low': (found.low + found.high) / 2, 'high': found.high}
            END,
        {'low': 0::DOUBLE, 'high': x::DOUBLE / n}
    ).high
);

COMMENT ON MACRO least_share IS -- noqa: PRS
'The lower bound of the exact 95 % interval of a share, x out of n, by Clopper and Pearson';

-- Two Poisson counts over equal spans: given their sum, one is binomial (Przyborowski and
-- Wilenski 1940), so that the exact interval of its share gives that of their ratio.
CREATE OR REPLACE MACRO least_ratio(x, y) AS (
    CASE WHEN x > 0 THEN least_share(x, x + y) / (1 - least_share(x, x + y)) ELSE 0 END
);

COMMENT ON MACRO least_ratio IS -- noqa: PRS
'The lower bound of the exact 95 % interval of the ratio of two rates, by the counts x and y of
equal spans. Its upper bound is 1 / least_ratio(y, x), without bound where y is 0';

CREATE OR REPLACE VIEW incident_rates AS
WITH parts AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        bound_parties,
        unnest(window_parts) AS part
    FROM claims
    WHERE stance = 'asserts'
),

read_by AS (
    SELECT
        * EXCLUDE (bound_parties),
        unnest(bound_parties) AS party
    FROM parts
    UNION ALL
    SELECT
        * EXCLUDE (bound_parties) REPLACE (NULL AS claim_id),
        unnest(bound_parties) AS party
    FROM parts
),

cores AS (
    SELECT
        read_by.conflict,
        read_by.commitment_id,
        read_by.claim_id,
        read_by.party,
        obligations.zone,
        epoch_us(read_by.part.core_starts) AS starts,
        -- No window ends later than 9999.
        coalesce(epoch_us(read_by.part.core_ends), 253402300800000000) AS ends
    FROM read_by
    INNER JOIN obligations
        ON
            read_by.conflict = obligations.conflict
            AND read_by.commitment_id = obligations.commitment_id
            AND read_by.claim_id IS NOT DISTINCT FROM obligations.claim_id
            AND read_by.party = obligations.party
    WHERE obligations.is_core_known AND NOT obligations.is_daily
),

-- Equal spans stand only beside a core in one piece.
pieces AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        zone,
        min(starts) AS starts,
        max(ends) AS ends
    FROM (
        SELECT
            *,
            max(ends) OVER (
                PARTITION BY conflict, commitment_id, claim_id, party
                ORDER BY starts, ends
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS reached
        FROM cores
        WHERE starts < ends
    ) AS walked
    GROUP BY conflict, commitment_id, claim_id, party, zone
    HAVING count(*) FILTER (WHERE starts > reached) = 0
),

-- The day of the first report was watched from its beginning, that of the last to its end.
watched AS (
    SELECT
        pieces.*,
        first_moment(pieces.zone, local_day(pieces.zone, epoch_us(observed.observed_from)))
            AS seen_from,
        first_moment(
            pieces.zone, local_day(pieces.zone, epoch_us(observed.observed_to) - 1) + 1
        ) AS seen_to
    FROM pieces
    INNER JOIN observed ON pieces.conflict = observed.conflict
),

spans AS (
    SELECT
        *,
        least(ends, seen_to) AS seen_end,
        least(ends, seen_to) - starts AS span,
        2 * starts - least(ends, seen_to) >= seen_from AS is_before_seen,
        ends + (ends - starts) <= seen_to AS is_after_seen
    FROM watched
    WHERE starts < least(ends, seen_to)
),

acts AS (
    SELECT
        reports.conflict,
        known_actors.party,
        reports.incident_id,
        min(epoch_us(reports.occurred_start)) AS starts,
        -- An instant lasts a microsecond here.
        max(greatest(epoch_us(reports.occurred_end), epoch_us(reports.occurred_start) + 1)) AS ends
    FROM asserting_reports AS reports
    INNER JOIN known_actors
        ON
            reports.conflict = known_actors.conflict
            AND reports.incident_id = known_actors.incident_id
    GROUP BY reports.conflict, known_actors.party, reports.incident_id
),

counts AS (
    SELECT
        spans.conflict,
        spans.commitment_id,
        spans.claim_id,
        spans.party,
        any_value(spans.span) / 86400000000 AS days,
        any_value(spans.is_before_seen) AS is_before_seen,
        any_value(spans.is_after_seen) AS is_after_seen,
        count(*) FILTER (
            WHERE acts.starts >= spans.starts - spans.span AND acts.ends <= spans.starts
        ) AS before,
        count(*) FILTER (
            WHERE acts.starts < spans.starts AND acts.ends > spans.starts - spans.span
        ) AS before_most,
        count(*) FILTER (
            WHERE acts.starts >= spans.starts AND acts.ends <= spans.seen_end
        ) AS during,
        count(*) FILTER (
            WHERE acts.starts < spans.seen_end AND acts.ends > spans.starts
        ) AS during_most,
        count(*) FILTER (
            WHERE acts.starts >= spans.ends AND acts.ends <= spans.ends + spans.span
        ) AS after
    FROM spans
    LEFT JOIN acts
        ON
            spans.conflict = acts.conflict
            AND spans.party = acts.party
            AND acts.starts < spans.seen_end + spans.span
            AND acts.ends > spans.starts - spans.span
    GROUP BY spans.conflict, spans.commitment_id, spans.claim_id, spans.party
)

SELECT
    conflict,
    commitment_id,
    claim_id,
    party,
    CASE WHEN is_before_seen THEN before / days END AS rate_before,
    during / days AS rate_during,
    CASE WHEN is_after_seen THEN after / days END AS rate_after,
    CASE WHEN is_before_seen AND before > 0 THEN during / before END AS rate_ratio,
    CASE WHEN is_before_seen THEN least_ratio(during, before_most) END AS rate_ratio_low,
    CASE
        WHEN is_before_seen AND before > 0 THEN 1 / least_ratio(before, during_most)
    END AS rate_ratio_high
FROM counts;

COMMENT ON VIEW incident_rates IS
'How often a party acted before, during and after the core of a window, over equal spans: of all
incidents of the conflict of which it is a known actor, whatever was promised. Of one that straddles
a boundary it is not known on which side it was: it is in no rate, and widens the interval';
COMMENT ON COLUMN incident_rates.conflict IS 'The conflict';
COMMENT ON COLUMN incident_rates.commitment_id IS 'The commitment';
COMMENT ON COLUMN incident_rates.claim_id IS 'The claim; NULL: the commitment as a whole';
COMMENT ON COLUMN incident_rates.party IS 'The party that is claimed to be bound';
COMMENT ON COLUMN incident_rates.rate_before IS
'Incidents a day that were certainly before; NULL: nobody reported as early as that';
COMMENT ON COLUMN incident_rates.rate_during IS 'Incidents a day that were certainly during';
COMMENT ON COLUMN incident_rates.rate_after IS
'Incidents a day that were certainly after; NULL: nobody reported as late as that';
COMMENT ON COLUMN incident_rates.rate_ratio IS
'rate_during over rate_before; NULL: that is 0, or unknown';
COMMENT ON COLUMN incident_rates.rate_ratio_low IS
'Lower bound of the exact 95 % interval of the ratio of two Poisson rates';
COMMENT ON COLUMN incident_rates.rate_ratio_high IS
'Upper bound of that interval; NULL: it has none, or nothing is known';
