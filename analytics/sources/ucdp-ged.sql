-- UCDP GED: deadly events of organised violence since 1989, the yearly final edition.
-- source: https://ucdp.uu.se/
-- licence: CC BY 4.0
-- with: ucdp
-- layout final: id, relid, year?, active_year?, code_status, type_of_violence,
--     conflict_dset_id?, conflict_new_id?, conflict_name, dyad_dset_id?, dyad_new_id?, dyad_name,
--     side_a_dset_id?, side_a_new_id?, side_a, side_b_dset_id?, side_b_new_id?, side_b,
--     number_of_sources?, source_article?, source_office?, source_date?, source_headline?,
--     source_original?, where_prec, where_coordinates?, where_description?, adm_1, adm_2?,
--     latitude, longitude, geom_wkt, priogrid_gid, country, country_id, region?, event_clarity,
--     date_prec?, date_start, date_end, deaths_a?, deaths_b?, deaths_civilians, deaths_unknown,
--     best, high, low, gwnoa, gwnob?
--
-- The Georeferenced Event Dataset of the Uppsala Conflict Data Program. Its rows are read as those
-- of its monthly release: `truce import ucdp-candidate --help` says how. An event has the same id
-- in both, so that the final edition revises the candidate one.
--
-- Editions: one covers the years of its days, in the countries that it has: what stands there from
-- UCDP, of a candidate edition, too, and is not in it is gone.

CREATE VIEW scope AS
SELECT
    first_midnight(date_trunc('year', min(ends)), any_value(zones)) AS since,
    last_midnight(
        cast(date_trunc('year', max(ends)) + INTERVAL 1 YEAR AS DATE), any_value(zones)
    ) AS until,
    [country_code] AS countries,
    strftime((SELECT min(ends) FROM coded), '%Y') || ' to '
    || strftime((SELECT max(ends) FROM coded), '%Y') AS label
FROM coded
WHERE country_code IS NOT NULL AND ends IS NOT NULL
GROUP BY country_code;
