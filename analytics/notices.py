"""What is to be told of the verdicts, to whom, and what was: kept in the database, sent elsewhere.

The versions of verdicts in the ledger are compared with what each target was told; the difference
is what it is still to be told. So nothing is written while events are judged, a verdict that was
taken back before anybody heard of it is never told, and a database that is built anew from the log
finds what it had told already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import duckdb

from analytics.database import Asking
from analytics.queries import queries
from schemas.time import Instant

# What comes so much later than the oldest that is told is not even counted, but for the first look:
# to look through all that stands takes long.
MARGIN = 3_600 * 1_000_000

Kind = Literal["stands", "withdrawn"]
Done = Literal["told", "refused", "passed"]


class Notice(NamedTuple):
    """One thing to tell one target: that a version of a verdict stands, or was withdrawn.

    `stands`: whether it does now; `content`: what was posted, if that was tried before. Times are
    in microseconds since 1970.
    """

    seq: int
    kind: Kind
    conflict: str
    commitment_id: str
    incident_id: str
    party: str | None
    verdict: str
    recorded_at: Instant
    state: str
    content: str | None
    stands: bool
    superseded_at: Instant | None


def switch(
    connection: duckdb.DuckDBPyConnection, targets: Collection[str], now: Instant
) -> list[str]:
    """Let these be the targets from `now` on, and no others; those that were not until now."""
    sql, on = queries("notices"), sorted(targets)
    connection.execute(sql["switched_off"], {"targets": on})
    connection.execute(sql["untold"], {"targets": on, "now": now})
    fresh = connection.execute(sql["switched_on"], {"targets": on, "now": now}).fetchall()
    return [target for (target,) in fresh]


class Notices:
    """The notices in the database, over a connection of their own. One thread at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._asking = Asking(connection.cursor())
        self._floor = 0

    def look(self, verdicts: Collection[str], oldest: Instant, now: Instant) -> Counter[str]:
        """Note what is to be told: of `verdicts` that now stand, and of those told that do not.

        What was recorded before `oldest` is not told; gives how many these are, by target.
        """
        values = {"verdicts": list(verdicts), "floor": self._floor, "oldest": oldest, "now": now}
        with self.moment():
            self._rows("withdrawn")
            fresh = self._rows("standing", **values)
        self._floor = oldest - MARGIN
        return Counter(target for target, state in fresh if state == "old")

    def before(self, verdicts: Collection[str]) -> dict[str, int]:
        """How many of `verdicts` stand since before their target was switched on."""
        return dict(self._rows("before", verdicts=list(verdicts)))

    def waiting(self) -> dict[str, int]:
        """How many notices each target is still to be told."""
        return dict(self._rows("waiting"))

    def next(self, target: str) -> Notice | None:
        """What `target` is to be told next."""
        for row in self._rows("next", target=target):
            return Notice(*row)
        return None

    def trying(self, seq: int, content: str) -> None:
        """This is about to be posted: from here on it may have arrived."""
        self._rows("trying", seq=seq, content=content)

    def done(self, seq: int, state: Done, now: Instant) -> None:
        """Nothing more is to be done about this notice."""
        self._rows("done", seq=seq, state=state, now=now)

    def recent(self, target: str, since: Instant) -> list[str]:
        """What was told from then on, in its order: the last of each pair, party and verdict."""
        return [content for (content,) in self._rows("recent", target=target, since=since)]

    def ask(self, sql: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """What the database answers; nothing that is asked here can write."""
        return self._asking.ask(sql, values)

    @contextmanager
    def moment(self) -> Iterator[None]:
        """All that is asked within is as of one moment; all that is written, or none, is kept."""
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Let go of the connections."""
        self._asking.close()
        self._connection.close()

    def _rows(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(queries("notices")[name], values or None).fetchall()
