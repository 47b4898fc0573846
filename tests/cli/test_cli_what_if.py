"""`truce what-if` and `truce duplicates`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.commands import BARRAGE, SCENARIO, truce


def test_what_if_prints_what_changes_and_both_counts(judged: Path) -> None:
    done = truce("what-if", "--only-claim", "E26-5", data_dir=judged)
    assert (done.returncode, done.stderr) == (0, "")
    [row] = [
        line for line in done.stdout.splitlines() if BARRAGE in line and "all together" in line
    ]
    assert "contested (RUS, corroborated)" in row
    assert "violation (RUS, corroborated)" in row
    assert "0..3; 1 unattributed   1..1; 1 unattributed" in done.stdout


def test_what_if_by_other_terms_as_json(judged: Path, tmp_path: Path) -> None:
    terms = tmp_path / "terms.jsonl"
    claim = next(
        line for line in SCENARIO.read_text("utf-8").splitlines() if '"claim_id":"E26-5"' in line
    )
    event = json.loads(claim)
    event["data"]["prohibits"]["targets"] = ["health"]
    terms.write_text(json.dumps(event) + "\n", "utf-8")
    done = truce("what-if", "--terms", terms, "--json", data_dir=judged)
    found = json.loads(done.stdout)
    [one] = [c for c in found["changed"] if (c["claim_id"], c["incident_id"]) == ("E26-5", BARRAGE)]
    assert (one["before"], one["after"]) == ("violation", "clear")
    nothing = truce("what-if", "--commitment", "energy-truce-2026", data_dir=judged)
    assert nothing.stdout.startswith("No verdict would change.")


def test_what_cannot_be_assumed_is_one_line(judged: Path, tmp_path: Path) -> None:
    unknown = truce("what-if", "--sensitivity", "no-truce", data_dir=judged)
    assert unknown.returncode == 1
    assert "known: energy-truce-2026" in unknown.stderr
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text("\n{}\n", "utf-8")
    bad = truce("what-if", "--terms", wrong, data_dir=judged)
    assert bad.returncode == 1
    assert bad.stderr.startswith(f"truce: {wrong}:2: ")
    assert bad.stderr.count("\n") == 1
    both = truce("what-if", "--sensitivity", "x", "--count-alleged", data_dir=judged)
    assert both.returncode == 2


def test_duplicates_and_what_says_that_two_are_one(judged: Path) -> None:
    done = truce("duplicates", "--json", "--min-score", "0.1", data_dir=judged)
    assert done.returncode == 0
    assert all(0.1 <= one["score"] <= 1 for one in json.loads(done.stdout))
    merged = truce("duplicates", "--merge", BARRAGE, "2026-02-03-belgorod", data_dir=judged)
    events = [json.loads(line) for line in merged.stdout.splitlines()]
    assert {one["data"]["incident_id"] for one in events if one["type"] == "incident.reported"} == {
        BARRAGE
    }
    checked = truce("publish", "--dry-run", "-", data_dir=judged, given=merged.stdout.encode())
    assert checked.returncode == 0, checked.stderr
    nothing = truce("duplicates", "--merge", BARRAGE, "nowhere", data_dir=judged)
    assert (nothing.returncode, nothing.stderr.count("\n")) == (1, 1)
