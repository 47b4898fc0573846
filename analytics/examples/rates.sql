-- Did it become quieter? Incidents a day before, during and after each claim's window.
SELECT
    commitment_id, claim_id, party, round(rate_before, 2) AS before,
    round(rate_during, 2) AS during, round(rate_after, 2) AS after, round(rate_ratio, 2) AS ratio,
    round(rate_ratio_low, 2) AS ratio_low, round(rate_ratio_high, 2) AS ratio_high
FROM compliance
WHERE claim_id IS NOT NULL ORDER BY ALL;
