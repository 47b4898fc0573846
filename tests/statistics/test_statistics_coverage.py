"""When each source was last heard, and when it did not watch."""

from __future__ import annotations

import datetime as dt

from analytics.ledger.ledger import Ledger
from tests.analytics.written import Step, coverage, report, report_retracted, write
from tests.statistics.told import told, view

GAPS = "reported_by, gap_start::VARCHAR, gap_end::VARCHAR, seconds, quality"


def day(number: int) -> str:
    return f"2026-01-{number:02}T00:00:00Z"


def watched(name: str, first: int, end: int, quality: str = "full", by: str = "Mission") -> str:
    """From the start of the first day of January to that of the end."""
    return coverage(name, start=day(first), end=day(end), quality=quality, reported_by={"name": by})


def gap(by: str, first: int, end: int, quality: str) -> tuple[object, ...]:
    starts, ends = (f"2026-01-{number:02} 00:00:00+00" for number in (first, end))
    return by, starts, ends, (end - first) * 86_400, quality


def test_a_gap_is_what_no_full_or_partial_coverage_includes(ledger: Ledger) -> None:
    told(
        ledger,
        watched("a", 1, 3),
        watched("b", 2, 5, "partial"),
        watched("c", 8, 9),
        watched("d", 5, 6),
        watched("e", 12, 13),
    )
    assert view(ledger, "coverage_gaps", GAPS) == [
        gap("Mission", 6, 8, "unsaid"),
        gap("Mission", 9, 12, "unsaid"),
    ]


def test_who_was_denied_to_watch_has_a_gap_that_says_so(ledger: Ledger) -> None:
    told(
        ledger,
        watched("a", 1, 3),
        watched("b", 2, 5, "denied"),
        watched("c", 4, 6, "denied"),
        watched("d", 8, 9),
        watched("e", 10, 11, "denied"),
    )
    assert view(ledger, "coverage_gaps", GAPS) == [
        # Up to the 3rd it watched all the same.
        gap("Mission", 3, 6, "denied"),
        gap("Mission", 6, 8, "unsaid"),
        gap("Mission", 9, 10, "unsaid"),
        gap("Mission", 10, 11, "denied"),
    ]


def test_one_source_does_not_fill_the_gap_of_another(ledger: Ledger) -> None:
    told(
        ledger,
        watched("a", 1, 2),
        watched("b", 3, 4),
        watched("c", 1, 9, by="Sensor"),
        watched("d", 2, 3, "none"),
    )
    assert view(ledger, "coverage_gaps", GAPS) == [gap("Mission", 2, 3, "unsaid")]


def test_a_source_that_watched_once_has_no_gap(ledger: Ledger) -> None:
    told(ledger, watched("a", 1, 2))
    assert view(ledger, "coverage_gaps", GAPS) == []


def test_of_each_source_there_is_when_it_was_last_heard(ledger: Ledger) -> None:
    def recorded(number: int, *events: str, first: int) -> None:
        write(
            ledger,
            *(Step(event, f"2026-02-{number:02}T00:00:00Z") for event in events),
            first=first,
        )

    recorded(1, report("i"), report("j"), report("j", "s", reported_by={"name": "Outlet"}), first=0)
    recorded(2, watched("a", 1, 5, "partial"), watched("b", 8, 9, "denied"), first=3)
    recorded(3, report_retracted("j"), watched("c", 1, 30, "none"), first=5)
    columns = """reported_by, reports, incidents, day(last_report), last_occurred,
        coverages, day(last_coverage), day(watched_until), day(denied_until)"""
    noon = dt.datetime(2026, 1, 12, 12, tzinfo=dt.UTC)
    assert view(ledger, "sources", columns) == [
        ("Mission", 0, 0, None, None, 2, 2, 5, 9),
        ("Observer", 1, 1, 1, noon, 0, None, None, None),
        ("Outlet", 1, 1, 1, noon, 0, None, None, None),
    ]
