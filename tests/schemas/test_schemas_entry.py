"""What is said of a line or a time that is nearly right: what is missing, and how it is written."""

from __future__ import annotations

import io
import json

import pytest

from schemas.events import Invalid, parse_event
from schemas.json_lines import MOST_LINES_OF_ONE, checked, read_lines
from tests.cli.test_cli_publish import report


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("2026-02-01T23:40+02:00", "expected the seconds; did you mean 2026-02-01T23:40:00+02:00"),
        (
            "2026-02-01 23:40:00+02:00",
            "expected a T between date and time; did you mean 2026-02-01T23:40:00+02:00",
        ),
        (
            "2026-02-01T23:40:00+0200",
            "expected a colon in the offset; did you mean 2026-02-01T23:40:00+02:00",
        ),
        (
            "2026-02-01T23:40:00+02",
            "expected a colon in the offset; did you mean 2026-02-01T23:40:00+02:00",
        ),
        (
            "2026-02-01 9:40",
            "expected a T between date and time, the seconds, an offset; in UTC it would be 2026-02-01T09:40:00Z",
        ),
        (
            "2026-02-01T23:40:00 UTC",
            "expected an offset in digits, or Z; did you mean 2026-02-01T23:40:00Z",
        ),
        ("2026-02-01T23:40:00", "needs an offset, e.g. 2026-02-01T23:40:00Z for UTC"),
        (
            "2026-02-01",
            "expected a time of day and an offset, too, e.g. 2026-02-01T00:00:00Z; a whole day has a start and an end",
        ),
        ("2026-02-31 23:40Z", "expected an RFC 3339 time, e.g. 2026-01-30T09:00:00Z"),
        ("yesterday", "expected an RFC 3339 time, e.g. 2026-01-30T09:00:00Z"),
    ],
)
def test_a_time_that_is_nearly_one_says_what_is_missing(written: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_event(json.dumps(report("c", occurred={"start": written})))

    assert refused.value.problems == (("data.occurred.start", reason),)


GOOD = json.dumps(report("c"))
PRETTY = json.dumps(report("c"), indent=1)
LIST = json.dumps([report("c")], indent=1)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([GOOD, GOOD], [(1, ""), (2, "")]),
        ([PRETTY], [(1, "one event a line; this looks like one event over lines 1-17")]),
        ([GOOD, PRETTY, GOOD], [(1, ""), (2, "like one event over lines 2-18"), (19, "")]),
        ([PRETTY, PRETTY], [(1, "over lines 1-17"), (18, "over lines 18-34")]),
        ([LIST, GOOD], [(1, "this looks like a list of events over lines 1-19"), (20, "")]),
        (['{"specversion": "1.0"', "42"], [(1, "not JSON"), (2, "expected a JSON object")]),
        (['{"a": 1', GOOD], [(1, "not JSON"), (2, "")]),
        (['{"a": "}"', "}"], [(1, "one event over lines 1-2")]),
    ],
)
def test_one_event_over_several_lines_is_one_mistake(
    texts: list[str], found: list[tuple[int, str]]
) -> None:
    lines = read_lines("f", io.BytesIO("\n".join(texts).encode()))

    said = [
        (line.number, one[0].reason if isinstance(one, tuple) else "")
        for line, one in checked(lines)
    ]

    assert [number for number, _ in said] == [number for number, _ in found]
    assert all(part in one for (_, one), (_, part) in zip(said, found, strict=True))
    assert all(bool(one) == bool(part) for (_, one), (_, part) in zip(said, found, strict=True))


def test_lines_that_never_close_are_given_up_in_their_order() -> None:
    raw = b"{\n" * (2 * MOST_LINES_OF_ONE + 10)

    found = [line.number for line, _ in checked(read_lines("f", io.BytesIO(raw)))]

    assert found == [*range(1, 2 * MOST_LINES_OF_ONE + 11)]
