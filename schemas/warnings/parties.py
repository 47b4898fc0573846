"""Which parties are named as actors, and which are spoken of by a claim, conflict by conflict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from schemas.events import ClaimEvent, Event, ReportEvent
from schemas.safe_text import for_terminal
from schemas.warnings.countries import meant_by
from schemas.warnings.warning import MOST_WARNINGS

MOST_NAMED = 10


class NamedParties:
    """The actors of reports, and the parties that claims speak of.

    An actor of whom no claim speaks is often a slip of the pen: `Russia` is not `RUS`.
    """

    def __init__(self) -> None:
        self._bound: dict[str, set[str]] = {}
        self._named: dict[str, Counter[str]] = {}
        self._first: dict[tuple[str, str], str] = {}

    def bind(self, conflict: str, parties: Iterable[str]) -> None:
        """A claim of `conflict` binds `parties`, or denies that it does."""
        self._bound.setdefault(conflict, set()).update(parties)

    def name(self, conflict: str, party: str, *, times: int = 1, where: str = "") -> None:
        """`times` reports of `conflict` name `party` as the actor, the first of them at `where`."""
        self._named.setdefault(conflict, Counter())[party] += times
        self._first.setdefault((conflict, party), where)

    def note(self, event: Event, where: str) -> None:
        """Record the parties that `event` names."""
        if isinstance(event, ClaimEvent):
            self.bind(event.data.conflict, event.data.bound_parties)
        elif isinstance(event, ReportEvent):
            actor = event.data.actor
            if actor is not None and actor.party is not None:
                self.name(event.data.conflict, actor.party, where=where)

    def warnings(self) -> list[str]:
        """One line for each actor of whom no claim of its conflict speaks, and what was meant.

        At most `MOST_WARNINGS`, and one that says how many others there are.
        """
        unbound: list[tuple[str, str | None]] = []
        for conflict, named in sorted(self._named.items()):
            bound = self._bound.get(conflict)
            if bound:
                unbound += [(conflict, party) for party in sorted(named) if party not in bound]
            else:
                unbound.append((conflict, None))
        found = [self._line(*one) for one in unbound[:MOST_WARNINGS]]
        if len(unbound) > MOST_WARNINGS:
            found.append(f"and {len(unbound) - MOST_WARNINGS:,} more that no claim speaks of")
        return [for_terminal(line) for line in found]

    def _line(self, conflict: str, party: str | None) -> str:
        if party is None:
            return (
                f"no claim is known for conflict {conflict!r}: its reports are judged when "
                "there is one"
            )
        times, where = self._named[conflict][party], self._first[conflict, party]
        return _unbound(conflict, party, times, where, self._bound[conflict])


def _unbound(conflict: str, party: str, times: int, where: str, bound: set[str]) -> str:
    count = f"{times:,} report{'s' if times != 1 else ''}"
    first = f", first at {where}" if where else ""
    meant = meant_by(party, bound)
    known = ", ".join(sorted(bound)[:MOST_NAMED]) + (" ..." if len(bound) > MOST_NAMED else "")
    hint = f"; did you mean {meant!r}?" if meant else f"; known are {known}"
    return f"no claim of conflict {conflict!r} binds actor {party!r} ({count}{first}){hint}"
