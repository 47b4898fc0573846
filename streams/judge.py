"""The verdict: does an incident, as reported, break a commitment, as claimed?

Pure. Every answer is yes, no or unknown (`True`, `False`, `None`) in strong Kleene logic; nothing
here reads a clock, does I/O or knows in which order events arrived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from analytics.rows import ClaimOutcome, ClaimVerdict, Criteria, Judgement, Outcome
from schemas.events import Actor, Assertion, Denial, Impact, Report
from schemas.kleene import all_of, any_of, unanimous
from schemas.places import Place, within
from schemas.time import Occurrence, in_window
from schemas.vocabulary import act_prohibited, target_covered

Claim = Assertion | Denial
ATTRIBUTED = frozenset({"confirmed", "likely"})


class Released(NamedTuple):
    """What the violations by one set of parties do to the others under a reciprocal claim.

    `since` is the earliest moment at which one of those violations may have begun, `until` the
    earliest moment by which one of them is certainly over (both in microseconds since 1970).
    Where several parties are named for one violation, `incident_id` is the incident that began
    first and `next_since` the start of the one after it: no incident can release itself.
    """

    parties: frozenset[str]
    since: int
    until: int
    incident_id: str | None = None
    next_since: int | None = None


@dataclass(frozen=True)
class Commitment:
    """One undertaking: its standing claims by id, and who was released under reciprocal ones."""

    commitment_id: str
    claims: Mapping[str, Claim]
    released: Mapping[str, tuple[Released, ...]]

    @cached_property
    def assertions(self) -> tuple[tuple[str, Assertion], ...]:
        """The claims that are no denials, by id."""
        return tuple(
            (claim_id, claim)
            for claim_id, claim in sorted(self.claims.items())
            if isinstance(claim, Assertion)
        )

    @cached_property
    def bound_parties(self) -> frozenset[str]:
        """Whoever some claim binds."""
        return frozenset(party for _, claim in self.assertions for party in claim.bound_parties)


class Part(NamedTuple):
    """The whole of a report (`impact` is None), or the whole as one of its impacts refines it."""

    impact: int | None
    occurrence: Occurrence
    targets: tuple[str | None, ...]
    places: tuple[Place | None, ...]


class Answer(NamedTuple):
    """What one report, or one part of it, says of one claim."""

    broken: bool | None
    abstains: bool
    criteria: tuple[Criteria, ...]


def parts(report: Report) -> tuple[Part, ...]:
    """The whole of `report`, then each impact: what an impact gives replaces the whole's."""
    whole = Part(None, report.occurred.occurrence, report.targets, report.places)
    impacts = enumerate(report.impacts)
    return (whole, *(_refined(whole, number, impact) for number, impact in impacts))


def _refined(whole: Part, number: int, impact: Impact) -> Part:
    return Part(
        number,
        whole.occurrence if impact.occurred is None else impact.occurred.occurrence,
        whole.targets if impact.targets is None else impact.targets,
        whole.places if impact.place is None else (impact.place,),
    )


class Incident:
    """One incident: its standing reports by id. A value: nothing of it may be changed.

    `told` is each report with its parts, `occurrences` when it happened according to every one of
    these, `start` and `end` from when to when at the most, `known_actors` the parties that a report
    names as `confirmed` or `likely`.
    """

    __slots__ = ("end", "incident_id", "known_actors", "occurrences", "reports", "start", "told")

    def __init__(self, incident_id: str, reports: Mapping[str, Report]) -> None:
        # All at once: every one is asked for by each commitment that the incident touches.
        self.incident_id = incident_id
        self.reports = reports
        self.told = [(report, parts(report)) for report in reports.values()]
        self.occurrences = [part.occurrence for _, each in self.told for part in each]
        self.start = min([o.start for o in self.occurrences], default=0)
        self.end = max([o.end for o in self.occurrences], default=0)
        self.known_actors = frozenset(
            [
                report.actor.party
                for report in reports.values()
                if report.actor is not None
                and report.actor.party is not None
                and report.actor.confidence in ATTRIBUTED
            ]
        )


def party_bound(claim: Assertion, actor: Actor | None) -> bool | None:
    """Is the actor bound? Unknown unless the attribution is at least `likely`."""
    if actor is None or actor.party is None or actor.confidence not in ATTRIBUTED:
        return None
    return actor.party in claim.bound_parties


def covered_in_area(claim: Assertion, part: Part) -> tuple[bool | None, bool | None]:
    """`target_covered` and `in_area` of one part.

    Any covered is yes, all known not to be is no. Where only some of the places and only some of
    the targets are covered, nobody said which target was where: `target_covered` is unknown.
    """
    area, scope = claim.area, claim.prohibits.targets
    places = [within(area, place) for place in part.places]
    targets = [target_covered(scope, target) for target in part.targets or (None,)]
    in_area = any_of(places) if places else None
    if len(places) > 1 and _some_but_not_all(places) and _some_but_not_all(targets):
        return None, in_area
    return any_of(targets), in_area


def _some_but_not_all(answers: list[bool | None]) -> bool:
    return 0 < answers.count(True) < len(answers)


def inside(claim: Assertion, each: tuple[Part, ...]) -> tuple[bool | None, ...]:
    """`in_window` of each of these parts."""
    window = claim.terms_window
    return tuple([in_window(window, part.occurrence) for part in each])


def answer(
    claim: Assertion,
    report: Report,
    each: tuple[Part, ...],
    when: tuple[bool | None, ...],
    *,
    still_bound: bool | None = True,
) -> Answer:
    """Did `report`, of these parts, each in the window or not, see `claim` broken?

    The AND of the criteria, OR-ed over the whole and its impacts.
    """
    # Who did what is said of the whole: an impact refines when, where and what was hit.
    bound = party_bound(claim, report.actor)
    act = act_prohibited(claim.prohibits.acts, report.act)
    rows = tuple(
        [
            Criteria(in_window, bound, act, *covered_in_area(claim, part), still_bound)
            for part, in_window in zip(each, when, strict=True)
        ]
    )
    broken = any_of([all_of(row) for row in rows])
    return Answer(broken, broken is None and _is_only_silent(claim, report, rows[0]), rows)


def _is_only_silent(claim: Assertion, report: Report, whole: Criteria) -> bool:
    """Is the answer unknown only because the report leaves out what the claim speaks of?

    Silence is no veto against other reports. A doubtful time, an `alleged` actor or a condition is
    not silence, and neither is a scope that the claim itself left unsaid.
    """
    if report.impacts or whole.in_window is None or whole.still_bound is None:
        return False
    left_out = Criteria(
        in_window=False,
        party_bound=report.actor is None
        or (report.actor.party is None and report.actor.confidence != "alleged"),
        act_prohibited=report.act is None and _speaks(claim.prohibits.acts),
        target_covered=not report.targets and _speaks(claim.prohibits.targets),
        in_area=not report.places and _speaks(claim.area),
        still_bound=False,
    )
    return all(silent for silent, said in zip(left_out, whole, strict=True) if said is None)


def _speaks(scope: tuple[object, ...]) -> bool:
    return any(term is not None for term in scope)


def still_bound(
    claim: Assertion, released: tuple[Released, ...], incident: Incident
) -> bool | None:
    """Do the claim's conditions still bind whoever acted?

    Under `reciprocal` a certain violation by another party, certainly earlier, releases; one that
    may have been earlier, or may have been by another party, leaves it unknown.
    """
    conditions = claim.conditions
    other = None if conditions.other is not None else True
    if not conditions.reciprocal or not released:
        return other
    candidates = incident.known_actors or claim.bound_parties
    reciprocal = unanimous(
        all_of(_still_bound_after(by, party, incident) for by in released) for party in candidates
    )
    return all_of((reciprocal, other))


def _still_bound_after(by: Released, party: str, incident: Incident) -> bool | None:
    if by.parties == {party}:
        return True
    since = by.next_since if by.incident_id == incident.incident_id else by.since
    # An instant lies after `since`; an interval has moments after it up to its excluded end.
    if since is None or not any(since < o.end for o in incident.occurrences):
        return True
    certainly_another = party not in by.parties
    certainly_earlier = all(not o.of_impact and by.until <= o.start for o in incident.occurrences)
    return False if certainly_another and certainly_earlier else None


def judge_claim(
    claim_id: str, claim: Assertion, released: tuple[Released, ...], incident: Incident
) -> ClaimVerdict | None:
    """The verdict on one claim, or None where every report has it certainly outside the window."""
    told = [(report, each, inside(claim, each)) for report, each in incident.told]
    answers = [in_window for _, _, when in told for in_window in when]
    if answers.count(False) == len(answers):
        return None
    plain = [answer(claim, *one) for one in told]
    bound = still_bound(claim, released, incident)
    said = plain if bound is True else [answer(claim, *one, still_bound=bound) for one in told]
    return ClaimVerdict(
        claim_id=claim_id,
        verdict=_agreed(said),
        criteria=_common(said),
        before_conditions=_agreed(plain),
    )


def _agreed(said: list[Answer]) -> ClaimOutcome:
    broken = unanimous([one.broken for one in said if not one.abstains])
    if broken is None:
        return "undetermined"
    return "violation" if broken else "clear"


def _common(said: list[Answer]) -> Criteria:
    """What all standing reports and their impacts agree on, criterion by criterion."""
    rows = [row for one in said for row in one.criteria]
    return rows[0] if len(rows) == 1 else Criteria(*map(unanimous, zip(*rows, strict=True)))


def judge(commitment: Commitment, incident: Incident) -> Judgement | None:
    """The verdict on one commitment, or None where the incident cannot touch any of its windows."""
    released = commitment.released
    rows = [
        row
        for claim_id, claim in commitment.assertions
        if (row := judge_claim(claim_id, claim, released.get(claim_id, ()), incident)) is not None
    ]
    if not rows:
        return None
    actors, bound = incident.known_actors, commitment.bound_parties
    return Judgement(
        commitment_id=commitment.commitment_id,
        verdict=_overall(commitment, actors, rows),
        party=next(iter(actors)) if len(actors) == 1 else None,
        occurred_start=incident.start,
        occurred_end=incident.end,
        independent_reports=len(
            [1 for report, _ in incident.told if report.reported_by.party not in bound]
        ),
        claims=tuple(rows),
    )


def _overall(commitment: Commitment, actors: frozenset[str], rows: list[ClaimVerdict]) -> Outcome:
    """Over the claims that speak of the actor; a denial, or a window elsewhere, is a clear."""
    judged: dict[str, ClaimOutcome] = {row.claim_id: row.verdict for row in rows}
    speaking = {
        judged.get(claim_id, "clear")
        for claim_id, claim in commitment.claims.items()
        if not actors or not actors.isdisjoint(claim.bound_parties)
    }
    if speaking <= {"clear"}:
        return "clear"
    if speaking == {"violation"}:
        return "violation"
    return "contested" if "violation" in speaking else "undetermined"
