-- What the editions of UCDP's events have in common.

CREATE MACRO coded_count(words) AS CASE WHEN number(words) >= 0 THEN number(words) END;

CREATE TABLE coded AS
SELECT
    raw."row",
    raw.id,
    raw.date_start,
    raw.date_end,
    raw.type_of_violence,
    raw.where_prec,
    raw.latitude,
    raw.longitude,
    raw.country_id,
    raw.country,
    raw.low,
    raw.best,
    raw.high,
    raw.conflict_name,
    raw.side_a,
    raw.code_status,
    raw.event_clarity,
    iso_day(raw.date_start) AS starts,
    iso_day(raw.date_end) AS ends,
    number(raw.latitude) AS lat,
    number(raw.longitude) AS lon,
    coded_count(raw.low) AS fewest,
    coded_count(raw.best) AS likeliest,
    coded_count(raw.high) AS most,
    coded_count(raw.deaths_civilians) AS civilians,
    coded_count(raw.deaths_unknown) AS unidentified,
    countries.gw_number IS NOT NULL AS is_country,
    CASE
        WHEN countries.alpha_2 = 'IL' AND raw.adm_1 SIMILAR TO '.*(Gaza|West Bank).*' THEN 'PS'
        ELSE countries.alpha_2
    END AS country_code,
    countries.zones,
    nullif(raw.adm_1, '') AS province,
    perpetrator.alpha_3 AS state_a
FROM raw
LEFT JOIN
    countries
    -- Serbia has a second number, as Yugoslavia.
    ON CASE raw.country_id WHEN '345' THEN '340' ELSE raw.country_id END = countries.gw_number
LEFT JOIN
    countries AS perpetrator
    ON cast(cast(number(raw.gwnoa) AS INTEGER) AS VARCHAR) = perpetrator.gw_number;

CREATE TABLE refused AS
WITH asked AS (
    SELECT
        "row",
        unnest([
            wrong('id', is_blank(id), not_a(id, 'an id')),
            wrong('date_start', starts IS NULL, not_a(date_start, 'a day (YYYY-MM-DD)')),
            wrong('date_end', ends IS NULL, not_a(date_end, 'a day (YYYY-MM-DD)')),
            wrong('date_end', coalesce(ends < starts, FALSE), 'before the start, ' || starts),
            wrong(
                'type_of_violence',
                type_of_violence NOT IN ('1', '2', '3'),
                not_a(type_of_violence, '1, 2 or 3')
            ),
            wrong(
                'where_prec',
                where_prec NOT IN ('1', '2', '3', '4', '5', '6', '7'),
                not_a(where_prec, 'a number from 1 to 7')
            ),
            wrong(
                'country_id',
                NOT is_country,
                not_a(country_id, 'the number of a country by Gleditsch and Ward')
            ),
            wrong(
                'latitude',
                where_prec IN ('1', '2') AND coalesce(lat NOT BETWEEN -90 AND 90, TRUE),
                not_a(latitude, 'a number of degrees')
            ),
            wrong(
                'longitude',
                where_prec IN ('1', '2') AND coalesce(lon NOT BETWEEN -180 AND 180, TRUE),
                not_a(longitude, 'a number of degrees')
            ),
            wrong('low', NOT is_blank(low) AND NOT is_number(low), not_a(low, 'a number')),
            wrong('best', NOT is_blank(best) AND NOT is_number(best), not_a(best, 'a number')),
            wrong('high', NOT is_blank(high) AND NOT is_number(high), not_a(high, 'a number'))
        ]) AS problem
    FROM coded
)

SELECT
    "row",
    problem['column'] AS "column",
    problem['reason'] AS reason
FROM asked
WHERE problem['reason'] IS NOT NULL;

CREATE VIEW notes AS
SELECT
    "row",
    'low' AS "column",
    format(
        'low {}, best {} and high {} are not in order; taken: killed {:.0f} to {:.0f}',
        low, best, high, least(fewest, likeliest, most), greatest(fewest, likeliest, most)
    ) AS reason
FROM coded
WHERE fewest > most OR likeliest < fewest OR likeliest > most;

CREATE VIEW events AS
WITH counted AS (
    SELECT
        *,
        CASE
            WHEN fewest > most OR likeliest < fewest OR likeliest > most
                THEN least(fewest, likeliest, most)
            ELSE fewest
        END AS killed_least,
        CASE
            WHEN fewest > most OR likeliest < fewest OR likeliest > most
                THEN greatest(fewest, likeliest, most)
            ELSE most
        END AS killed_most,
        'ucdp-' || id AS report_id
    FROM coded
    WHERE "row" NOT IN (SELECT "row" FROM refused)
)

SELECT
    ["row"] AS "rows",
    'incident.reported' AS type,
    cast(NULL AS TIMESTAMPTZ) AS said,
    {
        'conflict': coalesce(getvariable('conflict'), slug(conflict_name)),
        'incident_id': report_id,
        'report_id': report_id,
        'reported_by': { 'name': 'Uppsala Conflict Data Program', 'kind': 'dataset' },
        'occurred': {
            'start': iso(first_midnight(starts, zones)),
            'end': iso(last_midnight(ends + 1, zones)),
            'as_stated': CASE
                WHEN starts = ends THEN cast(starts AS VARCHAR)
                ELSE starts || ' to ' || ends
            END
        },
        'actor': CASE
            WHEN type_of_violence = '3' AND side_a NOT LIKE 'XXX%'
                THEN {
                    'party': coalesce(state_a, side_a),
                    'confidence': CASE
                        WHEN event_clarity = '1' AND code_status = 'Clear' THEN 'likely'
                        ELSE 'alleged'
                    END
                }
        END,
        'act': 'hostile_act',
        'places': CASE
            WHEN where_prec IN ('1', '2')
                THEN to_json([{
                    'lat': lat,
                    'lon': lon,
                    'radius_km': if(where_prec = '1', 5, 25),
                    'codes': if(country_code IS NULL, [], [country_code])
                }])
            WHEN where_prec IN ('3', '4', '5') AND province IS NOT NULL AND country_code IS NOT NULL
                THEN to_json([{ 'within': country_code, 'named': province }])
            WHEN where_prec <> '7' AND country_code IS NOT NULL
                THEN to_json([country_code])
        END,
        'effects': {
            'killed': count_of(killed_least, killed_most),
            'killed_civilians': CASE
                WHEN fewest = likeliest AND likeliest = most AND civilians + unidentified > 0
                    THEN count_of(civilians, civilians + coalesce(unidentified, 0))
            END
        }
    } AS data
FROM counted;
