-- Alerts of Israel's Home Front Command: sirens by area, to the second.
-- source: https://github.com/dleshem/israel-alerts-data
-- licence: Apache-2.0
-- zone: Asia/Jerusalem
-- layout 2014: data, date, time, alertdate, category, category_desc, matrix_id, rid
--
-- A row is one siren: the areas that it sounded in, together in one cell.
--
-- When. "date" (d.m.Y) and "time", on Israel's clocks. "alertDate" is the same moment rounded to
-- the minute and is never read: around a truce's bound the rounding decides. A siren sounds after
-- the launch, so what is dated is the impact; the launch was at most 15 minutes earlier for rockets
-- and missiles, and at most a day for aircraft.
-- Who. A sensor heard it: no party, no actor. Alerts do not say from where, so the conflict has to
-- be given: `--conflict israel-gaza`.
-- How many. A salvo is one incident. Sirens of one category belong to one salvo as long as each
-- follows the one before within 60 seconds; its rows are counted in the effect "alerts", never
-- dropped, not even those that say the same again. What was fired is not said.
-- Where. Area names are read exactly, without the number after them, as districts; several are "one
-- of these", since a siren says where danger was and not where it fell. Yehuda, Shomron and Maale
-- Adumim are PS; Golan and Jerusalem, which are disputed, are one of two codes. An area that spans
-- districts is IL. Any other name is told and makes the list end in "and others": later files have
-- thousands of places, for which boundaries or a gazetteer would be needed.
-- What. Categories 1 (rockets and missiles) and 2 (hostile aircraft) are a strike and a drone
-- strike. Any other is skipped with its number: drills (15, 21, 26), notices, earthquakes. A
-- category that is no number is refused.
-- False alarms. A row that calls an alert false takes back the salvo before it, within the hour, of
-- which it names every area: such a salvo is no event, and if an earlier edition made it one, that
-- is retracted. A salvo that a newer edition leaves out is retracted, too.
-- Ids. "rid" counts the rows of one file, so a salvo is known by its category and first second.

CREATE TABLE areas AS
FROM (
    VALUES
    ('עוטף עזה', ['IL-D']),
    ('מרחב אשקלון', ['IL-D']),
    ('אשקלון', ['IL-D']),
    ('מרחב אשדוד', ['IL-D']),
    ('אשדוד', ['IL-D']),
    ('באר שבע', ['IL-D']),
    ('מרחב באר שבע', ['IL-D']),
    ('נגב', ['IL-D']),
    ('פזורה', ['IL-D']),
    ('פזורה לקיה', ['IL-D']),
    ('שפלה', ['IL']),
    ('דן', ['IL']),
    ('שרון', ['IL']),
    ('מנשה', ['IL']),
    ('עמק חפר', ['IL-M']),
    ('בית שמש', ['IL-JM']),
    ('כרמל', ['IL-HA']),
    ('גליל עליון', ['IL-Z']),
    ('קו העימות', ['IL-Z']),
    ('יהודה', ['PS']),
    ('שומרון', ['PS']),
    ('מעלה אדומים', ['PS']),
    ('ירושלים', ['IL-JM', 'PS-JEM']),
    ('גולן', ['IL-Z', 'SY-QU'])
) AS known (name, codes);

CREATE TABLE kinds AS
FROM (
    VALUES
    (1, 'strike', 'PT15M', NULL),
    (2, 'drone_strike', NULL, NULL),
    (15, NULL, NULL, 'drill'),
    (21, NULL, NULL, 'drill'),
    (26, NULL, NULL, 'drill')
) AS known (category, act, flight, skip);

CREATE MACRO is_false_alarm(words) AS
regexp_matches(words, '(התרעת|התראת|אזעקת) שווא|(?i:false al(arm|ert))');

CREATE MACRO area_names(words) AS
list_filter(
    list_transform(
        string_split(words, ','), LAMBDA part: trim(regexp_replace(trim(part), '\s*[0-9]+$', ''))
    ),
    LAMBDA part: part <> ''
);

CREATE TABLE dated AS
SELECT
    *,
    moment(date || ' ' || time, '%d.%m.%Y %H:%M:%S', getvariable('zone')) AS sounded,
    try_cast(number(category) AS INTEGER) AS number_of_category,
    coalesce(is_false_alarm(category_desc), FALSE) AS is_false,
    coalesce(area_names(data), []) AS names
FROM raw;

CREATE TABLE refused AS
SELECT
    row,
    CASE WHEN day(date, '%d.%m.%Y') IS NULL THEN 'date' ELSE 'time' END AS "column",
    CASE
        WHEN day(date, '%d.%m.%Y') IS NULL THEN not_a(date, 'a day (DD.MM.YYYY)')
        ELSE not_a(time, 'a time (HH:MM:SS)')
    END AS reason
FROM dated
WHERE sounded IS NULL
UNION ALL
SELECT
    row,
    'category' AS "column",
    not_a(category, 'the number of a category') AS reason
FROM dated
WHERE number_of_category IS NULL
UNION ALL
SELECT
    row,
    'conflict' AS "column",
    'alerts do not say in which conflict; give it: --conflict NAME' AS reason
FROM dated
WHERE getvariable('conflict') IS NULL;

CREATE TABLE sirens AS
SELECT
    dated.*,
    kinds.act,
    kinds.flight
FROM dated
INNER JOIN kinds ON dated.number_of_category = kinds.category
WHERE
    kinds.act IS NOT NULL
    AND NOT dated.is_false
    AND dated.row NOT IN (SELECT row FROM refused);

CREATE TABLE salvos AS
SELECT
    number_of_category,
    act,
    flight,
    salvo,
    list(row ORDER BY row) AS "rows",
    min(sounded) AS first_siren,
    max(sounded) AS last_siren,
    list_sort(list_distinct(flatten(list(names)))) AS names
FROM (
    SELECT
        *,
        sum(CASE WHEN since_the_last <= INTERVAL 60 SECONDS THEN 0 ELSE 1 END) OVER (
            PARTITION BY number_of_category
            ORDER BY sounded, row
        ) AS salvo
    FROM (
        SELECT
            *,
            sounded - lag(sounded) OVER (
                PARTITION BY number_of_category
                ORDER BY sounded, row
            ) AS since_the_last
        FROM sirens
    )
)
GROUP BY number_of_category, act, flight, salvo;

-- Salvos of which every area was later said to have been a false alarm.
CREATE TABLE false_salvos AS
SELECT
    salvos.number_of_category,
    salvos.salvo
FROM salvos
INNER JOIN dated
    ON
        dated.is_false
        AND dated.sounded >= salvos.first_siren
        AND dated.sounded <= salvos.last_siren + INTERVAL 1 HOUR
GROUP BY salvos.number_of_category, salvos.salvo, salvos.names
HAVING list_has_all(flatten(list(dated.names)), salvos.names);

CREATE TABLE skipped AS
SELECT
    dated.row,
    CASE
        WHEN dated.is_false THEN 'says that an alert was false'
        ELSE coalesce(kinds.skip, 'category ' || dated.number_of_category || ' is no attack')
    END AS reason
FROM dated
LEFT JOIN kinds ON dated.number_of_category = kinds.category
WHERE
    dated.row NOT IN (SELECT row FROM refused)
    AND (dated.is_false OR kinds.act IS NULL)
UNION ALL
SELECT
    unnest(salvos."rows") AS row,
    'false alarm' AS reason
FROM salvos
INNER JOIN false_salvos
    ON
        salvos.number_of_category = false_salvos.number_of_category
        AND salvos.salvo = false_salvos.salvo;

CREATE TABLE notes AS
SELECT
    named.row,
    'data' AS "column",
    named.name || ' is no area with a code: it is "and others"' AS reason
FROM (
    SELECT
        row,
        unnest(names) AS name
    FROM sirens
) AS named
WHERE named.name NOT IN (SELECT name FROM areas)
UNION ALL
SELECT
    row,
    'data' AS "column",
    'no area is named' AS reason
FROM sirens
WHERE len(names) = 0;

CREATE TABLE salvo_places AS
SELECT
    salvos.number_of_category,
    salvos.salvo,
    list_sort(list_distinct(flatten(list(areas.codes)))) AS codes
FROM (
    SELECT
        number_of_category,
        salvo,
        unnest(names) AS name
    FROM salvos
) AS salvos
INNER JOIN areas ON salvos.name = areas.name
GROUP BY salvos.number_of_category, salvos.salvo;

CREATE TABLE events AS
SELECT
    salvos."rows",
    'incident.reported' AS type,
    salvos.first_siren AS said,
    {
        'conflict': getvariable('conflict'),
        'incident_id': concat_ws(
            '-', 'alert', salvos.number_of_category, iso(salvos.first_siren)
        ),
        'report_id': concat_ws(
            '-', 'alert', salvos.number_of_category, iso(salvos.first_siren)
        ),
        'reported_by': { 'name': 'Home Front Command sirens', 'kind': 'sensor' },
        'stance': 'asserts',
        'occurred': {
            'start': iso(salvos.first_siren),
            'end': CASE
                WHEN salvos.last_siren > salvos.first_siren THEN iso(salvos.last_siren)
            END,
            'of': 'impact',
            'flight': salvos.flight,
            'as_stated': concat_ws(
                ' to ',
                strftime(timezone(getvariable('zone'), salvos.first_siren), '%d.%m.%Y %H:%M:%S'),
                CASE
                    WHEN salvos.last_siren > salvos.first_siren THEN strftime(
                        timezone(getvariable('zone'), salvos.last_siren), '%d.%m.%Y %H:%M:%S'
                    )
                END
            )
        },
        'act': salvos.act,
        'places': list_concat(
            CASE
                WHEN len(salvo_places.codes) = 1 THEN [to_json(salvo_places.codes[1])]
                WHEN len(salvo_places.codes) > 1 THEN [to_json({ 'one_of': salvo_places.codes })]
                ELSE []
            END,
            CASE
                WHEN list_has_all((SELECT list(name) FROM areas), salvos.names) THEN [] ELSE [NULL]
            END
        ),
        'effects': { 'alerts': len(salvos."rows") }
    } AS data
FROM salvos
LEFT JOIN salvo_places
    ON
        salvos.number_of_category = salvo_places.number_of_category
        AND salvos.salvo = salvo_places.salvo
LEFT JOIN false_salvos
    ON
        salvos.number_of_category = false_salvos.number_of_category
        AND salvos.salvo = false_salvos.salvo
WHERE false_salvos.salvo IS NULL
ORDER BY salvos.first_siren;

CREATE TABLE scope AS
SELECT
    min(sounded) AS since,
    max(sounded) + INTERVAL 1 SECOND AS until,
    cast(NULL AS VARCHAR[]) AS countries,
    'all alerts from the first to the last' AS label
FROM dated;
