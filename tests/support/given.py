"""given(events).when(event).then(...): the fold over plain values, without broker or database."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np

from analytics.ledger.rows import (
    Alike,
    FirstJudged,
    IncidentKey,
    Rejudged,
    RejudgedAlike,
    RejudgeScope,
)
from schemas.events import Event, Report, ReportEvent, parse_event
from schemas.time import Limit
from schemas.verdicts import Judgement
from streams.judging.fold import OfReport, effect_of, event_key, fold
from streams.judging.incident import Incident
from streams.judging.reciprocity import release
from streams.judging.standing import Standing
from streams.judging.statement import TimedStatement

CONFLICT = "testland"
_ids = itertools.count()


def event(type_: str, **data: Any) -> str:
    """One event as a line of JSON, with an id of its own."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"e{next(_ids)}",
            "source": "https://desk.example",
            "type": type_,
            "data": {"conflict": CONFLICT, **data},
        }
    )


def claim(claim_id: str = "c", **terms: Any) -> str:
    """A claim that AAA and BBB shall not strike energy in UA during January 2026, unless said otherwise."""
    data: dict[str, Any] = {
        "commitment_id": "truce",
        "claim_id": claim_id,
        "claimed_by": {"name": "Mediator"},
        "stance": "asserts",
        "bound_parties": ["AAA", "BBB"],
        "prohibits": {"acts": ["strike"], "targets": ["energy"]},
        "area": ["UA"],
        "window": [{"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}],
    }
    return event("commitment.claimed", **_without_none({**data, **terms}))


def denial(claim_id: str = "d", **terms: Any) -> str:
    """Somebody denies that AAA is bound."""
    data: dict[str, Any] = {
        "commitment_id": "truce",
        "claim_id": claim_id,
        "claimed_by": {"name": "Spokesperson"},
        "stance": "denies",
        "bound_parties": ["AAA"],
    }
    return event("commitment.claimed", **{**data, **terms})


def report(report_id: str = "r", incident_id: str = "i", **said: Any) -> str:
    """AAA's confirmed strike on a substation in Kyiv on 10 January at noon, unless said otherwise."""
    data: dict[str, Any] = {
        "incident_id": incident_id,
        "report_id": report_id,
        "reported_by": {"name": "Observer"},
        "occurred": {"start": "2026-01-10T12:00:00Z"},
        "actor": {"party": "AAA", "confidence": "confirmed"},
        "act": "missile_strike",
        "targets": ["substation"],
        "places": ["UA-30"],
    }
    return event("incident.reported", **_without_none({**data, **said}))


def reported(**said: Any) -> Report:
    """`report`, as it is read."""
    found = parse_event(report(**said))
    assert isinstance(found, ReportEvent)
    assert isinstance(found.data, Report)
    return found.data


def report_denied(report_id: str = "n", incident_id: str = "i", **said: Any) -> str:
    """Somebody says that it did not happen."""
    data: dict[str, Any] = {
        "incident_id": incident_id,
        "report_id": report_id,
        "reported_by": {"name": "Outlet"},
        "stance": "denies",
    }
    return event("incident.reported", **_without_none({**data, **said}))


def coverage(coverage_id: str = "w", **said: Any) -> str:
    """Observers watched UA all of 10 January, unless said otherwise."""
    data: dict[str, Any] = {
        "coverage_id": coverage_id,
        "reported_by": {"name": "Mission", "kind": "monitor"},
        "start": "2026-01-10T00:00:00Z",
        "end": "2026-01-11T00:00:00Z",
        "area": ["UA"],
        "quality": "full",
    }
    return event("coverage.reported", **_without_none({**data, **said}))


def claim_retracted(claim_id: str = "c") -> str:
    return event("commitment.claim_retracted", commitment_id="truce", claim_id=claim_id)


def report_retracted(report_id: str = "r", incident_id: str = "i") -> str:
    return event("incident.report_retracted", incident_id=incident_id, report_id=report_id)


def _without_none(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None}


def pairs(step: FirstJudged | Rejudged | RejudgedAlike) -> Iterator[Rejudged]:
    """What the fold gave, pair by pair."""
    if isinstance(step, Rejudged):
        yield step
        return
    if isinstance(step, RejudgedAlike):
        for incident_id in step.incidents.incident_ids:
            yield Rejudged(step.conflict, incident_id, step.commitment_id, step.before, step.after)
        return
    conflict, incident_id, start, end, commitment_ids, decisions = step
    for commitment_id, decided in zip(commitment_ids, decisions, strict=True):
        verdict, party, sources, claims = decided
        after = Judgement(commitment_id, verdict, party, start, end, sources, claims)
        yield Rejudged(conflict, incident_id, commitment_id, None, after)


class Given:
    """The state after some events, and what each of them changed."""

    def __init__(self) -> None:
        self.standing = Standing()
        self.reports: dict[IncidentKey, dict[str, TimedStatement]] = {}
        self.seen: set[tuple[str, str, str]] = set()
        self.history: list[list[Rejudged]] = []
        self.verdicts_by_conflict: dict[tuple[str, str, str], Judgement] = {}

    def when(self, *lines: str) -> Self:
        """Let these events happen, in this order."""
        for line in lines:
            self._fold(parse_event(line))
        return self

    def _fold(self, event: Event) -> None:
        key = event_key(event)
        changes: list[Rejudged] = []
        self.history.append(changes)
        if key in self.seen:
            return
        self.seen.add(key)
        effect = effect_of(event)
        mine: dict[str, TimedStatement] = {}
        if isinstance(effect, OfReport):
            mine = self.reports.setdefault(effect.incident_key, {})
        steps = fold(self.standing, effect, mine)
        step = next(steps, None)
        while step is not None:
            if isinstance(step, FirstJudged | Rejudged | RejudgedAlike):
                for change in pairs(step):
                    self._note(change)
                    changes.append(change)
                step = next(steps, None)
            else:
                try:
                    step = steps.send(self._incidents(step))
                except StopIteration:
                    step = None

    def _note(self, step: Rejudged) -> None:
        key = (step.conflict, step.commitment_id, step.incident_id)
        assert self.verdicts_by_conflict.get(key) == step.before, (
            "a change must start from what stood"
        )
        assert step.before != step.after, "only changes are told"
        if step.after is None:
            del self.verdicts_by_conflict[key]
        else:
            self.verdicts_by_conflict[key] = step.after

    def _incidents(self, scope: RejudgeScope) -> Iterator[tuple[Incident, Alike]]:
        """Each incident by itself."""
        for place, ((conflict, incident_id), reports) in enumerate(list(self.reports.items())):
            if conflict == scope.conflict and _is_in(scope, reports.values()):
                incident = Incident(incident_id, dict(reports))
                yield incident, _alone(place, incident)

    def verdicts(self) -> dict[tuple[str, str], Judgement]:
        """(commitment_id, incident_id) -> what stands; a pair clear by time is not there."""
        return {
            (commitment, incident): j
            for (_, commitment, incident), j in self.verdicts_by_conflict.items()
        }

    @property
    def only(self) -> Judgement | None:
        """The one verdict that stands, or None."""
        assert len(self.verdicts_by_conflict) < 2, self.verdicts_by_conflict
        return next(iter(self.verdicts_by_conflict.values()), None)

    @property
    def verdict(self) -> str | None:
        """What the one verdict that stands says."""
        return None if self.only is None else self.only.verdict


def _is_in(scope: RejudgeScope, reports: Iterable[TimedStatement]) -> bool:
    every = list(reports)
    meets = any(
        _meets(lo, hi, occurrence.start, occurrence.end)
        for lo, hi in scope.stretches
        for one in every
        for occurrence in one.occurrences
    )
    named = {
        party for one in every for party in (one.statement.actor, one.statement.reporter.party)
    }
    return meets and (scope.parties is None or not scope.parties.isdisjoint(named - {None}))


def _alone(place: int, incident: Incident) -> Alike:
    made = release(incident)
    times = (incident.start, incident.end, made.start, made.until)
    places, keys, *others = (np.array([number], np.int64) for number in (place, 0, *times))
    return Alike(places, [incident.incident_id], keys, *others)


def _meets(lo: Limit, hi: Limit, start: int, end: int) -> bool:
    return start <= hi and end >= lo


def given(lines: Iterable[str] = ()) -> Given:
    """The state after `lines`, from nothing."""
    return Given().when(*lines)
