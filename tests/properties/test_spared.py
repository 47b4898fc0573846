"""What is not judged again, or is judged for many at once, is what it would have been one by one."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.ledger import scope, transaction
from schemas.time import Bound, Daily, Occurrence, Window, in_window
from streams.judging import affected
from tests.properties.plainly import judged_plainly
from tests.properties.test_invariants import split
from tests.support.generated import (
    ACTS,
    CLAIM_IDS,
    CODES,
    PARTIES,
    SQUARE,
    TARGETS,
    bounds,
    claims,
    events,
    impacts,
    line,
    occurrences,
    reports,
    windows,
)
from tests.support.logged import HISTORY, Scratch, records
from tests.support.trying import in_parts, tried
from tests.verify.worlds import worlds

CLAIMED, REPORTED = "commitment.claimed", "incident.reported"
MANY = [f"i{number}" for number in range(12)]


@pytest.fixture(scope="module")
def scratch() -> Scratch:
    return Scratch()


@st.composite
def other_terms(draw: st.DrawFn, data: dict[str, Any]) -> dict[str, Any]:
    """The same claim, but for one thing."""
    parts: list[Any] = data.get("window") or [{}]
    parties = st.lists(PARTIES, min_size=1, max_size=3, unique=True)
    lists = [st.lists(terms, max_size=2, unique=True) for terms in (ACTS, TARGETS)]
    kinds: dict[str, st.SearchStrategy[dict[str, Any]]] = {
        "window": windows().map(lambda w: {"window": w}),
        "part": _other_part(parts).map(lambda w: {"window": w}),
        "more": windows().map(lambda w: {"window": [*parts, *w]}),
        "parties": parties.map(lambda p: {"bound_parties": p}),
        "prohibits": st.tuples(*lists).map(
            lambda of: {"prohibits": {"acts": of[0], "targets": of[1]}}
        ),
        "area": st.sampled_from([{"area": ["UA"]}, {"area": [SQUARE, None]}, {"area": []}]),
        "conditions": st.sampled_from([{"reciprocal": True}, {"other": "if"}, {}]).map(
            lambda on: {"conditions": on}
        ),
        "words": st.sampled_from([{"stance": "denies"}, {"evidence": ["https://a.example/1"]}]),
    }
    changed = draw(kinds[draw(st.sampled_from(["window", "part", "part", "part", *kinds]))])
    return {**data, **changed}


@st.composite
def _other_part(draw: st.DrawFn, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    place = draw(st.integers(0, len(parts) - 1))
    side = draw(st.sampled_from(["start", "end"]))
    at = draw(st.integers(0, 24)) + (24 if side == "end" else 0)
    return [
        {**part, side: draw(bounds(at))} if number == place else part
        for number, part in enumerate(parts)
    ]


@st.composite
def like_reports(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Many incidents, of few that differ in what is said and in when it was."""
    whats = draw(st.lists(reports(), min_size=1, max_size=3))
    whens = draw(st.lists(occurrences(), min_size=1, max_size=4))
    found = []
    for incident_id in draw(st.lists(st.sampled_from(MANY), min_size=3, max_size=12)):
        data = {**draw(st.sampled_from(whats)), "conflict": "east", "incident_id": incident_id}
        data["occurred"] = draw(st.sampled_from(whens))
        if draw(st.integers(0, 8)) == 0:
            data["impacts"] = draw(st.lists(impacts(), min_size=1, max_size=2))
        found.append(data)
    return found


@st.composite
def revised(draw: st.DrawFn) -> list[str]:
    """Claims on many incidents that are alike, revised step by step."""
    standing: dict[str, dict[str, Any]] = {}
    found: list[dict[str, Any]] = []
    start = draw(st.booleans())
    if start:
        found += [{"type": REPORTED, "data": data} for data in draw(like_reports())]
    for _ in range(draw(st.integers(1, 2))):
        data = {**draw(claims()), "conflict": "east", "commitment_id": "truce"}
        standing[data["claim_id"]] = data
        found.append({"type": CLAIMED, "data": data})
    if not start or draw(st.booleans()):
        found += [{"type": REPORTED, "data": data} for data in draw(like_reports())]
    for _ in range(draw(st.integers(1, 5))):
        what = draw(st.integers(0, 9))
        if what < 6:
            claim_id = draw(st.sampled_from(sorted(standing)))
            standing[claim_id] = data = draw(other_terms(standing[claim_id]))
            found.append({"type": CLAIMED, "data": data})
        elif what < 8:
            found += [{"type": REPORTED, "data": data} for data in draw(like_reports())[:2]]
        else:
            found.append(draw(events()))
    return [line(event, number) for number, event in enumerate(found) if _is_sound(event)]


def _is_sound(event: dict[str, Any]) -> bool:
    from schemas.events import Invalid, parse_event

    try:
        parse_event(line(event, 0))
    except Invalid:
        return False
    return True


@in_parts
@tried()
@given(data=st.data(), log=st.one_of(revised(), revised(), revised(), worlds()))
def test_what_is_spared_is_what_it_would_be_if_all_was_judged_again_one_by_one(
    scratch: Scratch, part: int, data: st.DataObject, log: list[str]
) -> None:
    items = records(log)
    cuts = data.draw(st.sets(st.integers(1, max(len(items), 1)), max_size=3), label="cuts")
    with pytest.MonkeyPatch.context() as patch:
        flush_at = data.draw(st.sampled_from([2, 60_000]), label="flush at")
        patch.setattr(transaction, "FLUSH_AT", flush_at)
        patch.setattr(scope, "FIRST_PAGE", data.draw(st.sampled_from([1, 3, 2_000]), "page"))
        spared = scratch.folded(split(items, cuts), HISTORY, restart=True)
    with pytest.MonkeyPatch.context() as patch:
        judged_plainly(patch)
        assert scratch.folded([items], HISTORY) == spared


@st.composite
def read_windows(draw: st.DrawFn) -> Window:
    from schemas.events import Assertion, ClaimEvent, parse_event

    data = {
        "conflict": "east",
        "commitment_id": "truce",
        "claim_id": draw(CLAIM_IDS),
        "claimed_by": {"name": "Somebody"},
        "stance": "asserts",
        "bound_parties": ["AAA"],
        "area": [draw(CODES)],
        "window": draw(
            st.lists(windows(), min_size=1, max_size=3).map(lambda w: [*chain.from_iterable(w)])
        ),
    }
    event = {"type": CLAIMED, "data": data}
    if not _is_sound(event):
        return ()
    found = parse_event(json.dumps({**json.loads(line(event, 0))}))
    assert isinstance(found, ClaimEvent)
    assert isinstance(found.data, Assertion)
    return found.data.terms_window


@in_parts
@tried()
@given(data=st.data(), old=read_windows(), new=read_windows())
def test_where_no_window_moved_the_answer_is_the_same(
    part: int, data: st.DataObject, old: Window, new: Window
) -> None:
    if not old or not new:
        return
    # Often only some parts differ.
    kept = data.draw(st.lists(st.sampled_from(old), max_size=2), label="kept")
    new = (*new[:1], *kept)
    stretches = affected.moved(old, new)
    origin = 1_767_225_600_000_000
    hour = 3_600_000_000
    for start in range(-2, 60):
        for length in (0, 1, 5, 30):
            for throughout in (False, True):
                one = Occurrence(
                    origin + start * hour, origin + (start + length) * hour, throughout
                )
                stop = max(one.end, one.start + 1)
                if not any(lo < stop and one.start < hi for lo, hi in stretches):
                    assert in_window(old, one) == in_window(new, one)


def test_of_very_many_stretches_the_widest_gaps_are_left_out() -> None:
    many = [(number * 10, number * 10 + 1) for number in range(100)]
    many[50] = (500, 509)
    found = affected.merged([*many, (10_000, 10_001)])
    assert len(found) == affected.MOST_STRETCHES
    assert found[-1] == (10_000, 10_001)
    assert all(any(lo <= a and b <= hi for lo, hi in found) for a, b in many)


def test_daily_hours_that_go_on_for_longer_move_by_what_was_added() -> None:
    import datetime as dt

    day = 86_400_000_000
    one = Daily(dt.time(8), dt.time(14), "UTC", Bound.at(0), Bound.at(100 * day))
    assert affected.moved((one,), (one._replace(end=Bound.at(101 * day)),)) == [
        (100 * day, 101 * day),
        (100 * day, 101 * day),
    ]
    other = one._replace(to=dt.time(15))
    assert affected.merged(affected.moved((one,), (other,))) == ((0, 100 * day),)
