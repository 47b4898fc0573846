"""Accepted stays accepted: by what was judged is kept, and another list loses nothing."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from analytics.ledger import transaction
from analytics.ledger.ledger import Ledger
from analytics.provenance import JudgedSince, Provenance, provenance
from schemas import places
from schemas.time import zone_names
from schemas.time_fields import read_instant
from schemas.wire import decode
from streams.explain.judges import other_judges
from tests.analytics.written import Step, claim, report, rows, write
from tests.support.given import claim as claimed
from tests.support.given import given
from tests.support.given import report as reported

T1, T2 = "2026-02-01T10:00:00Z", "2026-02-01T11:00:00Z"
NOW = provenance()
EARLIER = NOW._replace(version="0.0.9", tzdata="2020.1")
HISTORY = "SELECT version, rules, tzdata, iso_lists, epoch_us(since) FROM provenance ORDER BY since"


def test_a_row_is_written_with_the_first_transaction_of_whoever_judges_by_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "truce.duckdb"
    with Ledger.open(path) as ledger:
        monkeypatch.setattr(transaction, "provenance", lambda: EARLIER)
        write(ledger, Step(claim(), T1))
        write(ledger, Step(report(), T2), first=1)
        monkeypatch.undo()
    with Ledger.open(path) as ledger:
        assert [Provenance(*row[:4]) for row in rows(ledger, HISTORY)] == [EARLIER]
        write(ledger, Step(report("j"), T2), first=2)
        write(ledger, Step(report("k"), T2), first=3)
        found = [(Provenance(*row[:4]), row[4]) for row in rows(ledger, HISTORY)]
    assert sorted(found, key=repr) == sorted([(EARLIER, None), (NOW, read_instant(T2))], key=repr)


def test_a_difference_may_come_from_what_judged() -> None:
    assert other_judges([JudgedSince(NOW._replace(version="0.0.9"), None)], NOW) == []
    lines = other_judges([JudgedSince(EARLIER, None), JudgedSince(NOW, 0)], NOW)
    assert [line.split(":")[0] for line in lines] == [
        "Judged from the first event on until 1970-01-01T00",
        "Judged after 1970-01-01T00",
        "Recomputed",
    ]
    assert "tzdata 2020.1" in lines[0]


def _forget() -> None:
    places._within.cache_clear()
    places._code_within.cache_clear()


def test_with_a_code_that_is_withdrawn_from_the_list_every_event_of_the_log_is_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [claimed(area=["UA-30"]), reported(places=["UA-30"])]
    assert given(lines).verdict == "violation"
    kept = places.place_codes() - {"UA-30"}
    monkeypatch.setattr(places, "place_codes", lambda: kept)
    _forget()
    assert [type(one).__name__ for raw in lines for one in decode(raw.encode(), b"testland")] == [
        "Accepted",
        "Accepted",
    ]
    assert given(lines).verdict == "violation", "it is within itself"
    assert given([claimed(area=["UA-63"]), lines[1]]).verdict == "undetermined"
    _forget()


def test_with_a_time_zone_that_is_gone_a_claim_stands_and_its_hours_are_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    daily = {"daily": {"from": "08:00", "to": "20:00", "zone": "Asia/Gaza"}}
    bounds = {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}
    lines = [claimed(window=[{**daily, **bounds}]), reported()]
    assert given(lines).verdict == "violation"
    kept = zone_names() - {"Asia/Gaza"}
    monkeypatch.setattr("schemas.claims.zone_names", lambda: kept)
    assert given(lines).verdict == "undetermined"
    outside = reported(incident_id="j", occurred={"start": "2026-03-01T12:00:00Z"})
    assert ("truce", "j") not in given([lines[0], outside]).verdicts()


def test_what_judges_names_the_packages_that_it_looks_things_up_in() -> None:
    assert NOW.tzdata == version("tzdata")
    assert NOW.iso_lists == version("pycountry")
