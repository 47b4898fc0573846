"""What the view of warnings says of the events that stand; the checker at entry says the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analytics.ledger.ledger import Ledger
from schemas.events import parse_event
from schemas.warnings.known import KnownNames
from schemas.warnings.warner import Warner
from schemas.warnings.warning import Whence
from tests.analytics.written import (
    Step,
    at,
    claim,
    report,
    report_retracted,
    rows,
    write,
)
from tests.support.readable import empty_ledger


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with empty_ledger(path) as opened:
        yield opened


LATE = "2026-02-01T10:00:00Z"
KUPIANSK = ["Kup'iansk", "Kup\u2019iansk", "Kup\u02bciansk", "Kup\u2019 iansk"]

# The events after the claim; cause, name and times of what the view has; what entry says of it.
# fmt: off
ODD: tuple[tuple[str, list[str], list[tuple[Any, ...]], list[str]], ...] = (
    ("nothing is odd", [report()], [], []),
    ("an actor whom no claim binds", [report(actor={"party": "Aaa", "confidence": "likely"})],
     [("actor_unbound", "Aaa", 1)], ["binds actor 'Aaa'"]),
    ("an actor without confidence", [report(actor={"party": "AAA"}), report("j", actor={"party": "AAA"})],
     [("confidence_not_said", "AAA", 2)], ["without 'confidence'"]),
    ("before 1900", [report(occurred={"start": "0025-01-12T12:00:00Z"})],
     [("before_1900", "0025-01-12 12:00:00+00", 1)], ["before 1900; did you mean 2025-01-12T12:00:00Z?"]),
    ("a year of the future", [report(occurred={"start": "2062-01-12T12:00:00Z"})],
     [("occurred_after_said", "2062-01-12 12:00:00+00", 1)], ["after it was said"]),
    ("0,0", [report(places=[{"lat": 0, "lon": 0}])], [("zero_position", "0,0", 1)], ["Gulf of Guinea"]),
    ("0,0 of an impact", [report(impacts=[{"place": {"lat": 0, "lon": 0.0}}])],
     [("zero_position", "0,0", 1)], ["Gulf of Guinea"]),
    ("more intercepted than launched",
     [report(weapons=[{"type": "drone", "launched": {"max": 3}, "intercepted": {"min": 5, "max": 9}}])],
     [("more_intercepted_than_launched", "5 of 3", 1)], ["more intercepted (5) than launched (3)"]),
    ("as many intercepted as may be launched",
     [report(weapons=[{"type": "drone", "launched": {"min": 3, "max": 5}, "intercepted": 5}])], [], []),
    ("a town in two spellings", [report(KUPIANSK[0]), report(KUPIANSK[1])],
     [("incident_looks_like_another", KUPIANSK[1], 1)], ["did you mean \"Kup'iansk\"?"]),
    ("a report in two spellings", [report("i", "air-force"), report("i", "Air Force")],
     [("report_looks_like_another", "Air Force", 1)], ["did you mean 'air-force'?"]),
    ("incidents that differ by a number", [report("2026-02-03-raid"), report("2026-02-04-raid")], [], []),
    ("a retraction of what does not stand", [report_retracted("x")],
     [("nothing_retracted", "r", 1)], ["does not stand"]),
    ("a retraction of what stands", [report(), report_retracted()], [], []),
    ("a second retraction", [report(), report_retracted(), report_retracted()],
     [("nothing_retracted", "r", 1)], ["does not stand"]),
)
# fmt: on


@pytest.mark.parametrize(
    ("events", "view", "entry"), [row[1:] for row in ODD], ids=[row[0] for row in ODD]
)
def test_the_view_and_the_checker_warn_of_the_same(
    ledger: Ledger, events: list[str], view: list[tuple[Any, ...]], entry: list[str]
) -> None:
    said = [claim(), *events]
    times = [f"2026-02-01T10:00:{second:02d}Z" for second in range(len(said))]
    write(ledger, *(Step(raw, time) for raw, time in zip(said, times, strict=True)))

    warner = Warner(lambda: at(LATE))
    for number, raw in enumerate(said, 1):
        warner.note(parse_event(raw), Whence("f", number))

    assert rows(ledger, "SELECT cause, name, times FROM warnings") == view
    found = [str(one) for one in warner.warnings(KnownNames())]
    assert len(found) == len(entry)
    assert all(part in one for part, one in zip(entry, found, strict=True))
