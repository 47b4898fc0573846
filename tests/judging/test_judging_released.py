"""Who is still bound after others' violations: for very many parties at once as for one by one."""

from __future__ import annotations

from itertools import combinations, product

from schemas.events import Assertion
from schemas.kleene import all_of, unanimous
from streams.judging.incident import Incident
from streams.judging.reciprocity import Released, still_bound
from streams.judging.statement import timed_statement
from tests.support.given import claim, reported

START = 1_768_046_400_000_000  # 10 January at noon
GROUPS = [frozenset(c) for n in (1, 2, 3) for c in combinations("ABC", n)]


def _claim(*parties: str) -> Assertion:
    import json

    from schemas.events import ClaimEvent, parse_event

    made = claim(bound_parties=list(parties), conditions={"reciprocal": True})
    found = parse_event(json.dumps(json.loads(made)))
    assert isinstance(found, ClaimEvent)
    assert isinstance(found.data, Assertion)
    return found.data


def _one_by_one(
    released: tuple[Released, ...], parties: frozenset[str], incident: Incident
) -> bool | None:
    """As `domain.md` says it, party by party."""

    def after(by: Released, party: str) -> bool | None:
        if by.parties == {party}:
            return True
        since = by.next_since if by.incident_id == incident.incident_id else by.since
        if since is None or not any(since < o.end for o in incident.occurrences):
            return True
        certainly_earlier = all(by.until <= o.start for o in incident.occurrences)
        return False if party not in by.parties and certainly_earlier else None

    return unanimous(all_of(after(by, party) for by in released) for party in parties)


def test_all_candidates_at_once_are_asked_what_each_is() -> None:
    earlier, perhaps, later = (
        (START - 20, START - 10),
        (START - 20, START + 10),
        (START + 10, START + 20),
    )
    tried = 0
    for bound in ("A", "AB", "ABC"):
        for actor in (None, "A", "C"):
            made = reported(actor=actor and {"party": actor, "confidence": "confirmed"})
            incident = Incident("i", {"r": timed_statement(made)})
            assert incident.start == START
            parties = incident.statements.known_actors or frozenset(bound)
            for count in (0, 1, 2, 3):
                for groups in combinations(GROUPS, count):
                    for whens in product((earlier, perhaps, later), repeat=count):
                        released = tuple(
                            Released(group, *when)
                            for group, when in zip(groups, whens, strict=True)
                        )
                        tried += 1
                        assert still_bound(CLAIMS[bound], released, incident) == _one_by_one(
                            released, parties, incident
                        ), (bound, actor, released)
    assert tried > 5_000


CLAIMS = {bound: _claim(*bound) for bound in ("A", "AB", "ABC")}


def test_a_thousand_parties_and_as_many_violations_are_a_few_questions() -> None:
    import time

    parties = [f"P{number}" for number in range(1_000)]
    terms = _claim(*parties)
    incident = Incident("i", {"r": timed_statement(reported(actor=None))})
    released = tuple(Released(frozenset({party}), START - 20, START + 10) for party in parties)
    began = time.process_time()
    for _ in range(10):
        assert still_bound(terms, released, incident) is None
    # Party by party these are ten million questions.
    assert time.process_time() - began < 1
