"""`truce what-if`: the verdicts and counts that other assumptions would give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.text import Text

from analytics.assumptions.sensitivity import Sensitivity, sensitivity
from analytics.assumptions.what_if import Assumptions, Bounds, Changed, CountChange, WhatIf, what_if
from analytics.read_model import Ask
from schemas.events import ClaimEvent, ClaimRetractedEvent, Invalid, NotJson, parse_event
from schemas.safe_text import party_label
from streams.commands.console import bounds, err, in_colour, say, say_json, table, waiting
from streams.commands.lake_reader import explained, opened
from streams.errors import BadInput
from streams.explain.words import counted
from streams.settings import Settings

MOST_SHOWN = 100
NO_VERDICT = "(none)"


class WhatIfWanted(NamedTuple):
    """The assumptions, with the files that their terms are in; `sensitivity`: each in turn."""

    assumed: Assumptions
    files: Sequence[str] = ()
    sensitivity: str | None = None


def run_what_if(settings: Settings, wanted: WhatIfWanted, *, as_json: bool) -> int:
    """Print what would change. Returns the exit code."""
    terms = [term for file in wanted.files for term in _terms(file)]
    assumed = wanted.assumed._replace(terms=terms)
    with opened(settings) as lake, explained(), waiting("judging by what is assumed"):
        _refuse_unknown(
            lake.ask, assumed._replace(commitment=wanted.sensitivity or assumed.commitment)
        )
        if wanted.sensitivity is not None:
            moved = sensitivity(lake.connection, wanted.sensitivity, memory_limit=settings.memory)
            found = None
        else:
            found = what_if(lake.connection, assumed, memory_limit=settings.memory)
            moved = []
    if found is None:
        return _show_moved(moved, as_json=as_json)
    if as_json:
        say_json(
            {"changed": [one._asdict() for one in found.changed], "counts": list(_counts(found))}
        )
    else:
        _show(found)
    return 0


def _refuse_unknown(ask: Ask, assumed: Assumptions) -> None:
    if assumed.commitment is None:
        return
    known = {name for (name,) in ask("SELECT DISTINCT commitment_id FROM claim_versions", {})}
    if assumed.commitment not in known and not assumed.terms:
        listed = ", ".join(sorted(known)[:20]) or "none is known yet"
        raise BadInput(f"there is no commitment {assumed.commitment!r}; known: {listed}")


def _terms(name: str) -> Iterator[str]:
    try:
        lines = Path(name).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{name} cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            event = parse_event(line)
        except (Invalid, NotJson) as error:
            raise BadInput(f"{name}:{number}: {error}") from error
        if not isinstance(event, ClaimEvent | ClaimRetractedEvent):
            raise BadInput(
                f"{name}:{number}: type: only claims and their retractions can be assumed"
            )
        yield line


def _counts(found: WhatIf) -> Iterator[dict[str, Any]]:
    for one in found.counts:
        yield {
            **one._asdict(),
            "before": one.before and one.before._asdict(),
            "after": one.after and one.after._asdict(),
        }


def _show(found: WhatIf) -> None:
    changed = found.changed
    if not changed:
        say("No verdict would change.")
    else:
        incidents = len({(one.conflict, one.incident_id) for one in changed})
        say(f"{counted(len(changed), 'verdict')} of {counted(incidents, 'incident')} would change.")
        say()
        table(
            ("commitment", "claim", "incident", "stands", "would be"),
            [_row(one) for one in changed[:MOST_SHOWN]],
        )
        if len(changed) > MOST_SHOWN:
            err(f"The first {MOST_SHOWN:,} of {len(changed):,}; --json has all")
    say()
    say("Violations a..b; c unattributed: at least a, at most b and whatever of c was theirs.")
    say()
    table(("commitment", "claim", "party", "stands", "would be"), _count_rows(found.counts))


def _row(one: Changed) -> list[str | Text]:
    return [
        one.commitment_id,
        one.claim_id or "all together",
        one.incident_id,
        _verdict(one.before, one.party_before, one.evidence_before),
        _verdict(one.after, one.party_after, one.evidence_after),
    ]


def _verdict(verdict: str | None, party: str | None, evidence: str | None) -> Text:
    if verdict is None:
        return Text(NO_VERDICT)
    more = [
        *([party_label(party)] if party else []),
        *([evidence.replace("_", "-")] if evidence else []),
    ]
    return in_colour(verdict) + Text(f" ({', '.join(more)})" if more else "")


def _count_rows(counts: Iterable[CountChange]) -> list[list[str | Text]]:
    return [
        [
            one.commitment_id,
            one.claim_id or "all together",
            party_label(one.party),
            _bounds(one.before),
            Text(_bounds(one.after), style="bold" if one.before != one.after else ""),
        ]
        for one in counts
    ]


def _bounds(one: Bounds | None) -> str:
    return (
        "not bound"
        if one is None
        else f"{bounds(one.lower, one.upper)}; {one.unattributed:,} unattributed"
    )


def _show_moved(moved: Sequence[Sensitivity], *, as_json: bool) -> int:
    if as_json:
        say_json(
            [
                {
                    "assumption": one.assumption,
                    "changed": one.changed,
                    "counts": {party: found._asdict() for party, found in one.counts.items()},
                }
                for one in moved
            ]
        )
        return 0
    parties = sorted({party for one in moved for party in one.counts})
    say("Violations a..b; c unattributed: at least a, at most b and whatever of c was theirs.")
    say()
    table(
        ("if", "changed incidents", *(party_label(party) for party in parties)),
        [
            [
                one.assumption,
                f"{one.changed:,}",
                *(_bounds(one.counts.get(party)) for party in parties),
            ]
            for one in moved
        ],
    )
    return 0
