"""What is known, as people and as programs read it: sql, status, explain."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from pathlib import Path

import pytest

from tests.cli.commands import BARRAGE, SCENARIO, as_json, rows, truce

VALUES = """
select true as yes, null::boolean as unknown, 7 as n, 1.25 as d, 1e300::double as f,
    'it''s "so", ü' as s, ['a', null] as l, {'a': [1]} as o, 'nan'::double as no_number,
    timestamptz '2026-01-30 09:00:00+02' as t, date '2026-01-30' as day, '{"k": [1]}'::json as j,
    170141183460469231731687303715884105727::hugeint as h
"""


@pytest.mark.parametrize("source", ["judged", "running"])
def test_json_is_one_exact_array(source: str, request: pytest.FixtureRequest) -> None:
    (row,) = as_json(VALUES, request.getfixturevalue(source))

    assert row == {
        "yes": True,
        "unknown": None,
        "n": 7,
        "d": 1.25,
        "f": 1e300,
        "s": 'it\'s "so", ü',
        "l": ["a", None],
        "o": {"a": [1]},
        "no_number": "nan",
        "t": "2026-01-30T07:00:00Z",
        "day": "2026-01-30",
        "j": {"k": [1]},
        "h": 170141183460469231731687303715884105727,
    }


def test_json_of_no_rows_is_an_empty_array(judged: Path) -> None:
    assert as_json("from verdicts where false", judged) == []


def test_json_keeps_the_order_of_columns_and_loses_none_of_the_same_name(judged: Path) -> None:
    done = truce("sql", "--format", "json", "select 1 b, 2 a, 3 b", data_dir=judged)

    assert done.stdout == '[\n{"b":1,"a":2,"b_1":3}\n]\n'


def test_nothing_is_cut(judged: Path) -> None:
    wide = "select repeat('x', 5000) as a, repeat('y', 5000) as b, * from range(1500)"

    assert len(as_json(wide, judged)) == 1500
    shown = truce("sql", wide, data_dir=judged).stdout.splitlines()
    assert len(shown) == 1502
    assert all("x" * 5000 in line and "y" * 5000 in line for line in shown[2:])


def test_unknown_is_not_empty_in_a_table(judged: Path) -> None:
    done = truce("sql", "select null::varchar as a, '' as b, 1 as n", data_dir=judged)

    assert done.stdout == "a      b   n\n────────────\nNULL       1\n"


def test_csv_can_be_read_back(judged: Path) -> None:
    done = truce("sql", "--format", "csv", VALUES, data_dir=judged)

    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert row["yes"] == "true"
    assert row["unknown"] == ""
    assert row["s"] == 'it\'s "so", ü'
    assert json.loads(row["l"]) == ["a", None]


def test_every_time_has_an_offset(judged: Path) -> None:
    for row in as_json("select occurred_start, recorded_at from verdicts", judged):
        for text in row.values():
            assert dt.datetime.fromisoformat(text).utcoffset() == dt.timedelta(0)


BAD = [
    ("selec", "Parser Error: syntax error at or near \"selec\" LINE 1: selec (at 'selec')"),
    ("select nothing from verdicts", "LINE 1: select nothing from verdicts (at 'nothing from"),
    ("", "the query is empty"),
    ("  ; ", "the query is empty"),
    ("delete from accepted", "DELETE is refused: only what asks is answered here"),
    ("select 1; delete from accepted", "DELETE is refused"),
    ("explain analyze delete from accepted", "DELETE is refused"),
    ("create table t as select 1", "CREATE is refused"),
    ("set memory_limit = '1TB'", "SET is refused"),
    ("pragma memory_limit = '1TB'", "SET is refused"),
    ("call pragma_version()", "CALL is refused"),
    ("from read_csv('/etc/passwd')", "Permission Error"),
    ("attach '/tmp/other.duckdb'", "ATTACH is refused"),
    ("select json_serialize_plan('FROM pandas_scan(NULL)')", "ended its process (SIGSEGV)"),
]


def _is_one_line(query: str, says: str, data_dir: Path) -> None:
    done = truce("sql", query, data_dir=data_dir)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


@pytest.mark.parametrize(("query", "says"), BAD)
def test_a_bad_query_is_one_line(query: str, says: str, judged: Path) -> None:
    _is_one_line(query, says, judged)


# One that is not understood, one that acts, and one that ends its process.
@pytest.mark.parametrize(("query", "says"), [BAD[1], BAD[4], BAD[-1]])
def test_a_bad_query_is_one_line_while_a_worker_runs(query: str, says: str, running: Path) -> None:
    _is_one_line(query, says, running)


@pytest.mark.parametrize(
    ("query", "printed"),
    [
        ("-- a note\nselect 1 as a", "a\n1\n"),
        ("--note\nselect 1 as a", "a\n1\n"),
        ("/* a note */ select 1 as a; select 2 as b;", "a\n1\nb\n2\n"),
    ],
)
def test_a_note_is_no_query(query: str, printed: str, judged: Path) -> None:
    done = truce("sql", "--format", "csv", query, data_dir=judged)

    assert (done.returncode, done.stderr, done.stdout) == (0, "", printed)


ASKING = {
    "from (values (1)) as v (a)": "a\n1\n",
    "with v as (values (1)) from v": "col0\n1\n",
    "pivot (values ('x', 1)) as v (k, n) on k using sum(n)": "x\n1\n",
    "explain select 1": None,
    "describe verdicts": None,
    "show tables": None,
    "summarize verdicts": None,
    "pragma table_info('verdicts')": None,
    "from verdicts_as_of(now())": None,
}


def test_whatever_only_asks_is_answered(judged: Path) -> None:
    queries = "".join(f"{query}; select 'asked' as next;\n" for query in ASKING)
    done = truce("sql", "--format", "csv", queries, data_dir=judged)

    assert (done.returncode, done.stderr) == (0, "")
    *answers, rest = done.stdout.split("next\nasked\n")
    assert (len(answers), rest) == (len(ASKING), "")
    for answer, (query, printed) in zip(answers, ASKING.items(), strict=True):
        assert answer == printed if printed is not None else answer.count("\n") > 1, query


def test_a_query_has_so_much_time_and_memory(judged: Path) -> None:
    endless = "select count(*) from range(1000000000000)"
    slow = truce("sql", "--timeout", "1", endless, data_dir=judged)
    large = truce(
        "sql", "--memory", "50MB", "select list(range) from range(1e9::int)", data_dir=judged
    )

    assert (slow.returncode, slow.stdout) == (1, "")
    assert slow.stderr.startswith("truce: not answered in 1 s, and ended: ")
    assert (large.returncode, large.stdout) == (1, "")
    assert "Out of Memory" in large.stderr
    assert slow.stderr.count("\n") == large.stderr.count("\n") == 1


def test_a_running_worker_answers_what_its_file_would(judged: Path, running: Path) -> None:
    assert truce("publish", SCENARIO, data_dir=running).returncode == 0
    query = """
        select * exclude (recorded_at) from claim_verdicts
        where conflict = 'russia-ukraine' order by all
    """

    assert rows(query, running) == rows(query, judged)
    assert len(rows(query, judged)) == 13


def test_without_a_query_statements_are_read_from_standard_input(judged: Path) -> None:
    script = b"select 1 as a;\n-- a comment; no end\nselect ';'\n  as b;\nselect 3 as c"

    done = truce("sql", "--format", "csv", data_dir=judged, given=script)

    assert (done.returncode, done.stdout) == (0, "a\n1\nb\n;\nc\n3\n")


def test_explain_names_each_claim_with_its_verdict_and_says_why(judged: Path) -> None:
    shown = truce("explain", BARRAGE, data_dir=judged).stdout

    assert "energy-truce-2026: contested (by RUS)" in shown
    assert "violation by E26-5; undetermined by E26-1; clear by E26-4a, E26-4b, E26-6" in shown
    for claim, verdict in (
        ("E26-1 (Donald Trump, mediator)", "undetermined"),
        ("E26-4a (Dmitry Peskov, party)", "clear"),
        ("E26-4b (Dmitry Peskov, party)", "clear"),
        ("E26-5 (Volodymyr Zelenskyy, party)", "violation"),
        ("E26-6 (Donald Trump, mediator)", "clear"),
    ):
        assert f"{claim}: {verdict}\n" in shown
    assert "the bounds of the window are not known well enough" in shown
    assert "It denies that UKR is bound." in shown
    assert "air-force abstains: the report names no target" in shown


def test_explain_as_json_has_every_claim_by_every_report_and_impact(judged: Path) -> None:
    done = truce("explain", BARRAGE, "--json", data_dir=judged)

    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert [report["report_id"] for report in told["reports"]] == ["air-force", "ap", "underlines"]
    (commitment,) = told["commitments"]
    assert (commitment["verdict"], commitment["party"]) == ("contested", "RUS")
    claims = {claim["claim_id"]: claim for claim in commitment["claims"]}
    assert {name: claim["verdict"] for name, claim in claims.items()} == {
        "E26-1": "undetermined",
        "E26-3": "clear",
        "E26-4a": "clear",
        "E26-4b": "clear",
        "E26-5": "violation",
        "E26-6": "clear",
    }
    answers = claims["E26-5"]["answers"]
    assert [(a["report_id"], a["impact"]) for a in answers] == [
        ("air-force", None),
        ("ap", None),
        ("ap", 0),
        ("underlines", None),
        ("underlines", 0),
        ("underlines", 1),
    ]
    assert [a["broken"] for a in answers] == [None, True, True, True, True, True]
    assert [a["abstains"] for a in answers] == [True, False, False, False, False, False]
    assert (answers[0]["in_window"], answers[0]["target_covered"]) == (True, None)
    assert {a["in_window"] for a in claims["E26-4a"]["answers"]} == {False}


@pytest.mark.parametrize("incident", ["2026-02-03-barage", "barrage", "x' or '1'='1"])
def test_an_unknown_incident_is_answered_with_those_that_look_like_it(
    incident: str, judged: Path
) -> None:
    done = truce("explain", incident, data_dir=judged)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("truce: there is no incident ")
    assert BARRAGE in done.stderr


def test_the_conflict_of_an_incident_can_be_chosen(judged: Path) -> None:
    chosen = truce("explain", BARRAGE, "--conflict", "russia-ukraine", data_dir=judged)
    wrong = truce("explain", BARRAGE, "--conflict", "elsewhere", data_dir=judged)

    assert chosen.returncode == 0
    assert wrong.returncode == 1
    assert "russia-ukraine has" in wrong.stderr


def test_status_tells_windows_bounds_and_coverage(judged: Path) -> None:
    done = truce("status", data_dir=judged)

    assert (done.returncode, done.stderr) == (0, "")
    assert "No worker runs" in done.stdout
    assert re.search(r"The lake \S+ is at most \d+\.\d s behind, at transaction \d+\.", done.stdout)
    assert "2026-01-29 22:00Z to 2026-02-05 22:00Z" in done.stdout
    assert "?..2026-01-30 10:48Z to " in done.stdout
    assert "denies UKR" in done.stdout
    assert "RUS 0..3; 1 unattributed" in done.stdout
    assert "at least a, at most b and whatever of c was theirs" in done.stdout
    assert "6 reports of 4 incidents" in done.stdout
    assert "No reports is not compliance." in done.stdout


def test_status_as_json_says_the_same(judged: Path, running: Path) -> None:
    told = json.loads(truce("status", "--json", data_dir=judged).stdout)
    alive = json.loads(truce("status", "--json", data_dir=running).stdout)

    assert told["worker"] == {"running": False}
    for one in (told, alive):
        assert one["lake"]["transaction"] > 0
        assert 0 <= one["lake"]["lag_seconds"] < 60
    assert alive["worker"]["running"] is True
    (truce_told,) = told["commitments"]
    assert truce_told["verdicts"] == {
        "violation": 0,
        "contested": 1,
        "undetermined": 3,
        "clear": 0,
    }
    claims = {claim["claim_id"]: claim for claim in truce_told["claims"]}
    assert claims["E26-5"]["in_force"] is False
    # The strike on Belgorod has no known actor. The truce's week ends with the fifth of February in
    # Kyiv; by the fourth everything was reported.
    assert claims["E26-5"]["compliance"] == [
        {
            "party": party,
            "violations_lower": violations,
            "violations_upper": violations,
            "unattributed": 1,
            "violation_free_days_lower": lower,
            "violation_free_days_upper": upper,
            "days": 6,
            "unobserved_days": 1,
        }
        for party, violations, lower, upper in (("RUS", 1, 4, 5), ("UKR", 0, 5, 6))
    ]
    assert "in_force" not in claims["E26-3"]
    assert told["coverage"][0]["reports"] == 6
