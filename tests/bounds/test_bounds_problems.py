"""What is wrong with events is said in bounded words and time, however much is wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from schemas.events import Invalid, parse_event
from schemas.openapi import MAX_PROBLEMS_LISTED
from schemas.problems import MAX_PROBLEMS
from schemas.warnings.parties import NamedParties
from schemas.warnings.warning import MOST_WARNINGS
from schemas.wire import Accepted, Rejected, decode_text, encode_batch
from streams.http.body import Form, read_body
from tests.bounds import hostile

NESTED = 3_000


def seconds(what: Callable[[], object]) -> float:
    begun = time.process_time()
    what()
    return time.process_time() - begun


def test_of_a_thousand_wrong_terms_the_first_are_named_and_the_others_counted() -> None:
    [raw] = hostile.wrong_terms(1, 1_000)
    with pytest.raises(Invalid) as caught:
        parse_event(raw)
    *named, rest = caught.value.problems
    assert [field for field, _ in named] == [f"data.targets.{n}" for n in range(MAX_PROBLEMS)]
    assert all("did you mean 'energy'" in reason for _, reason in named)
    assert rest == ("", f"and at least {1_000 - MAX_PROBLEMS} more")


@pytest.mark.parametrize("form", ["lines", "batch"])
def test_a_post_of_nothing_but_wrong_terms_has_a_short_answer_soon(form: Form) -> None:
    lines = [line.encode() for line in hostile.wrong_terms(350, 450)]
    body = b"\n".join(lines) if form == "lines" else encode_batch(lines)
    assert seconds(lambda: read_body(form, body, now=lambda: 0)) < 10
    found = read_body(form, body, now=lambda: 0)
    assert (found.events, found.refused, len(found.problems)) == ([], 350, MAX_PROBLEMS_LISTED)
    assert found.unlisted > 0
    assert len(json.dumps([problem.model_dump() for problem in found.problems])) < 200_000


def test_a_good_event_is_taken_after_any_number_of_bad_ones() -> None:
    lines = [*hostile.wrong_terms(50, 400), hostile.report()]
    *bad, good = decode_text(encode_batch(lines), most_said=30)
    assert isinstance(good, Accepted)
    assert all(isinstance(one, Rejected) and one.reason == "invalid" for one in bad)
    assert all(one.problems for one in bad if isinstance(one, Rejected))


def event(**data: Any) -> str:
    return hostile.report(**data)


HOSTILE: dict[str, str] = {
    "lists in lists": '{"data":' + "[" * NESTED + "]" * NESTED + "}",
    "objects in objects": '{"a":' * NESTED + "1" + "}" * NESTED,
    "a number of 90,000 digits": event(effects={"killed": 1}).replace(":1}", f":{'9' * 90_000}}}"),
    "a fraction of 90,000 digits": event(effects={"killed": 1}).replace(
        ":1}", f":0.{'1' * 90_000}}}"
    ),
    "a huge exponent": event(effects={"killed": 1}).replace(":1}", ":1e999999999}"),
    "blanks in an id": event(report_id="x" + " " * 90_000 + "y"),
    "blanks at the end of an id": event(report_id="x" + " " * 90_000),
    "a long id": event(report_id="x" * 90_000),
    "blanks in a time": event(occurred={"start": "2026-01-10T12:00:00." + "0" * 90_000 + "Z"}),
    "an address that never ends": event(evidence=["https:" + "a" * 90_000 + " "]),
    "30,000 entries": event(targets=[None] * 18_000),
    "as many effects": event(effects={f"e{n}": n for n in range(5_000)}),
    "effects of one name": event(effects={"e": 1}).replace('"e":1', ",".join(['"e":1'] * 15_000)),
    "thousands of names behind another of the same name": event().replace(
        '"data":', '"data":{' + "".join(f'"{n}":1,' for n in range(9_000)) + '"8999":2},"data":', 1
    ),
    "names that nobody knows": event(**{f"field{n}": n for n in range(4_000)}),
    "quotes and colons": event(reported_by={"name": '":' * 20_000}),
    "surrogates": event(reported_by={"name": "x"}).replace('"x"', '"' + "\\ud83d" * 15_000 + '"'),
    "a ring of one point": hostile.claim(
        area=[{"type": "Polygon", "coordinates": [[[1, 1]] * 9_000]}]
    ),
    "a ring that goes to and fro": hostile.claim(
        area=[{"type": "Polygon", "coordinates": [[[n % 2, 0] for n in range(9_001)]]}]
    ),
    "rings without end": hostile.claim(
        area=[{"type": "Polygon", "coordinates": [[[0, 0]]] * 5_000}]
    ),
    "holes that touch": hostile.claim(
        area=[
            {
                "type": "Polygon",
                "coordinates": [
                    [[0, 0], [90, 0], [90, 90], [0, 90], [0, 0]],
                    *(
                        [[n / 20, 1], [n / 20 + 0.05, 1], [n / 20, 2], [n / 20, 1]]
                        for n in range(1_500)
                    ),
                ],
            }
        ]
    ),
    "a fan that crosses itself": hostile.claim(
        area=[
            {
                "type": "Polygon",
                "coordinates": [[*[[n % 97, (n * 31) % 89] for n in range(8_000)], [0, 0]]],
            }
        ]
    ),
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_event_takes_long_to_read_or_is_refused_in_many_words(raw: str) -> None:
    found: list[Any] = []
    assert seconds(lambda: found.extend(decode_text(raw.encode()))) < 3
    for one in found:
        if isinstance(one, Rejected):
            assert sum(len(field) + len(reason) for field, reason in one.problems) < 20_000


def test_many_actors_that_nobody_binds_are_warned_of_in_few_lines() -> None:
    parties = NamedParties()
    parties.bind("testland", [f"BOUND{n}" for n in range(1_000)])
    for number in range(5_000):
        parties.name("testland", f"actor {number}")
    assert seconds(parties.warnings) < 10
    found = parties.warnings()
    assert len(found) == MOST_WARNINGS + 1
    assert found[-1] == f"and {5_000 - MOST_WARNINGS:,} more that no claim speaks of"
    assert max(map(len, found)) < 500
