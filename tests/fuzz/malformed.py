"""Inputs that cannot be read, each wrong in a way that arrives in real life, or from an attacker."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.support.given import claim, report

CONFLICT = b"testland"
HUGE = 10_000_000


class Bad(NamedTuple):
    """A record that must be rejected: what is wrong with it, its key and its value."""

    kind: str
    key: bytes | None
    value: bytes | None


Mutation = Callable[[random.Random, dict[str, Any]], bytes | None]


def _dump(event: Any) -> bytes:
    return json.dumps(event).encode()


def _truncated(rng: random.Random, event: dict[str, Any]) -> bytes:
    whole = _dump(event)
    return whole[: rng.randrange(1, len(whole) - 1)]


def _bytes_changed(rng: random.Random, event: dict[str, Any]) -> bytes:
    whole = bytearray(_dump(event))
    for _ in range(rng.randrange(1, 4)):
        whole[rng.randrange(len(whole))] = rng.choice(b'\xff\xfe\x80\x00"{}[],')
    # Whatever was hit, the end is missing: it cannot have stayed a valid event by chance.
    return bytes(whole[:-1])


def _invalid_utf8(rng: random.Random, event: dict[str, Any]) -> bytes:
    return _dump(event).replace(b"desk", rng.choice([b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80"]), 1)


def _lone_surrogate(_: random.Random, event: dict[str, Any]) -> bytes:
    return _dump(event).replace(b"desk", b"\\ud800", 1)


def _nan(rng: random.Random, event: dict[str, Any]) -> bytes:
    event["data"]["effects"] = {"killed": "@"}
    return _dump(event).replace(b'"@"', rng.choice([b"NaN", b"Infinity", b"-Infinity", b"nan"]))


def _huge_number(rng: random.Random, event: dict[str, Any]) -> bytes:
    event["data"]["effects"] = {"killed": "@"}
    number = rng.choice([b"1e999", b"-1", b"1" * 5_000, b"-1e400"])
    return _dump(event).replace(b'"@"', number)


def _deep(rng: random.Random, event: dict[str, Any]) -> bytes:
    depth = rng.choice([100, 1_000, 20_000])
    event["data"]["effects"] = "@"
    return _dump(event).replace(b'"@"', b"[" * depth + b"]" * depth)


def _wrong_type(rng: random.Random, event: dict[str, Any]) -> bytes:
    field = rng.choice(["conflict", "incident_id", "report_id", "reported_by", "occurred"])
    event["data"][field] = rng.choice([1, 1.5, True, [], {}, None, [[]], ""])
    return _dump(event)


def _missing(rng: random.Random, event: dict[str, Any]) -> bytes:
    del event["data"][
        rng.choice(["conflict", "incident_id", "report_id", "reported_by", "occurred"])
    ]
    return _dump(event)


def _unknown_field(rng: random.Random, event: dict[str, Any]) -> bytes:
    place = rng.choice([event, event["data"], event["data"]["occurred"], event["data"]["actor"]])
    place[rng.choice(["tiem", "x" * 300, "", "\u202e", "__proto__"])] = 1
    return _dump(event)


def _name_twice(rng: random.Random, event: dict[str, Any]) -> bytes:
    name = rng.choice([b'"act": ', b'"incident_id": ', b'"source": ', b'"lat": '])
    event["data"]["places"] = [{"lat": 50.45, "lon": 30.52}]
    return _dump(event).replace(name, name + b'"x", ' + name, 1)


def _not_cloudevents(rng: random.Random, event: dict[str, Any]) -> bytes:
    field = rng.choice(["specversion", "id", "source", "type", "data"])
    if rng.random() < 0.5:
        del event[field]
    else:
        event[field] = rng.choice(["", " 0.3 ", None, 7, ["x"]])
    return _dump(event)


def _naive_time(rng: random.Random, event: dict[str, Any]) -> bytes:
    event["data"]["occurred"] = {
        "start": rng.choice(
            [
                "2026-01-10T12:00:00",
                "2026-01-10",
                "2026-01-10 12:00",
                "yesterday",
                1_768_046_400,
                "2026-13-45T99:00:00Z",
                "0001-01-01T00:00:00+14:00",
                "9999-12-31T23:59:59-14:00",
            ]
        )
    }
    return _dump(event)


def _backwards(_: random.Random, event: dict[str, Any]) -> bytes:
    event["data"]["occurred"] = {"start": "2026-01-10T12:00:00Z", "end": "2026-01-10T11:00:00Z"}
    return _dump(event)


def _unknown_word(rng: random.Random, event: dict[str, Any]) -> bytes:
    field, value = rng.choice(
        [
            ("act", "drone"),
            ("targets", ["enrgy"]),
            ("places", ["XXX"]),
            ("places", ["UA-9999"]),
            ("places", [{"lat": 91, "lon": 0}]),
            ("places", [{"lat": "50", "lon": 30}]),
            ("actor", {"party": "AAA", "confidence": "sure"}),
        ]
    )
    event["data"][field] = value
    return _dump(event)


def _not_an_event(rng: random.Random, _: dict[str, Any]) -> bytes | None:
    return rng.choice(
        [None, b"", b" ", b"null", b"1", b'"text"', b"true", b"\x00" * 40, b"{}", b"\x1f\x8b\x08"]
    )


def _random_bytes(rng: random.Random, _: dict[str, Any]) -> bytes:
    return b"\xff" + rng.randbytes(rng.randrange(1, 200))


def _bad_claim(rng: random.Random, _: dict[str, Any]) -> bytes:
    window: list[Any] = rng.choice(
        [
            [],
            [{"start": None, "end": "2026-02-01T00:00:00Z"}],
            [{"start": "2026-02-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}],
            [{"start": {"earliest": "2026-02-01T00:00:00Z", "latest": "2026-01-01T00:00:00Z"}}],
            [{"daily": {"from": "08:00", "to": "14:00", "zone": "Mars Olympus"}}],
            [{"daily": {"from": "8", "to": "25:00", "zone": "UTC"}}],
        ]
    )
    return claim(window=window).encode()


KINDS: dict[str, Mutation] = {
    "truncated": _truncated,
    "bytes changed": _bytes_changed,
    "invalid UTF-8": _invalid_utf8,
    "lone surrogate": _lone_surrogate,
    "NaN": _nan,
    "huge number": _huge_number,
    "deep nesting": _deep,
    "wrong type": _wrong_type,
    "missing field": _missing,
    "unknown field": _unknown_field,
    "name twice": _name_twice,
    "not CloudEvents": _not_cloudevents,
    "naive time": _naive_time,
    "backwards": _backwards,
    "unknown word": _unknown_word,
    "not an event": _not_an_event,
    "random bytes": _random_bytes,
    "bad claim": _bad_claim,
}


def malformed(count: int, seed: int) -> Iterator[Bad]:
    """`count` inputs, each kind as often as the others; the same for the same seed."""
    rng = random.Random(seed)
    kinds = list(KINDS.items())
    for number in range(count):
        kind, mutate = kinds[number % len(kinds)]
        yield Bad(kind, CONFLICT, mutate(rng, json.loads(report())))


def oversized() -> Iterator[Bad]:
    """Strings of 10 MB where a person would write a word."""
    for field in ("incident_id", "report_id", "act"):
        yield Bad(f"10 MB {field}", CONFLICT, report(**{field: "x" * HUGE}).encode())
    event = json.loads(report())
    yield Bad("10 MB id", CONFLICT, _dump({**event, "id": "x" * HUGE}))
    yield Bad("10 MB field name", CONFLICT, _dump({**event, "x" * HUGE: 1}))
    yield Bad("10 MB of nothing", CONFLICT, b" " * HUGE)
    yield Bad("10 MB key", b"k" * HUGE, report().encode())


def wrong_keys() -> Iterator[Bad]:
    """Good events under a key that is not their conflict."""
    for key in (None, b"", b"elsewhere", b"\xff", b"Testland", b"testland "):
        yield Bad("key", key, report().encode())
