"""`truce import` as it is typed."""

from __future__ import annotations

import csv
from pathlib import Path

from analytics.importing.sources import source_names
from tests.cli.commands import truce
from tests.importing.test_ucdp import HEADER, row


def test_sources_are_listed_and_say_what_they_are(tmp_path: Path) -> None:
    listed = truce("import", "--list", data_dir=tmp_path)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert set(source_names()) <= set(listed.stdout.split())

    told = truce("import", "ucdp-candidate", "--help", data_dir=tmp_path)
    assert "UCDP Candidate: deadly events of organised violence" in told.stdout
    assert "Who: in a fight between two sides" in told.stdout
    assert "--changes" in told.stdout


def test_rows_become_events_on_stdout_and_what_became_of_each_is_written(tmp_path: Path) -> None:
    file, rows = tmp_path / "edition.csv", tmp_path / "rows.csv"
    file.write_text("\n".join([HEADER, row(), row(id="2", date_end="soon")]), "utf-8")

    done = truce("import", "ucdp-candidate", file, "--rows", rows, data_dir=tmp_path / "none")

    assert done.returncode == 1
    assert f"{file}:3: date_end: 'soon' is not a day (YYYY-MM-DD)" in done.stderr
    assert "2 rows: 1 in events, 0 skipped, 1 refused" in done.stderr
    assert len(done.stdout.splitlines()) == 1
    with rows.open(encoding="utf-8", newline="") as written:
        fates = [(one["line"], one["became"], one["events"][:6]) for one in csv.DictReader(written)]
    assert fates == [("2", "event", "ucdp-1"), ("3", "refused", "")]

    (tmp_path / "events.jsonl").write_text(done.stdout, "utf-8")
    assert truce("publish", "--dry-run", tmp_path / "events.jsonl").returncode == 0


def test_what_is_typed_wrongly_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "edition.csv"
    file.write_text(HEADER, "utf-8")

    wrong = truce("import", "ucdp-candidat", file)
    assert (wrong.returncode, wrong.stderr) == (
        1,
        "truce: there is no source 'ucdp-candidat'; did you mean 'ucdp-candidate'?\n",
    )
    assert truce("import", "table", file).stderr.startswith("truce: a table wants --map FILE.toml")
    assert truce("import").returncode == 2
    assert "expected SINCE/UNTIL" in truce("import", "acled", file, "--scope", "2026").stderr
