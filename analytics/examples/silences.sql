-- For how long did nobody report anything, between the first report and the last?
SELECT conflict, silent_from, silent_to, round(epoch(silent_to - silent_from) / 3600, 1) AS hours
FROM (
    SELECT conflict, occurred_start AS silent_to, max(occurred_end) OVER (PARTITION BY conflict
        ORDER BY occurred_start ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS silent_from
    FROM asserting_reports
)
WHERE silent_to > silent_from ORDER BY hours DESC;
