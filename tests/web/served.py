"""Pages over data of the tests' own: the shipped scenario, and beside it what is hard to show."""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from analytics.lake.session import open_lake
from analytics.ledger.ledger import Ledger
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from tests.cli.commands import SCENARIO, TRUCE, environment
from tests.support.logged import LOG_ID

SECONDS = 240
RECORDED_MS = 1_772_500_000_000  # 2026-03-03
MARKUP = '"><img src=x onerror=window.broken=1><script>window.broken=1</script>{{7*7}}'
OTHERS = "משקיף Спостерігач"
CONFLICT = f"zz {MARKUP}"


def event(kind: str, number: str, **data: Any) -> str:
    """An event as a line of JSON."""
    envelope = {"specversion": "1.0", "id": number, "source": "https://desk.example/web"}
    return json.dumps(
        {**envelope, "type": kind, "time": "2026-02-20T08:00:00Z", "data": data}, ensure_ascii=False
    )


def hostile() -> list[str]:
    """A conflict of which every text that may be anything is markup."""
    asserted = {
        "conflict": CONFLICT,
        "commitment_id": f"c {MARKUP}",
        "claim_id": f"claim {MARKUP}",
        "claimed_by": {"name": f"{OTHERS} {MARKUP}", "role": "mediator", "party": MARKUP},
        "stance": "asserts",
        "bound_parties": [f"P {MARKUP}", "Q"],
        "prohibits": {"acts": ["strike"], "targets": ["any"]},
        "area": ["UA"],
        "window": [
            {"start": "2026-02-01T00:00:00Z", "end": "2026-02-10T00:00:00Z", "as_stated": MARKUP}
        ],
        "conditions": {"other": MARKUP},
        "evidence": ["https://desk.example/?q=%22%3E%3Cscript%3E"],
    }
    report = {
        "conflict": CONFLICT,
        "incident_id": f"i/{MARKUP}",
        "report_id": f"r {MARKUP}",
        "reported_by": {"name": f"{OTHERS} {MARKUP}", "kind": "monitor", "party": MARKUP},
        "occurred": {"start": "2026-02-05T23:30:00Z", "as_stated": MARKUP},
        "actor": {"party": f"P {MARKUP}", "confidence": "confirmed"},
        "act": "strike",
        "targets": ["energy"],
        "places": [{"lat": 50.45, "lon": 30.52, "radius_km": 4, "codes": ["UA-30"]}],
        "weapons": [{"type": MARKUP, "launched": 3}],
        "effects": {MARKUP: 2},
    }
    watched = {
        "conflict": CONFLICT,
        "coverage_id": MARKUP,
        "reported_by": {"name": MARKUP, "kind": "monitor"},
        "start": "2026-02-02T00:00:00Z",
        "end": "2026-02-04T00:00:00Z",
        "area": ["UA"],
        "quality": "partial",
        "as_stated": MARKUP,
    }
    denied = {**report, "report_id": "denial", "stance": "denies"}
    return [
        event("commitment.claimed", "h1", **asserted),
        event("incident.reported", "h2", **report),
        event("incident.reported", "h3", **{**report, "report_id": "r2", "act": "shelling"}),
        event("incident.reported", "h4", **denied),
        event("coverage.reported", "h5", **watched),
    ]


def many(count: int) -> Iterator[str]:
    """So many incidents in the weeks around the scenario's truce."""
    chance = random.Random(7)
    base = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)
    for number in range(count):
        start = base + dt.timedelta(minutes=chance.randrange(60 * 24 * 30))
        end = start + dt.timedelta(minutes=chance.choice((0, 0, 45, 600)))
        point = {
            "lat": round(chance.uniform(46, 51.5), 3),
            "lon": round(chance.uniform(24, 38), 3),
            "radius_km": 3,
            "codes": [chance.choice(("UA-63", "UA-30", "UA-12"))],
        }
        data: dict[str, Any] = {
            "conflict": "russia-ukraine",
            "incident_id": f"desk-{number:05}",
            "report_id": "desk",
            "reported_by": {"name": f"Desk {number % 5}", "kind": "ngo"},
            "occurred": {"start": start.isoformat(), "end": end.isoformat()},
            "act": chance.choice(("strike", "drone_strike", "shelling")),
            "targets": [chance.choice(("energy", "residential", "transport"))],
            "places": [point if number % 3 else "UA-14"],
        }
        if number % 5:
            party, confidence = chance.choice(("RUS", "UKR")), chance.choice(("likely", "alleged"))
            data["actor"] = {"party": party, "confidence": confidence}
        yield event("incident.reported", f"m{number}", **data)


def scenario() -> list[str]:
    """The shipped scenario, with who watched during a part of it."""
    watch = {
        "conflict": "russia-ukraine",
        "reported_by": {"name": "Test mission", "kind": "monitor"},
        "area": ["UA"],
    }
    spans = (
        ("w1", "2026-01-26", "2026-01-29", "full"),
        ("w2", "2026-01-31", "2026-02-02", "partial"),
    )
    lines = [
        event(
            "coverage.reported",
            name,
            **watch,
            coverage_id=name,
            start=f"{start}T00:00:00Z",
            end=f"{end}T00:00:00Z",
            quality=quality,
        )
        for name, start, end, quality in spans
    ]
    return [*SCENARIO.read_text(encoding="utf-8").splitlines(), *lines]


def folded(data_dir: Path, lines: Sequence[str]) -> Path:
    """A data directory whose lake holds these events, without a worker."""
    data_dir.mkdir()
    records = [
        RawRecord(0, number, RECORDED_MS + number // 100, key_of(line), line.encode())
        for number, line in enumerate(lines)
    ]
    with Ledger.open(data_dir / "truce.duckdb") as ledger:
        process(ledger, load_standing(ledger), LOG_ID, read(records))
    subprocess.run([*TRUCE, "lake"], env=environment(data_dir), check=True, capture_output=True)
    return data_dir


def key_of(line: str) -> bytes:
    """The key of a record: its conflict."""
    return str(json.loads(line)["data"]["conflict"]).encode()


@contextmanager
def pages(data_dir: Path, *options: str, **environ: str) -> Iterator[str]:
    """`truce web` over a data directory: its address, once it shows something. It ends well."""
    process = subprocess.Popen(
        [*TRUCE, "web", "--web", "127.0.0.1:0", *options],
        env=environment(data_dir, **environ),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield _address(process)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=SECONDS)
        assert (process.returncode, said) == (0, ""), said
    finally:
        process.kill()
        process.communicate()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    line = process.stderr.readline()
    found = re.fullmatch(r"Pages: (http://\S+)/\n", line)
    assert found is not None, line
    until = time.monotonic() + SECONDS
    while requests.get(f"{found[1]}/healthz", timeout=SECONDS).json()["version"].startswith("0."):
        assert time.monotonic() < until, "the pages show nothing"
        time.sleep(0.2)
    return found[1]


def asked(data_dir: Path, query: str) -> list[dict[str, Any]]:
    """What the lake answers, row by row."""
    with open_lake(data_dir / "lake") as lake:
        found = lake.connection.execute(query)
        names = [one[0] for one in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
