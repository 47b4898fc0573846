-- Who watched: what stands, and what stood at any earlier moment of the log.

CREATE OR REPLACE VIEW coverage AS
SELECT
    conflict,
    coverage_id,
    reported_by,
    reporter_kind,
    reporter_party,
    covered_start,
    covered_end,
    area,
    quality,
    as_stated,
    evidence,
    payload,
    recorded_at
FROM coverage_versions
WHERE superseded_at IS NULL AND quality != 'none';

COMMENT ON VIEW coverage IS
'What stands of who watched where and when, and who was kept from it (quality denied): one row each.
It moves no verdict: it says what the absence of reports is worth';
COMMENT ON COLUMN coverage.conflict IS 'The conflict that was watched';
COMMENT ON COLUMN coverage.coverage_id IS 'The statement';
COMMENT ON COLUMN coverage.reported_by IS 'Who watched, or says who did';
COMMENT ON COLUMN coverage.reporter_kind IS 'What kind of source that is';
COMMENT ON COLUMN coverage.reporter_party IS 'The party that the reporter speaks for';
COMMENT ON COLUMN coverage.covered_start IS 'From when on';
COMMENT ON COLUMN coverage.covered_end IS 'Until when, that moment excluded';
COMMENT ON COLUMN coverage.area IS
'Where, as a JSON list of codes and geometries; NULL: not said; null in it: and others';
COMMENT ON COLUMN coverage.quality IS 'full, partial, or denied: kept from watching';
COMMENT ON COLUMN coverage.as_stated IS 'The words of the source';
COMMENT ON COLUMN coverage.evidence IS 'Where it can be read';
COMMENT ON COLUMN coverage.payload IS 'The event that said it, in its own JSON text';
COMMENT ON COLUMN coverage.recorded_at IS 'When the log took this version';

CREATE OR REPLACE MACRO coverage_as_of(ts) AS TABLE
    SELECT * EXCLUDE (superseded_at, coverage_key)
    FROM coverage_versions
    WHERE recorded_at <= ts AND coalesce(superseded_at > ts, TRUE) AND quality != 'none';

COMMENT ON MACRO TABLE coverage_as_of IS -- noqa: PRS
'The coverage as it was known at a moment of the log: FROM coverage_as_of(TIMESTAMPTZ ''...'')';
