"""Logs as life writes them: claims, reports, coverage, corrections, retractions, repeats, rubbish."""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Iterator
from typing import Any

from schemas.wire import CONTENT_TYPE_BATCH, CONTENT_TYPE_EVENT
from tests.bench import load
from tests.kafka.real import Sent

CLAIMS = 12
# Of how many of the last reports more may be said.
REPORTS = 200
# What comes next, and how often.
KINDS = {
    "report": 56,
    "batch": 4,
    "another report": 14,
    "revision": 8,
    "report retracted": 4,
    "late claim": 3,
    "claim revised": 2,
    "claim retracted": 1,
    "coverage": 2,
    "again": 3,
    "id used again": 2,
    "rubbish": 3,
}

Event = dict[str, Any]


class Conflict:
    """What was said of one conflict until now, and what may be said next."""

    def __init__(self, name: str, rng: random.Random, most: int | None) -> None:
        """`most`: of how many incidents is told; a report after that is of one of these again."""
        self.name, self._rng, self._most = name, rng, most
        claims = load.claims(CLAIMS, overlap=False, conflict=name)
        self._claims: list[Event] = [json.loads(raw) for raw in claims]
        seed = rng.randrange(2**32)
        fresh = load.incidents(10**9, claims=CLAIMS, conflict=name, seed=seed)
        self._fresh = map(json.loads, fresh)
        self._reports: deque[Event] = deque(maxlen=REPORTS)
        self._late: list[Event] = []
        self._number = 0
        self._told = 0

    def first(self) -> Iterator[Sent]:
        """The claims that stand from the beginning: half of them."""
        self._late = self._claims[CLAIMS // 2 :]
        self._claims = self._claims[: CLAIMS // 2]
        return (self._sent(claim) for claim in self._claims)

    def next(self) -> tuple[Sent, int]:
        """A record, and how many events it holds."""
        kind = self._rng.choices([*KINDS], [*KINDS.values()])[0]
        if kind == "batch":
            many = [self._report() for _ in range(self._rng.randrange(2, 30))]
            value = json.dumps(many).encode()
            return Sent(self.name.encode(), value, _headers(CONTENT_TYPE_BATCH)), len(many)
        if kind == "rubbish":
            value = json.dumps(self._report()).encode()
            return Sent(self.name.encode(), value[: self._rng.randrange(len(value))]), 0
        return self._sent(self._one(kind)), 1

    def _one(self, kind: str) -> Event:
        if kind == "late claim" and not self._late:
            kind = "report"
        if kind == "coverage":
            return self._coverage()
        return self._about_a_claim(kind) if "claim" in kind else self._about_a_report(kind)

    def _about_a_claim(self, kind: str) -> Event:
        if kind == "late claim":
            late = self._late.pop()
            self._claims.append(late)
            return late
        claim = self._rng.choice(self._claims)
        if kind == "claim retracted":
            named = {k: claim["data"][k] for k in ("conflict", "commitment_id", "claim_id")}
            return self._new("commitment.claim_retracted", named)
        acts = self._rng.choice((["any"], ["strike"], ["drone_strike", "raid"]))
        prohibits = {"acts": acts, "targets": ["energy"]}
        return self._new("commitment.claimed", {**claim["data"], "prohibits": prohibits})

    def _coverage(self) -> Event:
        day = self._rng.randrange(1, 28)
        return self._new(
            "coverage.reported",
            {
                "conflict": self.name,
                "coverage_id": f"watch-{self._rng.randrange(20)}",
                "reported_by": {"name": "Mission", "kind": "monitor"},
                "start": f"2026-01-{day:02}T00:00:00Z",
                "end": f"2026-01-{day + 1:02}T00:00:00Z",
                "quality": self._rng.choice(("full", "partial", "denied", "none")),
            },
        )

    def _about_a_report(self, kind: str) -> Event:
        rng = self._rng
        if not self._reports or kind == "report":
            return self._report()
        report = rng.choice(self._reports)
        data: Event = report["data"]
        if kind == "again":
            return report
        if kind == "id used again":
            return {**report, "data": {**data, "act": "blockade"}}
        if kind == "report retracted":
            named = {k: data[k] for k in ("conflict", "incident_id", "report_id")}
            return self._new("incident.report_retracted", named)
        if kind == "another report":
            data = {**data, "report_id": rng.choice(("ap", "underlines", "governor"))}
        changed = {"targets": [rng.choice(load.TARGETS)], "act": rng.choice(load.ACTS)}
        return self._new(report["type"], {**data, **changed})

    def _report(self) -> Event:
        report: Event = next(self._fresh)
        if self._most is not None:
            report["data"]["incident_id"] = f"incident-{self._told % self._most}"
        self._told += 1
        self._reports.append(report)
        return report

    def _new(self, kind: str, data: Event) -> Event:
        self._number += 1
        made = {
            "specversion": "1.0",
            "id": f"{kind}-{self._number}",
            "source": "https://desk.example",
        }
        return {**made, "type": kind, "data": data}

    def _sent(self, event: Event) -> Sent:
        return Sent(self.name.encode(), json.dumps(event).encode(), _headers(CONTENT_TYPE_EVENT))


def _headers(content_type: str) -> tuple[tuple[str, bytes], ...]:
    return (("content-type", content_type.encode()),)


def mixed(
    seed: int, *, conflicts: int = 6, name: str = "conflict", most: int | None = None
) -> Iterator[tuple[Sent, int]]:
    """Records without end, each with how many events it holds; the same for the same seed.

    A correction of a claim has the incidents in its windows judged again. With `most` incidents a
    conflict that is as much at the end as at the beginning; without, ever more.
    """
    rng = random.Random(seed)
    those = [Conflict(f"{name}-{n}", rng, most) for n in range(conflicts)]
    for conflict in those:
        for sent in conflict.first():
            yield sent, 1
    while True:
        yield rng.choice(those).next()


def log_of(events: int, seed: int) -> list[Sent]:
    """As many records as hold at least so many events."""
    found: list[Sent] = []
    held = 0
    for sent, count in mixed(seed):
        found.append(sent)
        held += count
        if held >= events:
            break
    return found
