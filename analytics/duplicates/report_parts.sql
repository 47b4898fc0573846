-- Which two reports are compared at all: those that share a block, which is a day and a place, or,
-- where one of them gives no place, a day and something else that both say. A block of too many is
-- divided, and what is too many even then is not compared: crowded_blocks says where that is so.

CREATE OR REPLACE MACRO report_blocks(since, until) AS TABLE
    WITH dated AS (
        -- Known only to within more than a week, no other can be found for it. The first eight
        -- places and twelve numbers are enough to find one by.
        SELECT
            r,
            conflict,
            told_by,
            starts,
            ends,
            killed_least AS killed,
            injured_least AS injured,
            launched_least AS launched,
            points,
            codes,
            figures,
            CASE
                WHEN has_region
                    THEN list_filter(codes, LAMBDA code: contains(code, '-'))[1:8]
                ELSE []
            END AS regions,
            len(points) = 0 AS has_no_point,
            len(points) = 0 AND NOT has_region AS is_vague,
            coalesce(launched_most, launched_least) >= 20 AS is_large
        FROM compared_reports(since, until)
        WHERE ends - starts <= 7 * 86400000000
    ),

    -- Each day of it, and half a day more, in which one that begins later may be the same.
    lasting AS (
        SELECT
            *,
            unnest(range(starts // 86400000000, (ends + 43200000000) // 86400000000 + 1)) AS on_day
        FROM dated
    ),

    -- By points: in cells of a degree, from every cell that the circle and 50 km around it touch.
    circles AS (
        SELECT
            * EXCLUDE (point),
            point.lat AS lat,
            point.lon AS lon,
            least(coalesce(point.radius_km, 0), 25) AS km
        FROM (
            SELECT
                *,
                unnest(points) AS point
            FROM lasting
        )
    ),

    rows_of_cells AS (
        SELECT
            *,
            (km + 50) / (111 * greatest(0.2, cos(radians(lat)))) AS wide,
            unnest(
                range(
                    floor(lat - (km + 50) / 111)::BIGINT, floor(lat + (km + 50) / 111)::BIGINT + 1
                )
            ) AS row_of
        FROM circles
    ),

    cells AS (
        SELECT
            *,
            unnest(range(floor(lon - wide)::BIGINT, floor(lon + wide)::BIGINT + 1)) AS column_of
        FROM rows_of_cells
    ),

    -- By a key: a region where one of the two gives no point; and where one gives no region either,
    -- a number of theirs, or the country if both give no more, or both are of many weapons.
    keyed AS (
        SELECT
            *,
            unnest(
                list_concat(
                    list_transform(
                        regions,
                        LAMBDA code: {
                            'kind': 'region', 'named': code, 'is_wanting': has_no_point
                        }
                    ),
                    CASE
                        WHEN is_vague OR is_large
                            THEN list_transform(
                                figures,
                                LAMBDA figure: {
                                    'kind': 'figure', 'named': figure, 'is_wanting': is_vague
                                }
                            )
                    END,
                    CASE
                        WHEN is_large
                            THEN list_transform(
                                list_distinct(list_transform(codes, LAMBDA code: code[1:2])),
                                LAMBDA code: {
                                    'kind': 'large', 'named': code, 'is_wanting': is_vague
                                }
                            )
                    END,
                    CASE
                        WHEN is_vague
                            THEN list_transform(
                                CASE WHEN len(codes) = 0 THEN [''] ELSE codes END,
                                LAMBDA code: {
                                    'kind': 'country', 'named': code, 'is_wanting': TRUE
                                }
                            )
                    END
                )
            ) AS key
        FROM lasting
    ),

    placed AS (
        SELECT
            *,
            'cell' AS kind,
            row_of = floor(lat)::BIGINT AND column_of = floor(lon)::BIGINT AS is_here,
            TRUE AS is_wanting,
            hash(row_of, column_of) AS place
        FROM cells
        UNION ALL BY NAME
        SELECT
            *,
            key.kind AS kind,
            TRUE AS is_here,
            key.is_wanting AS is_wanting,
            hash(key.named) AS place
        FROM keyed
    )

    -- `is_start`: it begins here; otherwise it only reaches here.
    SELECT
        r,
        conflict,
        on_day,
        codes[1] AS code,
        told_by,
        starts,
        ends,
        killed,
        injured,
        launched,
        lat,
        lon,
        km,
        is_wanting,
        is_here AND on_day = starts // 86400000000 AS is_start,
        hash(conflict, on_day, kind, place) AS block
    FROM placed;

COMMENT ON MACRO TABLE report_blocks IS -- noqa: PRS
'The blocks in which each report is compared with others: a day and a place, or what else both say';

-- Whether comparing the rows of one group is too many pairs: those that are here with those that
-- begin here, but for two of which neither is wanting a place. A hundred reports are 10,000 pairs.
CREATE OR REPLACE MACRO has_many_rows(is_wanting, is_start) AS (
    count(*) * count(*) FILTER (WHERE is_start)
    - count(*) FILTER (WHERE NOT is_wanting) * count(*) FILTER (WHERE is_start AND NOT is_wanting)
    > 10000
);

COMMENT ON MACRO has_many_rows IS -- noqa: PRS
'Whether a group has so many rows that it may be crowded: a report has a row for each of its points';

-- The same of reports, or of ten times as many rows: a report may have a hundred points. To tell
-- reports apart is dear: it is asked of what has many rows.
CREATE OR REPLACE MACRO is_crowded(r, is_wanting, is_start) AS (
    count(DISTINCT r) * count(DISTINCT r) FILTER (WHERE is_start)
    - count(DISTINCT r) FILTER (WHERE NOT is_wanting)
    * count(DISTINCT r) FILTER (WHERE is_start AND NOT is_wanting)
    > 10000
    OR count(*) * count(*) FILTER (WHERE is_start) > 100000
);

COMMENT ON MACRO is_crowded IS -- noqa: PRS
'Whether a group of reports is too large for all of it to be compared';

CREATE OR REPLACE MACRO crowded_blocks(since, until) AS TABLE
    WITH blocks AS MATERIALIZED (
        FROM report_blocks(since, until)
    ),

    full_ones AS MATERIALIZED (
        SELECT block
        FROM blocks
        GROUP BY block
        HAVING has_many_rows(is_wanting, is_start)
    )

    SELECT
        conflict,
        make_date(on_day::INTEGER) AS on_day,
        mode(code) AS code,
        count(DISTINCT r) FILTER (WHERE is_start) AS reports
    FROM blocks
    SEMI JOIN full_ones ON blocks.block = full_ones.block
    GROUP BY blocks.block, conflict, on_day
    HAVING is_crowded(r, is_wanting, is_start);

COMMENT ON MACRO TABLE crowded_blocks IS -- noqa: PRS
'Days and places with so many reports that not all of them are compared, but only those that agree in
the hour or in a number; code: where most of them are';

CREATE OR REPLACE MACRO report_parts(since, until) AS TABLE
    WITH blocks AS MATERIALIZED (
        FROM report_blocks(since, until)
    ),

    full_ones AS MATERIALIZED (
        SELECT block
        FROM blocks
        GROUP BY block
        HAVING has_many_rows(is_wanting, is_start)
    ),

    crowded AS MATERIALIZED (
        SELECT blocks.block
        FROM blocks
        SEMI JOIN full_ones ON blocks.block = full_ones.block
        GROUP BY blocks.block
        HAVING is_crowded(r, is_wanting, is_start)
    ),

    -- A crowded block is divided by the hour, of what lasted no longer than two, and by the numbers
    -- that are not 0 or 1: in each part two reports agree on one of them.
    parts AS MATERIALIZED (
        SELECT
            * EXCLUDE (conflict, on_day, code, block, killed, injured, launched),
            block,
            hash(
                block,
                unnest(
                    list_concat(
                        CASE
                            WHEN ends - starts <= 7200000000
                                THEN list_transform(
                                    range(starts // 3600000000, ends // 3600000000 + 2),
                                    LAMBDA hour: hash('hour', hour)
                                )
                        END,
                        CASE WHEN killed > 1 THEN [hash('killed', killed)] END,
                        CASE WHEN injured > 1 THEN [hash('injured', injured)] END,
                        CASE WHEN launched > 1 THEN [hash('launched', launched)] END
                    )
                )
            ) AS part
        FROM blocks
        SEMI JOIN crowded ON blocks.block = crowded.block
    ),

    overcrowded AS MATERIALIZED (
        SELECT part
        FROM parts
        GROUP BY part
        HAVING is_crowded(r, is_wanting, is_start)
    )

    SELECT
        * EXCLUDE (conflict, on_day, code, block, killed, injured, launched),
        block AS part
    FROM blocks
    ANTI JOIN crowded ON blocks.block = crowded.block
    UNION ALL BY NAME
    SELECT * EXCLUDE (block)
    FROM parts
    ANTI JOIN overcrowded ON parts.part = overcrowded.part;

COMMENT ON MACRO TABLE report_parts IS -- noqa: PRS
'The parts of blocks in which each report is compared with others';
