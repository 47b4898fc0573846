-- The tree of acts, as JSON that is put in here from schemas/vocabulary.py: nothing else lists it.
CREATE OR REPLACE MACRO act_lines() AS TABLE
    SELECT
        key AS act,
        from_json(value, '["VARCHAR"]') AS line
    FROM json_each('{"some_act": ["some_act", "any"]}');

COMMENT ON MACRO TABLE act_lines IS -- noqa: PRS
'Each act with itself and all broader ones';
