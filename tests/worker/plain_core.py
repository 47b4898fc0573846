"""A stand-in for the ledger that keeps records as they come, in SQLite, and judges nothing.

Run as a program it is a worker with that: `plain_core.py [fail-after=N]`, settings as always from
the environment.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from analytics.lake.mark import LakeMark
    from analytics.ledger.rows import Reached
    from streams.kafka.progress import Behind

ROOT = Path(__file__).parents[2]


class PlainCore:
    """Records with their partition and offset, the next offsets and an outbox, in one file."""

    def __init__(self, data_dir: Path, *, fail_after: int | None = None, slow: float = 0.0) -> None:
        self.path = data_dir / "plain.sqlite"
        self.fail_after = fail_after
        self.slow = slow
        self.batches: list[int] = []
        self.served = False
        self.one_at_a_time = threading.Lock()

    def open(self) -> PlainCore:
        self.db = sqlite3.connect(self.path, check_same_thread=False)
        self.db.executescript(
            """
            CREATE TABLE IF NOT EXISTS record (log, part INT, off INT, key, value, stamp INT);
            CREATE TABLE IF NOT EXISTS next (log, part INT, off INT, PRIMARY KEY (log, part));
            CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY, topic, key, value);
            """
        )
        return self

    def reached(self, log_id: str) -> Mapping[int, Reached]:
        from analytics.ledger.rows import Reached

        # It keeps no times: nothing came after what it has.
        found = self.db.execute("SELECT part, off FROM next WHERE log = ?", (log_id,))
        return {partition: Reached(offset, sys.maxsize) for partition, offset in found}

    async def read(self, partition: int, records: Sequence[Any]) -> Sequence[Any]:
        return [(partition, r.offset, r.key, r.value, r.timestamp) for r in records]

    def judge(self, log_id: str, records: Sequence[Any]) -> tuple[str, Sequence[Any]]:
        return log_id, records

    def more(self) -> NoReturn:
        raise NotImplementedError("it leaves nothing behind")

    def behind(self) -> Behind:
        from streams.kafka.progress import NOTHING_BEHIND

        return NOTHING_BEHIND

    def commit(self, judged: tuple[str, Sequence[Any]]) -> int:
        log_id, records = judged
        time.sleep(self.slow)
        if self.fail_after is not None:
            self.fail_after -= len(records)
            if self.fail_after < 0:
                raise OSError("the disk is full")
        rows = [(log_id, *record) for record in records]
        with self.one_at_a_time, self.db:
            self.db.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)", rows)
            self.db.executemany(
                "INSERT INTO outbox (topic, key, value) VALUES ('truce.verdicts', ?, ?)",
                [(key, value) for _, _, key, value, _ in records],
            )
            self.db.execute(
                "INSERT OR REPLACE INTO next VALUES (?, ?, ?)",
                (log_id, records[-1][0], records[-1][1] + 1),
            )
        self.batches.append(len(records))
        return len(records)

    def pending_outbox(self, limit: int) -> list[Any]:
        with self.one_at_a_time:
            found = self.db.execute(
                "SELECT seq, topic, key, value FROM outbox ORDER BY seq LIMIT ?", (limit,)
            ).fetchall()
        return [(*row, (("from", b"test"),)) for row in found]

    def published(self, up_to_seq: int) -> None:
        with self.one_at_a_time, self.db:
            self.db.execute("DELETE FROM outbox WHERE seq <= ?", (up_to_seq,))

    def notices(self) -> NoReturn:
        raise NotImplementedError("it has no verdicts to tell")

    def lake(self) -> PlainLake:
        return PlainLake()

    def asking(self) -> Any:
        return lambda _sql, _values: []

    def lagging(self, lag: object) -> None:
        pass

    def metrics(self, accepts: str, progress: object) -> tuple[bytes, str]:
        return b"up 1\n", "text/plain; version=0.0.4; charset=utf-8"

    def judged(self, judged: object) -> tuple[()]:
        return ()

    def look(self) -> None:
        pass

    def saved(self) -> None:
        pass

    def close(self) -> None:
        if hasattr(self, "db"):
            self.db.close()


class PlainLake:
    """No lake."""

    def update(self, *, anew: bool = False) -> LakeMark:
        from analytics.lake.mark import LakeMark

        return LakeMark(0, 0, "plain", "")

    def maintain(self) -> None:
        pass

    def abandon(self) -> None:
        pass

    def close(self) -> None:
        pass


def rows(data_dir: Path) -> list[tuple[int, int, bytes]]:
    with sqlite3.connect(data_dir / "plain.sqlite") as db:
        return list(db.execute("SELECT part, off, value FROM record ORDER BY rowid"))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from streams import worker
    from streams.kafka.consumer import log_app
    from streams.settings_reader import load

    # The broker of these tests is always a Tansu, also where it is another worker's.
    log_app.KAFKA.update(log_app.TANSU)

    chosen = load(os.environ)
    given = dict(argument.split("=") for argument in sys.argv[1:])
    chosen.data_dir.mkdir(parents=True, exist_ok=True)
    worker.configure_logging(chosen)
    core = PlainCore(
        chosen.data_dir,
        fail_after=int(given["fail-after"]) if "fail-after" in given else None,
        slow=float(given.get("slow", 0)),
    )

    def ready(_: object) -> None:
        sys.stdout.write("ready\n")
        sys.stdout.flush()

    import uvloop

    sys.exit(uvloop.run(worker.run(chosen, on_ready=ready, core=core)))
