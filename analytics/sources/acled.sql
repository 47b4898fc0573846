-- ACLED: political violence worldwide, from its export tool or its API; the deleted events, too.
-- source: https://acleddata.com/
-- licence: ACLED's own terms: what you export may not be passed on
-- layout new: event_id_cnty, event_date, year?, time_precision, disorder_type, event_type,
--     sub_event_type, actor1, assoc_actor_1?, inter1?, actor2?, assoc_actor_2?, inter2?,
--     interaction?, civilian_targeting?, iso, region?, country, admin1, admin2?, admin3?,
--     location?, latitude, longitude, geo_precision, source?, source_scale?, notes, fatalities,
--     tags?, timestamp
-- layout old: data_id?, iso, event_id_cnty, event_id_no_cnty, event_date, year?, time_precision,
--     event_type, sub_event_type, actor1, assoc_actor_1?, inter1?, actor2?, assoc_actor_2?,
--     inter2?, interaction?, region?, country, admin1, admin2?, admin3?, location?, latitude,
--     longitude, geo_precision, source?, source_scale?, notes, fatalities, timestamp, iso3?
-- layout deleted: event_id_cnty, deleted_timestamp
-- not weekly aggregate: week, country, events | it counts events and lists none; export events
-- not monthly aggregate: month, country, events | it counts events and lists none; export events
--
-- When: event_date is a day on the clocks of the country, written 2024-06-30 (by the API) or
-- 30 June 2024 (by the export tool), which cannot be taken for each other; nothing else is read.
-- time_precision 1 is that day, 2 some day in the week before or after it, 3 some day of its
-- month. The time of the event is ACLED's timestamp, when it last changed the row.
--
-- Where: geo_precision 1 is a place (the point and 5 km round it), 2 is near it (25 km), 3 is the
-- province of admin1, whose capital the point is. The country is that of the number in iso.
--
-- Who: actor1, but only where ACLED gives a direction: in explosions and remote violence, and in
-- violence against civilians, where actor1 is who acted. A battle has no direction: no actor.
-- Actors are known by their exact names (the table acled_actors): "Military Forces of Yemen
-- (2016-) Supreme Political Council" are the Houthis, and not the government. A name that is not
-- in there is the party itself; an unidentified actor is none. As likely, never as confirmed.
--
-- What: by sub_event_type. Strikes from the air and shelling are a strike, abductions an
-- abduction, other violence a hostile act. Demonstrations, riots and strategic developments are
-- skipped, except for disrupted weapons use, a hostile act of nobody in particular.
--
-- How many: killed, where fatalities are more than 0, which may mean that none were reported.
-- Where the notes say that a number was not known and is "coded as 3" or 10, it is one or more.
--
-- Conflict: the country as an id (yemen); --conflict says another.
--
-- Editions: an export holds what was asked for, so nothing is gone for not being in one: only the
-- list of deleted events retracts. A row that is older by its timestamp than what stands is
-- passed over.

CREATE MACRO acled_day(words) AS
CASE
    WHEN regexp_full_match(trim(words), '[0-9]{1,2} [A-Za-z]+ [0-9]{4}') THEN day(words, '%d %B %Y')
    ELSE iso_day(words)
END;

CREATE MACRO seconds_since_1970(words) AS
CASE
    WHEN regexp_full_match(trim(words), '[0-9]{9,10}') THEN to_timestamp(cast(words AS BIGINT))
END;

CREATE TABLE acts AS
FROM (
    VALUES
    ('Armed clash', 'hostile_act', FALSE),
    ('Government regains territory', 'hostile_act', FALSE),
    ('Non-state actor overtakes territory', 'hostile_act', FALSE),
    ('Air/drone strike', 'strike', TRUE),
    ('Shelling/artillery/missile attack', 'strike', TRUE),
    ('Remote explosive/landmine/IED', 'hostile_act', TRUE),
    ('Suicide bomb', 'hostile_act', TRUE),
    ('Grenade', 'hostile_act', TRUE),
    ('Chemical weapon', 'hostile_act', TRUE),
    ('Attack', 'hostile_act', TRUE),
    ('Sexual violence', 'hostile_act', TRUE),
    ('Abduction/forced disappearance', 'abduction', TRUE),
    ('Disrupted weapons use', 'hostile_act', FALSE)
) AS acts (sub_event_type, act, has_direction);

CREATE TABLE coded AS
SELECT
    raw.*,
    acled_day(raw.event_date) AS on_day,
    seconds_since_1970(coalesce(raw.timestamp, raw.deleted_timestamp)) AS said,
    number(raw.latitude) AS lat,
    number(raw.longitude) AS lon,
    number(raw.fatalities) AS deaths,
    countries.alpha_2 AS country_code,
    countries.zones,
    acts.act,
    acts.has_direction,
    acled_actors.party AS known_party,
    raw.layout = 'deleted' AS is_deleted,
    coalesce(raw.geo_precision IN ('1', '2'), FALSE) AS is_point,
    coalesce(
        raw.event_type IN ('Protests', 'Riots')
        OR (raw.event_type = 'Strategic developments' AND acts.act IS NULL),
        FALSE
    ) AS is_skipped
FROM raw
LEFT JOIN
    countries
    ON
        raw.iso = countries.iso_number
        OR (raw.country = 'Kosovo' AND countries.name = 'Kosovo')
LEFT JOIN acts ON raw.sub_event_type = acts.sub_event_type
LEFT JOIN acled_actors ON raw.actor1 = acled_actors.name;

CREATE TABLE withdrawn AS
SELECT
    coded."row",
    coded.said,
    standing.conflict,
    standing.whole,
    standing.part
FROM coded
LEFT JOIN
    standing
    ON standing.kind = 'report' AND standing.part = 'acled-' || coded.event_id_cnty
WHERE coded.is_deleted AND coded.event_id_cnty IS NOT NULL;

CREATE VIEW skipped AS
SELECT
    "row",
    CASE event_type
        WHEN 'Strategic developments' THEN 'a strategic development'
        ELSE 'a protest or a riot'
    END AS reason
FROM coded
WHERE is_skipped
UNION ALL
SELECT
    "row",
    'deleted by ACLED, and never imported' AS reason
FROM withdrawn
WHERE part IS NULL AND said IS NOT NULL;

CREATE TABLE refused AS
WITH asked AS (
    SELECT
        "row",
        unnest([
            wrong('event_id_cnty', is_blank(event_id_cnty), not_a(event_id_cnty, 'an id')),
            wrong(
                CASE WHEN is_deleted THEN 'deleted_timestamp' ELSE 'timestamp' END,
                said IS NULL,
                not_a(coalesce(timestamp, deleted_timestamp), 'a time in seconds since 1970')
            ),
            wrong(
                'event_date',
                NOT is_deleted AND on_day IS NULL,
                not_a(event_date, 'a day (YYYY-MM-DD, or 30 June 2024)')
            ),
            wrong(
                'sub_event_type',
                NOT is_deleted AND act IS NULL,
                not_a(sub_event_type, 'a kind of event that is known')
            ),
            wrong(
                'time_precision',
                NOT is_deleted AND coalesce(time_precision NOT IN ('1', '2', '3'), TRUE),
                not_a(time_precision, '1, 2 or 3')
            ),
            wrong(
                'geo_precision',
                NOT is_deleted AND coalesce(geo_precision NOT IN ('1', '2', '3'), TRUE),
                not_a(geo_precision, '1, 2 or 3')
            ),
            wrong(
                'iso',
                NOT is_deleted AND zones IS NULL,
                not_a(iso, 'the number of a country (ISO 3166-1)')
            ),
            wrong(
                'latitude',
                is_point AND coalesce(lat NOT BETWEEN -90 AND 90, TRUE),
                not_a(latitude, 'a number of degrees')
            ),
            wrong(
                'longitude',
                is_point AND coalesce(lon NOT BETWEEN -180 AND 180, TRUE),
                not_a(longitude, 'a number of degrees')
            ),
            wrong(
                'fatalities',
                NOT is_blank(fatalities) AND coalesce(deaths < 0, TRUE),
                not_a(fatalities, 'a number')
            )
        ]) AS problem
    FROM coded
    WHERE NOT is_skipped
)

SELECT
    "row",
    problem['column'] AS "column",
    problem['reason'] AS reason
FROM asked
WHERE problem['reason'] IS NOT NULL;

CREATE VIEW events AS
WITH violence AS (
    SELECT
        *,
        'acled-' || event_id_cnty AS report_id,
        CASE time_precision
            WHEN '1' THEN on_day
            WHEN '2' THEN on_day - 6
            ELSE cast(date_trunc('month', on_day) AS DATE)
        END AS first_day,
        CASE time_precision
            WHEN '1' THEN on_day
            WHEN '2' THEN on_day + 6
            ELSE last_day(on_day)
        END AS final_day
    FROM coded
    WHERE NOT is_deleted AND NOT is_skipped AND "row" NOT IN (SELECT "row" FROM refused)
)

SELECT
    ["row"] AS "rows",
    'incident.reported' AS type,
    said,
    to_json({
        'conflict': coalesce(getvariable('conflict'), slug(country)),
        'incident_id': report_id,
        'report_id': report_id,
        'reported_by': { 'name': 'ACLED', 'kind': 'dataset' },
        'occurred': {
            'start': iso(first_midnight(first_day, zones)),
            'end': iso(last_midnight(final_day + 1, zones)),
            'as_stated': event_date || CASE time_precision
                WHEN '2' THEN ', give or take a week'
                WHEN '3' THEN ', some time in the month'
                ELSE ''
            END
        },
        'actor': CASE
            WHEN has_direction AND actor1 IS NOT NULL AND NOT starts_with(actor1, 'Unidentified')
                THEN { 'party': coalesce(known_party, actor1), 'confidence': 'likely' }
        END,
        'act': act,
        'places': CASE
            WHEN geo_precision IN ('1', '2')
                THEN to_json([{
                    'lat': lat,
                    'lon': lon,
                    'radius_km': if(geo_precision = '1', 5, 25),
                    'codes': if(country_code IS NULL, [], [country_code])
                }])
            WHEN country_code IS NOT NULL AND admin1 IS NOT NULL
                THEN to_json([{ 'within': country_code, 'named': admin1 }])
            WHEN country_code IS NOT NULL THEN to_json([country_code])
        END,
        'effects': {
            'killed': CASE
                WHEN deaths > 0 AND regexp_matches(notes, '(?i)coded (as|to) (3|10|three|ten)\b')
                    THEN to_json({ 'min': 1 })
                WHEN deaths > 0 THEN to_json(deaths)
            END
        }
    }) AS data
FROM violence
UNION ALL
SELECT
    ["row"] AS "rows",
    'incident.report_retracted' AS type,
    said,
    to_json({
        'conflict': conflict,
        'incident_id': whole,
        'report_id': part,
        'reason': 'deleted by ACLED'
    }) AS data
FROM withdrawn
WHERE part IS NOT NULL AND "row" NOT IN (SELECT "row" FROM refused);
