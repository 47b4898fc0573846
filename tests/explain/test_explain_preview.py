"""What verdicts would be is what they become: `judged` from nothing says what the fold comes to."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given as drawn

from schemas.claims import Claim
from schemas.events import (
    ClaimEvent,
    ClaimRetractedEvent,
    Report,
    ReportDenial,
    ReportEvent,
    ReportRetractedEvent,
    parse_event,
)
from schemas.verdicts import Judgement
from streams.explain.outcomes import changes_in_words
from streams.explain.preview import Judged, differences, explained, judged
from streams.judging.incident import Reported
from tests.support.generated import logs
from tests.support.given import claim, given, report, report_denied
from tests.support.trying import in_parts, tried

Key = tuple[str, str, str]


class Stood:
    """What stands after some events, kept plainly: the newest of an id, until it is taken back."""

    def __init__(self, *lines: str) -> None:
        self.claims: dict[Key, Claim] = {}
        self.reports: dict[Key, Report | ReportDenial] = {}
        for line in lines:
            match parse_event(line):
                case ClaimEvent(data=data):
                    self.claims[data.conflict, data.commitment_id, data.claim_id] = data
                case ClaimRetractedEvent(data=data):
                    self.claims.pop((data.conflict, data.commitment_id, data.claim_id), None)
                case ReportEvent(data=data):
                    self.reports[data.conflict, data.incident_id, data.report_id] = data
                case ReportRetractedEvent(data=data):
                    self.reports.pop((data.conflict, data.incident_id, data.report_id), None)
                case _:
                    pass

    @property
    def conflicts(self) -> set[str]:
        return {conflict for conflict, *_ in (*self.claims, *self.reports)}

    def incidents(self, conflict: str) -> list[Reported]:
        found: defaultdict[str, dict[str, Report | ReportDenial]] = defaultdict(dict)
        for (of, incident_id, report_id), one in self.reports.items():
            if of == conflict:
                found[incident_id][report_id] = one
        return [Reported(name, reports) for name, reports in found.items()]

    def judged(self, conflict: str) -> Judged:
        claims = {key: one for key, one in self.claims.items() if key[0] == conflict}
        return judged(conflict, claims, self.incidents(conflict))


@in_parts
@tried()
@drawn(logs())
def test_what_is_judged_from_nothing_is_what_the_log_comes_to(part: int, log: list[str]) -> None:
    stood = Stood(*log)
    found: dict[Key, Judgement] = {}
    for conflict in stood.conflicts:
        of_it = stood.judged(conflict)
        found |= {(conflict, *pair): verdict for pair, verdict in of_it.verdicts.items()}
        for incident in stood.incidents(conflict):
            for one in explained(of_it, incident):
                verdict = of_it.verdicts[one.commitment_id, incident.incident_id]
                assert (one.verdict, one.party) == (verdict.verdict, verdict.party)

    assert found == given(log).verdicts_by_conflict


def told(before: list[str], after: list[str]) -> list[str]:
    conflict = parse_event(before[0]).data.conflict
    changes = differences(Stood(*before).judged(conflict), Stood(*after).judged(conflict))
    return list(changes_in_words(changes))


# What stood, what comes, and what is told.
CHANGES = (
    pytest.param([claim()], report(), ["i: violation by AAA (under truce)"], id="a first report"),
    pytest.param(
        [claim(), report()],
        report_denied(),
        ["i: violation -> undetermined (AAA) (under truce)"],
        id="one independent denial",
    ),
    pytest.param([claim(), report()], report("again"), [], id="another that says the same"),
    pytest.param(
        [
            claim(conditions={"reciprocal": True}),
            report(actor={"party": "BBB", "confidence": "likely"}),
        ],
        report(incident_id="before", occurred={"start": "2026-01-09T12:00:00Z"}),
        [
            "before: violation by AAA (under truce)",
            "i: violation -> clear (BBB) (under truce)",
        ],
        id="the other side was released by it",
    ),
    pytest.param(
        [claim(), report()],
        claim(window=[{"start": "2026-01-15T00:00:00Z", "end": None}]),
        ["i: violation by AAA -> no verdict any more (under truce)"],
        id="a window that begins later",
    ),
)


@pytest.mark.parametrize(("stood", "comes", "lines"), CHANGES)
def test_what_would_change_is_told(stood: list[str], comes: str, lines: list[str]) -> None:
    assert told(stood, [*stood, comes]) == lines
