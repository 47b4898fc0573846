-- Pairs of incidents that may be one: of each block the pairs that are compared, then how much each
-- thing that they say speaks for one incident or for two, in bits, which add up.

-- How far apart two points are, on a sphere, in km.
CREATE OR REPLACE MACRO km_between(lat, lon, other_lat, other_lon) AS (
    12742.0 * asin(
        sqrt(
            least(
                1,
                pow(sin(radians(other_lat - lat) / 2), 2)
                + cos(radians(lat)) * cos(radians(other_lat))
                * pow(sin(radians(other_lon - lon) / 2), 2)
            )
        )
    )
);

COMMENT ON MACRO km_between IS -- noqa: PRS
'The distance of two points on a sphere as large as the earth, in km';

-- What a number says that two reports give: nothing where one gives none. The larger it is, the less
-- do two incidents share it by chance. `heavy` is what a number that differs speaks against.
CREATE OR REPLACE MACRO number_bits(low, high, other_low, other_high, heavy) AS (
    CASE
        WHEN coalesce(low, high) IS NULL OR coalesce(other_low, other_high) IS NULL THEN 0
        WHEN
            coalesce(low <= other_high, TRUE) AND coalesce(other_low <= high, TRUE)
            THEN least(3, 0.2 + log2(1 + greatest(coalesce(low, 0), coalesce(other_low, 0))) * 0.6)
        WHEN
            greatest(coalesce(low, high), coalesce(other_low, other_high))
            <= least(coalesce(high, low), coalesce(other_high, other_low)) * 1.25 + 1
            THEN 0.5
        ELSE heavy
    END
);

COMMENT ON MACRO number_bits IS -- noqa: PRS
'How much two numbers, each between limits, speak for one incident (above 0) or for two (below 0)';

CREATE OR REPLACE MACRO duplicates_between(since, until, least_score) AS TABLE
    WITH compared AS MATERIALIZED (
        FROM compared_reports(since, until)
    ),

    divided AS MATERIALIZED (
        FROM report_parts(since, until)
    ),

    -- Of two reports the later to begin is looked for where it begins, from where the earlier reaches.
    found AS (
        SELECT
            x.r AS x,
            y.r AS y
        FROM divided AS x
        INNER JOIN divided AS y ON x.part = y.part
        WHERE
            y.is_start
            AND (x.is_wanting OR y.is_wanting)
            AND (x.starts < y.starts OR (x.starts = y.starts AND x.r < y.r))
            AND y.starts <= x.ends + 43200000000
            AND x.told_by != y.told_by
            AND coalesce(abs(x.lat - y.lat) * 111 <= x.km + y.km + 25, TRUE)
            AND coalesce(
                abs(x.lon - y.lon) * 111 * cos(radians(x.lat)) <= x.km + y.km + 25, TRUE
            )
    ),

    -- By what few have: a word, or an address where it can be read.
    said AS (
        SELECT
            r,
            conflict,
            unnest(words) AS word
        FROM compared
    ),

    rare AS MATERIALIZED (
        SELECT
            said.r,
            said.conflict,
            said.word
        FROM said
        INNER JOIN (
            SELECT
                conflict,
                word
            FROM said
            GROUP BY conflict, word
            HAVING count(*) BETWEEN 2 AND 12
        ) AS seldom ON said.conflict = seldom.conflict AND said.word = seldom.word
    ),

    worded AS (
        SELECT
            least(x.r, y.r) AS x,
            greatest(x.r, y.r) AS y,
            list(DISTINCT x.word ORDER BY x.word) AS words
        FROM rare AS x
        INNER JOIN rare AS y ON x.conflict = y.conflict AND x.word = y.word
        WHERE x.r < y.r
        GROUP BY x.r, y.r
    ),

    -- One that is found twice, in two places or by a word, too, is weighed twice: the best of it counts.
    pairs AS (
        SELECT
            x,
            y,
            NULL AS words
        FROM found
        UNION ALL
        SELECT
            x,
            y,
            words
        FROM worded
    ),

    measured AS (
        SELECT
            x.conflict,
            least(x.incident_id, y.incident_id) AS incident_id,
            greatest(x.incident_id, y.incident_id) AS other_incident_id,
            coalesce(pairs.words, []) AS words,
            x.figures AS x_figures,
            y.figures AS y_figures,
            x.incident_key != y.incident_key AND x.told_by != y.told_by AS are_two,
            x.source = y.source AS is_one_source,
            greatest(x.starts, y.starts) - least(x.ends, y.ends) AS gap,
            greatest(x.ends, y.ends) - least(x.starts, y.starts) AS span,
            CASE
                WHEN len(x.points) = 1 AND len(y.points) = 1
                    THEN
                        km_between(x.points[1].lat, x.points[1].lon, y.points[1].lat, y.points[1].lon)
                WHEN len(x.points) > 0 AND len(y.points) > 0
                    THEN list_min(
                        list_transform(
                            x.points,
                            LAMBDA one: list_min(
                                list_transform(
                                    y.points,
                                    LAMBDA other: km_between(one.lat, one.lon, other.lat, other.lon)
                                )
                            )
                        )
                    )
            END AS km,
            coalesce(x.points[1].radius_km, 0) + coalesce(y.points[1].radius_km, 0) AS around,
            CASE
                WHEN len(x.codes) <= 1 AND len(y.codes) <= 1 THEN coalesce(x.codes[1] = y.codes[1], FALSE)
                ELSE list_has_any(x.codes, y.codes)
            END AS share_code,
            x.has_region AND y.has_region AS have_regions,
            len(x.codes) > 0 AND len(y.codes) > 0 AS have_codes,
            CASE
                WHEN len(x.codes) <= 1 AND len(y.codes) <= 1
                    THEN coalesce(x.codes[1][1:2] = y.codes[1][1:2], FALSE)
                ELSE list_has_any(
                    list_transform(x.codes, LAMBDA code: code[1:2]),
                    list_transform(y.codes, LAMBDA code: code[1:2])
                )
            END AS share_country,
            CASE
                WHEN x.act IS NULL OR y.act IS NULL THEN 0
                WHEN x.act = y.act THEN 1.2
                WHEN list_contains(x.act_line, y.act) OR list_contains(y.act_line, x.act) THEN 0.8
                ELSE -2
            END AS act_bits,
            CASE
                WHEN x.actor = y.actor THEN 0.7
                WHEN x.actor != y.actor THEN -3
                ELSE 0
            END AS actor_bits,
            number_bits(
                x.launched_least, x.launched_most, y.launched_least, y.launched_most, -2.5
            )
            + number_bits(x.killed_least, x.killed_most, y.killed_least, y.killed_most, -2)
            + number_bits(x.injured_least, x.injured_most, y.injured_least, y.injured_most, -1)
            AS total_bits
        FROM pairs
        INNER JOIN compared AS x ON pairs.x = x.r
        INNER JOIN compared AS y ON pairs.y = y.r
    ),

    weighed AS (
        SELECT
            *,
            CASE
                WHEN gap <= 900000000
                    -- The longer both take together, the more others have the same time.
                    THEN greatest(-1, least(5, log2(172800000000 / greatest(span, 1800000000))))
                WHEN gap <= 21600000000 THEN -1
                ELSE -2.5
            END AS time_bits,
            CASE
                WHEN km IS NOT NULL AND greatest(km, around / 2) <= 3 THEN 6
                WHEN km IS NOT NULL AND greatest(km, around / 2) <= 10 THEN 4.5
                WHEN km IS NOT NULL AND km <= 25 AND km <= around + 15 THEN 2
                WHEN km IS NOT NULL AND km <= around THEN 0.5
                WHEN km IS NOT NULL THEN -6
                WHEN share_code AND have_regions THEN 2
                WHEN have_regions THEN -5
                WHEN share_country THEN 0.3
                WHEN have_codes THEN -8
                ELSE 0
            END AS place_bits
        FROM measured
    ),

    likely AS (
        SELECT
            *,
            CASE
                WHEN len(x_figures) > 0 AND len(y_figures) > 0
                    THEN list_intersect(x_figures, y_figures)
                ELSE []
            END AS figures
        FROM weighed
        WHERE
            are_two
            AND gap <= 129600000000
            AND (
                len(words) > 0
                OR time_bits + place_bits + act_bits + actor_bits + total_bits >= -2.2
            )
    ),

    -- How surely it is one: of two reports that a block puts together, one in 64 is of one incident.
    scored AS (
        SELECT
            *,
            least(7, total_bits + least(5, 1.8 * len(figures))) AS figure_bits,
            least(6, 4 * len(words)) AS word_bits,
            CASE WHEN is_one_source THEN -2 ELSE 0 END AS source_bits,
            1 / (
                1 + pow(
                    2,
                    6 - time_bits - place_bits - act_bits - actor_bits - figure_bits - word_bits
                    - source_bits
                )
            ) AS score
        FROM likely
    ),

    explained AS (
        SELECT
            conflict,
            incident_id,
            other_incident_id,
            score,
            gap,
            km,
            -- As one text: of millions of lists the database keeps no best in bounded memory.
            concat_ws(
                chr(10),
                    CASE
                        WHEN gap <= 0 THEN 'times overlap'
                        ELSE printf('%.1f h apart', gap / 3600000000)
                    END,
                    CASE
                        WHEN km IS NOT NULL THEN printf('%.1f km apart', km)
                        WHEN share_code AND have_regions THEN 'same region'
                        WHEN have_regions THEN 'other region'
                        WHEN share_country THEN 'same country'
                        WHEN have_codes THEN 'other country'
                    END,
                    CASE
                        WHEN act_bits > 0 THEN 'same kind of act'
                        WHEN act_bits < 0 THEN 'another act'
                    END,
                    CASE
                        WHEN actor_bits > 0 THEN 'same actor'
                        WHEN actor_bits < 0 THEN 'another actor'
                    END,
                    CASE WHEN total_bits > 0 THEN 'totals agree' WHEN total_bits < 0 THEN 'totals differ' END,
                    CASE WHEN len(figures) > 0 THEN 'both say ' || array_to_string(list_sort(figures), ', ') END,
                    CASE WHEN len(words) > 0 THEN 'both name ' || array_to_string(words[1:4], ', ') END,
                    CASE WHEN is_one_source THEN 'one source has both' END
            ) AS reasons
        FROM scored
        WHERE score >= least_score
    )

    SELECT
        conflict,
        incident_id,
        other_incident_id,
        max(score) AS score,
        string_split(arg_max(reasons, score), chr(10)) AS reasons,
        greatest(0, arg_max(gap, score)) / 1000000 AS seconds_apart,
        arg_max(km, score) AS km_apart
    FROM explained
    GROUP BY conflict, incident_id, other_incident_id;

COMMENT ON MACRO TABLE duplicates_between IS -- noqa: PRS
'As duplicate_candidates, of incidents that may have been between two moments (NULL: without limit),
with this score or a greater one';

CREATE OR REPLACE VIEW duplicate_candidates AS
SELECT
    conflict,
    incident_id,
    other_incident_id,
    score,
    reasons,
    seconds_apart,
    km_apart
FROM duplicates_between(NULL, NULL, 0.1);

COMMENT ON VIEW duplicate_candidates IS
'Pairs of incidents that may be one, as two reports of different sources have them. Nothing is merged
by it, and no verdict looks at it';
COMMENT ON COLUMN duplicate_candidates.conflict IS 'The conflict of both';
COMMENT ON COLUMN duplicate_candidates.incident_id IS 'The one of which the id comes first';
COMMENT ON COLUMN duplicate_candidates.other_incident_id IS 'The other';
COMMENT ON COLUMN duplicate_candidates.score IS
'How surely they are one, from 0.1 to 1, by the two reports of theirs that are most alike';
COMMENT ON COLUMN duplicate_candidates.reasons IS
'What speaks for it and against it, in words: time, place, act, actor, numbers, names';
COMMENT ON COLUMN duplicate_candidates.seconds_apart IS
'Seconds between the end of the one and the start of the other; 0: they overlap';
COMMENT ON COLUMN duplicate_candidates.km_apart IS
'Kilometres between their nearest points; NULL: one gives no point';
