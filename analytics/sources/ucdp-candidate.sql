-- UCDP Candidate: events of organised violence with deaths, month by month, not yet final.
-- source: https://ucdp.uu.se/
-- licence: CC BY 4.0
-- with: ucdp
-- layout candidate: id, relid, year, active_year, code_status, type_of_violence, conflict_new_id,
--     conflict_name, dyad_name, side_a_new_id, side_a, side_b_new_id, side_b, number_of_sources?,
--     where_prec, adm_1, latitude, longitude, country, country_id, date_prec, date_start, date_end,
--     best, high, low, gwnoa, gwnob

CREATE VIEW scope AS
SELECT
    midnight(min(day(date_start, '%Y-%m-%d %H:%M:%S.%g')), 'UTC') AS since,
    midnight(max(day(date_end, '%Y-%m-%d %H:%M:%S.%g')) + 1, 'UTC') AS until,
    NULL AS countries,
    'x' AS label
FROM raw;
