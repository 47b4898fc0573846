CREATE TABLE typed AS
SELECT *, day(date_start, '%Y-%m-%d %H:%M:%S.%g') AS starts FROM raw;
CREATE VIEW refused AS
SELECT "row", 'date_start' AS "column", not_a(date_start, 'a day') AS reason FROM typed WHERE starts IS NULL;
CREATE VIEW events AS
SELECT ["row"] AS "rows", 'incident.reported' AS type, NULL AS said,
 {'conflict': coalesce(getvariable('conflict'), slug(conflict_name)), 'incident_id': 'ucdp-' || id, 'report_id': 'ucdp-' || id,
  'reported_by': {'name': 'UCDP', 'kind': 'dataset'}, 'occurred': {'start': iso(midnight(starts, 'Europe/Kyiv'))},
  'effects': {'killed': count_of(number(low), number(high))},
  'places': [{'lat': number(latitude), 'lon': number(longitude)}]} AS data
FROM typed WHERE starts IS NOT NULL;
