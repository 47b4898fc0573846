"""`truce explain`: reads one incident from the lake and shows why it was judged as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from analytics.read_model import PastVerdict, ReadModel
from schemas.claims import Claim
from schemas.events import Occurred, Report, ReportDenial
from schemas.kleene import all_of
from schemas.safe_text import for_terminal, party_label
from schemas.time import iso
from streams.commands.console import in_colour, say, say_json, table, when, window_in_words
from streams.commands.lake_reader import reading
from streams.errors import BadInput
from streams.explain.details import figures_in_words, history_rows, was_in_words
from streams.explain.explanation import (
    ClaimExplained,
    CommitmentExplained,
    as_json,
    explain_commitment,
    sources_in_words,
)
from streams.explain.reasons import part_in_words, place_in_words
from streams.explain.words import CRITERION_NAMES, answer, counted, sentence
from streams.judging.incident import Reported
from streams.settings import Settings

MOST_VERSIONS = 20
"""How many versions of verdicts are printed for people."""


def run_explain(
    settings: Settings, incident_id: str, conflict: str | None, *, as_json: bool
) -> int:
    """Print the explanation of an incident. Returns the exit code."""
    with reading(settings) as knowledge:
        chosen = _conflict(knowledge, incident_id, conflict)
        incident, explained = explained_incident(knowledge, chosen, incident_id)
        posted_by = knowledge.posted_by_of(chosen, incident_id)
        history = knowledge.history_of(chosen, incident_id)
    if as_json:
        print_json(chosen, incident, explained, posted_by, history)
    else:
        _show(chosen, incident, explained, posted_by, history)
    return 0


def print_json(
    conflict: str,
    incident: Reported,
    explained: list[CommitmentExplained],
    posted_by: Mapping[str, str],
    history: Sequence[PastVerdict],
) -> None:
    """Print one JSON object."""
    document = as_json(conflict, incident, explained, posted_by)
    versions = [
        {
            **one._asdict(),
            "recorded_at": iso(one.recorded_at),
            "superseded_at": one.superseded_at and iso(one.superseded_at),
        }
        for one in history
    ]
    say_json(document | {"history": versions})


def _conflict(knowledge: ReadModel, incident_id: str, wanted: str | None) -> str:
    found = knowledge.conflicts_of(incident_id)
    if not found:
        close = knowledge.close_incidents(incident_id)
        hint = f"; did you mean {' or '.join(close)}?" if close else "; none is known yet"
        raise BadInput(f"there is no incident {incident_id!r}{hint}")
    if wanted is not None and wanted not in found:
        raise BadInput(
            f"conflict {wanted!r} has no incident {incident_id!r}; {', '.join(found)} has"
        )
    if wanted is None and len(found) > 1:
        raise BadInput(
            f"several conflicts have an incident {incident_id!r}; "
            f"choose one: --conflict {' | '.join(found)}"
        )
    return wanted or found[0]


def explained_incident(
    knowledge: ReadModel, conflict: str, incident_id: str
) -> tuple[Reported, list[CommitmentExplained]]:
    """The incident, and every commitment of its conflict explained; those that it touches first."""
    incident = Reported(incident_id, knowledge.reports_of(conflict, incident_id))
    verdicts = knowledge.verdicts_of(conflict, incident_id)
    judged = knowledge.judged_of(conflict, incident_id)
    commitments: dict[str, dict[str, Claim]] = {}
    for (_, commitment_id, claim_id), claim in knowledge.claims_of(conflict).items():
        commitments.setdefault(commitment_id, {})[claim_id] = claim
    explained = [
        explain_commitment(
            commitment_id,
            claims,
            verdicts.get(commitment_id),
            {claim: row for (of, claim), row in judged.items() if of == commitment_id},
            incident,
        )
        for commitment_id, claims in commitments.items()
    ]
    return incident, sorted(explained, key=lambda one: one.commitment_id not in verdicts)


def _show(
    conflict: str,
    incident: Reported,
    explained: list[CommitmentExplained],
    posted_by: Mapping[str, str],
    history: Sequence[PastVerdict],
) -> None:
    say(Text(f"{incident.incident_id} ({conflict})", style="bold"))
    say()
    rows = [_report_row(report_id, report) for report_id, report in incident.reports.items()]
    columns: tuple[str, ...] = ("report", "by", "when (UTC)", "actor", "act", "targets", "places")
    if posted_by:
        # Most are published to the log directly, which needs no token.
        columns = (*columns, "posted by")
        rows = [[*row, posted_by.get(row[0], "")] for row in rows]
    if rows:
        table(columns, rows, indent=2)
    else:
        say("  Every report of it was taken back.")
    for report_id, report in incident.reports.items():
        _show_details(report_id, report)
    if not explained:
        say()
        say("No claim of this conflict is known, so there is nothing to judge it by.")
    for one in explained:
        say()
        show_verdict(one)
        was = was_in_words(history, one.commitment_id, one.verdict)
        if was:
            say(f"  {sentence(was)}")
        for claim in one.claims:
            say()
            _show_claim(claim)
    _show_history(history)


def _show_details(report_id: str, report: Report | ReportDenial) -> None:
    figures = figures_in_words(report)
    if figures:
        say(f"  {report_id}: {figures}")
    for link in report.evidence:
        say(f"    {link}", whole=True)


def _show_history(history: Sequence[PastVerdict]) -> None:
    """What it was before, if it was anything else than it is."""
    if all(one.superseded_at is None for one in history):
        return
    say()
    say(f"History, as the log had it ({counted(len(history), 'version')}):")
    shown = history[-MOST_VERSIONS:]
    if len(shown) < len(history):
        say(f"  The last {len(shown):,}; --json has all.")
    columns = ("recorded", "until", "commitment", "verdict", "party", "evidence", "denied by")
    table(columns, history_rows(shown), indent=2)


def _report_row(report_id: str, report: Report | ReportDenial) -> list[str]:
    actor = report.actor
    who = "" if actor is None or actor.party is None else f"{actor.party}, {actor.confidence}"
    targets = ", ".join(place_in_words(target) for target in report.targets)
    places = ", ".join(place_in_words(place) for place in report.places)
    impacts = f" (+ {counted(len(report.impacts), 'impact')})" if report.impacts else ""
    by = report.reported_by.name
    moment = "" if report.occurred is None else occurred_in_words(report.occurred)
    if isinstance(report, ReportDenial):
        by += " (denies it)"
    return [report_id, by, moment, who, report.act or "", targets + impacts, places]


def occurred_in_words(occurred: Occurred) -> str:
    """When something happened, for people."""
    start, end = occurred.reported
    how = ", throughout" if occurred.certainty == "throughout" else ""
    how += " (its impact)" if occurred.of == "impact" else ""
    if occurred.as_stated is not None:
        how += f', "{for_terminal(occurred.as_stated)}"'
    return f"{when(start)}{how}" if start == end else f"{when(start)} to {when(end)}{how}"


def show_verdict(one: CommitmentExplained) -> None:
    """The verdict on one commitment: why, and who says so."""
    party = f" (by {party_label(one.party)})" if one.party is not None else ""
    say(Text.assemble((one.commitment_id, "bold"), ": ", in_colour(one.verdict), party))
    say(f"  {sentence(one.why)}")
    for line in sources_in_words(one.sources):
        say(f"  {for_terminal(sentence(line))}")


def show_claim_verdict(one: ClaimExplained) -> None:
    """The verdict by one claim, in two lines."""
    by = one.claim.claimed_by
    who = by.name if by.role is None else f"{by.name}, {by.role}"
    say(Text.assemble("  ", (one.claim_id, "bold"), f" ({who}): ", in_colour(one.verdict)))
    say(f"    {sentence(one.why)}")


def _show_claim(one: ClaimExplained) -> None:
    show_claim_verdict(one)
    if one.claim.stance == "asserts":
        say(f"    Window: {window_in_words(one.claim.terms_window)}")
    if not one.by_report:
        return
    rows: list[list[str | Text]] = []
    narrow: list[str] = []
    for judged in one.by_report:
        for row in judged.rows:
            part = part_in_words(row.part, row.report)
            broken = "abstains" if judged.answer.abstains else answer(all_of(row.criteria))
            said = [in_colour(answer(criterion)) for criterion in row.criteria]
            rows.append([judged.report_id, part, *said, in_colour(broken)])
            open_ = ", ".join(
                f"{name} {answer(criterion)}"
                for name, criterion in zip(CRITERION_NAMES, row.criteria, strict=True)
                if criterion is not True
            )
            narrow.append(f"{judged.report_id}, {part}: {broken} ({open_ or 'yes to all'})")
    table(("report", "part", *CRITERION_NAMES, "broken"), rows, indent=4, narrow=narrow)
