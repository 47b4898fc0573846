"""New incidents of one simple report: most of a log, judged in the quick way.

Nothing else in the batch is about such an incident, and nothing in the ledger. So what stood before
need not be asked, and no more is made of each than the numbers that are written. What it is judged
to be is what `fold` would say: both ask `Standing.touched_at` and `decide_all`.
"""

from __future__ import annotations

import numpy as np

from analytics.ledger.keys import Flags
from analytics.ledger.ledger import Transaction
from analytics.ledger.rows import FirstSight
from streams.engine.decoding import Reading
from streams.judging.judge import accounts_of, decide_all
from streams.judging.standing import Standing


class Lone:
    """Judges those of what was read that are `is_lone`, by row."""

    def __init__(self, reading: Reading, standing: Standing, is_lone: Flags) -> None:
        self._standing = standing
        self._is_lone: list[bool] = is_lone.tolist()
        columns, simple = reading.columns, reading.simple
        self._conflicts = columns.texts("conflict")
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

    def take(self, tx: Transaction, row: int, recorded_at: int) -> bool:
        """Have `tx` take the incident in this row, or say that it is to be judged as others are."""
        if not self._is_lone[row]:
            return False
        met = self._standing.touched_at(self._conflicts[row], self._when[row]).met
        if met is None:
            return False
        names = met.commitment_ids
        decisions = decide_all(met.asked, self._accounts[self._said[row]]) if names else ()
        tx.lone(FirstSight(row, recorded_at, names, decisions))
        return True
