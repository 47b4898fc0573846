"""The judgements of a transaction, in columns: what many pairs share is stored once, numbered.

A pair that is judged for the first time, and a change that is to be published, are a few numbers
here. Arrow turns all of them into rows and messages at once. No rules here.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np
import pyarrow as pa

from analytics.ledger import arrow
from analytics.ledger.keys import Flags, Numbers, joined_all, key_of
from analytics.ledger.rows import FirstJudged, FirstSight, IncidentKey, Logged, Rejudged
from schemas.verdicts import CRITERIA, ClaimVerdict, Decision, Sources, changed

Key = TypeVar("Key")
PairIds = tuple[str, str, str]
"""(conflict, commitment_id, incident_id)"""

_TEXTS_OF_FIRST_SEEN = ("conflict", "incident_id")
_PLACE = ("partition", "offset", "batch_index")
_NUMBERS_OF_FIRST_SEEN = ("incident_key", "occurred_start", "occurred_end")


class _Numbered(dict[Key, int]):
    """Numbers distinct values from 0."""

    def __missing__(self, key: Key) -> int:
        self[key] = number = len(self)
        return number


class _Finding(NamedTuple):
    """The judgement of many incidents under many commitments; no verdict: it was withdrawn."""

    verdict: str | None
    party: str | None
    sources: Sources
    claims: tuple[ClaimVerdict, ...]


# In place of a judgement: the incident no longer touches the commitment.
NO_SOURCES = Sources(0, None, False, ())
NOTHING = _Finding(None, None, NO_SOURCES, ())


class _Previous(NamedTuple):
    """The verdict that stood before, and the names of what has changed; None: nothing stood."""

    verdict: str | None
    changed: tuple[str, ...] | None


FIRST = _Previous(None, None)


class _Change(NamedTuple):
    """A change of a pair as numbers: its step, commitment, finding, what was before, and message.

    `seq` 0: there is no message. `is_first`: it was not judged before.
    """

    step: int
    commitment: int
    finding: int
    previous: int
    seq: int
    is_first: bool


_CHANGE_SIZE = len(_Change._fields)
_IS_FIRST = _Change._fields.index("is_first")


class _New(NamedTuple):
    """A new incident, under several commitments: step, groups, and first message."""

    step: int
    commitments: int
    findings: int
    seq: int


_NEW_SIZE = len(_New._fields)


class _ChangeColumns(NamedTuple):
    """Many of `_Change`, in columns."""

    step: Numbers
    commitment: Numbers
    finding: Numbers
    previous: Numbers
    seq: Numbers
    is_first: Numbers

    def where(self, flags: Flags) -> _ChangeColumns:
        """Those whose flag is set."""
        return _ChangeColumns(*[column[flags] for column in self])


class _Steps:
    """Each change of one incident by one event: which, where in the log, and when it occurred."""

    def __init__(self) -> None:
        self.incident_ids: list[str] = []
        self.places: list[str] = []
        self.incident_keys, self.recorded_at = array("q"), array("q")
        self.starts, self.ends = array("q"), array("q")
        self._logged: Logged | None = None
        self._last: tuple[str, tuple[int, int]] | None = None
        self._place = ""

    def number(
        self, logged: Logged, conflict: str, incident_id: str, occurred: tuple[int, int]
    ) -> int:
        """The number of this step: the last one's if it is the same."""
        if logged is self._logged and (incident_id, occurred) == self._last:
            return len(self.places) - 1
        return self.new(logged, incident_id, key_of(conflict, incident_id), occurred)

    def new(
        self, logged: Logged, incident_id: str, incident_key: int, occurred: tuple[int, int]
    ) -> int:
        """The number of this step, which differs from the last one."""
        if logged is not self._logged:
            self._logged = logged
            log_id, partition, offset, batch_index = logged.position
            self._place = f"{log_id}/{partition}/{offset}/{batch_index}"
        self._last = (incident_id, occurred)
        self.incident_ids.append(incident_id)
        self.places.append(self._place)
        self.incident_keys.append(incident_key)
        self.recorded_at.append(logged.recorded_at)
        start, end = occurred
        self.starts.append(start)
        self.ends.append(end)
        return len(self.places) - 1

    def extend(
        self,
        incident_ids: Iterable[str],
        places: Iterable[str],
        *numbers: Numbers,
    ) -> int:
        """Add steps, none of which repeats the last one; returns the number of the first.

        `numbers`: their keys, when they were recorded, their starts and their ends.
        """
        first = len(self.places)
        self._logged = None
        self.incident_ids += incident_ids
        self.places += places
        columns = self.incident_keys, self.recorded_at, self.starts, self.ends
        for column, more in zip(columns, numbers, strict=True):
            column.frombytes(more.astype(np.int64).tobytes())
        return first


class _Groups:
    """Groups of numbers, each with a number of its own; group 0 is empty."""

    def __init__(self) -> None:
        self._number_of: dict[Any, int] = {}
        self._members = array("q")
        self._bounds = array("q", (0, 0))

    def find(self, key: Hashable) -> int | None:
        """The number of the group that was added under this key."""
        return self._number_of.get(key)

    def put(self, key: Hashable, members: Iterable[int]) -> int:
        """Add a group, which gets the next number."""
        self._members.extend(members)
        self._number_of[key] = number = len(self._bounds) - 1
        self._bounds.append(len(self._members))
        return number

    def __getitem__(self, number: int) -> Sequence[int]:
        return self._members[self._bounds[number] : self._bounds[number + 1]]

    def sizes(self, numbers: Numbers) -> Numbers:
        """How many members each of these groups has."""
        return np.diff(np.asarray(self._bounds))[numbers]

    def members(self, numbers: Numbers, places: Numbers) -> Numbers:
        """The member of each of these groups at this place."""
        return np.asarray(self._members)[np.asarray(self._bounds)[numbers] + places]


class JudgedPairs:
    """The pairs that a transaction has judged, until they are written."""

    def __init__(self) -> None:
        self._steps = _Steps()
        self._commitments: _Numbered[tuple[str, str]] = _Numbered()
        self._findings: _Numbered[_Finding] = _Numbered()
        self._previous: _Numbered[_Previous] = _Numbered()
        # One `_Change` after the other.
        self._numbers = array("q")
        self._where: dict[PairIds, int] = {}
        # One `_New` after the other; the groups are of numbers as in the columns.
        self._new = array("q")
        self._where_new: dict[IncidentKey, tuple[int, tuple[str, ...]]] = {}
        self._commitment_groups, self._finding_groups = _Groups(), _Groups()
        self._first_seen: list[FirstSight] = []
        self._first_seen_seqs: list[int] = []

    def first(self, logged: Logged, incident_key: int, judged: FirstJudged, seq: int) -> None:
        """Add a new incident; published as messages from number `seq` on, or not if 0."""
        conflict, incident_id, start, end, commitment_ids, decisions = judged
        step = self._steps.new(logged, incident_id, incident_key, (start, end))
        self._where_new[conflict, incident_id] = (len(self._new), commitment_ids)
        commitments = self._commitments_of(conflict, commitment_ids)
        self._new.extend(_New(step, commitments, self._findings_of(decisions), seq))

    def first_seen(self, first_seen: FirstSight, seq: int) -> None:
        """Add a new incident whose judgement stays until all this is written.

        Its row is one of those passed to `settle`; published as for `first`.
        """
        self._first_seen.append(first_seen)
        self._first_seen_seqs.append(seq)

    def settle(self, log_id: str, accepted: pa.Table) -> None:
        """Finish: add the columns of what was `first_seen`, from rows of `accepted`."""
        if not self._first_seen:
            return
        rows, recorded_at, commitment_ids, decisions = zip(*self._first_seen, strict=True)
        seqs = self._first_seen_seqs
        self._first_seen, self._first_seen_seqs = [], []
        of_rows = accepted.select([*_TEXTS_OF_FIRST_SEEN, *_PLACE, *_NUMBERS_OF_FIRST_SEEN]).take(
            pa.array(rows)
        )
        conflicts, incident_ids, *places = (
            of_rows[name].to_pylist() for name in (*_TEXTS_OF_FIRST_SEEN, *_PLACE)
        )
        keys, starts, ends = (
            of_rows[name].cast(arrow.PLACE).to_numpy() for name in _NUMBERS_OF_FIRST_SEEN
        )
        first = self._steps.extend(
            incident_ids,
            ["/".join((log_id, *map(str, place))) for place in zip(*places, strict=True)],
            *(keys, np.array(recorded_at), starts, ends),
        )
        new = (
            np.arange(first, first + len(rows)),
            list(map(self._commitments_of, conflicts, commitment_ids)),
            list(map(self._findings_of, decisions)),
            seqs,
        )
        self._new.frombytes(np.stack(new, axis=1).astype(np.int64).tobytes())

    def _commitments_of(self, conflict: str, commitment_ids: tuple[str, ...]) -> int:
        number = self._commitment_groups.find((conflict, commitment_ids))
        if number is not None:
            return number
        members = [self._commitments[conflict, commitment_id] for commitment_id in commitment_ids]
        return self._commitment_groups.put((conflict, commitment_ids), members)

    def _findings_of(self, decisions: tuple[Decision, ...]) -> int:
        number = self._finding_groups.find(decisions)
        if number is not None:
            return number
        members = [self._findings[_Finding(*decided)] for decided in decisions]
        return self._finding_groups.put(decisions, members)

    def add(self, logged: Logged, rejudged: Rejudged, seq: int) -> None:
        """Add a change; published as message number `seq`, or not if that is 0."""
        conflict, incident_id, commitment_id, before, after = rejudged
        if before is None:
            previous = FIRST
            self._where[conflict, commitment_id, incident_id] = len(self._numbers)
        else:
            previous = _Previous(before.verdict, None if after is None else changed(before, after))
        occurred, finding = (0, 0), NOTHING
        if after is not None:
            occurred = (after.occurred_start, after.occurred_end)
            finding = _Finding(after.verdict, after.party, after.sources, after.claims)
        change = _Change(
            self._steps.number(logged, conflict, incident_id, occurred),
            self._commitments[conflict, commitment_id],
            self._findings[finding],
            self._previous[previous],
            seq,
            before is None,
        )
        self._numbers.extend(change)

    def take_back(self, pair: PairIds) -> int | None:
        """Drop the rows of a pair that was first judged here; returns since when it stands."""
        conflict, _, incident_id = pair
        self._part(conflict, incident_id)
        at = self._where.pop(pair, None)
        if at is None:
            return None
        self._numbers[at + _IS_FIRST] = False
        return self._steps.recorded_at[self._numbers[at]]

    def _part(self, conflict: str, incident_id: str) -> None:
        """Give each pair of an incident that is new here a row of its own."""
        at, commitment_ids = self._where_new.pop((conflict, incident_id), (None, ()))
        if at is None:
            return
        step, commitments, findings, seq = self._new[at : at + _NEW_SIZE]
        self._new[at : at + _NEW_SIZE] = array("q", _New(step, 0, 0, 0))
        pairs = zip(
            commitment_ids,
            self._commitment_groups[commitments],
            self._finding_groups[findings],
            strict=True,
        )
        for place, (commitment_id, commitment, finding) in enumerate(pairs):
            self._where[conflict, commitment_id, incident_id] = len(self._numbers)
            message = seq and seq + place
            change = _Change(step, commitment, finding, self._previous[FIRST], message, True)
            self._numbers.extend(change)

    def _columns(self) -> _ChangeColumns:
        found = np.frombuffer(self._numbers, dtype=np.int64).reshape(-1, _CHANGE_SIZE).T
        of_new = np.frombuffer(self._new, np.int64).reshape(-1, _NEW_SIZE).T
        step, commitments, findings, seq = of_new
        row, place = spread(self._commitment_groups.sizes(commitments))
        new = _ChangeColumns(
            step[row],
            self._commitment_groups.members(commitments[row], place),
            self._finding_groups.members(findings[row], place),
            np.full(len(row), self._previous[FIRST]),
            np.where(seq[row] > 0, seq[row] + place, 0),
            np.ones(len(row), np.int64),
        )
        return _ChangeColumns(*np.concatenate((found, np.stack(new)), axis=1))

    def _first(self) -> tuple[Numbers, Numbers, Numbers]:
        """Step, commitment and finding of each pair judged for the first time."""
        columns = self._columns()
        firsts = columns.where(columns.is_first == 1)
        return firsts.step, firsts.commitment, firsts.finding

    def verdicts(self) -> pa.Table:
        """The rows of `verdict_versions` for pairs judged for the first time."""
        step, commitment, finding = self._first()
        moment = moments(self._steps.recorded_at, step)
        keys = _taken(np.array([key_of(*names) for names in self._commitments]), commitment)
        return table(
            arrow.VERDICTS,
            *self._names(commitment),
            texts(self._steps.incident_ids, step),
            texts([found.party for found in self._findings], finding),
            texts([found.verdict for found in self._findings], finding),
            moments(self._steps.starts, step),
            moments(self._steps.ends, step),
            *sources_columns([found.sources for found in self._findings], finding),
            moment,
            pa.nulls(len(step), arrow.MOMENT),
            moment,
            moment,
            pa.array(joined_all(_taken(self._steps.incident_keys, step), keys)),
        )

    def claim_verdicts(self) -> pa.Table:
        """The rows of `claim_verdict_versions` for pairs judged for the first time."""
        step, commitment, finding = self._first()
        counts = np.array([len(found.claims) for found in self._findings], dtype=np.int64)
        claims = [claim for found in self._findings for claim in found.claims]
        row, behind = spread(counts[finding])
        # The claims of a finding are adjacent: the place of its first, and the distance from it.
        claim = (np.cumsum(counts) - counts)[finding][row] + behind
        step, commitment, finding = step[row], commitment[row], finding[row]
        claim_ids = [one.claim_id for one in claims]
        return table(
            arrow.CLAIM_VERDICTS,
            *self._names(commitment),
            texts(claim_ids, claim),
            texts(self._steps.incident_ids, step),
            texts([found.party for found in self._findings], finding),
            texts([one.verdict for one in claims], claim),
            *criteria_columns(claims, claim),
            texts([one.before_conditions for one in claims], claim),
            moments(self._steps.recorded_at, step),
            pa.nulls(len(step), arrow.MOMENT),
            self._claim_keys(step, commitment, claim, claim_ids),
        )

    def _claim_keys(
        self, step: Numbers, commitment: Numbers, claim: Numbers, claim_ids: Sequence[str]
    ) -> pa.Array:
        numbered: _Numbered[str] = _Numbered()
        name = np.array([numbered[claim_id] for claim_id in claim_ids], dtype=np.int64)
        names, commitments = list(numbered), list(self._commitments)
        # Each claim once, however many incidents are judged by it.
        which, back = np.unique(commitment * len(names) + name[claim], return_inverse=True)
        keys = [
            key_of(*commitments[n // len(names)], names[n % len(names)]) for n in which.tolist()
        ]
        of_claims = np.array(keys, dtype=np.int64)[back]
        return pa.array(joined_all(_taken(self._steps.incident_keys, step), of_claims))

    def published(self) -> pa.Table | None:
        """The input of `messages`; None: there is nothing to publish."""
        columns = self._columns()
        step, commitment, finding, previous, seq, _ = columns.where(columns.seq > 0)
        if not len(seq):
            return None
        steps = self._steps
        return table(
            arrow.PUBLISHED,
            np.ascontiguousarray(seq),
            *self._names(commitment),
            texts(steps.incident_ids, step),
            texts(steps.places, step),
            texts([found.party for found in self._findings], finding),
            texts([found.verdict for found in self._findings], finding),
            texts([before.verdict for before in self._previous], previous),
            *(
                moments(numbers, step, arrow.UTC)
                for numbers in (steps.recorded_at, steps.starts, steps.ends)
            ),
            texts(
                [sources_json(found.verdict, found.sources) for found in self._findings], finding
            ),
            texts([as_json(found.claims) for found in self._findings], finding),
            texts([changed_json(before.changed) for before in self._previous], previous),
        )

    def _names(self, commitment: Numbers) -> tuple[pa.Array, pa.Array]:
        conflicts, commitment_ids = zip(*self._commitments, strict=True)
        return texts(conflicts, commitment), texts(commitment_ids, commitment)

    def __bool__(self) -> bool:
        return bool(self._numbers or self._new or self._first_seen)


def as_json(claims: Iterable[ClaimVerdict]) -> str:
    """The verdicts by each claim, as in a message."""
    rows = [
        {"claim_id": claim.claim_id, "verdict": claim.verdict, **claim.criteria._asdict()}
        for claim in claims
    ]
    return msgspec.json.encode(rows).decode()


def sources_json(verdict: str | None, sources: Sources) -> str:
    """The members of a message that say who says so; null where no verdict stands."""
    said = dict.fromkeys(Sources._fields) if verdict is None else sources._asdict()
    return msgspec.json.encode(said).decode()[1:-1]


def changed_json(names: tuple[str, ...] | None) -> str:
    """The names of what has changed, as in a message."""
    return msgspec.json.encode(names).decode()


def sources_columns(sources: Sequence[Sources], where: Numbers) -> list[pa.Array]:
    """A column for each part of `Sources`, selected by the indices `where`."""
    columns = zip(*sources, strict=True) if sources else [()] * len(Sources._fields)
    kinds = (arrow.VERDICTS.field(name).type for name in Sources._fields)
    at = pa.array(where)
    return [pa.array(c, kind).take(at) for c, kind in zip(columns, kinds, strict=True)]


def spread(counts: Numbers) -> tuple[Numbers, Numbers]:
    """Repeat each index `counts` times: the index of each row, and its place among its repeats."""
    row = np.repeat(np.arange(len(counts)), counts)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)


def _taken(numbers: array[int] | Numbers, where: Numbers) -> Numbers:
    return np.asarray(numbers)[where]


def moments(
    numbers: array[int] | Numbers, where: Numbers, kind: pa.DataType = arrow.MOMENT
) -> pa.Array:
    """Times in us since 1970, selected by the indices `where`."""
    return pa.array(_taken(numbers, where)).view(kind)


def texts(given: Sequence[str | None], where: Numbers) -> pa.Array:
    """Texts, selected by the indices `where`."""
    return pa.array(given, arrow.TEXT).take(pa.array(where))


def criteria_columns(claims: Sequence[ClaimVerdict], where: Numbers) -> list[pa.Array]:
    """A column for each criterion: its answers for these claims, selected by `where`."""
    rows = [one.criteria for one in claims]
    columns = zip(*rows, strict=True) if rows else [()] * len(CRITERIA)
    return [pa.array(answers, arrow.FLAG).take(pa.array(where)) for answers in columns]


def table(schema: pa.Schema, *columns: Any) -> pa.Table:  # noqa: ANN401 - Arrow's or numpy's
    """Columns, in their order, as a table."""
    arrays = [
        c if isinstance(c, pa.Array) else pa.array(c, field.type)
        for c, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
