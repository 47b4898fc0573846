-- UCDP Candidate: deadly events of organised violence, released month by month, not yet final.
-- source: https://ucdp.uu.se/
-- licence: CC BY 4.0
-- with: ucdp
-- layout candidate: id, relid?, year?, active_year?, code_status, type_of_violence,
--     conflict_dset_id?, conflict_new_id?, conflict_name, dyad_dset_id?, dyad_new_id?, dyad_name,
--     side_a_dset_id?, side_a_new_id?, side_a, side_b_dset_id?, side_b_new_id?, side_b,
--     number_of_sources?, source_article?, source_office?, source_date?, source_headline?,
--     source_original?, where_prec, where_coordinates?, where_description?, adm_1, adm_2?,
--     latitude, longitude, geom_wkt?, priogrid_gid?, country, country_id, region?, event_clarity,
--     date_prec?, date_start, date_end, deaths_a?, deaths_b?, deaths_civilians, deaths_unknown,
--     best, high, low, gwnoa, gwnob?
--
-- The Uppsala Conflict Data Program codes events with at least one death from news and other
-- reports. This is its monthly release; the yearly one is the source ucdp-ged. Both give an event
-- the same id, so that whichever is imported later revises the other.
--
-- When: days, from date_start to date_end, on the clocks of the country: from the first midnight
-- to the one that ends the last day. The act was at some time in between (a date_prec of 2 or more
-- only makes it longer). A country with several zones has the widest day.
--
-- Where: where_prec 1 is a place (the point and 5 km round it), 2 is near one (25 km), 3 and 4 are
-- the province of adm_1, 5 the province if there is one and else the country, 6 the country, and 7,
-- at sea or in the air, no place. Gaza and the West Bank are PS. Provinces become ISO codes, and
-- points get theirs, where there are boundaries (TRUCE_BOUNDARIES).
--
-- Who: in a fight between two sides (type_of_violence 1 and 2) the data does not say who attacked:
-- there is no actor. In violence against civilians (3) it is side A: a state by its Gleditsch-Ward
-- number as ISO 3166-1 alpha-3, another side by UCDP's name; as likely where the event is clear,
-- else as alleged. "XXX369" is somebody of that state who is not known: no actor.
--
-- What: a hostile act, no more; no targets.
--
-- How many: killed is low to high, and a single number only if both are the same. Where low is
-- above high or best is outside of them, it is said, and the widest range is taken. A negative
-- number is not coded. Civilians are given where the total is sure: as coded, and at the most with
-- those of whom it is not known who they were.
--
-- Conflict: UCDP's name as an id ("Russia - Ukraine" is russia-ukraine); --conflict says another.
--
-- Editions: one covers the months of its days, in the countries that it has: what stands there from
-- UCDP and is not in it is gone.

CREATE VIEW scope AS
SELECT
    first_midnight(date_trunc('month', min(ends)), any_value(zones)) AS since,
    last_midnight(
        cast(date_trunc('month', max(ends)) + INTERVAL 1 MONTH AS DATE), any_value(zones)
    ) AS until,
    [country_code] AS countries,
    strftime((SELECT min(ends) FROM coded), '%Y-%m') || ' to '
    || strftime((SELECT max(ends) FROM coded), '%Y-%m') AS label
FROM coded
WHERE country_code IS NOT NULL AND ends IS NOT NULL
GROUP BY country_code;
