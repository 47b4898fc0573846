-- On how many days of a window there was certainly, and possibly, no violation.

CREATE OR REPLACE MACRO stretch(begins, ends, taken, number) AS (
    {
        'begins': begins::BIGINT,
        'ends': ends::BIGINT,
        'taken': taken,
        'number': number::BIGINT
    }
);

COMMENT ON MACRO stretch IS -- noqa: PRS
'Days from one to another, for fewest_days and most_days: stretch(begins, ends, '''', 0)';

CREATE OR REPLACE MACRO first_left(taken, begins) AS (
    begins + position('0' IN substring(taken, begins)) - 1
);

COMMENT ON MACRO first_left IS -- noqa: PRS
'The first day from one on that is not taken; below it: none is. first_left(taken, begins)';

-- The fewest days that hold one of each stretch: in the order of their ends, the last day of each
-- that holds none yet.
CREATE OR REPLACE MACRO fewest_days(stretches) AS (
    list_reduce(
        stretches,
        LAMBDA done, one: CASE
            WHEN one.begins > done.ends
                THEN stretch(one.begins, one.ends, '', done.number + 1)
            ELSE done
        END,
        stretch(0, 0, '', 0)
    ).number
);

COMMENT ON MACRO fewest_days IS -- noqa: PRS
'How few days can hold one of each stretch of days: fewest_days(stretches), sorted by their ends';

-- The most stretches that can have a day each to themselves: in the order of their ends, each takes
-- the first day that is left. `taken` has a character for each day, 1 where it is taken.
CREATE OR REPLACE MACRO most_days(stretches, days) AS (
    list_reduce(
        stretches,
        LAMBDA done, one: CASE
            WHEN first_left(done.taken, one.begins) BETWEEN one.begins AND one.ends
                THEN
                    stretch(
                        0,
                        0,
                        substring(done.taken, 1, first_left(done.taken, one.begins) - 1)
                        || '1'
                        || substring(done.taken, first_left(done.taken, one.begins) + 1),
                        done.number + 1
                    )
            ELSE done
        END,
        stretch(0, 0, repeat('0', days), 0)
    ).number
);

COMMENT ON MACRO most_days IS -- noqa: PRS
'How many stretches of days, of 1 to `days`, can have a day to themselves: most_days(stretches,
days), sorted by their ends';

CREATE OR REPLACE VIEW free_days AS
-- Each view is read once: to plan one again takes as long as to answer it.
WITH touching AS MATERIALIZED (
    FROM touched_days
),

lengths AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        coalesce(
            sum(last_day - first_day + 1) FILTER (WHERE extent = 'core'), 0
        )::BIGINT AS days,
        coalesce(
            sum(last_day - first_day + 1) FILTER (WHERE extent = 'hull'), 0
        )::BIGINT AS days_upper,
        coalesce(
            sum(last_day - first_day + 1) FILTER (WHERE extent = 'whole'), 0
        )::BIGINT AS whole_days
    FROM window_days
    GROUP BY conflict, commitment_id, claim_id, party
),

-- Of stretches with the same end the shortest is enough: what holds it holds the others.
certain AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        fewest_days(
            list(stretch(begins, ends, '', 0) ORDER BY ends)
        ) AS fewest
    FROM (
        SELECT
            conflict,
            commitment_id,
            claim_id,
            party,
            max(first_number) AS begins,
            last_number AS ends
        FROM touching
        WHERE is_violation
        GROUP BY conflict, commitment_id, claim_id, party, last_number
    ) AS stretches
    GROUP BY conflict, commitment_id, claim_id, party
),

short_days AS (
    SELECT DISTINCT
        conflict,
        commitment_id,
        claim_id,
        party,
        unnest(range(first_number, last_number + 1)) AS number
    FROM touching
    WHERE NOT is_long
),

-- The days that short ones leave are numbered again, for the long ones to find one each.
long_ones AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        first_number,
        last_number,
        sum(incidents)::BIGINT AS incidents
    FROM touching
    WHERE is_long
    GROUP BY conflict, commitment_id, claim_id, party, first_number, last_number
),

marks AS (
    SELECT
        *,
        NULL::BIGINT AS first_number,
        NULL::BIGINT AS last_number,
        NULL::BIGINT AS incidents,
        TRUE AS is_taken
    FROM short_days
    UNION ALL BY NAME
    SELECT
        *,
        unnest([first_number - 1, last_number]) AS number,
        FALSE AS is_taken
    FROM long_ones
),

left_before AS (
    SELECT
        *,
        number - count(*) FILTER (WHERE is_taken) OVER (
            PARTITION BY conflict, commitment_id, claim_id, party
            ORDER BY number
            RANGE UNBOUNDED PRECEDING
        ) AS days_left
    FROM marks
),

among_left AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        min(days_left) + 1 AS begins,
        max(days_left) AS ends,
        any_value(incidents) AS incidents
    FROM left_before
    WHERE NOT is_taken
    GROUP BY conflict, commitment_id, claim_id, party, first_number, last_number
),

-- More than it has days find no place in a stretch; and one that is as long as there are stretches
-- always finds one, whatever the others take.
placed AS (
    SELECT
        *,
        ends - begins + 1 AS length,
        sum(least(incidents, ends - begins + 1)) OVER (
            PARTITION BY conflict, commitment_id, claim_id, party
        )::BIGINT AS all_incidents
    FROM (
        SELECT
            conflict,
            commitment_id,
            claim_id,
            party,
            begins,
            ends,
            sum(incidents)::BIGINT AS incidents
        FROM among_left
        WHERE begins <= ends
        GROUP BY conflict, commitment_id, claim_id, party, begins, ends
    ) AS merged
),

narrow AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        begins - min(begins) OVER stretches + 1 AS begins,
        ends - min(begins) OVER stretches + 1 AS ends,
        unnest(range(least(incidents, length))) AS nth
    FROM placed
    WHERE length < all_incidents
    WINDOW stretches AS (PARTITION BY conflict, commitment_id, claim_id, party)
),

-- Where to try them one after the other would take too long, each is counted as if it found a day
-- of its own: what is certainly free is then said to be less, never more.
most_narrow AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        CASE
            WHEN count(*) * max(ends) <= 200000000
                THEN
                    most_days(
                        list(stretch(begins, ends, '', 0) ORDER BY ends),
                        max(ends)
                    )
            ELSE count(*)
        END AS incidents
    FROM narrow
    GROUP BY conflict, commitment_id, claim_id, party
),

most_wide AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        sum(least(incidents, length))::BIGINT AS incidents
    FROM placed
    WHERE length >= all_incidents
    GROUP BY conflict, commitment_id, claim_id, party
),

touched AS (
    SELECT
        conflict,
        commitment_id,
        claim_id,
        party,
        sum(touching)::BIGINT AS most
    FROM (
        SELECT
            conflict,
            commitment_id,
            claim_id,
            party,
            count(*) AS touching
        FROM short_days
        GROUP BY conflict, commitment_id, claim_id, party
        UNION ALL
        FROM most_narrow
        UNION ALL
        FROM most_wide
    ) AS kinds
    GROUP BY conflict, commitment_id, claim_id, party
)

SELECT
    obligations.conflict,
    obligations.commitment_id,
    obligations.claim_id,
    obligations.party,
    CASE WHEN obligations.is_core_known THEN coalesce(lengths.days, 0) END AS days,
    CASE WHEN obligations.is_hull_known THEN coalesce(lengths.days_upper, 0) END AS days_upper,
    CASE
        WHEN obligations.is_core_known AND NOT obligations.is_open
            THEN coalesce(lengths.whole_days - lengths.days, 0)
    END AS unobserved_days,
    CASE
        WHEN obligations.is_core_known
            THEN greatest(0, coalesce(lengths.days, 0) - coalesce(touched.most, 0))
    END AS free_lower,
    CASE
        WHEN obligations.is_core_known
            THEN coalesce(lengths.days, 0) - coalesce(certain.fewest, 0)
    END AS free_upper
FROM obligations
LEFT JOIN lengths
    ON
        obligations.conflict = lengths.conflict
        AND obligations.commitment_id = lengths.commitment_id
        AND obligations.claim_id IS NOT DISTINCT FROM lengths.claim_id
        AND obligations.party = lengths.party
LEFT JOIN certain
    ON
        obligations.conflict = certain.conflict
        AND obligations.commitment_id = certain.commitment_id
        AND obligations.claim_id IS NOT DISTINCT FROM certain.claim_id
        AND obligations.party = certain.party
LEFT JOIN touched
    ON
        obligations.conflict = touched.conflict
        AND obligations.commitment_id = touched.commitment_id
        AND obligations.claim_id IS NOT DISTINCT FROM touched.claim_id
        AND obligations.party = touched.party;

COMMENT ON VIEW free_days IS
'How many days each window of obligations has, and on how many of them there was no violation';
COMMENT ON COLUMN free_days.conflict IS 'The conflict';
COMMENT ON COLUMN free_days.commitment_id IS 'The commitment';
COMMENT ON COLUMN free_days.claim_id IS 'The claim; NULL: the commitment as a whole';
COMMENT ON COLUMN free_days.party IS 'The party that is claimed to be bound';
COMMENT ON COLUMN free_days.days IS
'Local days of the core up to where anybody last reported; NULL: its bounds are not known';
COMMENT ON COLUMN free_days.days_upper IS
'Local days of the hull up to there; NULL: its bounds are not known';
COMMENT ON COLUMN free_days.unobserved_days IS
'Local days of the core after that; NULL: its end is open, or its bounds are not known';
COMMENT ON COLUMN free_days.free_lower IS
'Of days, those certainly without a violation: without the most days that can be touched by what is
not clear';
COMMENT ON COLUMN free_days.free_upper IS
'Of days, those possibly without a violation: without the fewest days that can hold all violations';
