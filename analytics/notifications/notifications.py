"""What is to be told of the verdicts, to whom, and what was: kept in the database, sent elsewhere.

The versions of verdicts in the ledger are compared with what each target was told; the difference
is what it is still to be told. So nothing is written while events are judged, a verdict that was
taken back before anybody heard of it is never told, and a database that is built anew from the log
finds what it had told already. What comes faster than people read is put into digests here, too.
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
# What comes so much later than the oldest that is told is not even counted, but for the first look:
# to look through all that stands takes long.
MARGIN = 3_600 * SECOND
# TRUCE_NOTIFY_RATE is so many in this time.
RATE_SECONDS = 60
# So often told one by one in this time, an incident flaps; it does so until it was quiet as long.
FLIPS = 3
FLAPPING_SECONDS = 600
# How often the text of a digest that goes on is written anew. Alertmanager notifies nobody of that.
SECONDS_PER_TEXT = 5
SECONDS_PER_EVENT = 60
MOST_NAMED = 5


def switch(
    connection: duckdb.DuckDBPyConnection, targets: Collection[str], now: Instant
) -> list[str]:
    """Let these be the targets from `now` on, and no others; those that were not until now."""
    sql, on = queries("notices"), sorted(targets)
    connection.execute(sql["switched_off"], {"targets": on})
    connection.execute(sql["untold"], {"targets": on, "now": now})
    connection.execute(queries("digests")["undigested"], {"targets": on})
    fresh = connection.execute(sql["switched_on"], {"targets": on, "now": now}).fetchall()
    return [target for (target,) in fresh]


class Notifications:
    """The notices in the database, over a connection of their own. One thread at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._floor = 0
        # What texts are made of is asked where nothing can be written.
        self._asking = ReadOnlySession(connection.cursor())
        self._digest_rows("counted_digests")

    def look(
        self, verdicts: Collection[str], oldest: Instant, now: Instant, rate: int
    ) -> Counter[str]:
        """Note what is to be told: of `verdicts` that now stand, and of those told that do not.

        What was recorded before `oldest` is not told; gives how many these are, by target. Above
        `rate` of a commitment and verdict in a minute they become a digest.
        """
        values = {"verdicts": list(verdicts), "floor": self._floor, "oldest": oldest, "now": now}
        with self.moment():
            self._rows("withdrawn", now=now)
            fresh = self._rows("standing", **values)
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
        """Whether there are digests that change as time goes by."""
        return bool(self._digest_rows("open_digests")[0][0])

    def before(self, verdicts: Collection[str]) -> dict[str, int]:
        """How many of `verdicts` stand since before their target was switched on."""
        return dict(self._rows("before", verdicts=list(verdicts)))

    def waiting(self) -> dict[str, int]:
        """How many messages each target is still to be sent."""
        return dict(self._rows("waiting"))

    def pass_over(self, target: str, now: Instant) -> int:
        """Do not tell of what stands no more; how many of these cannot have arrived."""
        return sum(
            state == "passed" for (state,) in self._rows("pass_over", target=target, now=now)
        )

    def lanes(self, target: str) -> list[Lane]:
        """Where something waits, the oldest first."""
        return [
            (conflict, commitment) for conflict, commitment in self._rows("lanes", target=target)
        ]

    def next(self, target: str, lanes: Sequence[Lane], most: int) -> list[Notification]:
        """What `target` is to be told next, at most so much of each of these lanes."""
        return [
            Notification(*row)
            for row in self._rows("next", target=target, most=most, **lists_of(lanes))
        ]

    def next_digests(self, target: str, lanes: Sequence[Lane], most: int) -> list[Digest]:
        """The digests that `target` is to be sent next, at most so many of each of these lanes."""
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
        """What the messages of these notices are made of, by `seq`."""
        with self._asking.moment() as connection:
            return facts(connection, notices)

    def trying(self, contents: Mapping[int, str]) -> None:
        """This is about to be posted: from here on it may have arrived."""
        if contents:
            self._rows("trying", seqs=[*contents], contents=[*contents.values()])

    def untried(self, seqs: Collection[int]) -> None:
        """This was not posted after all."""
        if seqs:
            self._rows("untried", seqs=list(seqs))

    def done(self, seqs: Collection[int], state: NotificationOutcome, now: Instant) -> None:
        """Nothing more is to be done about these notices."""
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
        """Another text is about to be posted, which says the same in less."""
        self._digest_rows("shorter_digest", digest=digest, content=content)

    def done_digest(self, digest: int, state: NotificationOutcome, now: Instant) -> None:
        """The text that was posted last has arrived, or is refused."""
        self._digest_rows("done_digest", digest=digest, state=state, now=now)

    def recent(self, target: str, since: Instant) -> list[int]:
        """What was told from then on, in its order: the last of each pair, party and verdict."""
        return [seq for (seq,) in self._rows("recent", target=target, since=since)]

    def contents(self, seqs: Sequence[int]) -> list[str]:
        """What was posted of these, if it was told."""
        return [content for (content,) in self._rows("contents", seqs=seqs)]

    def recent_digests(self, target: str, since: Instant) -> list[str]:
        """The last text of each digest that was told from then on."""
        found = self._digest_rows("recent_digests", target=target, since=since)
        return [content for (content,) in found]

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

    def _digest_rows(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(queries("digests")[name], values or None).fetchall()
