"""What became of events, and which verdicts they changed, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from analytics.outcomes import MOST_CHANGES_NAMED, VerdictChange
from schemas.safe_text import party_label


def change_in_words(change: VerdictChange) -> str:
    """`clear -> violation by RUS`; `violation by RUS` of an incident that had no verdict."""
    after = _verdict(change.after, change.party_after)
    if change.before is None:
        return after
    before = change.before
    if change.before == change.after or change.after is None:
        before = _verdict(change.before, change.party_before)
    return f"{before} -> {after}"


def _verdict(verdict: str | None, party: str | None) -> str:
    if verdict is None:
        return "no verdict any more"
    if party is None:
        return verdict
    who = party_label(party)
    return f"{verdict} by {who}" if verdict == "violation" else f"{verdict} ({who})"


def changes_in_words(changes: Sequence[VerdictChange]) -> Iterator[str]:
    """A line for each pair whose verdict changed, as far as so many are named, and for the rest.

    New ones that are clear are only counted.
    """
    named = [one for one in changes if not (one.before is None and one.after == "clear")]
    pairs = ((change, pair) for change in named for pair in change.pairs)
    lines = list(islice(pairs, MOST_CHANGES_NAMED))
    for change, (_, commitment, incident) in lines:
        yield f"{incident}: {change_in_words(change)} (under {commitment})"
    for change in changes:
        left = change.changed - sum(of is change for of, _ in lines)
        if left:
            more = "more " if left < change.changed else ""
            verdicts = "verdict" if left == 1 else "verdicts"
            yield f"{left:,} {more}{verdicts}: {change_in_words(change)}"
