-- PA-X Peace Agreements: who agreed to a ceasefire, and on which day it was signed.
-- source: https://www.peaceagreements.org/
-- licence: see the terms of use at its source
-- layout all-agreements: con, contp?, pp, ppname?, reg?, agtid, ver?, agt, dat, status, lgt?,
--   n_characters?, agtp, stage, stagesub?, part, thrdpart?, othagr?, loc1iso, loc2iso?, ceprov
--
-- A row is one agreement, coded in some 260 columns of which the above are read or known. An
-- agreement with a ceasefire, whose stage is Cea or which has provisions on one (CeProv above 0),
-- is a claim; any other is skipped and counted. Each is a commitment of its own: a renewal, too.
-- The layout is that of the codebook: it was tried on made rows only.
--
-- When. "Dat" is the day of the signature, the last where there were several, and not the start: on
-- that day nothing need have begun. The window starts at an unknown moment after that day's
-- midnight in the country (before the signature nobody was bound by it), and its end is unknown.
-- Who. PA-X claims it, as an observer. Bound are the signatories of "Part": what follows "On behalf
-- of" or "For", or else each line. "Government of" a country is that country's ISO code; any other
-- name is kept as written, since PA-X has no ids of parties in this file: correct it with a
-- revision, or import it as a table with a mapping of names. Without signatories, a row is skipped.
-- What. What a ceasefire prohibits is not coded: acts and targets stay unsaid, which makes a
-- verdict undetermined and not wrong.
-- Where. The countries of "Loc1ISO" and "Loc2ISO", alpha-3; a code that is not known is told. An
-- agreement in a local conflict holds in a part that is not coded: its area stays unsaid.
-- Which conflict: that of `--conflict`, else the peace process, as pax- and its number.
-- Ids and editions. "AgtId" is stable: another text in a later version is a revision, an agreement
-- that a later version lacks is taken back.

CREATE TABLE read AS
SELECT
    raw.row,
    raw.agtid,
    raw.agt,
    raw.dat,
    raw.part,
    raw.status,
    raw.con,
    raw.loc1iso,
    raw.loc2iso,
    raw.ceprov,
    iso_day(raw.dat) AS signed,
    number(raw.agtid) AS agreement,
    number(raw.pp) AS process,
    number(raw.ceprov) AS provisions,
    lower(raw.stage) LIKE 'cea%' AS is_ceasefire,
    lower(coalesce(raw.agtp, '')) LIKE '%local%' AS is_local,
    first_country.alpha_2 AS first_code,
    second_country.alpha_2 AS second_code,
    -- The widest day there is, where the country is not known.
    coalesce(first_country.zones, 'Pacific/Kiritimati Etc/GMT+12') AS zones
FROM raw
LEFT JOIN countries AS first_country ON raw.loc1iso = first_country.alpha_3
LEFT JOIN countries AS second_country ON raw.loc2iso = second_country.alpha_3;

CREATE TABLE refused AS
SELECT
    row,
    'AgtId' AS "column",
    not_a(agtid, 'the number of an agreement') AS reason
FROM read
WHERE agreement IS NULL
UNION ALL
SELECT
    row,
    'Dat' AS "column",
    not_a(dat, 'a day (YYYY-MM-DD)') AS reason
FROM read
WHERE signed IS NULL
UNION ALL
SELECT
    row,
    'CeProv' AS "column",
    not_a(ceprov, 'a number') AS reason
FROM read
WHERE provisions IS NULL AND NOT coalesce(is_ceasefire, FALSE);

CREATE MACRO written_parties(words) AS
list_filter(
    list_transform(
        coalesce(
            nullif(
                regexp_extract_all(
                    words,
                    '(?im)(?:^|[;.:]\s*)(?:signed )?(?:on behalf of|for)\s+(?:the\s+)?([^:;,\n(]+)',
                    1
                ),
                []
            ),
            string_split_regex(words, '\s*[;\n]\s*')
        ),
        LAMBDA part: left(trim(regexp_replace(part, '[\s\p{Cc}]+', ' ', 'g')), 200)
    ),
    LAMBDA part: part <> ''
);

CREATE TABLE parties AS
SELECT
    signed.row,
    list_sort(list(DISTINCT coalesce(countries.alpha_3, signed.party))) AS bound
FROM (
    SELECT
        row,
        unnest(written_parties(part)) AS party
    FROM read
) AS signed
LEFT JOIN
    countries
    ON lower(signed.party) IN (
        'government of ' || lower(countries.name),
        'government of the ' || lower(countries.name),
        'the government of ' || lower(countries.name),
        'the government of the ' || lower(countries.name)
    )
GROUP BY signed.row;

CREATE TABLE skipped AS
SELECT
    read.row,
    CASE
        WHEN NOT coalesce(read.is_ceasefire, FALSE) AND read.provisions <= 0
            THEN 'no ceasefire'
        ELSE 'no signatory is named'
    END AS reason
FROM read
LEFT JOIN parties ON read.row = parties.row
WHERE
    read.row NOT IN (SELECT row FROM refused)
    AND (
        (NOT coalesce(read.is_ceasefire, FALSE) AND read.provisions <= 0)
        OR parties.row IS NULL
    );

CREATE TABLE taken AS
SELECT
    read.*,
    parties.bound
FROM read
INNER JOIN parties ON read.row = parties.row
WHERE
    read.row NOT IN (SELECT row FROM refused)
    AND read.row NOT IN (SELECT row FROM skipped);

CREATE TABLE notes AS
SELECT
    row,
    'Loc1ISO' AS "column",
    coalesce(loc1iso, 'blank') || ' is no country: where it holds stays unsaid' AS reason
FROM taken
WHERE first_code IS NULL AND NOT is_local
UNION ALL
SELECT
    row,
    'Loc2ISO' AS "column",
    loc2iso || ' is no country: it is "and others"' AS reason
FROM taken
WHERE loc2iso IS NOT NULL AND second_code IS NULL AND NOT is_local;

CREATE TABLE events AS
SELECT
    [row] AS "rows",
    'commitment.claimed' AS type,
    make_timestamptz(NULL) AS said,
    {
        'conflict': coalesce(
            getvariable('conflict'),
            'pax-' || coalesce(cast(cast(process AS BIGINT) AS VARCHAR), slug(con))
        ),
        'commitment_id': 'pax-' || cast(agreement AS BIGINT),
        'claim_id': 'pax-' || cast(agreement AS BIGINT),
        'claimed_by': { 'name': 'PA-X Peace Agreements Database', 'role': 'observer' },
        'stance': 'asserts',
        'bound_parties': bound,
        'area': CASE
            WHEN is_local OR first_code IS NULL THEN []
            WHEN loc2iso IS NULL THEN [first_code]
            ELSE [first_code, second_code]
        END,
        'window': [
            to_json({
                'start': { 'earliest': iso(first_midnight(signed, zones)) },
                'as_stated': concat_ws('; ', 'signed ' || dat, agt, status)
            })
        ]
    } AS data
FROM taken
ORDER BY signed, agreement;

CREATE TABLE scope AS
SELECT
    cast(NULL AS TIMESTAMPTZ) AS since,
    cast(NULL AS TIMESTAMPTZ) AS until,
    cast(NULL AS VARCHAR[]) AS countries,
    'all agreements' AS label;
