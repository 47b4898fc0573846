"""What became of events that were written to the log, by where they are in it: asked, not tracked.

An event at its place is taken; one that is rejected there was refused; any other was known already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from analytics.queries import queries
from analytics.read_model import Ask
from schemas.verdicts import BY_GRAVITY

MOST_AT_ONCE = 50_000
"""Of how many events the places are looked up at once."""
MOST_CHANGES_NAMED = 20


class LoggedRecord(NamedTuple):
    """A record that the log has, and how many events it holds."""

    log_id: str
    partition: int
    offset: int
    events: int


class LoggedPlace(NamedTuple):
    """Where an event is: its record, by its number in what is asked about, and its place there."""

    record: int
    place: int


class VerdictChange(NamedTuple):
    """How verdicts changed, for so many pairs of a commitment and an incident, and some of them.

    `pairs` are (conflict, commitment, incident). None: no verdict, since there is no such incident,
    or none that any window can meet.
    """

    before: str | None
    party_before: str | None
    after: str | None
    party_after: str | None
    changed: int
    pairs: Sequence[tuple[str, str, str]]


class RecordOutcomes(NamedTuple):
    """What became of the events of some records: those not named in it are taken."""

    known: Sequence[LoggedPlace]
    refused: Mapping[LoggedPlace, str]
    changes: Sequence[VerdictChange]


def outcomes_of(ask: Ask, records: Sequence[LoggedRecord]) -> RecordOutcomes:
    """What became of the events of `records`, which are all in the ledger that is asked."""
    if not records:
        return RecordOutcomes((), {}, ())
    sql, values = queries("outcomes"), _ranges(records)
    refused = _refused(ask, records)
    [(taken,)] = ask(sql["count_taken"], values)
    known: list[LoggedPlace] = []
    if taken < sum(one.events for one in records):
        for first, some in _portions(records):
            places = set(ask(sql["taken"], _ranges(some)))
            known += (
                LoggedPlace(first + number, index)
                for number, one in enumerate(some)
                for index in range(one.events)
                if (*one[:3], index) not in places
                and LoggedPlace(first + number, index) not in refused
            )
    return RecordOutcomes(known, refused, _changes(ask, values))


def _refused(ask: Ask, records: Sequence[LoggedRecord]) -> dict[LoggedPlace, str]:
    numbers = {one[:3]: number for number, one in enumerate(records)}
    found: dict[LoggedPlace, str] = {}
    rows = ask(queries("outcomes")["refused"], _ranges(records))
    for log_id, partition, offset, index, problems in rows:
        number = numbers.get((log_id, partition, offset))
        if number is not None:
            places = range(records[number].events) if index is None else (index,)
            found |= dict.fromkeys(
                (LoggedPlace(number, one) for one in places), "; ".join(problems)
            )
    return found


def _changes(ask: Ask, values: Mapping[str, object]) -> list[VerdictChange]:
    rows = ask(queries("outcomes")["changed_verdicts"], {**values, "most": MOST_CHANGES_NAMED})
    found = [
        VerdictChange(
            before, by, after, then_by, changed, [(one[0], one[1], one[2]) for one in some]
        )
        for before, by, after, then_by, changed, some in rows
    ]
    return sorted(found, key=_gravity)


def _gravity(change: VerdictChange) -> tuple[int, int]:
    """The gravest verdicts first, and what ceased to be one after them."""
    order: list[str | None] = [*BY_GRAVITY, None]
    return order.index(change.after), order.index(change.before)


def _portions(records: Sequence[LoggedRecord]) -> Iterator[tuple[int, list[LoggedRecord]]]:
    """`records` in portions of some `MOST_AT_ONCE` events, each with the number of its first."""
    rest, first = iter(records), 0
    while some := list(islice(rest, 1)):
        events = some[0].events
        for one in rest:
            some.append(one)
            events += one.events
            if events >= MOST_AT_ONCE:
                break
        yield first, some
        first += len(some)


def _ranges(records: Sequence[LoggedRecord]) -> dict[str, object]:
    """The offsets of `records` as ranges: they mostly follow one another."""
    ranges: list[tuple[str, int, int, int]] = []
    for log_id, partition, offset, _ in sorted(records):
        if ranges and ranges[-1][:2] == (log_id, partition) and offset <= ranges[-1][3] + 1:
            ranges[-1] = (log_id, partition, ranges[-1][2], offset)
        else:
            ranges.append((log_id, partition, offset, offset))
    logs, partitions, firsts, lasts = zip(*ranges, strict=True)
    return {
        "logs": list(logs),
        "partitions": list(partitions),
        "firsts": list(firsts),
        "lasts": list(lasts),
    }
