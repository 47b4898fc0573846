"""Nothing is lost or counted twice: a database that is left at any moment, and opened again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.ledger.ledger import Ledger, OutboxMessage, Transaction
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from tests.support.generated import logs
from tests.support.logged import HISTORY, LOG_ID, STANDING, Dump, Query, Scratch, answers, records
from tests.support.trying import in_parts, tried

WAL = ".wal"
KEPT = {name: query for name, query in HISTORY.items() if name != "outbox"} | STANDING
LEFT_TO_TELL = {"outbox": HISTORY["outbox"]}
Told = tuple[str, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, not even a clean-up."""


class Life(NamedTuple):
    """How a worker ends.

    closed: told to; in_batch: while the batch is folded, after `place` records of it;
    in_commit: while the commit is written, with `place` thousandths of it on the disk;
    committed: before any message went out; publishing: after `place` of them went out, and before
    the ledger knows of the last `unnoted`.
    """

    end: str
    place: int
    unnoted: int


LIVES = st.builds(
    Life,
    st.sampled_from(["closed", "in_batch", "in_commit", "committed", "publishing", "publishing"]),
    st.integers(0, 1_000),
    st.sampled_from([0, 0, 1, 2]),
)


class Workers:
    """Workers of one database, of which each goes on from what the last one left on the disk."""

    def __init__(self, folder: Path, template: Path) -> None:
        self._folder, self._number = folder, 0
        self.path = folder / "0.duckdb"
        shutil.copy(template, self.path)
        self.told: list[Told] = []

    def live(self, log: Sequence[RawRecord], up_to: int, life: Life) -> None:
        """A worker that reads the log from the ledger's offsets to `up_to`, and ends so."""
        image: list[Path] = []
        with _killable(self.path) as ledger:
            batch = _unread(ledger, log[:up_to])
            before = _size(self.path)
            if life.end == "in_batch" and batch:
                ledger.dies_at = life.place % len(batch)
                ledger.dying = lambda: image.append(self._image())
            try:
                process(ledger, load_standing(ledger), LOG_ID, read(batch))
            except Killed:
                assert image
            else:
                self._tell(ledger, life)
                if life.end != "closed":
                    image.append(self._image())
                if life.end == "in_commit" and _wal(image[0]).exists():
                    written = _size(image[0]) - before
                    _cut(image[0], before + written * life.place // 1_000)
            if image:
                # What is left of the dead one is the image: its own file is of no use any more.
                ledger.cursor().execute("PRAGMA disable_checkpoint_on_shutdown")
        if image:
            self.path = image[0]

    def finish(self, log: Sequence[RawRecord], queries: Mapping[str, Query]) -> Dump:
        """A worker that reads the log to its end, and tells all; what its database answers then."""
        with Ledger.open(self.path) as ledger:
            process(ledger, load_standing(ledger), LOG_ID, read(_unread(ledger, log)))
            self._tell(ledger, Life("closed", 0, 0))
            cursor = ledger.cursor()
            cursor.execute("PRAGMA disable_checkpoint_on_shutdown")
            return answers(cursor, queries)

    def _tell(self, ledger: Ledger, life: Life) -> None:
        if life.end in {"committed", "in_commit"}:
            return
        pending = ledger.pending_outbox()
        if life.end == "publishing":
            pending = pending[: life.place % (len(pending) + 1)]
        self.told += map(_content, pending)
        noted = pending[: -life.unnoted] if life.end == "publishing" and life.unnoted else pending
        if noted:
            ledger.published(noted[-1].seq)

    def _image(self) -> Path:
        """What is on the disk at this moment, as if nothing came after it."""
        self._number += 1
        image = self._folder / f"{self._number}.duckdb"
        shutil.copy(self.path, image)
        if _wal(self.path).exists():
            shutil.copy(_wal(self.path), _wal(image))
        return image


class _DyingTransaction(Transaction):
    """Ends after some records, with all of them written and none committed."""

    ledger: _Killable

    def advance(self, log_id: str, partition: int, next_offset: int, recorded_at: int) -> None:
        super().advance(log_id, partition, next_offset, recorded_at)
        if self.ledger.dies_at == 0:
            self.flush()
            self.ledger.dying()
            raise Killed
        self.ledger.dies_at -= 1


class _Killable(Ledger):
    dies_at = -1
    dying: Callable[[], None]


def _killable(path: Path) -> _Killable:
    ledger = _Killable.open(path)
    ledger.kind_of_transaction = type("_Dying", (_DyingTransaction,), {"ledger": ledger})
    return ledger


def _unread(ledger: Ledger, log: Sequence[RawRecord]) -> list[RawRecord]:
    known = ledger.offsets(LOG_ID)
    return [record for record in log if record.offset >= known.get(record.partition, 0)]


def _content(message: OutboxMessage) -> Told:
    return message[1:]


def _wal(path: Path) -> Path:
    return path.with_name(path.name + WAL)


def _size(path: Path) -> int:
    return _wal(path).stat().st_size if _wal(path).exists() else 0


def _cut(path: Path, size: int) -> None:
    with _wal(path).open("r+b") as wal:
        wal.truncate(size)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without a row: to make one takes longer than to fold a log."""
    path = tmp_path_factory.mktemp("template") / "truce.duckdb"
    Ledger.open(path).close()
    return path


@pytest.fixture(scope="module")
def scratch() -> Scratch:
    return Scratch()


@in_parts
@tried()
@given(data=st.data(), log=logs())
def test_left_at_any_moment_and_opened_it_comes_to_the_same_and_tells_all_of_it(
    template: Path, scratch: Scratch, part: int, data: st.DataObject, log: list[str]
) -> None:
    items = records(log)
    lives = data.draw(st.lists(LIVES, min_size=1, max_size=2), label="lives")
    reached = sorted(data.draw(st.integers(1, len(items)), label="up to") for _ in lives)
    ledger = scratch.emptied()
    process(ledger, load_standing(ledger), LOG_ID, read(items))
    expected = [_content(message) for message in ledger.pending_outbox()]
    undisturbed = scratch.dump(KEPT)

    with tempfile.TemporaryDirectory(dir=template.parent) as folder:
        workers = Workers(Path(folder), template)
        for life, up_to in zip(lives, reached, strict=True):
            workers.live(items, up_to, life)
        left = workers.finish(items, KEPT | LEFT_TO_TELL)
    assert left == undisturbed | {"outbox": []}
    assert list(dict.fromkeys(workers.told)) == expected, "each is told, in its order"
    if not any(life.end == "publishing" and life.unnoted for life in lives):
        assert workers.told == expected, "what the ledger knows to be told is not told again"
