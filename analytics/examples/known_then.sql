-- What had been known a day ago, and what stands now?
-- Any moment will do: verdicts_as_of(TIMESTAMPTZ '2026-02-04 12:00:00+00'). It is the log's time.
SELECT
    commitment_id, incident_id,
    before.verdict AS a_day_ago, after.verdict AS now
FROM verdicts_as_of(now() - INTERVAL 1 DAY) AS before
FULL JOIN verdicts AS after USING (conflict, commitment_id, incident_id)
ORDER BY commitment_id, incident_id;
