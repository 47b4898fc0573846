"""New incidents of one simple report: most of a log, judged in the quick way.

Nothing else in the batch is about such an incident, and nothing in the ledger. So what stood before
need not be asked, and no more is made of each than the numbers that are written. What it is judged
to be is what `fold` would say: both ask `Standing.touched_at` and `decide_all`.
"""

from __future__ import annotations

import numpy as np

from analytics.keys import Flags, Keys
from analytics.ledger import Transaction
from analytics.rows import Decision, LoneReports
from streams.judge import Asked, accounts_of, decide_all
from streams.reading import Reading
from streams.standing import Standing


class Lone:
    """The rows that are `is_lone`; by row, `events` and `incidents` are their keys."""

    def __init__(
        self, reading: Reading, standing: Standing, is_lone: Flags, events: Keys, incidents: Keys
    ) -> None:
        self._standing = standing
        self._is_lone: list[bool] = is_lone.tolist()
        self._events, self._incidents = events, incidents
        columns, simple = reading.columns, reading.simple
        self._conflicts = columns.accepted["conflict"].to_pylist()
        self._when = list(
            zip(
                columns.numbers("occurred_start").tolist(),
                columns.numbers("occurred_end").tolist(),
                np.frombuffer(simple.throughout, np.bool_).tolist(),
                np.frombuffer(simple.of_impact, np.bool_).tolist(),
                strict=True,
            )
        )
        self._said = simple.said
        self._accounts = [accounts_of((said,)) for said in simple.accounts]
        self._decided: dict[tuple[Asked, int], tuple[Decision, ...]] = {}
        self._begin()

    def _begin(self) -> None:
        self._rows: list[int] = []
        self._recorded_at: list[int] = []
        self._touching: list[int] = []
        self._commitment_ids: list[tuple[str, ...]] = []
        self._decisions: list[tuple[Decision, ...]] = []

    def __len__(self) -> int:
        """How many wait to be handed over."""
        return len(self._rows)

    def take(self, row: int, recorded_at: int) -> bool:
        """Judge the incident in this row, or say that it must be judged in the usual way."""
        if not self._is_lone[row]:
            return False
        met = self._standing.touched_at(self._conflicts[row], self._when[row]).met
        if met is None:
            return False
        if met.commitment_ids:
            self._touching.append(len(self._rows))
            self._commitment_ids.append(met.commitment_ids)
            number = self._said[row]
            decisions = self._decided.get((met.asked, number))
            if decisions is None:
                decisions = decide_all(met.asked, self._accounts[number])
                self._decided[met.asked, number] = decisions
            self._decisions.append(decisions)
        self._rows.append(row)
        self._recorded_at.append(recorded_at)
        return True

    def hand_over(self, tx: Transaction) -> list[int]:
        """Have `tx` take those that were judged since; when each was recorded."""
        recorded_at = self._recorded_at
        if recorded_at:
            rows = np.array(self._rows)
            tx.lone(
                LoneReports(
                    *(self._rows, recorded_at, self._events[rows], self._incidents[rows]),
                    *(self._touching, self._commitment_ids, self._decisions),
                )
            )
            self._begin()
        return recorded_at
