"""A name given twice: what is told by counting alone is what reading the text again tells."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import event as note
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Invalid, parse_event
from schemas.repeated_keys import RepeatedError, are_plainly_once, read_names
from schemas.wire import Accepted, Rejected, decode_text, encode_batch, read_event
from tests.support.given import claim, report

TIMES = st.sampled_from(["2026-01-10T12:00:00Z", "2026-01-10t13:00:00.5+01:00"])
NAMES = st.sampled_from(["AAA", "a:b", "так", "{}", "\\", "x\u2003y"]) | st.sampled_from(
    ["AAA", "b", "c", 'said: "x":', '\\":', 'a" : b', '":']
)
NUMBERS = st.sampled_from([0, 1, 2.5, 10**12, 0.0])
COUNTS = NUMBERS | st.sampled_from(
    [{"min": 1}, {"max": 2}, {"min": 1, "max": None}, {"min": 0, "max": 9.5}]
)
PLACES = st.sampled_from(
    [
        "UA",
        "UA-30",
        {"lat": 1, "lon": 2},
        {"lat": 1, "lon": 2, "radius_km": 0},
        {"lat": 1.5, "lon": -2, "radius_km": 10},
    ]
)
OCCURRED = st.fixed_dictionaries(
    {"start": TIMES},
    optional={
        "end": TIMES,
        "certainty": st.sampled_from(["sometime", None]),
        "of": st.sampled_from(["impact", None]),
    },
)
TARGETS = st.lists(st.sampled_from(["energy", None]), max_size=2)
EFFECTS = st.dictionaries(NAMES, COUNTS, max_size=3)
DATA = st.fixed_dictionaries(
    {
        "conflict": NAMES,
        "incident_id": NAMES,
        "report_id": NAMES,
        "reported_by": st.fixed_dictionaries(
            {"name": NAMES}, optional={"kind": NAMES | st.none(), "party": NAMES}
        ),
        "occurred": OCCURRED,
    },
    optional={
        "actor": st.none()
        | st.fixed_dictionaries({}, optional={"party": NAMES, "confidence": st.none()}),
        "act": st.sampled_from(["strike", None]),
        "targets": st.none() | TARGETS,
        "places": st.none() | st.lists(PLACES | st.none(), max_size=3),
        "weapons": st.none()
        | st.lists(
            st.fixed_dictionaries(
                {"type": NAMES}, optional={"launched": COUNTS | st.none(), "intercepted": COUNTS}
            ),
            max_size=2,
        ),
        "effects": st.none() | EFFECTS,
        "impacts": st.none()
        | st.lists(
            st.fixed_dictionaries(
                {"targets": TARGETS},
                optional={"place": PLACES, "occurred": OCCURRED, "effects": EFFECTS},
            ),
            max_size=2,
        ),
        "evidence": st.lists(st.just("https://desk.example/a:b"), max_size=2),
    },
)
REPORTS = st.fixed_dictionaries(
    {
        "specversion": st.just("1.0"),
        "id": NAMES,
        "source": st.just("https://desk.example"),
        "type": st.just("incident.reported"),
        "data": DATA,
    },
    optional={"time": TIMES | st.none(), "subject": NAMES},
)
BLANKS = st.text(" \t\r\n", max_size=2)
HIDDEN = st.sampled_from(
    ["1", '"x"', "null", "NaN", "-Infinity", "[NaN]", '{"a":1,"a":2}', '"\\":"']
)
ORDINARY = [(", ", ": "), (",", ":")]


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, dict | list):
            yield from _objects(part)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """The JSON text of a report, in an odd layout, with up to two names given again."""
    whole = draw(REPORTS)
    objects = [each for each in _objects(whole) if each]
    again = {draw(st.integers(0, len(objects) - 1)) for _ in range(draw(st.integers(0, 2)))}
    repeated = {id(objects[number]) for number in again}
    odd = draw(st.booleans())

    def blank() -> str:
        return draw(BLANKS) if odd else ""

    def word(text: str) -> str:
        plain = json.dumps(text, ensure_ascii=draw(st.booleans()))
        how = draw(st.integers(0, 5)) if odd else 0
        if how == 1:
            return '"' + "".join(f"\\u{ord(letter):04X}" for letter in text) + '"'
        return plain.replace('\\"', "\\u0022") if how == 2 else plain

    def member(name: str, value: str) -> str:
        return f"{blank()}{word(name)}{blank()}:{blank()}{value}{blank()}"

    def written(value: Any) -> str:
        if isinstance(value, dict):
            members = [member(name, written(part)) for name, part in value.items()]
            if id(value) in repeated:
                name = draw(st.sampled_from(list(value)))
                hidden = draw(HIDDEN) if draw(st.booleans()) else written(value[name])
                members.insert(draw(st.integers(0, len(members))), member(name, hidden))
            return "{" + ",".join(members) + "}"
        if isinstance(value, list):
            return "[" + ",".join(written(part) for part in value) + "]"
        return word(value) if isinstance(value, str) else json.dumps(value)

    return written(whole)


def _is_refused(raw: bytes) -> bool:
    try:
        read_names(raw)
    except (ValueError, RecursionError):
        return True
    return False


def _agree(raw: bytes) -> None:
    try:
        event = parse_event(raw)
    except Invalid:
        note("no event")
        return
    plainly, refused = are_plainly_once(raw, event), _is_refused(raw)
    note(f"plainly once: {plainly}, refused: {refused}")
    assert not (plainly and refused)
    try:
        again = read_event(raw)
    except Invalid:
        assert refused
    else:
        assert not refused
        assert again == event


@settings(max_examples=500, deadline=None)
@given(texts())
def test_counting_never_passes_what_reading_again_refuses(text: str) -> None:
    _agree(text.encode())


@settings(max_examples=250, deadline=None)
@given(
    texts(),
    st.lists(
        st.tuples(
            st.integers(0, 2_000),
            st.integers(0, 3),
            st.sampled_from(['"', ":", '":', '\\"', "\\", ",", "{", "}", " ", '"a":1,', "NaN", ""]),
        ),
        max_size=3,
    ),
)
def test_nor_if_the_text_is_damaged(text: str, changes: list[tuple[int, int, str]]) -> None:
    for at, length, instead in changes:
        text = text[:at] + instead + text[at + length :]
    _agree(text.encode())


@pytest.mark.parametrize("separators", ORDINARY)
@given(data=DATA)
@settings(deadline=None)
def test_counting_tells_it_of_reports_written_as_usual(
    separators: tuple[str, str], data: dict[str, Any]
) -> None:
    whole = json.loads(report()) | {"data": data}
    text = json.dumps(whole, separators=separators)
    try:
        event = parse_event(text)
    except Invalid:
        return
    if '\\"' not in text and '"radius_km"' not in text:
        assert are_plainly_once(text.encode(), event)


def test_it_tells_so_of_indented_ones_too_but_not_of_claims() -> None:
    text = json.dumps(json.loads(report()), indent=1)
    assert are_plainly_once(text.encode(), parse_event(text))
    text = claim()
    assert not are_plainly_once(text.encode(), parse_event(text))


@pytest.mark.parametrize(
    ("once", "twice"),
    [
        ('"act": "strike"', '"act": "strike", "act": "strike"'),
        ('"act": "strike"', '"act" : "strike", "act" : "strike"'),
        ('"act": "strike"', '"act"\n:"strike","act"\t:"strike"'),
        ('"act": "strike"', '"act": "strike", "\\u0061ct": "strike"'),
        ('"act": "strike"', '"act": NaN, "act": "strike"'),
    ],
)
def test_what_is_given_twice_is_read_again(once: str, twice: str) -> None:
    text = json.dumps(json.loads(report(act="strike")))
    assert once in text
    raw = text.replace(once, twice).encode()
    with pytest.raises((RepeatedError, ValueError)):
        read_names(raw)
    with pytest.raises(Invalid):
        read_event(raw)
    # Names that one event of a batch leaves out do not make up for those that another gives twice.
    shorter = json.dumps(json.loads(report(act=None)))
    batch = encode_batch([text, raw, shorter])
    assert [type(one) for one in decode_text(batch)] == [Accepted, Rejected, Accepted]


def test_of_a_batch_of_reports_it_is_told_at_once() -> None:
    texts = [json.dumps(json.loads(report(report_id=name))) for name in "ab"]
    events = [parse_event(text) for text in texts]
    assert are_plainly_once(encode_batch(texts), *events)
    assert not are_plainly_once(encode_batch(texts), events[0])
    others = [claim(), *texts]
    assert not are_plainly_once(encode_batch(others), *map(parse_event, others))
    assert all(isinstance(one, Accepted) for one in decode_text(encode_batch(others)))


def test_an_escaped_quote_before_a_colon_makes_up_for_no_name() -> None:
    said = json.dumps(json.loads(report(report_id='x":y', act="strike")))
    hidden = said.replace('"act": "strike"', '"act": "raid", "act": "strike"')
    for text in (hidden, hidden.replace('\\"', "\\u0022")):
        with pytest.raises(Invalid, match="given more than once"):
            read_event(text.encode())
    assert read_event(said.encode()) == parse_event(said)
