"""Under what a verdict on one incident would be another, as the audit says of all incidents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from analytics.assumptions.what_if import AssumedAudit, Assumptions, compared
from schemas.events import Report, ReportDenial
from streams.explain.assumed import MOST_CLAIMS, MOST_SOURCES, are_all_tried, assumed_verdicts
from tests.explain.test_explain_preview import Stood
from tests.statistics.folded import Folded
from tests.support.given import claim, report, report_denied

CONFLICT = "testland"
LOG = [
    claim("wide"),
    claim("late", window=[{"start": "2026-01-20T00:00:00Z", "end": "2026-02-01T00:00:00Z"}]),
    report(
        incident_id="i",
        report_id="r",
        reported_by={"name": "Desk"},
        occurred={"start": "2026-01-10T08:00:00Z"},
        actor={"party": "AAA", "confidence": "alleged"},
    ),
    report(
        incident_id="j",
        report_id="r",
        reported_by={"name": "Desk"},
        occurred={"start": "2026-01-21T08:00:00Z"},
        actor={"party": "AAA", "confidence": "confirmed"},
    ),
    report_denied(incident_id="j", report_id="d", reported_by={"name": "Other"}),
]


ASSUMED = {
    "only wide holds (Mediator)": Assumptions(claims=("wide",)),
    "only late holds (Mediator)": Assumptions(claims=("late",)),
    "alleged actors count": Assumptions(count_alleged=True),
    "without Desk": Assumptions(without_sources=("Desk",)),
    "without Other": Assumptions(without_sources=("Other",)),
}


@pytest.fixture(scope="module")
def folded() -> Iterator[Folded]:
    found = Folded()
    found.fold(*LOG)
    yield found
    found.connection.close()


def test_it_is_what_the_audit_says_under_the_same_assumption(folded: Folded) -> None:
    stood = Stood(*LOG)
    told: dict[str, dict[str, Report | ReportDenial]] = {}
    for (_, incident, name), one in stood.reports.items():
        told.setdefault(incident, {})[name] = one
    found = {
        (row.assumption, incident): (row.verdict, row.party)
        for incident in told
        for rows in assumed_verdicts(CONFLICT, stood.claims, told, incident)
        for row in rows
    }
    with AssumedAudit(threads=1) as audit:
        audited = {
            (words, one.incident_id): (one.after, one.party_after)
            for words, assumed in ASSUMED.items()
            for one in compared(folded.connection, audit, assumed).changed
            if one.claim_id is None
            and (one.before, one.party_before) != (one.after, one.party_after)
            # Of an incident that only one source speaks of, nothing is left without it.
            and not (one.incident_id == "i" and words.startswith("without"))
        }
    assert found == audited
    assert {"alleged actors count", "only late holds (Mediator)"} <= {words for words, _ in found}


def test_each_assumption_is_tried_by_itself_and_nothing_else_is() -> None:
    stood = Stood(claim(), report())
    told = {"i": {name: one for (_, _, name), one in stood.reports.items()}}
    assert list(assumed_verdicts(CONFLICT, stood.claims, told, "i")) == []


def test_of_many_claims_or_sources_only_the_first_are_tried_and_that_is_known() -> None:
    stood = Stood(*LOG)
    [of_i] = [{n: one for (_, i, n), one in stood.reports.items() if i == "i"}]
    assert are_all_tried(stood.claims, of_i)
    one = next(iter(of_i.values()))
    by = one.reported_by
    many = {
        str(n): one.model_copy(update={"reported_by": by.model_copy(update={"name": f"desk {n}"})})
        for n in range(MOST_SOURCES + 1)
    }
    assert not are_all_tried(stood.claims, many)
    [claimed, *_] = stood.claims.values()
    claims = {(CONFLICT, "truce", f"c{n}"): claimed for n in range(MOST_CLAIMS + 1)}
    assert not are_all_tried(claims, of_i)
