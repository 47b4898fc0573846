-- What two reports are compared by: one row for each standing report that asserts, and what it says
-- in columns. Each list of it is read from the event's JSON once.

CREATE OR REPLACE MACRO compared_reports(since, until) AS TABLE
    WITH chosen AS (
        SELECT
            conflict,
            incident_id,
            incident_key,
            report_key,
            source,
            reported_by,
            hash(source, reported_by) AS told_by,
            epoch_us(occurred_start) AS starts,
            epoch_us(occurred_end) AS ends,
            actor,
            accepted.act,
            acts.line AS act_line,
            json_extract(
                payload,
                [
                    '$.data.places',
                    '$.data.impacts',
                    '$.data.weapons',
                    '$.data.effects',
                    '$.data.evidence',
                    '$.data.occurred.as_stated'
                ]
            ) AS said
        FROM accepted
        LEFT JOIN act_lines() AS acts ON accepted.act = acts.act
        WHERE
            report_key IS NOT NULL
            AND superseded_at IS NULL
            AND stance = 'asserts'
            AND coalesce(occurred_end >= since, TRUE)
            AND coalesce(occurred_start < until, TRUE)
    ),

    listed AS (
        SELECT
            * EXCLUDE (said),
            concat(said[1]::VARCHAR, json_extract(said[2], '$[*].place')::VARCHAR) AS where_said,
            json_transform(
                said[1],
                '[{"lat": "DOUBLE", "lon": "DOUBLE", "radius_km": "DOUBLE",
                "one_of": [{"lat": "DOUBLE", "lon": "DOUBLE", "radius_km": "DOUBLE"}]}]'
            ) AS places,
            json_transform(
                said[2], '[{"place": {"lat": "DOUBLE", "lon": "DOUBLE", "radius_km": "DOUBLE"}}]'
            ) AS impacts,
            json_transform(said[3], '[{"type": "VARCHAR", "launched": "JSON"}]') AS weapons,
            json_extract(said[4], ['$.killed', '$.injured']) AS hurt,
            concat(said[3]::VARCHAR, said[4]::VARCHAR) AS counted,
            json_extract_string(said[5], '$[*]') AS addresses,
            said[6]::VARCHAR AS as_stated
        FROM chosen
    ),

    circled AS (
        SELECT
            * EXCLUDE (places, impacts),
            list_filter(
                list_concat(
                    places,
                    CASE
                        WHEN contains(where_said, '"one_of"')
                            THEN flatten(list_transform(places, LAMBDA place: place.one_of))
                    END,
                    CASE
                        WHEN impacts IS NOT NULL
                            THEN list_transform(impacts, LAMBDA impact: impact.place)
                    END
                ),
                LAMBDA place: place.lat IS NOT NULL
            )[1:8] AS points,
            list_distinct(
                regexp_extract_all(where_said, '"([A-Z]{2}(?:-[A-Z0-9]{1,3})?)"', 1)
            ) AS codes
        FROM listed
    )

    SELECT
        conflict,
        incident_id,
        incident_key,
        source,
        reported_by,
        told_by,
        starts,
        ends,
        actor,
        act,
        act_line,
        points,
        coalesce(codes, []) AS codes,
        report_key AS r,
        coalesce(contains(codes::VARCHAR, '-'), FALSE) AS has_region,
        CASE
            WHEN len(weapons) > 0
                THEN
                    list_sum(
                        list_transform(
                            weapons, LAMBDA weapon: coalesce(least_of(weapon.launched), 0)
                        )
                    )
        END AS launched_least,
        CASE
            WHEN len(list_filter(weapons, LAMBDA weapon: most_of(weapon.launched) IS NULL)) = 0
                THEN list_sum(list_transform(weapons, LAMBDA weapon: most_of(weapon.launched)))
        END AS launched_most,
        least_of(hurt[1]) AS killed_least,
        most_of(hurt[1]) AS killed_most,
        least_of(hurt[2]) AS injured_least,
        most_of(hurt[2]) AS injured_most,
        list_distinct(
            regexp_extract_all(counted, ':\s*([1-9][0-9]{1,8})(?:\.0)?[,}\]]', 1)
        )[1:12] AS figures,
        list_concat(
            list_distinct(
                regexp_extract_all(
                    lower(
                        concat_ws(
                            ' ',
                            incident_id,
                            as_stated,
                            array_to_string(
                                list_transform(weapons, LAMBDA weapon: weapon.type), ' '
                            )
                        )
                    ),
                    '\p{L}{4,}'
                )
            ),
            addresses
        ) AS words
    FROM circled;

COMMENT ON MACRO TABLE compared_reports IS -- noqa: PRS
'What each standing report that asserts is compared by with others, for incidents that may have been
between two moments; NULL: without limit';
