-- Local days and hours. Moments are microseconds since 1970 in UTC, days are counted from
-- 1970-01-01. Clocks are those of DuckDB's own time zone data.

-- A zone that only newer data knows is no reason to answer nothing.
CREATE OR REPLACE MACRO zone_or_utc(zone) AS (
    CASE WHEN zone IN (SELECT known.name FROM pg_timezone_names() AS known) THEN zone ELSE 'UTC' END
);

COMMENT ON MACRO zone_or_utc IS -- noqa: PRS
'The zone, or UTC if it is NULL or DuckDB does not know it: zone_or_utc(zone)';

CREATE OR REPLACE MACRO local_day(zone, moment) AS (
    CASE
        -- Division rounds towards zero, so it is made of positives.
        WHEN zone = 'UTC' THEN (moment + 86400000000000000) // 86400000000 - 1000000
        ELSE timezone(zone, make_timestamptz(moment))::DATE - DATE '1970-01-01'
    END
);

COMMENT ON MACRO local_day IS -- noqa: PRS
'The local day of a moment (us since 1970), in days since 1970: local_day(zone, moment)';

CREATE OR REPLACE MACRO clocks_show(zone, moment) AS (
    epoch_us(timezone(zone, make_timestamptz(moment)))
);

COMMENT ON MACRO clocks_show IS -- noqa: PRS
'What the clocks of a zone show at a moment, as if it were UTC: clocks_show(zone, moment), in us';

-- A time that comes twice is meant the first time; one that is skipped is read as if the clocks
-- had not been changed yet (PEP 495, fold=0). DuckDB takes the second of two: the offset of some
-- hours before tells whether there is a first.
CREATE OR REPLACE MACRO moment_of(zone, clock) AS (
    CASE
        WHEN
            clocks_show(
                zone,
                epoch_us(clock)
                - (
                    clocks_show(zone, epoch_us(timezone(zone, clock)) - 10800000000)
                    - (epoch_us(timezone(zone, clock)) - 10800000000)
                )
            ) = epoch_us(clock)
            THEN
                epoch_us(clock)
                - (
                    clocks_show(zone, epoch_us(timezone(zone, clock)) - 10800000000)
                    - (epoch_us(timezone(zone, clock)) - 10800000000)
                )
        ELSE epoch_us(timezone(zone, clock))
    END
);

COMMENT ON MACRO moment_of IS -- noqa: PRS
'When the clocks of a zone first show this TIMESTAMP: moment_of(zone, clock), in us since 1970';

CREATE OR REPLACE MACRO first_moment(zone, day) AS (
    moment_of(zone, (DATE '1970-01-01' + day::INTEGER)::TIMESTAMP)
);

COMMENT ON MACRO first_moment IS -- noqa: PRS
'When a local day begins: first_moment(zone, days since 1970), in us since 1970';
