"""A newer edition beside what stands in the lake, as `truce import` finds it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analytics.importing.editions import EditionScope
from analytics.ledger.ledger import Ledger
from streams.commands.importing.running import ImportOptions, run_import
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from streams.errors import BadInput
from streams.settings import Settings
from tests.importing.test_acled import NEW
from tests.importing.test_acled import row as acled_row
from tests.importing.test_ucdp import HEADER, row

RECORDED_MS = 1_769_990_400_000


class Desk:
    """Somebody who imports editions one after the other into a database without a worker."""

    def __init__(self, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.settings = Settings(data_dir=data_dir / "data")
        self._folder, self._capsys, self._offset = data_dir, capsys, 0
        self.said = ""
        self.code = 0

    def imports(self, source: str, *lines: str, **wanted: Any) -> list[dict[str, Any]]:
        """The events of a file with these lines, which then stand."""
        file = self._folder / "edition.csv"
        file.write_text("\n".join(lines), "utf-8")
        options = ImportOptions(**{"locate": False} | wanted)
        self.code = run_import(self.settings, source, [str(file)], options)
        out, self.said = self._capsys.readouterr()
        events = [line for line in out.splitlines() if line.startswith("{")]
        records = [
            RawRecord(0, self._offset + n, RECORDED_MS, json.loads(line)["data"]["conflict"].encode(), line.encode())
            for n, line in enumerate(events)
        ]  # fmt: skip
        self._offset += len(records)
        self.settings.data_dir.mkdir(exist_ok=True)
        with Ledger.open(self.settings.database) as ledger:
            process(ledger, load_standing(ledger), "log", read(records))
        return [json.loads(line) for line in events]

    def standing(self) -> list[str]:
        """The reports that stand."""
        from streams.commands.lake_reader import opened

        with opened(self.settings) as lake:
            return [one for (one,) in lake.ask("SELECT report_id FROM reports ORDER BY ALL")]


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def months(*ids: int, **cells: str) -> list[str]:
    return [HEADER, *(row(id=str(one), **cells) for one in ids)]


def test_an_edition_gives_exactly_the_differences(desk: Desk) -> None:
    assert len(desk.imports("ucdp-candidate", *months(*range(1, 31)))) == 30
    assert "30 events from these rows: 30 added" in desk.said

    assert desk.imports("ucdp-candidate", *months(*range(1, 31))) == []
    assert "30 events from these rows: 30 unchanged" in desk.said

    newer = [
        HEADER,
        row(id="1", best="3", high="3", low="3"),
        row(id="2", date_end="2026-01-06"),
        *months(*range(4, 32))[1:],
    ]
    found = desk.imports("ucdp-candidate", *newer)
    assert [(one["type"], one["data"]["report_id"]) for one in found] == [
        ("incident.reported", "ucdp-1"),
        ("incident.reported", "ucdp-2"),
        ("incident.reported", "ucdp-31"),
        ("incident.report_retracted", "ucdp-3"),
    ]
    assert "1 added, 2 revised, 1 gone, 27 unchanged, 1 re-dated among the revised" in desk.said
    assert (
        "scope: 2026-01 to 2026-01: 2025-12-31T22:00:00Z to 2026-01-31T22:00:00Z in UA" in desk.said
    )
    assert desk.imports("ucdp-candidate", *newer) == []

    # Content that comes back is another event, and not the first again.
    back = desk.imports("ucdp-candidate", *months(*range(1, 31)), yes=True)
    assert {one["data"]["report_id"] for one in back} == {"ucdp-1", "ucdp-2", "ucdp-3", "ucdp-31"}
    assert desk.standing() == sorted(f"ucdp-{one}" for one in range(1, 31))


def test_gone_counts_only_within_the_scope_and_much_of_it_wants_yes(desk: Desk) -> None:
    january = months(1, 2, 3)
    desk.imports("ucdp-candidate", *january)

    february = {"date_start": "2026-02-03", "date_end": "2026-02-03"}
    desk.imports("ucdp-candidate", *months(11, 12, **february))
    assert len(desk.standing()) == 5

    with pytest.raises(BadInput, match=r"2 of 3 reports that stand in the scope .* --yes retracts"):
        desk.imports("ucdp-candidate", *months(1))
    desk.imports("ucdp-candidate", *months(1), yes=True)
    assert desk.standing() == ["ucdp-1", "ucdp-11", "ucdp-12"]

    # The final edition of the year covers both months, and the same ids.
    desk.imports("ucdp-ged", *months(1, 11), yes=True)
    assert desk.standing() == ["ucdp-1", "ucdp-11"]

    elsewhere = EditionScope(0, 10**15, None, "all of it")
    desk.imports(
        "ucdp-candidate", *months(1), yes=True, scope=elsewhere._replace(countries=("RU",))
    )
    assert desk.standing() == ["ucdp-1", "ucdp-11"]
    desk.imports("ucdp-candidate", *months(1), yes=True, scope=elsewhere._replace(until=2 * 10**15))
    assert desk.standing() == ["ucdp-1"]


def test_nothing_is_gone_while_a_row_is_refused_that_may_be_it(desk: Desk) -> None:
    desk.imports("ucdp-candidate", *months(*range(1, 31)))

    found = desk.imports("ucdp-candidate", *months(*range(1, 30)), row(id="30", country_id="0"))

    assert (found, desk.code) == ([], 1)
    assert "1 report in the scope would be gone, but rows were refused" in desk.said


def test_what_changes_is_listed_and_printed_instead_of_events(desk: Desk) -> None:
    desk.imports("ucdp-candidate", *months(1, 2))
    file = desk.settings.data_dir.parent / "newer.csv"
    file.write_text("\n".join([*months(1), row(id="2", best="4", high="4", low="4")]), "utf-8")

    run_import(
        desk.settings, "ucdp-candidate", [str(file)], ImportOptions(changes=True, locate=False)
    )

    shown = desk._capsys.readouterr().out
    assert [line.split()[:3] for line in shown.splitlines() if "ucdp-" in line] == [
        ["ucdp-2", "revised", "effects"]
    ]


def test_acled_retracts_only_what_its_deleted_list_names(desk: Desk) -> None:
    rows = [acled_row(event_id_cnty=f"YEM{one}") for one in range(3)]
    desk.imports("acled", NEW, *rows)
    assert desk.imports("acled", NEW, rows[0]) == []
    older = acled_row(event_id_cnty="YEM0", timestamp="1710000000", fatalities="9")
    assert desk.imports("acled", NEW, older) == []
    assert "1 older than what stands" in desk.said

    deleted = ["event_id_cnty,deleted_timestamp", "YEM1,1730000000", "YEM9,1730000000"]
    found = desk.imports("acled", *deleted)
    assert [(one["type"], one["data"]["report_id"]) for one in found] == [
        ("incident.report_retracted", "acled-YEM1")
    ]
    assert desk.imports("acled", *deleted) == []
    # An export from before the deletion does not bring it back.
    assert desk.imports("acled", NEW, *rows) == []
    assert desk.standing() == ["acled-YEM0", "acled-YEM2"]
