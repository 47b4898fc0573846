"""New incidents of one simple report: most of a log, judged on the fast path.

Nothing else in the batch is about such an incident, and nothing in the ledger. So what stood before
is not looked up, and only the numbers that are written are made of each. The verdicts are those
that `fold` would give: both use `Standing.touched_at` and `decide_all`.
"""

from __future__ import annotations

import numpy as np

from analytics.ledger.keys import Numbers
from analytics.ledger.ledger import Transaction
from analytics.ledger.rows import FirstSight
from streams.engine.decoding import Reading
from streams.judging.memo import decide_all, one_statement
from streams.judging.standing import Standing


class FastPath:
    """Judges those of what was read that it is allowed to."""

    def __init__(self, reading: Reading, standing: Standing) -> None:
        self._standing = standing
        self._is_allowed = bytearray(len(reading.simple.said))
        columns, simple = reading.columns, reading.simple
        self._conflicts = columns.texts("conflict")
        self._when = list(
            zip(
                columns.numbers("begins_at").tolist(),
                columns.numbers("ends_at").tolist(),
                np.frombuffer(simple.throughout, np.bool_).tolist(),
                strict=True,
            )
        )
        self._numbers = simple.said
        self._statements = [one_statement(statement) for statement in simple.statements]

    def forget(self) -> None:
        """No incident is known to be new any more."""
        self._is_allowed = bytearray(len(self._is_allowed))

    def allow(self, rows: Numbers) -> None:
        """The incidents in these rows are new: nothing before them is about them."""
        np.frombuffer(self._is_allowed, np.bool_)[rows] = True

    def take(self, tx: Transaction, row: int, recorded_at: int) -> bool:
        """Have `tx` take the incident in this row, or say that it is to be judged as others are."""
        if not self._is_allowed[row]:
            return False
        matched = self._standing.touched_at(self._conflicts[row], self._when[row]).matched
        if matched is None:
            return False
        names = matched.commitment_ids
        decisions = (
            decide_all(matched.window_match, self._statements[self._numbers[row]]) if names else ()
        )
        tx.first_seen(FirstSight(row, recorded_at, names, decisions))
        return True
