-- Air-raid alerts of Ukraine by oblast: official ones, and those that volunteers collected.
-- source: https://github.com/Vadimkin/ukrainian-air-raid-sirens-dataset
-- licence: MIT
-- conflict: russia-ukraine
-- zone: UTC
-- layout official: oblast, raion, hromada, level, started_at, finished_at, source
-- layout volunteer: region, started_at, finished_at, naive
-- layout by-oblast: region, started_at, finished_at, n_subalerts
--
-- A row is one alert in one oblast, raion or hromada, from its siren to the all-clear.
--
-- When. UTC to the second, with its offset written out. What was alerted of arrived, if it did, at
-- an unknown moment of the alert; the launch may have been a day earlier, so an alert is dated as
-- an impact. An alert without an end, and one of the volunteers with "naive" = True, whose end was
-- set to half an hour after its start, is dated by its siren alone.
-- Who. A sensor: no party, no actor. The three layouts report under three names, and with ids of
-- their own: one alert may be in several, `truce duplicates` finds it.
-- What. An alert says that there was danger, and not what was done: no act, no target.
-- How many. "n_subalerts", the alerts that a row was joined from, is the effect "alerts"; where the
-- column is not there, a row is one alert.
-- Where. Oblasts by their exact transliterated names, as ISO codes; a raion or a hromada is in its
-- oblast, and its name is kept in the words of time. An oblast that is not known is told, and the
-- place is then Ukraine. Crimea and Luhansk have had an alert without end since 2022, in no file.
-- Ids. There are none: an alert is known by layout, place and first second. What a newer edition of
-- a layout leaves out between its first and its last alert (a false alarm, a mistake) is retracted.

CREATE TABLE oblasts AS
FROM (
    VALUES
    ('Vinnytska oblast', 'UA-05'),
    ('Volynska oblast', 'UA-07'),
    ('Luhanska oblast', 'UA-09'),
    ('Dnipropetrovska oblast', 'UA-12'),
    ('Donetska oblast', 'UA-14'),
    ('Zhytomyrska oblast', 'UA-18'),
    ('Zakarpatska oblast', 'UA-21'),
    ('Zaporizka oblast', 'UA-23'),
    ('Ivano-Frankivska oblast', 'UA-26'),
    ('Kyiv City', 'UA-30'),
    ('Kyivska oblast', 'UA-32'),
    ('Kirovohradska oblast', 'UA-35'),
    ('Sevastopol', 'UA-40'),
    ('Avtonomna Respublika Krym', 'UA-43'),
    ('Autonomous Republic of Crimea', 'UA-43'),
    ('Crimea', 'UA-43'),
    ('Lvivska oblast', 'UA-46'),
    ('Mykolaivska oblast', 'UA-48'),
    ('Odeska oblast', 'UA-51'),
    ('Poltavska oblast', 'UA-53'),
    ('Rivnenska oblast', 'UA-56'),
    ('Sumska oblast', 'UA-59'),
    ('Ternopilska oblast', 'UA-61'),
    ('Kharkivska oblast', 'UA-63'),
    ('Khersonska oblast', 'UA-65'),
    ('Khmelnytska oblast', 'UA-68'),
    ('Cherkaska oblast', 'UA-71'),
    ('Chernihivska oblast', 'UA-74'),
    ('Chernivetska oblast', 'UA-77')
) AS known (name, code);

CREATE TABLE layouts AS
FROM (
    VALUES
    ('official', 'Air-raid alerts, official'),
    ('volunteer', 'Air-raid alerts, eTryvoga volunteers'),
    ('by-oblast', 'Air-raid alerts, official by oblast')
) AS known (layout, name);

-- 2026-01-01 00:22:48+00, or with +00:00.
CREATE MACRO instant(said) AS
CASE
    WHEN regexp_full_match(said, '\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d([+-]\d\d(:?\d\d)?|Z)')
        THEN try_cast(said AS TIMESTAMPTZ)
END;

CREATE TABLE alerts AS
SELECT
    raw.*,
    coalesce(raw.oblast, raw.region) AS named,
    concat_ws(', ', raw.oblast, raw.region, raw.raion, raw.hromada) AS area,
    instant(raw.started_at) AS started,
    CASE
        WHEN lower(coalesce(raw.naive, '')) NOT IN ('true', '1') THEN instant(raw.finished_at)
    END AS ended
FROM raw;

CREATE TABLE refused AS
SELECT
    row,
    'started_at' AS "column",
    not_a(started_at, 'a time with an offset (YYYY-MM-DD HH:MM:SS+00)') AS reason
FROM alerts
WHERE started IS NULL
UNION ALL
SELECT
    row,
    'finished_at' AS "column",
    not_a(finished_at, 'a time with an offset (YYYY-MM-DD HH:MM:SS+00)') AS reason
FROM alerts
WHERE NOT is_blank(finished_at) AND instant(finished_at) IS NULL
UNION ALL
SELECT
    row,
    'finished_at' AS "column",
    finished_at || ' is before the start, ' || started_at AS reason
FROM alerts
WHERE ended < started
UNION ALL
SELECT
    row,
    'naive' AS "column",
    not_a(naive, 'True or False') AS reason
FROM alerts
WHERE naive IS NOT NULL AND lower(naive) NOT IN ('true', 'false', '1', '0')
UNION ALL
SELECT
    row,
    'n_subalerts' AS "column",
    not_a(n_subalerts, 'a number') AS reason
FROM alerts
WHERE n_subalerts IS NOT NULL AND NOT is_number(n_subalerts)
UNION ALL
SELECT
    row,
    CASE WHEN layout = 'official' THEN 'oblast' ELSE 'region' END AS "column",
    not_a(named, 'an oblast') AS reason
FROM alerts
WHERE named IS NULL;

CREATE TABLE taken AS
SELECT
    alerts.*,
    oblasts.code,
    layouts.name AS reporter
FROM alerts
LEFT JOIN oblasts ON alerts.named = oblasts.name
LEFT JOIN layouts ON alerts.layout = layouts.layout
WHERE alerts.row NOT IN (SELECT row FROM refused);

CREATE TABLE notes AS
SELECT
    row,
    CASE WHEN layout = 'official' THEN 'oblast' ELSE 'region' END AS "column",
    named || ' is no oblast with a code: its place is Ukraine' AS reason
FROM taken
WHERE code IS NULL;

CREATE TABLE events AS
SELECT
    [row] AS "rows",
    'incident.reported' AS type,
    started AS said,
    {
        'conflict': getvariable('conflict'),
        'incident_id': concat_ws('-', 'siren', layout, slug(area), iso(started)),
        'report_id': concat_ws('-', 'siren', layout, slug(area), iso(started)),
        'reported_by': { 'name': reporter, 'kind': 'sensor' },
        'stance': 'asserts',
        'occurred': {
            'start': iso(started),
            'end': CASE WHEN ended > started THEN iso(ended) END,
            'of': 'impact',
            'as_stated': nullif(concat_ws(
                '; ',
                CASE WHEN ended IS NULL THEN 'the end is not known' END,
                nullif(area, named)
            ), '')
        },
        'places': [coalesce(code, 'UA')],
        'effects': { 'alerts': coalesce(number(n_subalerts), 1) }
    } AS data
FROM taken
ORDER BY started, row;

CREATE TABLE scope AS
SELECT
    min(started) AS since,
    max(coalesce(ended, started)) + INTERVAL 1 SECOND AS until,
    cast(NULL AS VARCHAR[]) AS countries,
    'alerts of the layout ' || layout AS label,
    'siren-' || layout || '-' AS ids
FROM taken
GROUP BY layout;
