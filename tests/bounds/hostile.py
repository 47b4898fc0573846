"""Events that are small, allowed, and made to cause as much work as they can."""

from __future__ import annotations

import json
import math
import random
from typing import Any

from tests.support import given

Ring = list[list[float]]
WEEK = [{"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}]


def claim(claim_id: str = "c", **terms: Any) -> str:
    """As in `tests.support.given`, without a blank."""
    return compact(given.claim(claim_id, **terms))


def report(**said: Any) -> str:
    """As in `tests.support.given`, without a blank."""
    return compact(given.report(**said))


def compact(line: str) -> str:
    """The same event in as few bytes as there can be."""
    return json.dumps(json.loads(line), separators=(",", ":"))


def star(vertices: int, seed: int, *, radius: float = 3.0, jagged: float = 0.2) -> dict[str, Any]:
    """A polygon round Kyiv whose border goes to and fro between two circles."""
    dice = random.Random(seed)
    ring: Ring = []
    for number in range(vertices):
        turn, far = math.tau * number / vertices, radius * (1 + jagged * dice.random())
        ring.append([round(30.5 + far * math.cos(turn), 4), round(50.5 + far * math.sin(turn), 4)])
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def circles(count: int, seed: int) -> list[dict[str, float]]:
    """Circles round Kyiv that cross such borders, or nearly."""
    dice = random.Random(seed)
    return [
        {
            "lat": round(50.5 + dice.uniform(-1, 1), 4),
            "lon": round(30.5 + dice.uniform(-1, 1), 4),
            "radius_km": round(dice.uniform(50, 400), 1),
        }
        for _ in range(count)
    ]


def polygons_and_circles(claims: int, vertices: int, places: int) -> list[str]:
    """Claims of as many vertices, and one report of as many circles."""
    areas = [claim(f"c{n}", area=[star(vertices, n)]) for n in range(claims)]
    return [*areas, report(places=circles(places, 7))]


def polygon_and_impacts(vertices: int, impacts: int) -> list[str]:
    """One claim of as many vertices, and one report of as many impacts, each a circle."""
    hit = [{"place": circle} for circle in circles(impacts, 8)]
    return [claim(area=[star(vertices, 1)]), report(impacts=hit)]


def hours(number: int, **bounds: Any) -> dict[str, Any]:
    """One entry of a window: some minutes of every day."""
    begins, ends = (
        f"{number // 60 % 24:02}:{number % 60:02}",
        f"{(number + 7) // 60 % 24:02}:{(number + 7) % 60:02}",
    )
    return {"daily": {"from": begins, "to": ends, "zone": "Europe/Kyiv"}, **bounds}


def years_of_hours(entries: int) -> list[str]:
    """One claim of as many daily entries from the year 1 to 9999, and a report inside of one."""
    ever = {"start": "0001-01-02T00:00:00Z", "end": "9999-12-30T00:00:00Z"}
    window = [hours(number * 14, **ever) for number in range(entries)]
    return [claim(window=window), report(occurred={"start": "2026-01-10T12:00:00Z"})]


def claims_of_parties(claims: int, parties: int) -> list[str]:
    """As many claims that bind as many parties each."""
    bound = [f"P{n}" for n in range(parties)]
    return [claim(f"c{n}", commitment_id=f"t{n}", bound_parties=bound) for n in range(claims)]


def wrong_terms(events: int, terms: int) -> list[str]:
    """Reports of as many targets of which there is none."""
    return [
        report(incident_id=f"i{n}", targets=[f"enrgy{n}" for n in range(terms)])
        for n in range(events)
    ]


def crossing_strips(count: int) -> list[dict[str, Any]]:
    """Geometries that all cross one another, half of them upright: their union is a grille."""
    found = []
    for n in range(count // 2):
        at = round(n * 0.1, 1)
        for flat in (False, True):
            box = [[at, 0.0], [round(at + 0.05, 2), 0.0], [round(at + 0.05, 2), 60.0], [at, 60.0]]
            ring = [[y, x] if flat else [x, y] for x, y in box]
            found.append({"type": "Polygon", "coordinates": [[*ring, ring[0]]]})
    return found


EVER = {"start": "0001-01-02T00:00:00Z", "end": "9999-12-30T00:00:00Z"}


def years_of_impacts(entries: int, impacts: int, *, with_gaps: bool = False) -> list[str]:
    """Daily hours that follow each other all round the clock, and impacts that last for ages."""
    step = 1440 // entries
    window = [
        {
            "daily": {
                "from": clock(n * step),
                "to": clock((n + 1) * step - with_gaps) if n + 1 < entries else "00:00",
                "zone": "Europe/Kyiv",
            },
            **EVER,
        }
        for n in range(entries)
    ]
    lasting = [
        {
            "occurred": {
                "start": f"{1000 + n:04}-01-10T12:00:00Z",
                "end": f"{3000 + n:04}-01-10T12:00:00Z",
            }
        }
        for n in range(impacts)
    ]
    return [claim(window=window), report(impacts=lasting)]


def clock(minute: int) -> str:
    """A time of day, so many minutes after midnight."""
    return f"{minute // 60 % 24:02}:{minute % 60:02}"
