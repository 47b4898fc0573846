"""Synthetic logs for measuring: claims whose windows do or do not overlap, and incidents in them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from schemas.wire import encode_batch

ORIGIN = datetime(2020, 1, 1, tzinfo=UTC)
HOURS_EACH = 48
ACTS = ("missile_strike", "drone_strike", "shelling", "raid")
TARGETS = ("substation", "power_generation", "residential", "transport", "heating")
PLACES = ("UA-30", "UA-63", "UA-51", "UA-12", "UA-23")
# Latitude and longitude of the five regions' capitals; reports lie within some km of one.
CENTRES = ((50.45, 30.52), (49.99, 36.23), (46.48, 30.73), (48.46, 35.05), (47.84, 35.14))
# How far behind its incident a further report comes at the most, in incidents.
FURTHER_BACK = 1_000


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _event(number: str, kind: str, data: dict[str, Any]) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": number,
            "source": "https://bench.example",
            "type": kind,
            "time": _iso(ORIGIN),
            "data": data,
        }
    ).encode()


def claims(count: int, *, overlap: bool, conflict: str = "bench") -> Iterator[bytes]:
    """`count` commitments of one claim each; at most three windows meet unless all `overlap`."""
    for number in range(count):
        start = ORIGIN + (timedelta() if overlap else timedelta(hours=number * HOURS_EACH / 2))
        length = timedelta(hours=count * HOURS_EACH if overlap else HOURS_EACH)
        yield _event(
            f"claim-{number}",
            "commitment.claimed",
            {
                "conflict": conflict,
                "commitment_id": f"truce-{number}",
                "claim_id": "text",
                "claimed_by": {"name": "Mediator", "role": "mediator"},
                "stance": "asserts",
                "bound_parties": ["AAA", "BBB"],
                "prohibits": {"acts": ["strike"], "targets": ["energy"]},
                "area": ["UA"],
                "window": [{"start": _iso(start), "end": _iso(start + length)}],
            },
        )


def incidents(
    count: int, *, claims: int, conflict: str = "bench", seed: int = 1, points: bool = False
) -> Iterator[bytes]:
    """`count` incidents of one report each, spread evenly over the windows of `claims` claims.

    `points`: each at a point of its own with a radius, as most real data has it, not in a region.
    """
    rng = random.Random(seed)
    minutes = int(claims * HOURS_EACH / 2 * 60)
    for number in range(count):
        occurred = ORIGIN + timedelta(minutes=rng.randrange(minutes))
        launched = rng.randrange(1, 80)
        yield _event(
            f"report-{number}",
            "incident.reported",
            {
                "conflict": conflict,
                "incident_id": f"incident-{number}",
                "report_id": "air-force",
                "reported_by": {"name": "Air Force", "kind": "military", "party": "BBB"},
                "occurred": {"start": _iso(occurred), "end": _iso(occurred + timedelta(hours=1))},
                "actor": {"party": rng.choice(("AAA", "BBB", "CCC")), "confidence": "confirmed"},
                "act": rng.choice(ACTS),
                "targets": [rng.choice(TARGETS)],
                "places": [_point(rng) if points else rng.choice(PLACES)],
                "weapons": [
                    {"type": "missile", "launched": launched, "intercepted": launched // 2}
                ],
                "effects": {"injured": {"min": 0, "max": rng.randrange(1, 20)}},
                "evidence": ["https://bench.example/report"],
            },
        )


def _point(rng: random.Random) -> dict[str, float]:
    lat, lon = rng.choice(CENTRES)
    return {
        "lat": round(lat + rng.uniform(-0.3, 0.3), 4),
        "lon": round(lon + rng.uniform(-0.3, 0.3), 4),
        "radius_km": float(rng.choice((1, 5, 20))),
    }


def alternating(count: int, *, claims: int) -> Iterator[bytes]:
    """New incidents and further reports of earlier ones in turn; `count` events in all."""
    rng = random.Random(2)
    seen: list[dict[str, Any]] = []
    for number, event in enumerate(incidents((count + 1) // 2, claims=claims)):
        yield event
        data = json.loads(event)["data"]
        seen.append(data)
        if 2 * number + 1 == count:
            return
        earlier = seen[rng.randrange(max(0, len(seen) - FURTHER_BACK), len(seen))]
        yield _event(
            f"further-{number}",
            "incident.reported",
            {
                **earlier,
                "report_id": f"agency-{number}",
                "reported_by": {"name": "News agency", "kind": "media"},
            },
        )


def singly(events: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """One event a record: each record with how many events are in it."""
    return ((event, 1) for event in events)


def batched(events: Iterable[bytes], size: int) -> Iterator[tuple[bytes, int]]:
    """So many events a record, as a CloudEvents batch; the last may have fewer."""
    left = iter(events)
    while chunk := list(islice(left, size)):
        yield encode_batch(chunk), len(chunk)


def usual(
    events: int, claims_standing: int, *, conflict: str = "bench", points: bool = False
) -> Iterator[bytes]:
    """A log of so many events in all: claims that hardly overlap, then incidents in their windows."""
    yield from claims(claims_standing, overlap=False, conflict=conflict)
    yield from incidents(
        events - claims_standing, claims=claims_standing, conflict=conflict, points=points
    )


def of_conflicts(events: int, claims_standing: int, conflicts: int) -> Iterator[tuple[str, bytes]]:
    """As `usual` for each of so many conflicts, with its share of both; each with its conflict."""
    for number in range(conflicts):
        name = f"bench-{number}" if conflicts > 1 else "bench"
        for event in usual(events // conflicts, claims_standing // conflicts, conflict=name):
            yield name, event


def in_turn(events: int, claims_standing: int) -> Iterator[bytes]:
    """As `usual`, but every second report is a further one of an incident that is there."""
    yield from claims(claims_standing, overlap=False)
    yield from alternating(events - claims_standing, claims=claims_standing)
