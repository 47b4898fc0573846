"""Which notifications are due and which were sent: kept in the database, sent elsewhere.

The versions of verdicts in the ledger are compared with the notifications each target has received;
the difference is due. So nothing is written while events are judged, a verdict that was withdrawn
before anybody was notified is never sent, and a database that is rebuilt from the log finds the
notifications sent before. What comes faster than people read is combined into digests here, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb

from analytics.notifications.facts import facts, lists_of
from analytics.notifications.rows import Digest, Facts, Lane, Notification, NotificationOutcome
from analytics.queries import queries
from analytics.storage.database import ReadOnlySession
from schemas.time import Instant

SECOND = 1_000_000
# Versions recorded this long before the oldest to be sent are counted at the first look only:
# to scan all standing versions takes long.
MARGIN = 3_600 * SECOND
# The period of TRUCE_NOTIFY_RATE.
RATE_SECONDS = 60
# An incident flaps after this many single notifications in this time, until as long a silence.
FLIPS = 3
FLAPPING_SECONDS = 600
# How often the text of an open digest is rewritten; Alertmanager sends no notification for that.
SECONDS_PER_TEXT = 5
SECONDS_PER_EVENT = 60
MOST_NAMED = 5


def switch(
    connection: duckdb.DuckDBPyConnection, targets: Collection[str], now: Instant
) -> list[str]:
    """Make these the only targets from `now` on; returns those that are new."""
    sql, on = queries("notices"), sorted(targets)
    connection.execute(sql["switched_off"], {"targets": on})
    connection.execute(sql["untold"], {"targets": on, "now": now})
    connection.execute(queries("digests")["undigested"], {"targets": on})
    fresh = connection.execute(sql["switched_on"], {"targets": on, "now": now}).fetchall()
    return [target for (target,) in fresh]


class Notifications:
    """The notifications in the database, over a connection of their own. One thread at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._floor = 0
        # Facts are read over a connection that cannot write.
        self._asking = ReadOnlySession(connection.cursor())
        self._digest_rows("counted_digests")

    def look(
        self, verdicts: Collection[str], oldest: Instant, now: Instant, rate: int
    ) -> Counter[str]:
        """Record what is due: `verdicts` that now stand, and withdrawals of those already sent.

        Versions recorded before `oldest` are not sent; returns how many these are, by target. Above
        `rate` for a commitment and verdict in a minute they become a digest.
        """
        values = {"verdicts": list(verdicts), "floor": self._floor, "oldest": oldest, "now": now}
        with self.moment():
            self._rows("withdrawn", now=now)
            fresh = self._rows("standing", **values)
            self._rows("revised", now=now)
            if any(state == "waiting" for _, state in fresh):
                self._digest(now, rate)
            self._revise(now, rate)
        self._floor = oldest - MARGIN
        return Counter(target for target, state in fresh if state == "old")

    def _digest(self, now: Instant, rate: int) -> None:
        minute, flapping = now - RATE_SECONDS * SECOND, now - FLAPPING_SECONDS * SECOND
        self._digest_rows("begin_flapping", now=now, flapping_since=flapping, flips=FLIPS)
        self._digest_rows("join_flapping", now=now)
        self._digest_rows("begin_bursts", now=now, rate_since=minute, rate=rate)
        self._digest_rows("join_bursts", now=now, rate_since=minute, rate=rate)
        self._digest_rows("first_of_bursts", now=now)

    def _revise(self, now: Instant, rate: int) -> None:
        minute, flapping = now - RATE_SECONDS * SECOND, now - FLAPPING_SECONDS * SECOND
        self._digest_rows("close_bursts", now=now, rate_since=minute, rate=rate)
        self._digest_rows("close_flapping", now=now, flapping_since=flapping)
        self._digest_rows(
            "due_digests",
            often=now - SECONDS_PER_TEXT * SECOND,
            seldom=now - SECONDS_PER_EVENT * SECOND,
        )

    def has_open_digests(self) -> bool:
        """Whether there are digests that may still change."""
        return bool(self._digest_rows("open_digests")[0][0])

    def before(self, verdicts: Collection[str]) -> dict[str, int]:
        """How many of `verdicts` stand since before their target was switched on."""
        return dict(self._rows("before", verdicts=list(verdicts)))

    def waiting(self) -> dict[str, int]:
        """How many messages wait for each target."""
        return dict(self._rows("waiting"))

    def pass_over(self, target: str, now: Instant) -> int:
        """Skip what no longer stands; returns how many of these cannot have arrived."""
        return sum(
            state == "passed" for (state,) in self._rows("pass_over", target=target, now=now)
        )

    def lanes(self, target: str) -> list[Lane]:
        """The lanes in which something waits, the oldest first."""
        return [
            (conflict, commitment) for conflict, commitment in self._rows("lanes", target=target)
        ]

    def next(self, target: str, lanes: Sequence[Lane], most: int) -> list[Notification]:
        """The next notifications for `target`, at most `most` of each of these lanes."""
        return [
            Notification(*row)
            for row in self._rows("next", target=target, most=most, **lists_of(lanes))
        ]

    def next_digests(self, target: str, lanes: Sequence[Lane], most: int) -> list[Digest]:
        """The next digests for `target`, at most `most` of each of these lanes."""
        found = self._digest_rows("next_digests", target=target, most=most, **lists_of(lanes))
        return [self._detailed(Digest(*row)) for row in found]

    def _detailed(self, one: Digest) -> Digest:
        parties = self._digest_rows("parties_of_digest", digest=one.digest, most=MOST_NAMED + 1)
        incidents = self._digest_rows("incidents_of_digest", digest=one.digest, most=MOST_NAMED)
        return one._replace(
            parties=tuple((party, count) for party, count in parties),
            incidents=tuple(incident for (incident,) in incidents),
        )

    def facts(self, notices: Sequence[Notification]) -> dict[int, Facts]:
        """The facts that these notifications state, by `seq`."""
        with self._asking.moment() as connection:
            return facts(connection, notices)

    def trying(self, contents: Mapping[int, str]) -> None:
        """These are about to be posted: from here on they may have arrived."""
        if contents:
            self._rows("trying", seqs=[*contents], contents=[*contents.values()])

    def untried(self, seqs: Collection[int]) -> None:
        """These were not posted after all."""
        if seqs:
            self._rows("untried", seqs=list(seqs))

    def done(self, seqs: Collection[int], state: NotificationOutcome, now: Instant) -> None:
        """These notifications are settled."""
        if seqs:
            self._rows("done", seqs=list(seqs), state=state, now=now)

    def trying_digest(self, one: Digest, content: str) -> None:
        """A text of this digest is about to be posted."""
        self._digest_rows(
            "trying_digest",
            digest=one.digest,
            content=content,
            revision=one.revision,
            counted=one.counted,
            standing=one.standing,
            is_final=one.is_closed,
        )

    def shorter_digest(self, digest: int, content: str) -> None:
        """A shorter text for the same digest is about to be posted."""
        self._digest_rows("shorter_digest", digest=digest, content=content)

    def done_digest(self, digest: int, state: NotificationOutcome, now: Instant) -> None:
        """The last posted text has arrived, or was refused."""
        self._digest_rows("done_digest", digest=digest, state=state, now=now)

    def recent(self, target: str, since: Instant) -> list[int]:
        """Those sent since then, in order: the last of each pair, party and verdict."""
        return [seq for (seq,) in self._rows("recent", target=target, since=since)]

    def contents(self, seqs: Sequence[int]) -> list[str]:
        """The posted contents of those of these that were sent."""
        return [content for (content,) in self._rows("contents", seqs=seqs)]

    def recent_digests(self, target: str, since: Instant) -> list[str]:
        """The last text of each digest that was sent since then."""
        found = self._digest_rows("recent_digests", target=target, since=since)
        return [content for (content,) in found]

    @contextmanager
    def moment(self) -> Iterator[None]:
        """All queries in the block see one snapshot; its writes are kept together or not at all."""
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the connections."""
        self._asking.close()
        self._connection.close()

    def _rows(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(queries("notices")[name], values or None).fetchall()

    def _digest_rows(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(queries("digests")[name], values or None).fetchall()
