"""What one event, or one post, can cost: each over 100,000 incidents, in CPU seconds of the pipeline.

    python -m tests.bench.attacks [CASE ...]

The worlds are made once in a temporary folder, and each case works on a copy of one.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from analytics.ledger.ledger import Ledger
from schemas.wire import CONTENT_TYPE_BATCH, encode_batch
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process

INCIDENTS = 100_000
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
CONFLICT = "attacked"
CODES = ("UA-30", "UA-63", "UA-12", "UA-23", "UA-65")
TARGETS = ("substation", "residential", "power_grid", "transport", "heating")
PARTIES = ("RUS", "UKR", "PRK")


def moment(minutes: float) -> str:
    """So many minutes after the first incident."""
    return (FIRST + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def event(number: str, kind: str, **said: Any) -> str:
    """An event as JSON text."""
    head = {"specversion": "1.0", "id": number, "source": "https://desk.example", "type": kind}
    return json.dumps({**head, "data": {"conflict": CONFLICT, **said}})


def claim(number: str, claim_id: str = "first", **terms: Any) -> str:
    """A claim whose window holds every incident, unless said otherwise."""
    said = {
        "commitment_id": "truce",
        "claim_id": claim_id,
        "claimed_by": {"name": "Mediator"},
        "stance": "asserts",
        "bound_parties": ["RUS", "UKR"],
        "prohibits": {"acts": ["strike"], "targets": ["energy"]},
        "area": ["UA"],
        "window": [{"start": moment(-60), "end": moment(INCIDENTS + 60)}],
    }
    return event(number, "commitment.claimed", **{**said, **terms})


def incident(number: int, report_id: str = "r", **said: Any) -> str:
    """One incident a minute."""
    told = {
        "incident_id": f"i{number:06}",
        "report_id": report_id,
        "reported_by": {"name": f"Outlet {number % 7}", "kind": "media"},
        "occurred": {"start": moment(number)},
        "actor": {"party": PARTIES[number % 3], "confidence": "confirmed"},
        "act": "missile_strike",
        "targets": [TARGETS[number % 5]],
        "places": [CODES[number // 5 % 5]],
    }
    return event(f"{report_id}-{number}", "incident.reported", **{**told, **said})


def batches(events: Iterable[str], offset: int) -> Iterator[RawRecord]:
    """Events as a post or a publisher packs them."""
    waiting: list[str] = []
    for one in [*events, None]:
        if one is None or len(waiting) == 500:
            value = encode_batch(waiting)
            kind = (("content-type", CONTENT_TYPE_BATCH.encode()),)
            yield RawRecord(0, offset, 1_800_000_000_000 + offset, CONFLICT.encode(), value, kind)
            offset += 1
            waiting = []
        if one is not None:
            waiting.append(one)


def put(folder: Path, events: Sequence[str], at_once: int = 20) -> tuple[float, float]:
    """Have the database in `folder` take events; user CPU and clock seconds, less the start."""
    with Ledger.open(folder / "truce.duckdb") as ledger:
        standing = load_standing(ledger)
        records = list(batches(events, ledger.offsets("log").get(0, 0)))
        cpu, clock = resource.getrusage(resource.RUSAGE_SELF).ru_utime, time.perf_counter()
        for first in range(0, len(records), at_once):
            process(ledger, standing, "log", read(records[first : first + at_once]))
        used = resource.getrusage(resource.RUSAGE_SELF).ru_utime - cpu
        return used, time.perf_counter() - clock


def worlds() -> dict[str, Callable[[], list[str]]]:
    """What each case begins with."""
    plain = [incident(n) for n in range(INCIDENTS)]
    return {
        "one claim": lambda: [claim("c"), *plain],
        "reciprocal": lambda: [claim("c", conditions={"reciprocal": True}), *plain],
        "short": lambda: [claim("c", window=[{"start": moment(-60), "end": moment(-1)}]), *plain],
        "short reciprocal": lambda: [
            claim(
                "c",
                window=[{"start": moment(-60), "end": moment(-1)}],
                conditions={"reciprocal": True},
            ),
            *plain,
        ],
        "1,000 commitments": lambda: [
            *(claim(f"c{n}", commitment_id=f"t{n}") for n in range(1_000)),
            incident(1),
        ],
    }


def until(minutes: float) -> list[dict[str, str]]:
    """A window that holds the incidents of so many minutes."""
    return [{"start": moment(-60), "end": moment(minutes)}]


BACK = {"commitment_id": "truce", "claim_id": "first"}
MUTUAL = {"reciprocal": True}
CASES: dict[str, tuple[str, Callable[[], list[str]]]] = {
    "20 revisions of no term": (
        "one claim",
        lambda: [claim(f"s{n}", evidence=[f"https://desk.example/{n}"]) for n in range(20)],
    ),
    "2,000 revisions of no term": (
        "one claim",
        lambda: [claim(f"s{n}", evidence=[f"https://desk.example/{n}"]) for n in range(2_000)],
    ),
    "window moved over 1,000": (
        "one claim",
        lambda: [claim("m", window=until(INCIDENTS - 1_000.5))],
    ),
    "window moved over 1,000, reciprocal": (
        "reciprocal",
        lambda: [claim("m", window=until(INCIDENTS - 1_000.5), conditions=MUTUAL)],
    ),
    "window moved over all": ("short", lambda: [claim("m")]),
    "window moved away from all": ("one claim", lambda: [claim("m", window=until(-1))]),
    "end unknown to all": (
        "one claim",
        lambda: [claim("m", window=[{"start": {"earliest": moment(-60)}, "end": None}])],
    ),
    "window moved over all, reciprocal": (
        "short reciprocal",
        lambda: [claim("m", conditions=MUTUAL)],
    ),
    "a second claim": ("one claim", lambda: [claim("m", "second")]),
    "claim made reciprocal": ("one claim", lambda: [claim("m", conditions=MUTUAL)]),
    "a party more": ("one claim", lambda: [claim("m", bound_parties=["RUS", "UKR", "PRK"])]),
    "other targets": (
        "one claim",
        lambda: [claim("m", prohibits={"acts": ["strike"], "targets": ["residential"]})],
    ),
    "claim retracted": ("one claim", lambda: [event("x", "commitment.claim_retracted", **BACK)]),
    "first violation retracted, reciprocal": (
        "reciprocal",
        lambda: [
            event("x", "incident.report_retracted", incident_id="i000000", report_id="r"),
        ],
    ),
    "20 revisions of a report, 1,000 commitments": (
        "1,000 commitments",
        lambda: [
            event(
                f"v{n}",
                "incident.reported",
                **json.loads(incident(1, targets=[TARGETS[n % 5]]))["data"] | {},
            )
            for n in range(20)
        ],
    ),
}


def main(wanted: Sequence[str]) -> None:
    """Measure these cases, or all."""
    made = worlds()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for case, (world, events) in CASES.items():
            if wanted and not any(one in case for one in wanted):
                continue
            base = root / world
            if not base.exists():
                base.mkdir()
                put(base, made[world]())
            folder = root / "case"
            shutil.copytree(base, folder)
            cpu, clock = put(folder, events())
            with Ledger.open(folder / "truce.duckdb") as ledger:
                cursor = ledger.cursor()
                count = cursor.execute("SELECT count(*) FROM verdict_versions").fetchall()[0][0]
                cursor.close()
            sys.stdout.write(f"{case:<48} {cpu:8.2f} s CPU {clock:8.2f} s   {count:>9,} versions\n")
            sys.stdout.flush()
            shutil.rmtree(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
