"""One transaction of the ledger: what a micro-batch reads from it, and what it changes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from analytics.ledger import arrow
from analytics.ledger.alike import AlikeRows
from analytics.ledger.contents import Balance, Changes, insert
from analytics.ledger.event_columns import About, Columns
from analytics.ledger.keys import Flags, Keys, KeySet
from analytics.ledger.messages import messages
from analytics.ledger.outbox import Headers, OutboxMessage, Outgoing
from analytics.ledger.rows import (
    ClaimKey,
    EventKey,
    FirstJudged,
    FirstSight,
    IncidentKey,
    Logged,
    Position,
    Reached,
    Rejudged,
    RejudgedAlike,
    RejudgeScope,
)
from analytics.ledger.scope import Page, pages
from analytics.ledger.staging import Staging
from analytics.provenance import Provenance, provenance
from analytics.queries import queries
from analytics.storage.database import Turn
from schemas.events import Assertion, Coverage, Denial
from schemas.wire import Rejected

FLUSH_AT = 60_000
BYTES_A_ROW = 4_000
# How much of a rejected input is kept with the reason; truce.rejected has all of it.
MOST_KEPT = 64 * 1024
Stored = dict[IncidentKey, dict[str, str]]


@dataclass(slots=True)
class Known:
    """The part of the committed ledger that is held in memory."""

    event_keys: KeySet = field(default_factory=KeySet)
    incident_keys: KeySet = field(default_factory=KeySet)
    extents: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The time range of all reports of a conflict, in us since 1970; it never shrinks."""
    offsets: dict[tuple[str, int], Reached] = field(default_factory=dict)
    last_outbox: int = 0
    judged_by: Provenance | None = None

    def take(self, transaction: Transaction) -> None:
        """Add what a transaction has added."""
        self.extents = transaction.extents
        self.offsets.update(transaction.advanced)
        if transaction.advanced:
            self.judged_by = provenance()
        self.last_outbox = transaction.outgoing.last
        self.event_keys.update(transaction.new_events)
        self.incident_keys.update(transaction.new_incidents)


class Transaction:
    """The changes of one micro-batch to the ledger. Reads see what it has written so far."""

    publishes: bool = True
    """Are its changes to be published?"""

    def __init__(self, turn: Turn, known: Known) -> None:
        self.new_events: set[int] = set()
        self.new_incidents: set[int] = set()
        self.advanced: dict[tuple[str, int], Reached] = {}
        self.outgoing = Outgoing(known.last_outbox)
        self.extents = dict(known.extents)
        self.turn = self._session = turn
        self._known = known
        self._judges_anew = known.judged_by != provenance()
        reached = [before.recorded_at for before in known.offsets.values()]
        self._after = max(reached, default=None)
        self._new_partitions: set[tuple[str, int]] = set()
        self._staging = Staging()
        self._columns: Columns | None = None
        self._changes = Changes()
        self._not_stored: set[int] = set()
        self._alike: list[RejudgedAlike] = []
        self._alike_published: list[bool] = []
        self._alike_size = 0
        self._sql = queries("reading")

    def may_have_events(self, keys: Keys) -> Flags:
        """For which of these keys the ledger may have an event; for the others it has none."""
        return _among(keys, self._known.event_keys, self.new_events)

    def may_have_reports(self, keys: Keys) -> Flags:
        """For which of these keys of incidents the ledger may have reports; the others have none.

        Their absence is remembered: no report of these has to be looked up in order to close it.
        """
        found = _among(keys, self._known.incident_keys, self.new_incidents)
        self._not_stored.update(keys[~found].tolist())
        return found

    def seen(self, keys: Keys) -> dict[EventKey, str]:
        """The JSON texts of the events with these keys that the ledger has, by their names."""
        found = self._look_up("seen", keys)
        return {(conflict, source, name): raw for conflict, source, name, raw in found}

    def reports(self, keys: Keys) -> Stored:
        """The standing reports of the incidents with these keys, each by its id.

        Each as the JSON text of its event.
        """
        found: Stored = {}
        for conflict, incident_id, report_id, raw in self._look_up("reports", keys):
            found.setdefault((conflict, incident_id), {})[report_id] = raw
        return found

    def _look_up(self, name: str, keys: Keys) -> list[tuple[Any, ...]]:
        if not len(keys):
            return []
        self.flush()
        # First the row ids, then the texts of these rows only: all others stay unread.
        where = self._session.over(self._sql[f"where_{name}"], _as_keys(set(keys.tolist())))
        if not where:
            return []
        return self._session.over(self._sql[name], _as_keys(sorted(row for (row,) in where)))

    def pages(self, scope: RejudgeScope) -> Iterator[Page]:
        """All standing reports, as they are now, of each incident in `scope`, in its order."""
        begins, ends = self.extents.get(scope.conflict, (math.inf, -math.inf))
        stretches = [(lo, hi) for lo, hi in scope.stretches if begins <= hi and lo <= ends]
        if not stretches:
            return
        if not self.new_incidents and not len(self._known.incident_keys):
            # The extents are of all that was read, and these claims come before every report.
            return
        self.flush()
        yield from pages(self._session, scope, stretches)

    def read(self, log_id: str, columns: Columns) -> None:
        """From now on events are of this log, in rows of these columns."""
        if columns is self._columns:
            return
        self.flush()
        self._columns = columns
        self._staging.read(log_id, columns)
        self._event_keys: list[int] = columns.numbers("event_key").tolist()
        self._incident_keys: list[int] = columns.numbers("incident_key").tolist()
        for conflict, (begins, ends) in columns.extents.items():
            known = self.extents.get(conflict, (begins, ends))
            self.extents[conflict] = (min(begins, known[0]), max(ends, known[1]))

    def event(self, logged: Logged, about: About | None) -> None:
        """Accept this event. Its key must not have been `seen`.

        `about`: the report that from now on stands as in the event, or was retracted by it.
        """
        self.new_events.add(logged.key)
        is_stored = False
        if about is not None:
            key = about.incident_key
            is_stored = key not in self._not_stored
            if about.stands:
                self.new_incidents.add(key)
        self._staging.event(logged, about, is_stored=is_stored)
        self._grow()

    def first_seen(self, first_seen: FirstSight) -> None:
        """Accept this event with the judgement of its new incident, which is published.

        As `event` and `judged`, for an incident that nothing else in the transaction is about.
        """
        self.new_events.add(self._event_keys[first_seen.row])
        self.new_incidents.add(self._incident_keys[first_seen.row])
        count = len(first_seen.commitment_ids)
        seq = self.outgoing.number(count) if count and self.publishes else 0
        self._staging.first_seen(first_seen, seq)
        self._grow()

    def claim(self, logged: Logged, key: ClaimKey, claim: Assertion | Denial | None) -> None:
        """The event makes or revises this claim; None: it retracts it."""
        self._staging.claim(logged, key, claim)

    def coverage(self, logged: Logged, coverage: Coverage) -> None:
        """The event says that somebody watched, or was kept from it, or revises that."""
        self._staging.coverage(logged, coverage)

    def judged(self, logged: Logged, incident_key: int, step: FirstJudged) -> None:
        """An incident is judged for the first time, by `logged`; all of it is published."""
        seq = self.outgoing.number(len(step.commitment_ids)) if self.publishes else 0
        self._staging.judged(logged, incident_key, step, seq)
        self._grow()

    def rejudged(self, logged: Logged, step: Rejudged, *, published: bool) -> None:
        """The judgement of a pair changes, by `logged`; `published`: with a message."""
        seq = self.outgoing.number() if published and self.publishes else 0
        self._staging.rejudged(logged, step, seq)
        self._grow()

    def rejudged_alike(self, logged: Logged, step: RejudgedAlike, *, published: bool) -> None:
        """The judgements of many pairs change, by `logged`; `settle` must follow."""
        self._alike.append(step)
        self._alike_published.append(published)
        self._alike_size += len(step.incidents.places)
        if self._alike_size > FLUSH_AT:
            self.settle(logged)

    def settle(self, logged: Logged) -> None:
        """All judgements by `logged` have been passed on."""
        if not self._alike:
            return
        steps = self._alike
        published = [one and self.publishes for one in self._alike_published]
        self._alike, self._alike_published, self._alike_size = [], [], 0
        # Messages are in order only if earlier ones are written first.
        self.flush()
        rows = AlikeRows(logged, steps)
        rows.write(self._session, self._changes)
        count = sum(len(s.incidents.places) for s, one in zip(steps, published, strict=True) if one)
        if count:
            changed = rows.published(published, self.outgoing.number(count))
            self.outgoing.flush(self._session, messages(changed))

    def rejected(self, rejected: Rejected, position: Position, recorded_at: int) -> None:
        """Record something in the log that was rejected."""
        problems = [f"{problem.field}: {problem.reason}" for problem in rejected.problems]
        log_id, partition, offset, _ = position
        place = (recorded_at, log_id, partition, offset, rejected.index)
        raw = rejected.raw
        row = (rejected.reason, problems, raw[:MOST_KEPT], len(raw), *place)
        self._staging.rejected.rows.append(row)
        self._grow(1 + len(raw) // BYTES_A_ROW)

    def advance(self, log_id: str, partition: int, next_offset: int, recorded_at: int) -> None:
        """Advance the checkpoint: all below `next_offset` is in, the last as of `recorded_at`."""
        place = (log_id, partition)
        if place not in self._known.offsets:
            self._new_partitions.add(place)
        self.advanced[place] = Reached(next_offset, recorded_at)

    def outbox(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> None:
        """Queue a message, to be published once the transaction is committed."""
        if self.publishes:
            self.outgoing.put(OutboxMessage(self.outgoing.number(), topic, key, value, headers))
            self._grow(1 + len(value or b"") // BYTES_A_ROW)

    def flush(self) -> None:
        """Write what is staged, still within the transaction."""
        verdicts = self._staging.flush(self._session, self._changes)
        self.outgoing.flush(self._session, verdicts)
        self._not_stored -= self.new_incidents

    def finish(self, before: Balance) -> Balance:
        """Write what is left; nothing may follow. From the balance before to the one after."""
        self.flush()
        sql = queries("writing")
        for (log_id, partition), (next_offset, recorded_at) in self.advanced.items():
            name = "new_offset" if (log_id, partition) in self._new_partitions else "advance"
            self._session.execute(
                sql[name],
                log_id=log_id,
                partition=partition,
                next_offset=next_offset,
                recorded_at=recorded_at,
            )
        if self._judges_anew and self.advanced:
            row = (*provenance(), self._after)
            insert(
                self._session,
                self._changes,
                "provenance",
                arrow.table_of([row], arrow.PROVENANCE),
            )
        return self._changes.record(self._session, before)

    def _grow(self, rows: int = 0) -> None:
        self._staging.size += rows
        if self._staging.size > FLUSH_AT:
            self.flush()


def _as_keys(keys: Iterable[int]) -> pa.Table:
    return arrow.table_of(((key,) for key in keys), arrow.KEYS)


def _among(keys: Keys, known: KeySet, new: set[int]) -> Flags:
    found = known.contains(keys)
    return found | np.isin(keys, list(new)) if new else found
