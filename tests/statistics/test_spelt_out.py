"""Counts and days of generated logs are those that spelling out all days and choices gives."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.statistics.folded import Folded
from tests.statistics.spelt_out import compliance
from tests.support.given import claim, report
from tests.support.trying import in_parts, tried
from tests.verify.worlds import worlds

COLUMNS = (
    "conflict, commitment_id, claim_id, party, violations_lower, violations_upper, unattributed,"
    " violation_free_days_lower, violation_free_days_upper, days, days_upper, unobserved_days"
)
ZONES = st.sampled_from([None, None, "UTC", "Europe/Kyiv", "Pacific/Kiritimati"])
CLOCKS = st.sampled_from(["00:00", "06:00", "12:00", "18:00"])
ACTORS = st.sampled_from(["AAA", "AAA", "AAA", "BBB", None])
TARGETS = st.sampled_from(["substation", "substation", "infrastructure", "residential"])


def hour(number: int) -> str:
    """So many hours after January began, in the clocks of a zone that is two hours ahead."""
    return f"2026-01-{1 + number // 24:02}T{number % 24:02}:00:00+02:00"


@st.composite
def bounds(draw: st.DrawFn, first: int, last: int) -> Any:
    earliest = draw(st.integers(first, last)) * 6
    latest = earliest + draw(st.sampled_from([0, 0, 0, 12, 30]))
    return {"earliest": hour(earliest), "latest": hour(latest)}


@st.composite
def windows(draw: st.DrawFn) -> list[dict[str, Any]]:
    parts = []
    for number in range(draw(st.integers(1, 2))):
        entry = {
            "start": draw(bounds(number * 16, number * 16 + 4)),
            "end": draw(st.one_of(bounds(number * 16 + 6, number * 16 + 30), st.none())),
        }
        if name := draw(ZONES):
            if draw(st.booleans()):
                entry["daily"] = {"from": draw(CLOCKS), "to": draw(CLOCKS), "zone": name}
            entry["zone"] = name
        parts.append(entry)
    return parts


@st.composite
def busy_truces(draw: st.DrawFn) -> list[str]:
    """One or two claims, and incidents of hours to days, reported by one or by two who disagree."""
    log = [claim(name, window=draw(windows())) for name in ("c", "d")[: draw(st.integers(1, 2))]]
    for number in range(draw(st.integers(0, 7))):
        start = draw(st.integers(0, 40)) * 6
        lasts = draw(st.sampled_from([0, 0, 6, 24, 24, 48, 72, 96]))
        occurred = {"start": hour(start), "end": hour(start + lasts)}
        target = draw(TARGETS)
        log += [
            report(
                source,
                f"i{number}",
                occurred=occurred,
                targets=[target],
                actor=None if party is None else {"party": party, "confidence": "confirmed"},
            )
            for source, party in zip(
                "rs", draw(st.lists(ACTORS, min_size=1, max_size=2)), strict=False
            )
        ]
    return log


@in_parts
@tried()
@given(log=st.one_of(busy_truces(), busy_truces(), worlds()))
def test_days_that_are_counted_are_those_that_are_spelt_out(
    folded: Folded, part: int, log: list[str]
) -> None:
    folded.fold(*log, recorded_at="2026-03-29T17:00:00Z")
    found = folded.ask(f"SELECT {COLUMNS} FROM compliance")  # noqa: S608 - columns of this test
    assert sorted(found, key=repr) == sorted(compliance(folded), key=repr)
