"""Writes judgements shared by many pairs to the database, set by set.

The rows are those that `Staging` writes for each pair by itself. No rules here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from analytics.ledger import arrow
from analytics.ledger.contents import Changes, change, insert
from analytics.ledger.keys import Flags, Numbers, joined_all, key_of
from analytics.ledger.rows import Logged, RejudgedAlike
from analytics.ledger.versions import (
    NO_SOURCES,
    as_json,
    changed_json,
    criteria_columns,
    moments,
    sources_columns,
    sources_json,
    spread,
    table,
    texts,
)
from analytics.queries import queries
from analytics.storage.database import Session
from schemas.verdicts import (
    ClaimVerdict,
    Judgement,
    changed,
    is_same_claim_version,
    is_same_party,
    is_same_version,
)

_AMEND, _CLOSE = ("amend", "amended"), ("close", "closed")
NOTHING = Judgement("", "clear", None, 0, 0, NO_SOURCES, ())


class _OfClaim(NamedTuple):
    """How the verdict by one claim changes, for all pairs of the change with this number."""

    number: int
    claim_id: str
    was: ClaimVerdict | None
    now: ClaimVerdict | None


class AlikeRows:
    """The rows that some changes by one event produce; pairs are rows from 0."""

    def __init__(self, logged: Logged, changes: Sequence[RejudgedAlike]) -> None:
        self._changes = changes
        self._logged = logged
        incidents = [change.incidents for change in changes]
        self._sizes = np.array([len(one.places) for one in incidents], np.int64)
        self._of = np.repeat(np.arange(len(changes)), self._sizes)
        self._firsts = np.cumsum(self._sizes) - self._sizes
        self._places, self._keys, self._starts, self._ends = (
            np.concatenate([getattr(one, name) for one in incidents])
            for name in ("places", "incident_keys", "starts", "ends")
        )
        self._ids = [name for one in incidents for name in one.incident_ids]
        of_commitments = [key_of(c.conflict, c.commitment_id) for c in changes]
        self._pair_keys = joined_all(self._keys, np.array(of_commitments, np.int64)[self._of])
        self._stands = [change.after or NOTHING for change in changes]
        self._claims = [one for number in range(len(changes)) for one in self._of_claims(number)]

    def _of_claims(self, number: int) -> Iterable[_OfClaim]:
        change = self._changes[number]
        old, new = (
            {} if judged is None else {row.claim_id: row for row in judged.claims}
            for judged in (change.before, change.after)
        )
        for claim_id in sorted(old.keys() | new.keys()):
            was, now = old.get(claim_id), new.get(claim_id)
            if was != now or not _is_of_same_party(change):
                yield _OfClaim(number, claim_id, was, now)

    def write(self, database: Session, changes: Changes) -> None:
        """Close, amend and open versions; what was staged for these pairs must have been written.

        `changes` records the effect on the tables.
        """
        came = self._came(database)
        verdicts, claim_verdicts = "verdict_versions", "claim_verdict_versions"
        for steps, table_name, rows in (
            (_AMEND, claim_verdicts, self._amended_claims()),
            (_CLOSE, verdicts, self._closed()),
            (_CLOSE, claim_verdicts, self._closed_claims()),
        ):
            if len(rows):
                change(database, changes, steps, table_name, rows)
        for table_name, rows in (
            (verdicts, self._verdicts(came)),
            (claim_verdicts, self._claim_verdicts()),
        ):
            if len(rows):
                insert(database, changes, table_name, rows)

    def published(self, is_published: Sequence[bool], first_seq: int) -> pa.Table:
        """The input of `messages` for these changes, by incident."""
        rows = np.flatnonzero(np.array(is_published)[self._of])
        rows = rows[np.argsort(self._places[rows], kind="stable")]
        of = self._of[rows]
        log_id, *place = self._logged.position
        before = [change.before and change.before.verdict for change in self._changes]
        verdicts = [change.after and change.after.verdict for change in self._changes]
        names = [
            None if c.before is None or c.after is None else changed(c.before, c.after)
            for c in self._changes
        ]
        at = np.full(len(rows), self._logged.recorded_at)
        return table(
            arrow.PUBLISHED,
            np.arange(first_seq, first_seq + len(rows)),
            *self._names(of),
            texts(self._ids, rows),
            pa.repeat("/".join((log_id, *map(str, place))), len(rows)),
            texts([one.party for one in self._stands], of),
            texts(verdicts, of),
            texts(before, of),
            pa.array(at).view(arrow.UTC),
            *(moments(times, rows, arrow.UTC) for times in self._occurred()),
            texts(
                [
                    sources_json(verdict, one.sources)
                    for verdict, one in zip(verdicts, self._stands, strict=True)
                ],
                of,
            ),
            texts([as_json(one.claims) for one in self._stands], of),
            texts([changed_json(one) for one in names], of),
        )

    def _occurred(self) -> tuple[Numbers, Numbers]:
        return self._starts, self._ends

    def _names(self, of: Numbers) -> tuple[pa.Array, pa.Array]:
        conflicts, commitments = zip(
            *[(c.conflict, c.commitment_id) for c in self._changes], strict=True
        )
        return texts(conflicts, of), texts(commitments, of)

    def _which(self, answers: Iterable[bool]) -> Numbers:
        """The pairs of the changes whose answer is yes."""
        flags: Flags = np.array(list(answers), np.bool_)
        return np.flatnonzero(flags[self._of])

    def _closed(self) -> pa.Table:
        rows = self._which(c.before is not None and not _is_same(c) for c in self._changes)
        return self._closing(self._pair_keys[rows])

    def _closing(self, keys: Numbers) -> pa.Table:
        at = pa.array(np.full(len(keys), self._logged.recorded_at)).view(arrow.MOMENT)
        return table(arrow.CLOSED, keys, at)

    def _came(self, database: Session) -> tuple[Numbers, Numbers]:
        """Since when each pair has its verdict, and since when its party with it."""
        since = np.full(len(self._of), self._logged.recorded_at)
        raised_at = since.copy()
        rows = self._which(
            not _is_same(c)
            and c.before is not None
            and c.after is not None
            and c.before.verdict == c.after.verdict
            for c in self._changes
        )
        if len(rows):
            keys = pa.table({"key": pa.array(self._pair_keys[rows])}, schema=arrow.KEYS)
            found = database.over(queries("writing")["since"], keys)
            stood = {key: times for key, *times in found}
            same = np.array([_is_of_same_party(c) for c in self._changes], np.bool_)[self._of]
            for row, key in zip(rows.tolist(), self._pair_keys[rows].tolist(), strict=True):
                since[row], was_raised_at = stood[key]
                if same[row]:
                    raised_at[row] = was_raised_at
        return since, raised_at

    def _verdicts(self, came: tuple[Numbers, Numbers]) -> pa.Table:
        rows = self._which(c.after is not None and not _is_same(c) for c in self._changes)
        of = self._of[rows]
        return table(
            arrow.VERDICTS,
            *self._names(of),
            texts(self._ids, rows),
            texts([one.party for one in self._stands], of),
            texts([one.verdict for one in self._stands], of),
            *(moments(times, rows) for times in self._occurred()),
            *sources_columns([one.sources for one in self._stands], of),
            pa.array(np.full(len(rows), self._logged.recorded_at)).view(arrow.MOMENT),
            pa.nulls(len(rows), arrow.MOMENT),
            *(moments(times, rows) for times in came),
            self._pair_keys[rows],
        )

    def _pairs_of(self, claims: Sequence[_OfClaim]) -> tuple[Numbers, Numbers]:
        """For these changes by claims, pair by pair: the number of the change, and the pair."""
        of = np.array([one.number for one in claims], np.int64)
        which, behind = spread(self._sizes[of])
        return which, self._firsts[of][which] + behind

    def _claim_keys(self, claims: Sequence[_OfClaim], which: Numbers, rows: Numbers) -> Numbers:
        keys = [
            key_of(change.conflict, change.commitment_id, one.claim_id)
            for one in claims
            for change in (self._changes[one.number],)
        ]
        return joined_all(self._keys[rows], np.array(keys, np.int64)[which])

    def _amended_claims(self) -> pa.Table:
        claims = [one for one in self._claims if self._is_amended(one)]
        which, rows = self._pairs_of(claims)
        before = [one.now.before_conditions for one in claims if one.now is not None]
        return table(
            arrow.AMENDED_CLAIMS, self._claim_keys(claims, which, rows), texts(before, which)
        )

    def _is_amended(self, one: _OfClaim) -> bool:
        same_party = _is_of_same_party(self._changes[one.number])
        return is_same_claim_version(one.was, one.now, same_party=same_party)

    def _closed_claims(self) -> pa.Table:
        claims = [c for c in self._claims if c.was is not None and not self._is_amended(c)]
        return self._closing(self._claim_keys(claims, *self._pairs_of(claims)))

    def _claim_verdicts(self) -> pa.Table:
        opened = [
            (one, one.now)
            for one in self._claims
            if one.now is not None and not self._is_amended(one)
        ]
        claims, verdicts = [one for one, _ in opened], [now for _, now in opened]
        which, rows = self._pairs_of(claims)
        of = self._of[rows]
        return table(
            arrow.CLAIM_VERDICTS,
            *self._names(of),
            texts([now.claim_id for now in verdicts], which),
            texts(self._ids, rows),
            texts([one.party for one in self._stands], of),
            texts([now.verdict for now in verdicts], which),
            *criteria_columns(verdicts, which),
            texts([now.before_conditions for now in verdicts], which),
            pa.array(np.full(len(rows), self._logged.recorded_at)).view(arrow.MOMENT),
            pa.nulls(len(rows), arrow.MOMENT),
            self._claim_keys(claims, which, rows),
        )


def _is_same(change: RejudgedAlike) -> bool:
    return is_same_version(change.before, change.after)


def _is_of_same_party(change: RejudgedAlike) -> bool:
    return is_same_party(change.before, change.after)
