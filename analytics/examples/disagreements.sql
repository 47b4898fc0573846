-- On what do the reports of one incident not agree, and who says what?
SELECT
    incident_id, field, distinct_values,
    list_transform(values_by_report::JSON[], LAMBDA one: one ->> 'value') AS different_values
FROM disagreements
ORDER BY incident_id, field;
