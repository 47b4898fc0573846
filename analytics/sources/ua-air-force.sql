-- Massive Missile Attacks on Ukraine: launches and interceptions by day.
-- source: https://www.kaggle.com/datasets/piterfm/massive-missile-attacks-on-ukraine
-- licence: CC BY-NC-SA 4.0
-- conflict: russia-ukraine
-- zone: Europe/Kyiv
-- layout 2024: time_start, time_end, model, launch_place, target, carrier, launched, destroyed,
--   not_reach_goal, cross_border_belarus, back_russia, still_attacking, destroyed_details,
--   launched_details, launch_place_details, source
-- layout 2026: time_start, time_end, model, launch_place, target, target_main, launched, destroyed,
--   not_reach_goal, still_attacking, border_crossing, is_shahed, num_hit_location,
--   num_fall_fragment_location, carrier, turbojet, turbojet_destroyed, affected region,
--   destroyed_details, launched_details, launch_place_details, source
--
-- A row is one model of weapon (or a mix that was counted together) in one post of a command.
--
-- When. Kyiv local time, to the minute, or a day alone: a day begins at its midnight and, as an
-- end, ends at the next one. An end that equals its start to the minute is an instant. The act is
-- the launch, at an unknown moment in between. When the post appeared is not said: an event's time
-- is the end of what it reports, the earliest at which it can have been said (none, if an edition
-- corrects it).
-- Who. The party is RUS, confirmed, as the command says. Who reports is the page of the post; a
-- page that is not in the table below reports under its own name, and is told.
-- How many. 68.0 is 68, and "88 to 90" is a range. "launched" and "destroyed" are the weapon's
-- launched and intercepted; "not_reach_goal" (lost, jammed) is no interception and is the effect
-- not_reached, beside still_in_the_air, locations_hit and locations_of_debris. Figures of one model
-- are added up within a raid; one that lacks a figure leaves the sum out. Not read: launch places,
-- carriers, main directions, jet drones, what crossed borders, and figures by region or of a mix.
-- Where. Targets "A and B" are both, by exact names: an oblast, a city or a raion is its oblast's
-- code, Kyiv is UA-30; south, east and the like have no border and are UA. "affected region" adds
-- where something was hit. Any other name is told and makes the list end in "and others".
-- What. Models are read by exact name: drones, ballistic and cruise missiles, bombs. Reconnaissance
-- drones are no strike. "Unknown UAV", and drones that can do both, leave the act open: alone they
-- give none, beside others no more than "strike". What the target was is never said.
-- One raid. Rows of one reporter, one start and one end are one report, since a night comes as
-- several models; reconnaissance is a raid of its own.
-- Overlaps. What regional commands and others report, the Air Force mostly counts, too. It is a
-- further report of the Air Force's raid (counted once) if it lies wholly within the time of
-- exactly one, and its places are that raid's, or that raid's is all Ukraine. If times only
-- overlap, which raid it belongs to is not known: it stays an incident of its own, whose words of
-- time end in "may repeat the Air Force". `truce what-if --without-source "Air Command South"`
-- counts without.
-- Ids. The table has none: a raid is known by reporter, start and end. Other figures are a
-- revision. So is another time, if one raid of the same post is missing beside one that is new; it
-- keeps its id. An edition speaks for the days from its first start to its last end: what it leaves
-- out of these is gone.

CREATE TABLE reporters AS
FROM (
    VALUES
    ('kpszsu', 'Air Force of Ukraine', 'military', 'UKR', 'air-force'),
    ('t.me/kpszsu', 'Air Force of Ukraine', 'military', 'UKR', 'air-force'),
    ('PvKPivden', 'Air Command South', 'military', 'UKR', 'air-command-south'),
    ('pvkshid', 'Air Command East', 'military', 'UKR', 'air-command-east'),
    ('PvkZahid', 'Air Command West', 'military', 'UKR', 'air-command-west'),
    ('PvkCenter', 'Air Command Center', 'military', 'UKR', 'air-command-center'),
    ('GeneralStaff.ua', 'General Staff of Ukraine', 'military', 'UKR', 'general-staff'),
    ('CinCAFU', 'Commander-in-Chief of Ukraine', 'military', 'UKR', 'commander-in-chief'),
    ('t.me/ChiefUkrDIU', 'Chief of Defence Intelligence', 'military', 'UKR', 'intelligence'),
    ('kharkivoda.gov.ua', 'Kharkiv Oblast Administration', 'government', 'UKR', 'kharkiv-oblast'),
    ('t.me/war_monitor', 'war_monitor', 'civilian', NULL, 'war-monitor'),
    ('watch', 'A video on Facebook', 'other', NULL, 'video')
) AS known (page, name, kind, party, id);

-- What each model does; NULL: it may strike or only look.
CREATE TABLE models AS
FROM (
    VALUES
    ('Shahed-136/131', 'drone_strike'),
    ('Lancet', 'drone_strike'),
    ('Молнія', 'drone_strike'),
    ('Kub', 'drone_strike'),
    ('Привет-82', 'drone_strike'),
    ('Unknown UAV', NULL),
    ('Orion', NULL),
    ('Mohajer-6', NULL),
    ('Forpost', NULL),
    ('Фенікс', NULL),
    ('Reconnaissance UAV', 'reconnaissance'),
    ('Orlan-10', 'reconnaissance'),
    ('Orlan-30', 'reconnaissance'),
    ('Supercam', 'reconnaissance'),
    ('ZALA', 'reconnaissance'),
    ('Merlin-VR', 'reconnaissance'),
    ('Eleron', 'reconnaissance'),
    ('Granat-4', 'reconnaissance'),
    ('Картограф', 'reconnaissance'),
    ('Iskander-M', 'ballistic_missile_strike'),
    ('KN-23', 'ballistic_missile_strike'),
    ('Iskander-M/KN-23', 'ballistic_missile_strike'),
    ('X-47 Kinzhal', 'ballistic_missile_strike'),
    ('C-300', 'ballistic_missile_strike'),
    ('C-400', 'ballistic_missile_strike'),
    ('C-300/C-400', 'ballistic_missile_strike'),
    ('Ballistic Missile', 'ballistic_missile_strike'),
    ('Intercontinental Ballistic Missile', 'ballistic_missile_strike'),
    ('Iskander-K', 'cruise_missile_strike'),
    ('Kalibr', 'cruise_missile_strike'),
    ('X-101/X-555', 'cruise_missile_strike'),
    ('X-22', 'cruise_missile_strike'),
    ('X-32', 'cruise_missile_strike'),
    ('X-22/X-32', 'cruise_missile_strike'),
    ('X-59', 'cruise_missile_strike'),
    ('X-59MK2', 'cruise_missile_strike'),
    ('X-59/X-69', 'cruise_missile_strike'),
    ('X-69', 'cruise_missile_strike'),
    ('X-35', 'cruise_missile_strike'),
    ('P-800 Oniks', 'cruise_missile_strike'),
    ('3M22 Zircon', 'cruise_missile_strike'),
    ('Banderol', 'cruise_missile_strike'),
    ('X-31', 'missile_strike'),
    ('X-31P', 'missile_strike'),
    ('X-31PD', 'missile_strike'),
    ('Unknown Missile', 'missile_strike'),
    ('KAB', 'air_strike'),
    ('GBU', 'air_strike'),
    ('Aerial Bomb', 'air_strike')
) AS known (model, act);

CREATE TABLE named AS
FROM (
    VALUES
    ('Ukraine', 'UA'),
    ('south', 'UA'),
    ('east', 'UA'),
    ('north', 'UA'),
    ('west', 'UA'),
    ('center', 'UA'),
    ('south-east', 'UA'),
    ('north-east', 'UA'),
    ('Vinnytsia oblast', 'UA-05'),
    ('Volyn oblast', 'UA-07'),
    ('Luhansk oblast', 'UA-09'),
    ('Dnipropetrovsk oblast', 'UA-12'),
    ('Dnipro', 'UA-12'),
    ('Kryvyi Rih', 'UA-12'),
    ('Donetsk oblast', 'UA-14'),
    ('Kramatorsk', 'UA-14'),
    ('Zhytomyr oblast', 'UA-18'),
    ('Zakarpattia oblast', 'UA-21'),
    ('Zaporizhzhia oblast', 'UA-23'),
    ('Zaporizhzhia', 'UA-23'),
    ('Ivano-Frankivsk oblast', 'UA-26'),
    ('Kolomyia', 'UA-26'),
    ('Kyiv', 'UA-30'),
    ('Kyiv oblast', 'UA-32'),
    ('Kyiv oblast (south)', 'UA-32'),
    ('Kirovohrad oblast', 'UA-35'),
    ('Sevastopol', 'UA-40'),
    ('Crimea', 'UA-43'),
    ('Lviv oblast', 'UA-46'),
    ('Mykolaiv oblast', 'UA-48'),
    ('Mykolaiv', 'UA-48'),
    ('Ochakiv', 'UA-48'),
    ('Odesa oblast', 'UA-51'),
    ('Odesa', 'UA-51'),
    ('Snake Island', 'UA-51'),
    ('Poltava oblast', 'UA-53'),
    ('Kremenchuk', 'UA-53'),
    ('Rivne oblast', 'UA-56'),
    ('Sumy oblast', 'UA-59'),
    ('Sumy', 'UA-59'),
    ('Ternopil oblast', 'UA-61'),
    ('Kharkiv oblast', 'UA-63'),
    ('Kharkiv', 'UA-63'),
    ('Kherson oblast', 'UA-65'),
    ('Kherson', 'UA-65'),
    ('Khmelnytskyi oblast', 'UA-68'),
    ('Starokostiantyniv', 'UA-68'),
    ('Cherkasy oblast', 'UA-71'),
    ('Chernihiv oblast', 'UA-74'),
    ('Chernivtsi oblast', 'UA-77'),
    ('Kursk oblast', 'RU-KRS'),
    ('Belgorod oblast', 'RU-BEL')
) AS known (name, code);

CREATE MACRO figure(said, end_of_it) AS
CASE
    WHEN regexp_full_match(said, '[0-9.]+ *(to|-|–) *[0-9.]+')
        THEN number(regexp_extract(said, '([0-9.]+) *(?:to|-|–) *([0-9.]+)', end_of_it))
    ELSE number(said)
END;

CREATE MACRO on_clocks(moment_of_it) AS timezone(getvariable('zone'), moment_of_it);

CREATE MACRO is_counted(said) AS figure(said, 1) IS NOT NULL;

CREATE TABLE dated AS
SELECT
    *,
    time_start NOT LIKE '%:%' AS from_midnight,
    coalesce(
        moment(time_start, '%Y-%m-%d %H:%M', getvariable('zone')),
        midnight(day(time_start, '%Y-%m-%d'), getvariable('zone'))
    ) AS started,
    CASE
        WHEN time_end IS NOT NULL
            THEN
                coalesce(
                    moment(time_end, '%Y-%m-%d %H:%M', getvariable('zone')),
                    midnight(day(time_end, '%Y-%m-%d') + 1, getvariable('zone'))
                )
        WHEN from_midnight THEN midnight(day(time_start, '%Y-%m-%d') + 1, getvariable('zone'))
        ELSE started
    END AS ended,
    CASE
        WHEN source LIKE 'https://t.me/%' THEN 't.me/' || split_part(source, '/', 4)
        ELSE split_part(source, '/', 1)
    END AS page
FROM raw;

CREATE TABLE figures AS
SELECT
    row,
    "column",
    said,
    figure(said, 1) AS low,
    figure(said, 2) AS high
FROM (
    UNPIVOT (
        SELECT
            row,
            launched,
            destroyed,
            not_reach_goal,
            still_attacking,
            num_hit_location,
            num_fall_fragment_location
        FROM raw
    )
    ON COLUMNS(* EXCLUDE row)
    INTO NAME "column" VALUE said
);

CREATE TABLE refused AS
SELECT
    row,
    'time_start' AS "column",
    not_a(time_start, 'a day (YYYY-MM-DD), or a day and a time (YYYY-MM-DD HH:MM)') AS reason
FROM dated
WHERE started IS NULL
UNION ALL
SELECT
    row,
    'time_end' AS "column",
    not_a(time_end, 'a day (YYYY-MM-DD), or a day and a time (YYYY-MM-DD HH:MM)') AS reason
FROM dated
WHERE time_end IS NOT NULL AND ended IS NULL
UNION ALL
SELECT
    row,
    'time_end' AS "column",
    time_end || ' is before the start, ' || time_start AS reason
FROM dated
-- A day that ends where the next begins is not the day before.
WHERE ended < started OR left(time_end, 10) < left(time_start, 10)
UNION ALL
SELECT
    row,
    'model' AS "column",
    not_a(model, 'the name of a weapon') AS reason
FROM dated
WHERE model IS NULL
UNION ALL
SELECT
    row,
    'source' AS "column",
    not_a(source, 'the address of a post') AS reason
FROM dated
WHERE source IS NULL
UNION ALL
SELECT
    row,
    "column",
    not_a(said, 'a number, or two joined by "to"') AS reason
FROM figures
WHERE NOT is_blank(said) AND (low IS NULL OR high IS NULL OR low > high);

CREATE TABLE taken AS
SELECT
    dated.*,
    coalesce(reporters.id, slug(dated.page)) AS reporter,
    coalesce(reporters.name, dated.page) AS reporter_name,
    coalesce(reporters.kind, 'other') AS kind,
    reporters.party,
    CASE
        WHEN dated.source LIKE 'http%' THEN dated.source
        WHEN dated.page = 'kharkivoda.gov.ua' THEN 'https://' || dated.source
        WHEN reporters.page IS NOT NULL THEN 'https://www.facebook.com/' || dated.source
    END AS address
FROM dated
LEFT JOIN reporters ON dated.page = reporters.page
WHERE dated.row NOT IN (SELECT row FROM refused);

CREATE TABLE acts AS
SELECT
    parts.row,
    parts.model,
    models.act,
    models.model IS NULL AS unheard_of
FROM (
    SELECT
        row,
        unnest(and_parts(model)) AS model
    FROM taken
) AS parts
LEFT JOIN models ON parts.model = models.model;

CREATE TABLE places AS
SELECT
    parts.row,
    parts."column",
    parts.name,
    coalesce(
        named.code,
        -- A raion, after its oblast.
        (
            SELECT oblasts.code
            FROM named AS oblasts
            WHERE
                lower(parts.name) LIKE '%raion'
                AND split_part(parts.name, ', ', 1) = oblasts.name
        )
    ) AS code
FROM (
    SELECT
        row,
        'target' AS "column",
        unnest(and_parts(target)) AS name
    FROM taken
    UNION ALL
    SELECT
        row,
        'affected region' AS "column",
        unnest(regexp_extract_all("affected region", '''([^'']+)''', 1)) AS name
    FROM taken
) AS parts
LEFT JOIN named ON parts.name = named.name;

CREATE TABLE notes AS
SELECT
    row,
    'source' AS "column",
    page || ' is no page that is known here: it reports under that name' AS reason
FROM taken
WHERE page NOT IN (SELECT page FROM reporters)
UNION ALL
SELECT
    row,
    'model' AS "column",
    model || ' is not known here: what it does is left open' AS reason
FROM acts
WHERE unheard_of
UNION ALL
SELECT
    row,
    "column",
    name || ' is no place with a code: it is "and others"' AS reason
FROM places
WHERE code IS NULL
UNION ALL
SELECT
    launched.row,
    'destroyed' AS "column",
    destroyed.said || ' is more than were launched, ' || launched.said AS reason
FROM figures AS launched
INNER JOIN figures AS destroyed ON launched.row = destroyed.row
WHERE
    launched."column" = 'launched'
    AND destroyed."column" = 'destroyed'
    AND destroyed.low > launched.high;

CREATE TABLE raids AS
SELECT
    reporter,
    started,
    ended,
    scouts,
    list(row ORDER BY row) AS "rows",
    concat_ws(' to ', min_by(time_start, row), min_by(nullif(time_end, time_start), row)) AS words,
    any_value(reporter_name) AS reporter_name,
    any_value(kind) AS kind,
    any_value(party) AS party,
    list_sort(list(DISTINCT address) FILTER (address IS NOT NULL)) AS addresses,
    bool_or(target IS NULL) AS somewhere,
    concat_ws(
        '-',
        reporter,
        CASE
            WHEN from_midnight THEN strftime(on_clocks(started), '%Y-%m-%d')
            ELSE strftime(on_clocks(started), '%Y-%m-%d-%H:%M')
        END,
        CASE
            WHEN from_midnight AND on_clocks(ended) = on_clocks(started) + INTERVAL 1 DAY THEN NULL
            WHEN ended > started THEN 'to-' || strftime(on_clocks(ended), '%Y-%m-%d-%H:%M')
        END,
        CASE WHEN scouts THEN 'reconnaissance' END
    ) AS id
FROM (
    SELECT
        taken.*,
        coalesce((
            SELECT bool_and(acts.act IS NOT DISTINCT FROM 'reconnaissance')
            FROM acts
            WHERE acts.row = taken.row
        ), FALSE) AS scouts
    FROM taken
)
GROUP BY reporter, started, ended, scouts, from_midnight;

-- What an earlier edition had at another time: the one raid of the same post that is in one edition
-- and not in the other.
CREATE TABLE redated AS
SELECT
    added.id,
    any_value(missing.part) AS id_before
FROM (
    SELECT DISTINCT
        id,
        reporter_name,
        scouts,
        unnest(addresses) AS address
    FROM raids
    WHERE id NOT IN (SELECT part FROM standing WHERE stands)
) AS added
INNER JOIN (
    SELECT DISTINCT
        part,
        data ->> '$.reported_by.name' AS reporter_name,
        part LIKE '%-reconnaissance' AS scouts,
        unnest(json_extract_string(data, '$.evidence[*]')) AS address
    FROM standing
    WHERE
        stands
        AND kind = 'report'
        AND conflict = getvariable('conflict')
        AND part NOT IN (SELECT id FROM raids)
) AS missing
    ON
        added.address = missing.address
        AND added.reporter_name = missing.reporter_name
        AND added.scouts = missing.scouts
GROUP BY added.id
HAVING count(DISTINCT missing.part) = 1
QUALIFY count(*) OVER (PARTITION BY any_value(missing.part)) = 1;

UPDATE raids
SET id = redated.id_before
FROM redated
WHERE raids.id = redated.id;

CREATE TABLE raid_rows AS
SELECT
    id,
    unnest("rows") AS row
FROM raids;

CREATE TABLE raid_places AS
SELECT
    raid_rows.id,
    list_sort(list(DISTINCT places.name)) AS names,
    list_sort(list(DISTINCT places.code) FILTER (places.code IS NOT NULL)) AS codes,
    bool_or(places.code IS NULL) AS others
FROM raid_rows
INNER JOIN places ON raid_rows.row = places.row
GROUP BY raid_rows.id;

-- The one act that is true of all that a raid's models did, whatever could be both aside.
CREATE TABLE raid_acts AS
SELECT
    raid_rows.id,
    CASE
        WHEN count(DISTINCT acts.act) = 0 THEN NULL
        WHEN
            bool_and(acts.act IS NOT NULL) AND count(DISTINCT acts.act) = 1
            THEN any_value(acts.act)
        WHEN bool_and(coalesce(acts.act LIKE '%missile_strike', FALSE)) THEN 'missile_strike'
        ELSE 'strike'
    END AS act
FROM raid_rows
INNER JOIN acts ON raid_rows.row = acts.row
WHERE acts.act IS DISTINCT FROM 'reconnaissance' OR raid_rows.id LIKE '%-reconnaissance'
GROUP BY raid_rows.id;

CREATE TABLE raid_weapons AS
SELECT
    id,
    list({
        'type': model,
        'launched': count_of(launched[1], launched[2]),
        'intercepted': count_of(destroyed[1], destroyed[2])
    } ORDER BY model) AS weapons
FROM (
    SELECT
        raid_rows.id,
        raw.model,
        CASE
            WHEN bool_and(is_counted(raw.launched))
                THEN [sum(figure(raw.launched, 1)), sum(figure(raw.launched, 2))]
        END AS launched,
        CASE
            WHEN bool_and(is_counted(raw.destroyed))
                THEN [sum(figure(raw.destroyed, 1)), sum(figure(raw.destroyed, 2))]
        END AS destroyed
    FROM raid_rows
    INNER JOIN raw ON raid_rows.row = raw.row
    GROUP BY raid_rows.id, raw.model
)
GROUP BY id;

CREATE TABLE raid_effects AS
SELECT
    id,
    json_group_object(effect, count_of(low, high)) AS effects
FROM (
    SELECT
        raid_rows.id,
        CASE figures."column"
            WHEN 'not_reach_goal' THEN 'not_reached'
            WHEN 'still_attacking' THEN 'still_in_the_air'
            WHEN 'num_hit_location' THEN 'locations_hit'
            WHEN 'num_fall_fragment_location' THEN 'locations_of_debris'
        END AS effect,
        sum(figures.low) AS low,
        sum(figures.high) AS high
    FROM raid_rows
    INNER JOIN figures ON raid_rows.row = figures.row
    WHERE figures.low IS NOT NULL AND effect IS NOT NULL
    GROUP BY raid_rows.id, effect
)
GROUP BY id;

-- Each raid of somebody else beside those of the Air Force at the same time.
CREATE TABLE at_the_time AS
SELECT
    theirs.id,
    count(*) FILTER (
        theirs.started >= ours.started AND theirs.ended <= ours.ended
    ) AS inside,
    any_value(ours.id) FILTER (
        theirs.started >= ours.started
        AND theirs.ended <= ours.ended
        AND NOT theirs.somewhere
        AND (
            list_contains(our_places.names, 'Ukraine')
            OR list_has_all(our_places.names, their_places.names)
        )
    ) AS whole
FROM raids AS theirs
INNER JOIN raids AS ours
    ON
        theirs.scouts = ours.scouts
        AND theirs.started <= ours.ended
        AND theirs.ended >= ours.started
        AND (theirs.started < ours.ended OR ours.started = ours.ended)
        AND (theirs.ended > ours.started OR theirs.started = theirs.ended)
LEFT JOIN raid_places AS their_places ON theirs.id = their_places.id
LEFT JOIN raid_places AS our_places ON ours.id = our_places.id
WHERE theirs.reporter <> 'air-force' AND ours.reporter = 'air-force'
GROUP BY theirs.id;

CREATE TABLE events AS
SELECT
    raids."rows",
    'incident.reported' AS type,
    CASE WHEN redated.id_before IS NULL THEN raids.ended END AS said,
    {
        'conflict': getvariable('conflict'),
        'incident_id': CASE
            WHEN at_the_time.inside = 1 AND at_the_time.whole IS NOT NULL THEN at_the_time.whole
            ELSE raids.id
        END,
        'report_id': raids.id,
        'reported_by': {
            'name': raids.reporter_name,
            'kind': raids.kind,
            'party': raids.party
        },
        'stance': 'asserts',
        'occurred': {
            'start': iso(raids.started),
            'end': CASE WHEN raids.ended > raids.started THEN iso(raids.ended) END,
            'certainty': 'sometime',
            'as_stated': raids.words || CASE
                WHEN
                    at_the_time.id IS NULL
                    OR (at_the_time.inside = 1 AND at_the_time.whole IS NOT NULL)
                    THEN ''
                ELSE '; may repeat the Air Force'
            END
        },
        'actor': { 'party': 'RUS', 'confidence': 'confirmed' },
        'act': raid_acts.act,
        'places': list_concat(
            raid_places.codes,
            CASE WHEN raids.somewhere OR raid_places.others THEN [NULL] ELSE [] END
        ),
        'weapons': raid_weapons.weapons,
        'effects': raid_effects.effects,
        'evidence': raids.addresses
    } AS data
FROM raids
LEFT JOIN raid_acts ON raids.id = raid_acts.id
LEFT JOIN raid_places ON raids.id = raid_places.id
LEFT JOIN raid_weapons ON raids.id = raid_weapons.id
LEFT JOIN raid_effects ON raids.id = raid_effects.id
LEFT JOIN at_the_time ON raids.id = at_the_time.id
LEFT JOIN redated ON raids.id = redated.id_before
ORDER BY raids.started, raids.id;

CREATE TABLE scope AS
SELECT
    min(started) AS since,
    max(ended) AS until,
    cast(NULL AS VARCHAR[]) AS countries,
    'all raids of these days' AS label
FROM raids;
