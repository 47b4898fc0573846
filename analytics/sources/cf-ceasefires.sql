-- ETH/PRIO Civil Conflict Ceasefires, 1989 to 2020: one row for each actor in each ceasefire.
-- source: https://doi.org/10.1177/00220027221129195
-- licence: see its publishers
-- layout 2022: cc, location, cf_id, uniq_id?, id?, region?, side?, ucdp_actor_id, actor_name,
--   ucdp_acd_id, ucdp_dyad?, pax_id?, cf_dec_yr, cf_dec_month, cf_dec_day, cf_effect_yr,
--   cf_effect_month, cf_effect_day, end_yr, end_month, end_day, partial, ended?, written?, fixed?,
--   fixed_time?, timing?, ceasefire_class?, p_humanitarian?, p_peaceprocess?, p_holiday?,
--   p_election?, p_other?, p_other_comment?, p_unclear?, mediator_nego?, mediator_send?,
--   implement?, enforcement?, ddr?, nsa_frac?, splinter?, cf_pp?, link?, evidence_onset?,
--   evidence_end?, comment?, factivia_source?, factivia_page?, truce?, coder?, recentadditions?
--
-- A row is one actor's part in one ceasefire: a claim that binds this actor. Rows of one country
-- and "cf_id" are one commitment. The layout is that of public code that reads the table: it was
-- tried on made rows only.
--
-- When. Years, months and days in columns of their own; -1 is not known. It began on the day of
-- cf_effect, at an unknown moment of it. Where the day is not known, it began at some moment of the
-- month, where the month is not known, either, of the year: an uncertain bound, and never the 15th
-- or June; none begins before it was declared (cf_dec), and where it is not known when it took
-- effect, that is all that is known of its start. The end is read in the same way from end_*;
-- without a year it is not known, which is not the same as open. A cf_effect_yr of 0 says that it
-- did not take effect: skipped. Days are the country's, from its first midnight to its last.
-- Who. The dataset claims it, as an observer. "Government of" the country is the country's ISO
-- code, any other actor has UCDP's name, as in the events of `ucdp-ged`.
-- What. A ceasefire prohibits all hostile acts against any target, unless "partial" is not 0: then
-- what it prohibits and where is not coded and stays unsaid.
-- Where. "cc" is read as Gleditsch and Ward's number of a country, if that country's name has a
-- word in common with "location"; otherwise the row is told, and its area and its days are left
-- wide.
-- Which conflict: that of `--conflict`, else ucdp- and "ucdp_acd_id", else the country. Events are
-- judged by a ceasefire only if they are in the same one: give both imports the same name.
-- Ids and editions. Country, "cf_id" and actor are the id; other terms in a later edition are a
-- revision, a ceasefire that it lacks is taken back.

CREATE TABLE read AS
SELECT
    raw.*,
    number(raw.cf_id) AS ceasefire,
    number(raw.cc) AS country_number,
    number(raw.partial) AS coverage,
    number(raw.ucdp_acd_id) AS ucdp_conflict,
    number(raw.ucdp_actor_id) AS ucdp_actor,
    countries.alpha_2,
    countries.alpha_3,
    coalesce(countries.zones, 'Pacific/Kiritimati Etc/GMT+12') AS zones
FROM raw
LEFT JOIN countries
    ON
        cast(cast(number(raw.cc) AS BIGINT) AS VARCHAR) = countries.gw_number
        AND list_has_any(
            regexp_extract_all(lower(raw.location), '\p{L}{4,}'),
            regexp_extract_all(lower(countries.name), '\p{L}{4,}')
        );

-- Each date in its three columns; below 1 is not known.
CREATE TABLE dates AS
SELECT
    row,
    zones,
    prefix,
    parts,
    list_transform(parts, LAMBDA part: nullif(greatest(number(part), 0), 0)) AS numbers,
    numbers[1] IS NULL OR (
        numbers[1] BETWEEN 1900 AND 2200
        AND coalesce(numbers[2], 1) BETWEEN 1 AND 12
        AND try_cast(
            concat_ws(
                '-', cast(numbers[1] AS INTEGER), cast(coalesce(numbers[2], 1) AS INTEGER),
                cast(
                    CASE WHEN numbers[2] IS NULL THEN 1 ELSE coalesce(numbers[3], 1) END AS INTEGER
                )
            ) AS DATE
        ) IS NOT NULL
    ) AS is_date
FROM (
    SELECT
        row,
        zones,
        unnest(['cf_effect', 'cf_dec', 'end']) AS prefix,
        unnest([
            [cf_effect_yr, cf_effect_month, cf_effect_day],
            [cf_dec_yr, cf_dec_month, cf_dec_day],
            [end_yr, end_month, end_day]
        ]) AS parts
    FROM read
);

CREATE TABLE bounds AS
SELECT
    row,
    prefix,
    first_midnight(first_day, zones) AS earliest,
    last_midnight(
        CASE
            WHEN numbers[2] IS NULL THEN first_day + INTERVAL 1 YEAR
            WHEN numbers[3] IS NULL THEN first_day + INTERVAL 1 MONTH
            ELSE first_day + INTERVAL 1 DAY
        END,
        zones
    ) AS latest,
    array_to_string(
        list_filter(
            list_transform(numbers, LAMBDA part: cast(cast(part AS INTEGER) AS VARCHAR)),
            LAMBDA part: part IS NOT NULL
        ),
        '-'
    ) AS words
FROM (
    SELECT
        *,
        make_date(
            cast(numbers[1] AS INTEGER),
            cast(coalesce(numbers[2], 1) AS INTEGER),
            cast(CASE WHEN numbers[2] IS NULL THEN 1 ELSE coalesce(numbers[3], 1) END AS INTEGER)
        ) AS first_day
    FROM dates
    WHERE is_date AND numbers[1] IS NOT NULL
);

CREATE TABLE windows AS
SELECT
    read.row,
    CASE
        WHEN effect.earliest IS NULL OR declared.earliest < effect.latest
            THEN greatest(effect.earliest, declared.earliest)
        ELSE effect.earliest
    END AS start_earliest,
    effect.latest AS start_latest,
    ended.earliest AS end_earliest,
    ended.latest AS end_latest,
    concat_ws(
        '; ',
        'declared ' || declared.words,
        'in effect ' || effect.words,
        'ended ' || ended.words
    ) AS words
FROM read
LEFT JOIN bounds AS effect ON read.row = effect.row AND effect.prefix = 'cf_effect'
LEFT JOIN bounds AS declared ON read.row = declared.row AND declared.prefix = 'cf_dec'
LEFT JOIN bounds AS ended ON read.row = ended.row AND ended.prefix = 'end';

CREATE TABLE refused AS
SELECT
    row,
    'cf_id' AS "column",
    not_a(cf_id, 'the number of a ceasefire') AS reason
FROM read
WHERE ceasefire IS NULL
UNION ALL
SELECT
    row,
    'cc' AS "column",
    not_a(cc, 'the number of a country') AS reason
FROM read
WHERE country_number IS NULL
UNION ALL
SELECT
    row,
    'actor_name' AS "column",
    not_a(actor_name, 'the name of an actor') AS reason
FROM read
WHERE is_blank(actor_name)
UNION ALL
SELECT
    row,
    CASE prefix WHEN 'end' THEN 'end_yr' ELSE prefix || '_yr' END AS "column",
    not_a(concat_ws('-', parts[1], parts[2], parts[3]), 'a year, month and day (-1: not known)')
        AS reason
FROM dates
WHERE NOT is_date OR NOT (is_number(parts[1]) OR is_blank(parts[1]))
UNION ALL
SELECT
    row,
    'end_yr' AS "column",
    'it ended before it began: ' || words AS reason
FROM windows
WHERE end_latest <= start_earliest;

CREATE TABLE skipped AS
SELECT
    row,
    'did not take effect' AS reason
FROM read
WHERE number(cf_effect_yr) = 0 AND row NOT IN (SELECT row FROM refused);

CREATE TABLE taken AS
SELECT
    read.*,
    windows.* EXCLUDE row
FROM read
INNER JOIN windows ON read.row = windows.row
WHERE
    read.row NOT IN (SELECT row FROM refused)
    AND read.row NOT IN (SELECT row FROM skipped);

CREATE TABLE notes AS
SELECT
    row,
    'location' AS "column",
    coalesce(location, 'blank') || ' is not the country ' || cc || ': area and days are left wide'
        AS reason
FROM taken
WHERE alpha_2 IS NULL;

CREATE TABLE events AS
SELECT
    [row] AS "rows",
    'commitment.claimed' AS type,
    make_timestamptz(NULL) AS said,
    {
        'conflict': coalesce(
            getvariable('conflict'),
            CASE
                WHEN ucdp_conflict > 0 THEN 'ucdp-' || cast(ucdp_conflict AS BIGINT)
            END,
            slug(location)
        ),
        'commitment_id': concat_ws(
            '-', 'cf', cast(country_number AS BIGINT), cast(ceasefire AS BIGINT)
        ),
        'claim_id': concat_ws(
            '-',
            'cf',
            cast(country_number AS BIGINT),
            cast(ceasefire AS BIGINT),
            CASE
                WHEN ucdp_actor > 0 THEN cast(cast(ucdp_actor AS BIGINT) AS VARCHAR)
                ELSE slug(actor_name)
            END
        ),
        'claimed_by': {
            'name': 'ETH/PRIO Civil Conflict Ceasefire Dataset',
            'role': 'observer'
        },
        'stance': 'asserts',
        'bound_parties': [
            CASE
                WHEN actor_name LIKE 'Government of %' AND alpha_3 IS NOT NULL THEN alpha_3
                ELSE left(trim(regexp_replace(actor_name, '\s+', ' ', 'g')), 200)
            END
        ],
        'prohibits': CASE
            WHEN coverage = 0 THEN { 'acts': ['hostile_act'], 'targets': ['any'] }
        END,
        'area': CASE WHEN coverage = 0 AND alpha_2 IS NOT NULL THEN [alpha_2] END,
        -- What is not known is left out: a null would say that the end is open.
        'window': [
            json_merge_patch('{}', to_json({
                'start': CASE
                    WHEN start_earliest IS NOT NULL
                        THEN { 'earliest': iso(start_earliest), 'latest': iso(start_latest) }
                END,
                'end': CASE
                    WHEN end_earliest IS NOT NULL
                        THEN { 'earliest': iso(end_earliest), 'latest': iso(end_latest) }
                END,
                'as_stated': nullif(words, '')
            }))
        ]
    } AS data
FROM taken
ORDER BY start_earliest, country_number, ceasefire;

CREATE TABLE scope AS
SELECT
    cast(NULL AS TIMESTAMPTZ) AS since,
    cast(NULL AS TIMESTAMPTZ) AS until,
    cast(NULL AS VARCHAR[]) AS countries,
    'all ceasefires' AS label;
