-- What the SQL of sources is written with. Text that does not fit is NULL, never guessed.

-- Blank, and what programs write for it.
CREATE MACRO is_blank(words) AS
words IS NULL OR trim(words) = '' OR lower(trim(words)) IN ('nan', 'na', 'n/a', 'none', 'null');

CREATE MACRO plain_number(words) AS
CASE
    WHEN getvariable('decimal_comma') THEN replace(words, ',', '.')
    ELSE words
END;

-- 68, "68.0", "-1", "6,5" in a file with decimal commas; NULL if it is blank or no number.
CREATE MACRO number(words) AS
CASE
    WHEN
        NOT is_blank(words)
        AND regexp_full_match(
            trim(plain_number(words)), '[+-]?[0-9]+([.][0-9]*)?([eE][+-]?[0-9]+)?'
        )
        THEN try_cast(trim(plain_number(words)) AS DOUBLE)
END;

CREATE MACRO is_number(words) AS number(words) IS NOT NULL;

-- A date in this one format (strptime's), without a time of day.
CREATE MACRO day(words, format) AS cast(try_strptime(trim(words), format) AS DATE);

-- When a day begins on the clocks of a zone.
CREATE MACRO midnight(one_day, iana_zone) AS timezone(iana_zone, cast(one_day AS TIMESTAMP));

-- A local time in this one format on the clocks of a zone.
CREATE MACRO moment(words, format, iana_zone) AS
timezone(iana_zone, try_strptime(trim(words), format));

-- The reason of a refusal.
CREATE MACRO not_a(words, what) AS
CASE
    WHEN is_blank(words) THEN 'blank; expected ' || what
    ELSE '''' || left(words, 60) || ''' is not ' || what
END;

-- A time as events have it.
CREATE MACRO iso(point_in_time) AS
strftime(cast(timezone('UTC', point_in_time) AS TIMESTAMP), '%Y-%m-%dT%H:%M:%SZ');

-- A number, or a range where the limits differ; one that is not known is left out.
CREATE MACRO count_of(low, high) AS
CASE
    WHEN low IS NULL AND high IS NULL THEN NULL
    WHEN low = high THEN to_json(low)
    ELSE to_json({ 'min': low, 'max': high })
END;

-- Words as an identifier: small letters, digits and hyphens.
CREATE MACRO slug(words) AS
trim(regexp_replace(lower(strip_accents(words)), '[^\p{L}\p{N}]+', '-', 'g'), '-');

-- "A and B and C" in its parts.
CREATE MACRO and_parts(words) AS
list_filter(
    list_transform(string_split_regex(words, '\s+and\s+'), LAMBDA part: trim(part)),
    LAMBDA part: part <> ''
);

-- What stands for a text where it is too long for an id.
CREATE MACRO short_hash(words) AS left(sha256(words), 16);

-- An ISO 8601 day, whether or not a midnight is written behind it.
CREATE MACRO iso_day(words) AS
CASE
    WHEN
        regexp_full_match(
            trim(words), '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00(:00([.]0+)?)?)?'
        )
        THEN try_cast(left(trim(words), 10) AS DATE)
END;

-- When a day begins and has ended on the clocks of a country: of several zones (with blanks between
-- them), on the first and on the last.
CREATE MACRO first_midnight(one_day, iana_zones) AS
list_min(
    list_transform(string_split(iana_zones, ' '), LAMBDA one: midnight(one_day, one))
);

CREATE MACRO last_midnight(one_day, iana_zones) AS
list_max(
    list_transform(string_split(iana_zones, ' '), LAMBDA one: midnight(one_day, one))
);

-- What may be wrong with a column of a row; NULL for a reason: nothing is.
CREATE MACRO wrong(name_of_column, is_wrong, why) AS
{ 'column': name_of_column, 'reason': CASE WHEN coalesce(is_wrong, TRUE) THEN why END };
