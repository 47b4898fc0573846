-- VIINA: what news reports say of the war in Ukraine, geocoded and labelled by machine.
-- source: https://github.com/zhukovyuri/VIINA
-- licence: ODbL 1.0
-- conflict: russia-ukraine
-- zone: Europe/Kyiv
-- layout info: viina_version, event_id, event_id_1pd, date, time, geonameid, feature_code,
--   asciiname, adm1_name, adm1_code, adm2_name, adm2_code, longitude, latitude, geo_precision,
--   geo_api, location, address, report_id, source, url, text, lang
-- layout labels: viina_version, event_id, event_id_1pd, date, geonameid, t_mil_b, a_rus_init_b,
--   a_ukr_init_b, t_airstrike_b, t_uav_b, t_armor_b, t_artillery_b, t_firefight_b, t_ied_b,
--   t_raid_b, t_property_b, t_hospital_b, t_milcas_b, t_civcas_b
-- not event_1pd: event_id_1pd, n_reports, event_ids | is the same events, one a place and day:
--   import event_info and event_labels, which say who reported each
--
-- Import both files of a year together: `truce import viina event_info_2026.csv
-- event_labels_2026.csv`. event_info has one row for each place in each news report, event_labels
-- what it is about; they are joined by "event_id", and a row without the other is refused. The
-- layout is that of version 2, from its documentation: it was tried on made rows only.
--
-- When. "date" (YYYYMMDD) and "time" are of the news report, in a zone that is not stated and read
-- as Kyiv's; 00:00, which half the rows have, is no time. The event was before: it is dated from
-- the midnight that began the day before the report to the report, or to the end of its day.
-- Who. The outlet reports, as media. The actor is the party that is labelled as initiator, as
-- `alleged`, since a model read a headline; nobody where both parties are, or none is.
-- How many. Not said.
-- Where. A point. Its radius is 1 km for STREET, 10 km for a settlement (ADM3), 50 km for a raion
-- (ADM2); ADM1 is the oblast's code, by its exact name; a point carries that code, too. A name that
-- is not known is told, and an ADM1 row is then in Ukraine.
-- What. Only events labelled as military, with an attack or its damage, are taken: air strikes,
-- drones, artillery, armour, firefights, raids, bombs and mines. Several of these are no more than
-- "hostile_act", of the ground "ground_attack". Damage or casualties alone leave the act open.
-- Everything else (control, alerts, air defence, arrests, sanctions) is skipped and counted.
-- t_hospital makes the target "health"; destroyed property is no class of target.
-- One event. "event_id_1pd" joins what VIINA takes for one event of one place and day: it is the
-- incident, and each "event_id" is a report of it.
-- Editions. A release replaces whole years: a report of the days of event_info that it leaves out
-- is gone.

CREATE TABLE oblasts AS
FROM (
    VALUES
    ('Vinnytsia', 'UA-05'),
    ('Volyn', 'UA-07'),
    ('Luhansk', 'UA-09'),
    ('Dnipropetrovsk', 'UA-12'),
    ('Donetsk', 'UA-14'),
    ('Zhytomyr', 'UA-18'),
    ('Transcarpathia', 'UA-21'),
    ('Zakarpattia', 'UA-21'),
    ('Zaporizhzhia', 'UA-23'),
    ('Ivano-Frankivsk', 'UA-26'),
    ('Kiev City', 'UA-30'),
    ('Kyiv City', 'UA-30'),
    ('Kiev', 'UA-32'),
    ('Kyiv', 'UA-32'),
    ('Kirovohrad', 'UA-35'),
    ('Sevastopol', 'UA-40'),
    ('Crimea', 'UA-43'),
    ('Lviv', 'UA-46'),
    ('Mykolaiv', 'UA-48'),
    ('Odessa', 'UA-51'),
    ('Odesa', 'UA-51'),
    ('Poltava', 'UA-53'),
    ('Rivne', 'UA-56'),
    ('Sumy', 'UA-59'),
    ('Ternopil', 'UA-61'),
    ('Kharkiv', 'UA-63'),
    ('Kherson', 'UA-65'),
    ('Khmelnytskyi', 'UA-68'),
    ('Cherkasy', 'UA-71'),
    ('Chernihiv', 'UA-74'),
    ('Chernivtsi', 'UA-77')
) AS known (name, code);

CREATE TABLE outlets AS
FROM (
    VALUES
    ('24tvua', '24 Kanal'),
    ('espreso', 'Espreso'),
    ('forbesua', 'Forbes Ukraine'),
    ('interfaxua', 'Interfax-Ukraine'),
    ('kp', 'Komsomolskaya Pravda'),
    ('liga', 'LIGA.net'),
    ('liveuamap', 'Live Universal Awareness Map'),
    ('meduza', 'Meduza'),
    ('militarnyy', 'Militarnyi'),
    ('mz', 'Mediazona'),
    ('nv', 'NV'),
    ('ng', 'Nezavisimaya Gazeta'),
    ('ntv', 'NTV'),
    ('pravdaua', 'Ukrainska Pravda'),
    ('ria', 'RIA Novosti'),
    ('unian', 'UNIAN')
) AS known (id, name);

CREATE TABLE precisions AS
FROM (
    VALUES
    ('STREET', 1.0),
    ('ADM3', 10.0),
    ('ADM2', 50.0),
    ('ADM1', NULL)
) AS known (name, radius_km);

CREATE TABLE dated AS
SELECT
    row,
    event_id,
    coalesce(event_id_1pd, event_id) AS one_event,
    source,
    url,
    date,
    time,
    geo_precision,
    adm1_name,
    number(latitude) AS lat,
    number(longitude) AS lon,
    day(date, '%Y%m%d') AS on_day,
    CASE
        WHEN time IS NOT NULL AND time <> '00:00'
            THEN moment(date || ' ' || time, '%Y%m%d %H:%M', getvariable('zone'))
    END AS published,
    midnight(on_day - 1, getvariable('zone')) AS started,
    coalesce(published, midnight(on_day + 1, getvariable('zone'))) AS ended
FROM raw
WHERE layout = 'info';

CREATE TABLE labelled AS
SELECT
    row,
    event_id,
    number(t_mil_b) AS military,
    number(a_rus_init_b) AS by_russia,
    number(a_ukr_init_b) AS by_ukraine,
    number(t_hospital_b) AS hospital,
    list_filter(
        [
            CASE WHEN number(t_airstrike_b) = 1 THEN 'air_strike' END,
            CASE WHEN number(t_uav_b) = 1 THEN 'drone_strike' END,
            CASE WHEN number(t_artillery_b) = 1 THEN 'shelling' END,
            CASE WHEN number(t_armor_b) = 1 THEN 'assault' END,
            CASE WHEN number(t_firefight_b) = 1 THEN 'ground_attack' END,
            CASE WHEN number(t_raid_b) = 1 THEN 'raid' END,
            CASE WHEN number(t_ied_b) = 1 THEN 'hostile_act' END
        ],
        LAMBDA one: one IS NOT NULL
    ) AS acts,
    greatest(
        number(t_property_b), number(t_hospital_b), number(t_milcas_b), number(t_civcas_b)
    ) AS damage
FROM raw
WHERE layout = 'labels';

CREATE TABLE refused AS
SELECT
    row,
    'event_id' AS "column",
    not_a(event_id, 'the id of an event') AS reason
FROM raw
WHERE event_id IS NULL
UNION ALL
SELECT
    dated.row,
    'event_id' AS "column",
    dated.event_id || ' has no row in event_labels: import the two files together' AS reason
FROM dated
LEFT JOIN labelled ON dated.event_id = labelled.event_id
WHERE dated.event_id IS NOT NULL AND labelled.row IS NULL
UNION ALL
SELECT
    labelled.row,
    'event_id' AS "column",
    labelled.event_id || ' has no row in event_info: import the two files together' AS reason
FROM labelled
LEFT JOIN dated ON labelled.event_id = dated.event_id
WHERE labelled.event_id IS NOT NULL AND dated.row IS NULL
UNION ALL
SELECT
    labelled.row,
    't_mil_b' AS "column",
    not_a(raw.t_mil_b, '0 or 1') AS reason
FROM labelled
INNER JOIN raw ON labelled.row = raw.row
WHERE labelled.military IS NULL
UNION ALL
SELECT
    row,
    'date' AS "column",
    not_a(date, 'a day (YYYYMMDD)') AS reason
FROM dated
WHERE on_day IS NULL
UNION ALL
SELECT
    row,
    'time' AS "column",
    not_a(time, 'a time (HH:MM)') AS reason
FROM dated
WHERE on_day IS NOT NULL AND published IS NULL AND coalesce(time, '00:00') <> '00:00'
UNION ALL
SELECT
    row,
    'source' AS "column",
    not_a(source, 'the name of an outlet') AS reason
FROM dated
WHERE source IS NULL
UNION ALL
SELECT
    row,
    'GEO_PRECISION' AS "column",
    not_a(geo_precision, 'STREET, ADM3, ADM2 or ADM1') AS reason
FROM dated
WHERE geo_precision IS NULL OR geo_precision NOT IN (SELECT name FROM precisions)
UNION ALL
SELECT
    row,
    CASE WHEN lat IS NULL OR lat NOT BETWEEN -90 AND 90 THEN 'latitude' ELSE 'longitude' END
        AS "column",
    'expected a point: degrees north, and degrees east' AS reason
FROM dated
WHERE
    geo_precision <> 'ADM1'
    AND NOT coalesce(lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180, FALSE);

-- Of an event whose one row is refused, the other is, too.
INSERT INTO refused
SELECT
    others.row,
    'event_id' AS "column",
    others.event_id || ' was refused in the other file' AS reason
FROM raw AS others
INNER JOIN (
    SELECT DISTINCT
        raw.event_id,
        raw.layout
    FROM raw
    INNER JOIN refused ON raw.row = refused.row
) AS bad
    ON others.event_id = bad.event_id AND others.layout <> bad.layout
WHERE others.row NOT IN (SELECT row FROM refused);

CREATE TABLE joined AS
SELECT
    dated.*,
    labelled.row AS label_row,
    labelled.by_russia,
    labelled.by_ukraine,
    labelled.hospital,
    labelled.acts,
    labelled.damage,
    CASE
        WHEN labelled.military <> 1 THEN 'not about military operations'
        WHEN len(labelled.acts) = 0 AND coalesce(labelled.damage, 0) <> 1
            THEN 'no attack and no damage'
    END AS skip,
    oblasts.code,
    precisions.radius_km
FROM dated
INNER JOIN labelled ON dated.event_id = labelled.event_id
LEFT JOIN oblasts ON dated.adm1_name = oblasts.name
LEFT JOIN precisions ON dated.geo_precision = precisions.name
WHERE
    dated.row NOT IN (SELECT row FROM refused)
    AND labelled.row NOT IN (SELECT row FROM refused);

CREATE TABLE skipped AS
SELECT
    unnest([row, label_row]) AS row,
    skip AS reason
FROM joined
WHERE skip IS NOT NULL;

CREATE TABLE notes AS
SELECT
    row,
    'ADM1_NAME' AS "column",
    coalesce(adm1_name, 'blank') || ' is no oblast with a code' AS reason
FROM joined
WHERE skip IS NULL AND code IS NULL
UNION ALL
SELECT
    row,
    'source' AS "column",
    source || ' is no outlet that is known here: it reports under that name' AS reason
FROM joined
WHERE skip IS NULL AND source NOT IN (SELECT id FROM outlets);

CREATE TABLE events AS
SELECT
    [row, label_row] AS "rows",
    'incident.reported' AS type,
    ended AS said,
    {
        'conflict': getvariable('conflict'),
        'incident_id': 'viina-' || one_event,
        'report_id': 'viina-' || event_id,
        'reported_by': {
            'name': coalesce((SELECT name FROM outlets WHERE outlets.id = joined.source), source),
            'kind': 'media'
        },
        'stance': 'asserts',
        'occurred': {
            'start': iso(started),
            'end': iso(ended),
            'as_stated': concat_ws(' ', 'reported', date, nullif(time, '00:00'))
        },
        'actor': CASE
            WHEN by_russia = 1 AND coalesce(by_ukraine, 0) <> 1
                THEN { 'party': 'RUS', 'confidence': 'alleged' }
            WHEN by_ukraine = 1 AND coalesce(by_russia, 0) <> 1
                THEN { 'party': 'UKR', 'confidence': 'alleged' }
        END,
        'act': CASE
            WHEN len(acts) = 1 THEN acts[1]
            WHEN list_has_all(['assault', 'ground_attack', 'raid'], acts) AND len(acts) > 1
                THEN 'ground_attack'
            WHEN list_has_all(['air_strike', 'drone_strike', 'shelling'], acts) AND len(acts) > 1
                THEN 'strike'
            WHEN len(acts) > 1 THEN 'hostile_act'
        END,
        'targets': CASE WHEN hospital = 1 THEN ['health'] END,
        'places': [
            CASE
                WHEN radius_km IS NULL THEN to_json(coalesce(code, 'UA'))
                ELSE to_json({
                    'lat': lat,
                    'lon': lon,
                    'radius_km': radius_km,
                    'codes': CASE WHEN code IS NOT NULL THEN [code] END
                })
            END
        ],
        'evidence': CASE WHEN regexp_full_match(url, 'https?://[^\s<>"]+') THEN [url] END
    } AS data
FROM joined
WHERE skip IS NULL
ORDER BY started, event_id;

CREATE TABLE scope AS
SELECT
    min(started) AS since,
    max(midnight(on_day + 1, getvariable('zone'))) AS until,
    cast(NULL AS VARCHAR[]) AS countries,
    'all events of these days' AS label
FROM dated;
