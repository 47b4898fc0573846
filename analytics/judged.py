"""What a transaction has judged, in columns: what many pairs share stands once, under a number.

A pair that is judged for the first time, and a change that is to be told, are a few numbers here.
Arrow and DuckDB make rows and messages of all of them at once. No rules here.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np
import pyarrow as pa

from analytics import tables
from analytics.keys import joined_all, key_of
from analytics.rows import ClaimVerdict, Judgement, Logged, Rejudged

Key = TypeVar("Key")
Pair = tuple[str, str, str]
"""(conflict, commitment_id, incident_id)"""
Numbers = np.ndarray[Any, np.dtype[np.int64]]

_SEQ, _FIRST = 4, 5


class _Numbered(dict[Key, int]):
    """Numbers things from 0, each by what it is."""

    def __missing__(self, key: Key) -> int:
        self[key] = number = len(self)
        return number


class _Finding(NamedTuple):
    """What many incidents are judged to be under many commitments; no verdict: nothing any more."""

    verdict: str | None
    party: str | None
    independent_reports: int
    claims: tuple[ClaimVerdict, ...]


# In the place of a judgement: the incident does not touch the commitment any more.
NOTHING = ("", None, None, 0, 0, 0, ())


class _Steps:
    """Each change of one incident by one event: which, where in the log, and when it occurred."""

    def __init__(self) -> None:
        self.incident_ids: list[str] = []
        self.places: list[str] = []
        self.incident_keys, self.recorded_at = array("q"), array("q")
        self.starts, self.ends = array("q"), array("q")
        self._logged: Logged | None = None
        self._last: tuple[str, int, int] | None = None
        self._place = ""

    def number(
        self, logged: Logged, conflict: str, incident_id: str, after: Judgement | None
    ) -> int:
        """The number of this step: the last one's if it is the same."""
        _, _, _, start, end, _, _ = after or NOTHING
        step = (incident_id, start, end)
        if logged is not self._logged:
            self._logged = logged
            self._place = "/".join(map(str, logged.position))
        elif step == self._last:
            return len(self.places) - 1
        self._last = step
        self.incident_ids.append(incident_id)
        self.places.append(self._place)
        self.incident_keys.append(key_of(conflict, incident_id))
        self.recorded_at.append(logged.recorded_at)
        self.starts.append(start)
        self.ends.append(end)
        return len(self.places) - 1


class JudgedPairs:
    """The pairs that a transaction has judged, until they are written."""

    def __init__(self) -> None:
        self._steps = _Steps()
        self._commitments: _Numbered[tuple[str, str]] = _Numbered()
        self._findings: _Numbered[tuple[str | None, str | None, int, int]] = _Numbered()
        self._found: list[_Finding] = []
        self._previous: _Numbered[str | None] = _Numbered()
        # A row of six numbers after the other; see `_columns`.
        self._numbers = array("q")
        self._where: dict[Pair, int] = {}

    def add(self, logged: Logged, rejudged: Rejudged, seq: int) -> None:
        """Take a change; it is told as message number `seq`, or not at all if that is 0."""
        conflict, incident_id, commitment_id, before, after = rejudged
        if before is None:
            previous = None
            self._where[conflict, commitment_id, incident_id] = len(self._numbers)
        else:
            previous = before.verdict
        row = (
            self._steps.number(logged, conflict, incident_id, after),
            self._commitments[conflict, commitment_id],
            self._number(after),
            self._previous[previous],
            seq,
            before is None,
        )
        self._numbers.extend(row)

    def _number(self, after: Judgement | None) -> int:
        _, verdict, party, _, _, independent, claims = after or NOTHING
        # Claims by identity: equal ones may get two numbers, and are never compared.
        number = self._findings[verdict, party, independent, id(claims)]
        if number == len(self._found):
            self._found.append(_Finding(verdict, party, independent, claims))
        return number

    def take_back(self, pair: Pair) -> int | None:
        """Write no rows of a pair that was judged for the first time here; since when it stands."""
        at = self._where.pop(pair, None)
        if at is None:
            return None
        self._numbers[at + _FIRST] = False
        return self._steps.recorded_at[self._numbers[at]]

    def _columns(self) -> Numbers:
        """Of each change: step, commitment, finding, verdict before, message, is it the first?"""
        return np.frombuffer(self._numbers, dtype=np.int64).reshape(-1, _FIRST + 1).T

    def _first(self) -> Numbers:
        columns = self._columns()
        return columns[:3, columns[_FIRST] == 1]

    def verdicts(self) -> pa.Table:
        """The rows of `verdict_versions` of what was judged for the first time."""
        step, commitment, finding = self._first()
        moment = _moments(self._steps.recorded_at, step)
        keys = _taken(np.array([key_of(*names) for names in self._commitments]), commitment)
        return _table(
            tables.VERDICTS,
            *self._names(commitment),
            _texts(self._steps.incident_ids, step),
            _texts([found.party for found in self._found], finding),
            _texts([found.verdict for found in self._found], finding),
            _moments(self._steps.starts, step),
            _moments(self._steps.ends, step),
            _taken(np.array([found.independent_reports for found in self._found]), finding),
            moment,
            pa.nulls(len(step), tables.MOMENT),
            moment,
            pa.array(joined_all(_taken(self._steps.incident_keys, step), keys)),
        )

    def claim_verdicts(self) -> pa.Table:
        """The rows of `claim_verdict_versions` of what was judged for the first time."""
        step, commitment, finding = self._first()
        counts = np.array([len(found.claims) for found in self._found], dtype=np.int64)
        claims = [claim for found in self._found for claim in found.claims]
        row = np.repeat(np.arange(len(finding)), counts[finding])
        # The claims of a finding stand together: its first one's place, and how far from there.
        behind = np.arange(len(row)) - np.repeat(
            np.cumsum(counts[finding]) - counts[finding], counts[finding]
        )
        claim = (np.cumsum(counts) - counts)[finding][row] + behind
        step, commitment, finding = step[row], commitment[row], finding[row]
        said = [(c.claim_id, c.verdict, *c.criteria, c.before_conditions) for c in claims]
        claim_ids, verdicts, *criteria, before = zip(*said, strict=True) if said else [()] * 9
        return _table(
            tables.CLAIM_VERDICTS,
            *self._names(commitment),
            _texts(claim_ids, claim),
            _texts(self._steps.incident_ids, step),
            _texts([found.party for found in self._found], finding),
            _texts(verdicts, claim),
            *(pa.array(answers, tables.FLAG).take(pa.array(claim)) for answers in criteria),
            _texts(before, claim),
            _moments(self._steps.recorded_at, step),
            pa.nulls(len(step), tables.MOMENT),
            self._claim_keys(step, commitment, claim, claim_ids),
        )

    def _claim_keys(
        self, step: Numbers, commitment: Numbers, claim: Numbers, claim_ids: Sequence[str]
    ) -> pa.Array:
        numbered: _Numbered[str] = _Numbered()
        name = np.array([numbered[claim_id] for claim_id in claim_ids], dtype=np.int64)
        names, commitments = list(numbered), list(self._commitments)
        # Each claim once, whatever number of incidents are judged by it.
        which, back = np.unique(commitment * len(names) + name[claim], return_inverse=True)
        keys = [
            key_of(*commitments[n // len(names)], names[n % len(names)]) for n in which.tolist()
        ]
        of_claims = np.array(keys, dtype=np.int64)[back]
        return pa.array(joined_all(_taken(self._steps.incident_keys, step), of_claims))

    def told(self) -> pa.Table | None:
        """What `messages` of `writing.sql` makes messages of; None: there is nothing to tell."""
        columns = self._columns()
        step, commitment, finding, previous, seq, _ = columns[:, columns[_SEQ] > 0]
        if not len(seq):
            return None
        steps = self._steps
        return _table(
            tables.TOLD,
            np.ascontiguousarray(seq),
            *self._names(commitment),
            _texts(steps.incident_ids, step),
            _texts(steps.places, step),
            _texts([found.party for found in self._found], finding),
            _texts([found.verdict for found in self._found], finding),
            _texts(list(self._previous), previous),
            *(
                _moments(numbers, step, tables.UTC)
                for numbers in (steps.recorded_at, steps.starts, steps.ends)
            ),
            _taken(np.array([found.independent_reports for found in self._found]), finding),
            _texts([_as_json(found.claims) for found in self._found], finding),
        )

    def _names(self, commitment: Numbers) -> tuple[pa.Array, pa.Array]:
        conflicts, commitment_ids = zip(*self._commitments, strict=True)
        return _texts(conflicts, commitment), _texts(commitment_ids, commitment)

    def __len__(self) -> int:
        return len(self._numbers) // (_FIRST + 1)


def _as_json(claims: Iterable[ClaimVerdict]) -> str:
    said = [
        {"claim_id": claim.claim_id, "verdict": claim.verdict, **claim.criteria._asdict()}
        for claim in claims
    ]
    return msgspec.json.encode(said).decode()


def _taken(numbers: array[int] | Numbers, where: Numbers) -> Numbers:
    return np.asarray(numbers)[where]


def _moments(numbers: array[int], where: Numbers, kind: pa.DataType = tables.MOMENT) -> pa.Array:
    return pa.array(_taken(numbers, where)).view(kind)


def _texts(texts: Sequence[str | None], where: Numbers) -> pa.Array:
    return pa.array(texts, tables.TEXT).take(pa.array(where))


def _table(schema: pa.Schema, *columns: Any) -> pa.Table:  # noqa: ANN401 - Arrow's or numpy's
    arrays = [
        c if isinstance(c, pa.Array) else pa.array(c, field.type)
        for c, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
