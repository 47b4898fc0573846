"""`truce status`: the truces, whether each claim is in force now, and how well it is kept."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from rich.text import Text

from analytics.queries import queries
from analytics.read_model import Compliance, ConflictReports, KeptOut, ReadModel
from schemas.claims import Claim
from schemas.events import Assertion
from schemas.safe_text import party_label
from schemas.time import Instant, in_force, iso
from schemas.verdicts import BY_GRAVITY
from schemas.warnings.parties import NamedParties
from streams.client import worker_of
from streams.commands.console import bounds, err, say, say_json, table, when, window_in_words
from streams.commands.lake_reader import opened
from streams.commands.lake_update import is_elsewhere
from streams.endpoint import Endpoint
from streams.explain.reasons import scope_in_words
from streams.explain.words import answer, counted
from streams.settings import Settings

COLUMNS = ("claim", "by", "binds", "prohibits", "window (UTC)", "in force now", "violations")
SILENCE = "No reports is not compliance."
MOST_KEPT_OUT = 5
COUNTS_MEAN = "Violations a..b; c unattributed: at least a, at most b and whatever of c was theirs."


class Truce(NamedTuple):
    """A commitment: its claims by id, the verdicts counted, and its rows of `compliance`."""

    conflict: str
    commitment_id: str
    claims: dict[str, Claim]
    verdicts: Counter[str]
    compliance: list[Compliance]

    def kept(self, claim_id: str | None) -> list[Compliance]:
        """How well the claim (None: the commitment as a whole) is kept, party by party."""
        return [row for row in self.compliance if row.claim_id == claim_id]


class ComplianceStatus(NamedTuple):
    """All that `truce status` shows."""

    now: Instant
    truces: list[Truce]
    coverage: list[ConflictReports]
    kept_out: list[KeptOut]
    warnings: list[str]


class LakePartStatus(NamedTuple):
    """How far the lake is with one of the workers that write it, and of which partitions.

    It holds all that this worker had acknowledged before `as_of` (us since 1970).
    """

    worker: str
    transaction: int
    as_of: Instant
    partitions: list[int]


class LakeStatus(NamedTuple):
    """Where the lake is, and how far: to which transaction of the ledger.

    It holds all that was acknowledged before `as_of` (us since 1970). `workers`: those that write
    it, if several do; then `transaction` is the sum of theirs.
    """

    path: Path
    transaction: int
    as_of: Instant
    workers: list[LakePartStatus] = []  # noqa: RUF012 - never changed

    def lag(self, now: Instant) -> float:
        """How many seconds it is behind, at most."""
        return max(now - self.as_of, 0) / 1_000_000


def run_status(settings: Settings, *, as_json: bool) -> int:
    """Print the status. Returns the exit code."""
    worker = worker_of(settings)
    with opened(settings) as session:
        knowledge = ReadModel(session.ask)
        status = gather(knowledge, time.time_ns() // 1000)
        lake = LakeStatus(
            settings.lake,
            knowledge.transaction(),
            session.as_of or status.now,
            [
                LakePartStatus(worker, seq, marked_at, partitions or [])
                for worker, seq, marked_at, partitions in session.ask(queries("asking")["marks"])
                if worker is not None
            ],
        )
    if as_json:
        say_json(document(status, settings, worker, lake))
    else:
        show(status, settings, worker, lake)
    for warning in status.warnings:
        err(f"warning: {warning}", style="yellow")
    return 0


def gather(knowledge: ReadModel, now: Instant) -> ComplianceStatus:
    """Query everything."""
    truces: dict[tuple[str, str], Truce] = {}
    for (conflict, commitment_id, claim_id), claim in sorted(knowledge.claims().items()):
        fresh = Truce(conflict, commitment_id, {}, Counter(), [])
        truces.setdefault((conflict, commitment_id), fresh).claims[claim_id] = claim
    for conflict, commitment_id, verdict, count in knowledge.verdict_counts():
        if (conflict, commitment_id) in truces:
            truces[conflict, commitment_id].verdicts[verdict] = count
    for row in knowledge.compliance():
        if (row.conflict, row.commitment_id) in truces:
            truces[row.conflict, row.commitment_id].compliance.append(row)
    parties = NamedParties()
    for conflict, bound in knowledge.bound_parties():
        parties.bind(conflict, bound)
    for conflict, actor, times in knowledge.actors():
        parties.name(conflict, actor, times=times)
    return ComplianceStatus(
        now,
        list(truces.values()),
        knowledge.coverage(),
        knowledge.kept_out(),
        parties.warnings(),
    )


def show(
    status: ComplianceStatus, settings: Settings, worker: Endpoint | None, lake: LakeStatus
) -> None:
    """Print for people."""
    if worker is None and is_elsewhere(settings):
        say(f"No worker runs here; this is what {lake.path} holds.")
    elif worker is None:
        say(f"No worker runs; this is what {settings.database} holds.")
    else:
        say(f"A worker runs (process {worker.pid}); metrics: {worker.http}/metrics")
    behind = f"at most {lake.lag(status.now):.1f} s behind"
    say(f"The lake {lake.path} is {behind}, at transaction {lake.transaction}.")
    for writer in lake.workers:
        lag = f"{max(status.now - writer.as_of, 0) / 1_000_000:.1f}"
        of = ", ".join(map(str, writer.partitions)) or "none"
        say(f"  {writer.worker}: transaction {writer.transaction}, {lag} s ago; partitions: {of}")
    if not status.truces:
        say("No truce is known yet: publish a claim, or see `truce demo`.")
    else:
        say(COUNTS_MEAN)
    for truce in status.truces:
        show_truce(truce, status.now)
    say()
    for one in status.coverage:
        reports = f"{counted(one.reports, 'report')} of {counted(one.incidents, 'incident')}"
        last = f"; the last came {when(one.last_report)}" if one.last_report is not None else ""
        say(f"{one.conflict}: {reports} from {counted(one.sources, 'source')}{last}. {SILENCE}")
        show_coverage(one, [kept for kept in status.kept_out if kept.conflict == one.conflict])


def show_coverage(one: ConflictReports, kept_out: list[KeptOut]) -> None:
    """How far the conflict was watched, and who was kept from it."""
    if one.last_coverage is not None and one.watched_until is not None:
        heard = f"last said {when(one.last_coverage)}"
        say(f"  Watched, wholly or in part, up to {when(one.watched_until)}; {heard}.")
    elif kept_out:
        say("  Nobody says that it was watched.")
    for kept in kept_out[:MOST_KEPT_OUT]:
        last = f"{when(kept.last_start)} to {when(kept.last_end)}"
        times = f", the last of {kept.times} times" if kept.times > 1 else ""
        say(f"  Access denied to {kept.reported_by}: {last}{times}.")
    if len(kept_out) > MOST_KEPT_OUT:
        say(f"  Access denied to {counted(len(kept_out) - MOST_KEPT_OUT, 'other source')}, too.")


def show_truce(truce: Truce, now: Instant) -> None:
    """One truce: every claim, and how often it was broken."""
    say()
    say(Text(f"{truce.commitment_id} ({truce.conflict})", style="bold"))
    said = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(truce.verdicts.items()))
    judged = counted(truce.verdicts.total(), "incident")
    say(f"  {judged} in or near a window{': ' + said if said else ''}")
    say(f"  violations, by all claims together: {_counts(truce.kept(None)) or 'nobody is bound'}")
    if kept := truce.kept(None):
        say(f"  days without a violation: {'; '.join(map(_free_days, kept))}")
    say()
    rows = [_claim_row(truce, claim_id, claim, now) for claim_id, claim in truce.claims.items()]
    table(COLUMNS, rows, indent=2)


def _claim_row(truce: Truce, claim_id: str, claim: Claim, now: Instant) -> list[str | Text]:
    by = claim.claimed_by
    who = by.name if by.role is None else f"{by.name}, {by.role}"
    bound = ", ".join(claim.bound_parties)
    if not isinstance(claim, Assertion):
        return [claim_id, who, f"denies {bound}", "", "", "", ""]
    kept = _counts(truce.kept(claim_id))
    window, force = claim.terms_window, in_force(claim.terms_window, now)
    scope = scope_in_words(claim)
    return [claim_id, who, bound, scope, window_in_words(window), answer(force), kept]


def _counts(rows: list[Compliance]) -> str:
    """`RUS 0..3, UKR 0..0; 95 unattributed`: of these, any may be whose of them it was."""
    if not rows:
        return ""
    parties = ", ".join(
        f"{party_label(row.party)} {bounds(row.violations_lower, row.violations_upper)}"
        for row in rows
    )
    # The same number on each row.
    return f"{parties}; {rows[0].unattributed:,} unattributed"


def _free_days(row: Compliance) -> str:
    """`RUS 3..5 of 7, 2 more unobserved`."""
    party = party_label(row.party)
    if row.days is None or row.free_lower is None or row.free_upper is None:
        return f"{party} unknown, as the window is"
    if row.unobserved_days is None:
        beyond = " so far; the end is open"
    else:
        beyond = f", {row.unobserved_days:,} more unobserved" if row.unobserved_days else ""
    return f"{party} {bounds(row.free_lower, row.free_upper)} of {row.days:,}{beyond}"


def document(
    status: ComplianceStatus, settings: Settings, worker: Endpoint | None, lake: LakeStatus
) -> dict[str, Any]:
    """What `truce status --json` prints."""
    running = {"running": worker is not None}
    return {
        "now": iso(status.now),
        "database": str(settings.database),
        "worker": running
        if worker is None
        else {**running, "pid": worker.pid, "http": worker.http},
        "lake": {
            "path": str(lake.path),
            "transaction": lake.transaction,
            "as_of": iso(lake.as_of),
            "lag_seconds": lake.lag(status.now),
            "workers": [{**one._asdict(), "as_of": iso(one.as_of)} for one in lake.workers],
        },
        "commitments": [_truce_json(truce, status.now) for truce in status.truces],
        "coverage": [
            {
                **one._asdict(),
                "last_report": _time(one.last_report),
                "last_coverage": _time(one.last_coverage),
                "watched_until": _time(one.watched_until),
                "denied": [
                    {
                        "reported_by": kept.reported_by,
                        "times": kept.times,
                        "last_start": iso(kept.last_start),
                        "last_end": iso(kept.last_end),
                    }
                    for kept in status.kept_out
                    if kept.conflict == one.conflict
                ],
            }
            for one in status.coverage
        ],
        "warnings": status.warnings,
    }


def _time(instant: Instant | None) -> str | None:
    return None if instant is None else iso(instant)


def _truce_json(truce: Truce, now: Instant) -> dict[str, Any]:
    return {
        "conflict": truce.conflict,
        "commitment_id": truce.commitment_id,
        "verdicts": {word: truce.verdicts[word] for word in BY_GRAVITY},
        "compliance": [_kept_json(row) for row in truce.kept(None)],
        "claims": [
            _claim_json(truce, claim_id, claim, now) for claim_id, claim in truce.claims.items()
        ],
    }


def _claim_json(truce: Truce, claim_id: str, claim: Claim, now: Instant) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "claim_id": claim_id,
        "claimed_by": claim.claimed_by.model_dump(mode="json", exclude_none=True),
        "stance": claim.stance,
        "bound_parties": list(claim.bound_parties),
    }
    if isinstance(claim, Assertion):
        said = claim.model_dump(mode="json", by_alias=True, exclude_unset=True)
        shown["window"] = said["window"]
        shown["in_force"] = in_force(claim.terms_window, now)
        shown["compliance"] = [_kept_json(row) for row in truce.kept(claim_id)]
    return shown


def _kept_json(row: Compliance) -> dict[str, Any]:
    return {
        "party": row.party,
        "violations_lower": row.violations_lower,
        "violations_upper": row.violations_upper,
        "unattributed": row.unattributed,
        "violation_free_days_lower": row.free_lower,
        "violation_free_days_upper": row.free_upper,
        "days": row.days,
        "unobserved_days": row.unobserved_days,
    }
