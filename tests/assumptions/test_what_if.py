"""What other assumptions would give: nothing else than what a log by itself would have come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import Assumptions, sensitivity, what_if
from analytics.assumptions.what_if import AssumedAudit, Bounds, WhatIf
from schemas.time_fields import read_instant
from tests.statistics.folded import Folded
from tests.support.generated import logs
from tests.support.given import claim, claim_retracted, report, report_denied, report_retracted
from tests.support.trying import in_parts, tried
from tests.verify.worlds import worlds

EARLY, LATE = "2026-01-11T00:00:00Z", "2026-01-20T00:00:00Z"
STANDING = """SELECT conflict, commitment_id, claim_id, incident_id, verdict, party FROM claim_verdicts
UNION ALL SELECT conflict, commitment_id, NULL, incident_id, verdict, party FROM verdicts"""
Standing = dict[tuple[Any, ...], tuple[str, str | None]]


@pytest.fixture(scope="module")
def folded() -> Any:
    found = Folded()
    yield found
    found.connection.close()


@pytest.fixture(scope="module")
def audit() -> Any:
    with AssumedAudit(threads=1) as found:
        yield found


def standing(folded: Folded) -> Standing:
    return {row[:4]: row[4:] for row in folded.ask(STANDING)}


def assumed(folded: Folded, audit: AssumedAudit, assumptions: Assumptions) -> Standing:
    """What would stand: what stands, with what changes."""
    audit._connection.execute("BEGIN")
    audit.suppose(folded.connection, assumptions)
    changed = audit.changed()
    audit._connection.execute("COMMIT")
    found = standing(folded)
    for one in changed:
        name = one[:4]
        assert found.pop(name, (None, None)) == (one.before, one.party_before)
        if one.after is not None:
            found[name] = (one.after, one.party_after)
    return found


@in_parts
@tried(20)
@given(log=st.one_of(worlds(), logs(max_size=20)))
def test_without_assumptions_it_equals_what_stands_row_by_row(
    folded: Folded, audit: AssumedAudit, part: int, log: list[str]
) -> None:
    folded.fold(*log)
    audit._connection.execute("BEGIN")
    audit.suppose(folded.connection, Assumptions())
    assert list(audit.differences()) == []
    assert audit.changed() == []
    audit._connection.execute("COMMIT")


@in_parts
@tried(20)
@given(log=st.one_of(worlds(), logs(max_size=20)), share=st.integers(1, 4))
def test_what_was_recorded_by_a_moment_gives_what_stood_then(
    folded: Folded, audit: AssumedAudit, part: int, log: list[str], share: int
) -> None:
    first = max(1, len(log) * share // 5)
    folded.fold(*log[:first], recorded_at=EARLY)
    stood = standing(folded)
    folded.fold(*log, recorded_at=[EARLY] * first + [LATE] * (len(log) - first))
    by_then = Assumptions(recorded_by=read_instant(EARLY))
    assert assumed(folded, audit, by_then) == stood


def by(folded: Folded, log: Sequence[str], assumptions: Assumptions) -> WhatIf:
    folded.fold(*log)
    return what_if(folded.connection, assumptions, threads=1)


def after(found: WhatIf) -> dict[tuple[str | None, str], tuple[Any, Any]]:
    return {(one.claim_id, one.incident_id): (one.before, one.after) for one in found.changed}


def of_aaa(found: WhatIf) -> tuple[Bounds | None, Bounds | None]:
    """The counts of AAA by all claims together, before and after."""
    (one,) = [one for one in found.counts if one.claim_id is None and one.party == "AAA"]
    return one.before, one.after


def said_at(time: str, event: str) -> str:
    return event.replace('"specversion"', f'"time": "{time}", "specversion"', 1)


def test_other_terms_replace_a_claim_add_one_or_take_one_back(folded: Folded) -> None:
    log = [claim("c"), claim("d", prohibits={"acts": ["strike"], "targets": ["health"]}), report()]
    found = by(folded, log, Assumptions(terms=[claim_retracted("d")]))
    assert after(found) == {
        (None, "i"): ("contested", "violation"),
        ("d", "i"): ("clear", None),
    }
    assert of_aaa(found) == (Bounds(0, 1, 0), Bounds(1, 1, 0))
    wider = claim("d", prohibits={"acts": ["strike"], "targets": ["any"]})
    found = by(folded, log, Assumptions(terms=[wider]))
    assert after(found) == {
        (None, "i"): ("contested", "violation"),
        ("d", "i"): ("clear", "violation"),
    }
    elsewhere = claim("e", commitment_id="other")
    assert after(by(folded, log, Assumptions(terms=[elsewhere]))) == {
        (None, "i"): (None, "violation"),
        ("e", "i"): (None, "violation"),
    }


def test_what_sources_had_said_by_a_moment_is_by_their_own_times(folded: Folded) -> None:
    # The log has them late and in another order than they were said in.
    log = [
        said_at("2026-01-05T00:00:00Z", claim()),
        said_at("2026-01-12T00:00:00Z", report(act="raid")),
        said_at("2026-01-11T00:00:00Z", report()),
        said_at("2026-01-13T00:00:00Z", report_retracted()),
        said_at("2026-01-10T00:00:00Z", report("r", "j")),
    ]
    found = {}
    for day in (10, 11, 12, 13):
        moment = read_instant(f"2026-01-{day}T00:00:00Z")
        would = after(by(folded, log, Assumptions(said_by=moment)))
        found[day] = would.get(("c", "i"), ("same",))[-1]
    # A later line of the log replaces an earlier one of the same report, whatever their times.
    assert found == {10: "same", 11: "violation", 12: "violation", 13: "same"}


def test_a_source_that_is_left_out_said_nothing_and_denied_nothing(folded: Folded) -> None:
    log = [claim(), report(), report_denied()]
    found = by(folded, log, Assumptions(without_sources=["Outlet"]))
    assert after(found)[None, "i"] == ("undetermined", "violation")
    found = by(folded, log, Assumptions(without_sources=["Observer"]))
    assert after(found)[None, "i"] == ("undetermined", None)


def test_alleged_actors_can_be_counted(folded: Folded) -> None:
    log = [claim(), report(actor={"party": "AAA", "confidence": "alleged"})]
    found = by(folded, log, Assumptions(count_alleged=True))
    assert after(found)[None, "i"] == ("undetermined", "violation")
    assert of_aaa(found) == (Bounds(0, 0, 1), Bounds(1, 1, 0))


def test_what_has_a_lower_grade_counts_as_not_reported_and_releases_nobody(folded: Folded) -> None:
    other = {"party": "BBB", "confidence": "confirmed"}
    log = [
        claim(conditions={"reciprocal": True}),
        report("r", "first", occurred={"start": "2026-01-05T00:00:00Z"}, actor=other),
        report("r", "answer"),
        report("s", "answer", reported_by={"name": "Agency"}),
    ]
    folded.fold(*log)
    assert folded.ask("SELECT verdict FROM verdicts WHERE incident_id = 'answer'") == [("clear",)]
    found = by(folded, log, Assumptions(evidence="reported"))
    assert after(found) == {(None, "answer"): ("clear", None), ("c", "answer"): ("clear", None)}
    found = by(folded, log, Assumptions(evidence="corroborated"))
    assert after(found)[None, "first"] == ("violation", None)
    assert after(found)[None, "answer"] == ("clear", "violation")
    assert by(folded, log, Assumptions(evidence="verified")).counts[0].after == Bounds(0, 0, 0)


def test_only_some_claims_of_one_commitment(folded: Folded) -> None:
    log = [
        claim("c"),
        claim("d", prohibits={"acts": ["strike"], "targets": ["health"]}),
        claim("e", commitment_id="other"),
        report(),
    ]
    found = by(folded, log, Assumptions(commitment="truce", claims=["c"]))
    assert after(found) == {
        (None, "i"): ("contested", "violation"),
        ("d", "i"): ("clear", None),
    }


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (Assumptions(terms=[report()]), "no incident.reported"),
        (Assumptions(evidence="good"), "one_sided, reported"),
    ],
)
def test_what_cannot_be_assumed_is_refused(folded: Folded, wrong: Assumptions, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        what_if(folded.connection, wrong)


def test_each_assumption_in_turn(folded: Folded) -> None:
    alleged = {"party": "BBB", "confidence": "alleged"}
    folded.fold(
        claim("c"),
        claim("d", prohibits={"acts": ["strike"], "targets": ["health"]}),
        report(),
        report("r", "j", actor=alleged),
    )
    found = {one.assumption: one for one in sensitivity(folded.connection, "truce")}
    assert list(found) == [
        "as it stands",
        "only c holds (Mediator)",
        "only d holds (Mediator)",
        "alleged actors count",
        "only what is reported or better",
        "only what is corroborated or better",
        "only what is verified or better",
        "without Observer",
        "as said by 2026-02-01T00:00:00Z",
    ]
    assert found["as it stands"].counts == {"AAA": Bounds(0, 1, 1), "BBB": Bounds(0, 0, 1)}
    assert found["only c holds (Mediator)"].counts["AAA"] == Bounds(1, 1, 1)
    assert found["alleged actors count"].counts["BBB"] == Bounds(0, 1, 0)
    assert found["without Observer"].changed == 2
