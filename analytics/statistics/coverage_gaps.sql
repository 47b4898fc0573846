-- When a source did not watch, though it did before and after, and when it was kept from it.

CREATE OR REPLACE VIEW coverage_gaps AS
WITH stretches AS (
    SELECT
        conflict,
        reported_by,
        covered_start,
        covered_end,
        FALSE AS is_denied
    FROM coverage
    WHERE quality IN ('full', 'partial')
    UNION ALL
    SELECT
        conflict,
        reported_by,
        covered_start,
        covered_end,
        TRUE AS is_denied
    FROM coverage
    WHERE quality = 'denied'
),

edges AS (
    SELECT
        conflict,
        reported_by,
        covered_start AS edge,
        CASE WHEN is_denied THEN 0 ELSE 1 END AS watching,
        CASE WHEN is_denied THEN 1 ELSE 0 END AS kept_out
    FROM stretches
    UNION ALL
    SELECT
        conflict,
        reported_by,
        covered_end AS edge,
        CASE WHEN is_denied THEN 0 ELSE -1 END AS watching,
        CASE WHEN is_denied THEN -1 ELSE 0 END AS kept_out
    FROM stretches
),

moments AS (
    SELECT
        conflict,
        reported_by,
        edge,
        sum(watching) AS watching,
        sum(kept_out) AS kept_out
    FROM edges
    GROUP BY conflict, reported_by, edge
),

-- From each moment at which anything changes to the next.
between AS (
    SELECT
        conflict,
        reported_by,
        edge AS starts,
        lead(edge) OVER walk AS ends,
        sum(watching) OVER walk AS watching,
        sum(kept_out) OVER walk AS kept_out
    FROM moments
    WINDOW walk AS (PARTITION BY conflict, reported_by ORDER BY edge)
),

unwatched AS (
    SELECT
        conflict,
        reported_by,
        starts,
        ends,
        CASE WHEN kept_out > 0 THEN 'denied' ELSE 'unsaid' END AS quality
    FROM between
    WHERE watching = 0 AND ends IS NOT NULL
),

numbered AS (
    SELECT
        *,
        count(*) FILTER (is_new) OVER (
            PARTITION BY conflict, reported_by
            ORDER BY starts
            ROWS UNBOUNDED PRECEDING
        ) AS gap
    FROM (
        SELECT
            *,
            coalesce(lag(ends) OVER walk != starts OR lag(quality) OVER walk != quality, TRUE)
                AS is_new
        FROM unwatched
        WINDOW walk AS (PARTITION BY conflict, reported_by ORDER BY starts)
    )
)

SELECT
    conflict,
    reported_by,
    min(starts) AS gap_start,
    max(ends) AS gap_end,
    (epoch_us(max(ends)) - epoch_us(min(starts))) / 1000000 AS seconds,
    any_value(quality) AS quality
FROM numbered
GROUP BY conflict, reported_by, gap;

COMMENT ON VIEW coverage_gaps IS
'When a source did not watch: the stretches between its first and its last coverage that none in
full or in part includes, wherever that was. It says nothing of the time before and after';
COMMENT ON COLUMN coverage_gaps.conflict IS 'The conflict';
COMMENT ON COLUMN coverage_gaps.reported_by IS 'The source, by name';
COMMENT ON COLUMN coverage_gaps.gap_start IS 'From when on';
COMMENT ON COLUMN coverage_gaps.gap_end IS 'Until when, that moment excluded';
COMMENT ON COLUMN coverage_gaps.seconds IS 'How long that is';
COMMENT ON COLUMN coverage_gaps.quality IS
'denied: it says that it was kept from watching; unsaid: it says nothing of that time';
