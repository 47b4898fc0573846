"""What a transaction is about to write: rows of tables, and versions that replace each other.

Versions are per event, not per batch: one that is opened and superseded within a transaction is
written with both times, exactly as if two transactions had written it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from analytics.ledger import arrow
from analytics.ledger.contents import Changes, change, insert
from analytics.ledger.event_columns import About, Columns
from analytics.ledger.flatten import Row, claim_row, coverage_row
from analytics.ledger.keys import joined, key_of
from analytics.ledger.messages import messages
from analytics.ledger.rows import ClaimKey, FirstJudged, FirstSight, Logged, Rejudged
from analytics.ledger.versions import JudgedPairs, PairIds
from analytics.queries import queries
from analytics.storage.database import Session
from schemas.events import Assertion, Coverage, Denial
from schemas.verdicts import (
    ClaimAmendable,
    ClaimVerdict,
    Judgement,
    is_same_claim_version,
    is_same_party,
    is_same_version,
)

_SINCE = arrow.VERDICTS.get_field_index("since")
_RAISED_AT = arrow.VERDICTS.get_field_index("raised_at")
_PAIR_KEY = arrow.VERDICTS.get_field_index("pair_key")
_RECORDED_AT, _SUPERSEDED_AT = "recorded_at", "superseded_at"
_POSTED_BY = "posted_by"


class _Rows:
    """Rows of one append-only table."""

    def __init__(self, name: str, schema: pa.Schema) -> None:
        self.rows: list[Sequence[Any]] = []
        self._name = name
        self._schema = schema

    def flush(self, database: Session, changes: Changes) -> None:
        if self.rows:
            insert(database, changes, self._name, self._table())
            self.rows = []

    def _table(self) -> pa.Table:
        return arrow.table_of(self.rows, self._schema)


class _Versions(_Rows):
    """Rows of one table of versions: at most one version of a key stands."""

    def __init__(self, name: str, schema: pa.Schema) -> None:
        super().__init__(name, schema)
        self._standing: dict[int, Row] = {}
        self._closed: dict[int, int] = {}
        self._amended: dict[int, ClaimAmendable] = {}

    def standing(self, key: int) -> Row | None:
        """The standing version of `key` that is not yet in the database."""
        return self._standing.get(key)

    def open(self, key: int, row: Row) -> None:
        """Make `row` the standing version of `key`."""
        self.rows.append(row)
        self._standing[key] = row

    def close(self, key: int, moment: int, *, is_stored: bool = True) -> None:
        """The standing version of `key`, here or in the database, was superseded at `moment`."""
        row = self._standing.pop(key, None)
        if row is not None:
            row[self._schema.get_field_index(_SUPERSEDED_AT)] = moment
        elif is_stored:
            # If no version stood, the first will do: there is nothing to close.
            self._closed.setdefault(key, moment)

    def amend(self, key: int, before: ClaimAmendable, after: ClaimAmendable) -> None:
        """Change the standing version of `key`, here or in the database: `before` to `after`."""
        row = self._standing.get(key)
        if row is not None:
            for name, value in after._asdict().items():
                row[self._schema.get_field_index(name)] = value
        elif before != after:
            self._amended[key] = after

    def flush(self, database: Session, changes: Changes) -> None:
        # Amended versions stood before anything was superseded or opened.
        if self._amended:
            rows = ((key, *after) for key, after in self._amended.items())
            staged = arrow.table_of(rows, arrow.AMENDED_CLAIMS)
            change(database, changes, ("amend", "amended"), self._name, staged)
            self._amended = {}
        if self._closed:
            staged = arrow.table_of(self._closed.items(), arrow.CLOSED)
            change(database, changes, ("close", "closed"), self._name, staged)
            self._closed = {}
        super().flush(database, changes)
        self._standing = {}


class _Accepted(_Versions):
    """Which of the rows read are events that the ledger accepts, and when they were recorded.

    An event that makes a version of a report has it in its row, with the times that it stood.
    """

    columns: Columns
    log_id: str

    def __init__(self) -> None:
        super().__init__("accepted", arrow.CHOSEN)

    def _table(self) -> pa.Table:
        chosen, recorded_at, superseded_at = zip(*self.rows, strict=True)
        events = _chosen(self.columns.accepted, chosen)
        place = events.schema.get_field_index("payload")
        # It was parsed as JSON before: DuckDB need not do that again.
        events = events.set_column(place, "payload", events["payload"].cast(arrow.JSON))
        events = events.append_column("log_id", pa.repeat(pa.scalar(self.log_id), len(chosen)))
        events = events.append_column(_RECORDED_AT, pa.array(recorded_at, arrow.MOMENT))
        events = events.append_column(_SUPERSEDED_AT, pa.array(superseded_at, arrow.MOMENT))
        if _POSTED_BY not in events.column_names:
            events = events.append_column(_POSTED_BY, pa.nulls(len(chosen), arrow.TEXT))
        # The hashes of rows depend on the order of the columns.
        return events.select(arrow.ACCEPTED.names)


def _chosen(table: pa.Table, rows: Sequence[int]) -> pa.Table:
    """These rows of the table, in this order."""
    numbers = np.array(rows, np.int64)
    # Mostly they are all that was read; where conflicts took turns they may be in any order.
    if (np.diff(numbers) == 1).all():
        return table.slice(rows[0], len(rows))
    return table.take(pa.array(numbers))


class Staging:
    """Everything one transaction writes, in memory until `flush`."""

    def __init__(self) -> None:
        self.rejected = _Rows("rejected", arrow.REJECTED)
        self._accepted = _Accepted()
        self._claims = _Versions("claim_versions", arrow.CLAIMS)
        self._coverage = _Versions("coverage_versions", arrow.COVERAGE)
        self._claim_verdicts = _Versions("claim_verdict_versions", arrow.CLAIM_VERDICTS)
        self._verdicts = _Versions("verdict_versions", arrow.VERDICTS)
        self._judged = JudgedPairs()
        self._all: list[_Rows] = [self._accepted, self.rejected, self._claims]
        self._all += [self._coverage, self._claim_verdicts, self._verdicts]
        self.size = 0

    def read(self, log_id: str, columns: Columns) -> None:
        """From now on rows are of these columns; earlier ones must have been flushed."""
        self._columns = self._accepted.columns = columns
        self._accepted.log_id = log_id

    def event(self, logged: Logged, about: About | None, *, is_stored: bool) -> None:
        """Stage an event. `about`: the report that it makes, revises or retracts, if any.

        `is_stored`: the database may have that report.
        """
        self.size += 1
        row: Row = [logged.row, logged.recorded_at, None]
        if about is not None:
            self._accepted.close(about.report_key, logged.recorded_at, is_stored=is_stored)
            if about.stands:
                self._accepted.open(about.report_key, row)
                return
        self._accepted.rows.append(row)

    def claim(self, logged: Logged, key: ClaimKey, claim: Assertion | Denial | None) -> None:
        """Stage a claim, new or revised; None: it was retracted."""
        self.size += 1
        number = key_of(*key)
        self._claims.close(number, logged.recorded_at)
        if claim is not None:
            payload = self._columns.payload(logged.row)
            self._claims.open(number, claim_row(claim, payload, logged.recorded_at, number))

    def coverage(self, logged: Logged, coverage: Coverage) -> None:
        """Stage a statement of coverage, new or revised."""
        self.size += 1
        number = key_of(coverage.conflict, coverage.coverage_id)
        self._coverage.close(number, logged.recorded_at)
        payload = self._columns.payload(logged.row)
        self._coverage.open(number, coverage_row(coverage, payload, logged.recorded_at, number))

    def judged(self, logged: Logged, incident_key: int, step: FirstJudged, seq: int) -> None:
        """An incident is judged for the first time; published from message `seq` on."""
        self.size += len(step.commitment_ids)
        self._judged.first(logged, incident_key, step, seq)

    def first_seen(self, first_seen: FirstSight, seq: int) -> None:
        """Stage an event that makes an incident which nothing else in here is about.

        So nothing can replace its report, or how it is judged, until all is written.
        """
        self.size += 1 + len(first_seen.commitment_ids)
        self._accepted.rows.append((first_seen.row, first_seen.recorded_at, None))
        if first_seen.commitment_ids:
            self._judged.first_seen(first_seen, seq)

    def rejudged(self, logged: Logged, step: Rejudged, seq: int) -> None:
        """The judgement of a pair changes; published as message `seq` (0: not).

        A pair that was not judged before is a few numbers in `JudgedPairs`; all others are written
        out row by row, since a row may replace one or be replaced.
        """
        self.size += 1
        before = step.before
        if before is None:
            self._judged.add(logged, step, seq)
            return
        pair = (step.conflict, step.commitment_id, step.incident_id)
        since = self._judged.take_back(pair)
        if since is not None:
            self._spell_out(pair, before, since)
        self._judged.add(logged, step, seq)
        self._replace(logged.recorded_at, pair, before, step)

    def _replace(self, at: int, pair: PairIds, before: Judgement, step: Rejudged) -> None:
        after = step.after
        conflict, commitment_id, incident_id = pair
        incident_key = key_of(conflict, incident_id)
        self._verdict(at, pair, joined(incident_key, key_of(conflict, commitment_id)), step)
        old = {row.claim_id: row for row in before.claims}
        new = {} if after is None else {row.claim_id: row for row in after.claims}
        same_party = is_same_party(before, after)
        party = None if after is None else after.party
        for claim_id in sorted(old.keys() | new.keys()):
            was, now = old.get(claim_id), new.get(claim_id)
            if was != now or not same_party:
                key = joined(incident_key, key_of(conflict, commitment_id, claim_id))
                change = _ClaimChange(key, pair, claim_id, was, now, party)
                self._claim_verdict(at, change, same_party=same_party)

    def _spell_out(self, pair: PairIds, judgement: Judgement, since: int) -> None:
        conflict, commitment_id, incident_id = pair
        incident_key = key_of(conflict, incident_id)
        key = joined(incident_key, key_of(conflict, commitment_id))
        self._open_verdict(pair, key, judgement, since, (since, since))
        for claim in judgement.claims:
            key = joined(incident_key, key_of(conflict, commitment_id, claim.claim_id))
            change = _ClaimChange(key, pair, claim.claim_id, None, claim, judgement.party)
            self._claim_verdict(since, change, same_party=False)

    def _verdict(self, at: int, pair: tuple[str, str, str], key: int, step: Rejudged) -> None:
        before, after = step.before, step.after
        if before is not None and after is not None and is_same_version(before, after):
            return
        since: int | None = at
        raised_at: int | None = at
        if before is not None:
            if after is not None and before.verdict == after.verdict:
                standing = self._verdicts.standing(key)
                # None: as the version in the database, looked up when it is written.
                since = None if standing is None else standing[_SINCE]
                if is_same_party(before, after):
                    raised_at = None if standing is None else standing[_RAISED_AT]
            self._verdicts.close(key, at)
        if after is not None:
            self._open_verdict(pair, key, after, at, (since, raised_at))

    def _open_verdict(
        self,
        pair: PairIds,
        key: int,
        judgement: Judgement,
        at: int,
        came: tuple[int | None, int | None],
    ) -> None:
        _, verdict, party, start, end, sources, _ = judgement
        row = [*pair, party, verdict, start, end, *sources, at, None, *came, key]
        self._verdicts.open(key, row)

    def _claim_verdict(self, at: int, change: _ClaimChange, *, same_party: bool) -> None:
        key, (conflict, commitment_id, incident_id), claim_id, was, now, party = change
        if (
            was is not None
            and now is not None
            and is_same_claim_version(was, now, same_party=same_party)
        ):
            old, new = ClaimAmendable(was.before_conditions), ClaimAmendable(now.before_conditions)
            self._claim_verdicts.amend(key, old, new)
            return
        if was is not None:
            self._claim_verdicts.close(key, at)
        if now is not None:
            named = (conflict, commitment_id, claim_id, incident_id, party)
            row = [*named, now.verdict, *now.criteria, now.before_conditions, at, None, key]
            self._claim_verdicts.open(key, row)

    def flush(self, database: Session, changes: Changes) -> pa.Table | None:
        """Write everything staged, then be empty; `changes` records the effect on the tables.

        Returns the messages for it, if there are any.
        """
        self._carry_since(database)
        for rows in self._all:
            rows.flush(database, changes)
        published = self._flush_judged(database, changes)
        self.size = 0
        return published

    def _flush_judged(self, database: Session, changes: Changes) -> pa.Table | None:
        judged = self._judged
        if not judged:
            return None
        judged.settle(self._accepted.log_id, self._columns.accepted)
        insert(database, changes, "verdict_versions", judged.verdicts())
        insert(database, changes, "claim_verdict_versions", judged.claim_verdicts())
        published = judged.published()
        self._judged = JudgedPairs()
        return None if published is None else messages(published)

    def _carry_since(self, database: Session) -> None:
        carried = [row for row in self._verdicts.rows if None in {row[_SINCE], row[_RAISED_AT]}]
        if carried:
            keys = {row[_PAIR_KEY] for row in carried}
            staged = arrow.table_of(((key,) for key in keys), arrow.KEYS)
            found = database.over(queries("writing")["since"], staged)
            stood = {key: times for key, *times in found}
            for row in carried:
                since, raised_at = stood[row[_PAIR_KEY]]
                if row[_SINCE] is None:
                    row[_SINCE] = since  # type: ignore[index]
                if row[_RAISED_AT] is None:
                    row[_RAISED_AT] = raised_at  # type: ignore[index]


class _ClaimChange(NamedTuple):
    key: int
    pair: tuple[str, str, str]
    claim_id: str
    was: ClaimVerdict | None
    now: ClaimVerdict | None
    party: str | None
