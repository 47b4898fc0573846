-- When was a source kept from watching, or did it stop for a while?
-- Only of those who say when they watch (coverage.reported).
SELECT conflict, reported_by, gap_start, gap_end, round(seconds / 3600, 1) AS hours, quality
FROM coverage_gaps
ORDER BY seconds DESC, reported_by;
