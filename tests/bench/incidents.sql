-- A made world for `truce duplicates`: what happened, and what four sources report of it, each report
-- as an incident of its own. A few towns and a few days have most of them, as in a war.
-- A number from 0 to one less than `below`, the same in each run.
CREATE OR REPLACE TEMP MACRO drawn(number, below) AS (number % below)::BIGINT;

CREATE OR REPLACE TABLE towns AS
SELECT
    town,
    printf('UA-%02d', 1 + drawn(hash(town), 25)) AS region,
    44.5 + (drawn(hash('region', 1 + drawn(hash(town), 25)), 700)) / 100.0 + (drawn(hash('lat', town), 100)) / 100.0
        AS lat,
    23 + (drawn(hash('east', 1 + drawn(hash(town), 25)), 1500)) / 100.0 + (drawn(hash('lon', town), 150)) / 100.0
        AS lon,
    sum(1.0 / town) OVER (ORDER BY town) / sum(1.0 / town) OVER () AS up_to,
    coalesce(sum(1.0 / town) OVER (
        ORDER BY town ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0) / sum(1.0 / town) OVER () AS above
FROM (SELECT unnest(range(1, 2001)) AS town);

-- A quiet day has a fifth of what a usual one has, and the worst of a thousand twelve times that.
CREATE OR REPLACE TABLE days AS
SELECT
    day,
    sum(weight) OVER (ORDER BY day) / sum(weight) OVER () AS up_to,
    coalesce(sum(weight) OVER (
        ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0) / sum(weight) OVER () AS above
FROM (
    SELECT
        day,
        exp(0.8 * sqrt(-2 * ln((1 + drawn(hash('u', day), 9999)) / 10000.0))
        * cos(2 * pi() * (drawn(hash('v', day), 10000)) / 10000.0)) AS weight
    FROM (SELECT unnest(range(1400)) AS day)
);

CREATE OR REPLACE TABLE happenings AS
SELECT
    drawn.h,
    towns.town,
    towns.region,
    towns.lat + (drawn(hash('a', h), 100)) / 2000.0 AS lat,
    towns.lon + (drawn(hash('o', h), 100)) / 1500.0 AS lon,
    epoch_us(TIMESTAMPTZ '2022-03-01 00:00:00Z') + days.day * 86400000000
    + (drawn(hash('t', h), 86400)) * 1000000 AS moment,
    ['shelling', 'drone_strike', 'missile_strike', 'air_strike', 'assault'][1 + drawn(hash('act', h), 5)]
        AS act,
    if(drawn(hash('who', h), 10) < 8, 'AAA', 'BBB') AS actor,
    floor(pow(2, (drawn(hash('k', h), 100)) / 16.0) / 4)::INT AS killed,
    floor(pow(2, (drawn(hash('i', h), 100)) / 14.0) / 4)::INT AS injured,
    CASE WHEN drawn(hash('n', h), 100) < 62 THEN 1 WHEN drawn(hash('n', h), 100) < 92 THEN 2 ELSE 4 END AS many
FROM (
    SELECT
        h,
        (drawn(hash('town', h), 100000000)) / 100000000.0 AS in_town,
        (drawn(hash('day', h), 100000000)) / 100000000.0 AS on_day
    FROM (SELECT unnest(range(getvariable('happenings'))) AS h)
) AS drawn
INNER JOIN towns ON drawn.in_town >= towns.above AND drawn.in_town < towns.up_to
INNER JOIN days ON drawn.on_day >= days.above AND drawn.on_day < days.up_to;

-- The first source is near and exact, the second knows days and towns, the third often only the
-- region, and the fourth counts weapons by region, and now and then by country.
CREATE OR REPLACE TABLE told AS
SELECT
    h,
    source,
    printf('s%d-%d', source, h) AS incident_id,
    moment + CASE source
        WHEN 0 THEN 0
        WHEN 1 THEN -(moment % 86400000000)
        WHEN 2 THEN (drawn(hash('early', h), 90) - 60) * 60000000
        ELSE -(moment % 43200000000)
    END AS starts,
    CASE source
        WHEN 0 THEN (drawn(hash('lasts', h), 60)) * 60000000
        WHEN 1 THEN 86400000000
        WHEN 2 THEN 3600000000
        ELSE 43200000000
    END AS lasts,
    CASE WHEN source = 2 AND drawn(hash('act', h, 2), 3) = 0 THEN 'strike' ELSE act END AS act,
    actor,
    [
        CASE
            WHEN source = 3 AND drawn(hash('vague', h), 20) = 0 THEN to_json('UA')
            WHEN source >= 2 AND drawn(hash('vague', h), 20) < 9 * (source - 1) - 1 THEN to_json(region)
            ELSE to_json(
                {
                    'lat': round(lat + (drawn(hash('y', h, source), 100) - 50) / 5000.0, 3),
                    'lon': round(lon + (drawn(hash('x', h, source), 100) - 50) / 4000.0, 3),
                    'radius_km': [2, 5, 3, 10][source + 1],
                    'codes': [region]
                }
            )
        END
    ] AS places,
    CASE WHEN source = 3 THEN [{'type': 'UAV', 'launched': 1 + injured // 2}] END AS weapons,
    CASE
        WHEN source < 3
            THEN {'killed': killed, 'injured': injured + if(drawn(hash('miscount', h, source), 4) = 0, 1, 0)}
    END AS effects,
    CASE
        WHEN source IN (0, 2) AND drawn(hash('wire', h), 10) = 0
            THEN [printf('https://wire.example/%d', h)]
        WHEN source IN (0, 2) THEN [printf('https://news%d.example/%d', source, h)]
    END AS evidence
FROM (
    SELECT
        *,
        (drawn(hash('first', h), 4) + unnest(range(many))) % 4 AS source
    FROM happenings
);

INSERT INTO accepted BY NAME (
    SELECT
        printf('https://source%d.example', source) AS source,
        incident_id AS event_id,
        'incident.reported' AS type,
        'war' AS conflict,
        make_timestamptz(starts + lasts) AS recorded_at,
        'made' AS log_id,
        0 AS partition,
        row_number() OVER () AS "offset",
        0 AS batch_index,
        to_json(
            {
                'specversion': '1.0',
                'data': {
                    'conflict': 'war',
                    'incident_id': incident_id,
                    'places': places,
                    'weapons': weapons,
                    'effects': effects,
                    'evidence': evidence
                }
            }
        ) AS payload,
        hash('event', incident_id)::BIT::BIGINT AS event_key,
        incident_id,
        'r' AS report_id,
        printf('Source %d', source) AS reported_by,
        'asserts' AS stance,
        make_timestamptz(starts) AS occurred_start,
        make_timestamptz(starts + lasts) AS occurred_end,
        actor,
        act,
        hash('incident', incident_id)::BIT::BIGINT AS incident_key,
        hash('report', incident_id)::BIT::BIGINT AS report_key
    FROM told
);
