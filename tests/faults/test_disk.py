"""A disk that is full: the worker stops in good order, and goes on when there is room."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.kafka.embedded_broker import EmbeddedBroker
from tests.faults.conftest import Start
from tests.faults.marked_worker import blank
from tests.faults.mixed import log_of
from tests.kafka.real import differences, found, publish

MIB = 2**20
SIZE = 32 * MIB

pytestmark = pytest.mark.faults


class Disk:
    """A small disk of its own, as full as a test wants."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self, *, but: int) -> None:
        """Leave so many bytes free."""
        self.empty()
        stat = os.statvfs(self.path)
        with self._ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, stat.f_bavail * stat.f_frsize - but)

    def empty(self) -> None:
        self._ballast.unlink(missing_ok=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Skip where none can be mounted, which root may, and who may have a user namespace."""
    path = tmp_path / "disk"
    path.mkdir()
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root can mount the small disk that this wants")
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    yield Disk(path)
    subprocess.run(["umount", "-l", str(path)], check=True)


def of_the_ledger(ended: tuple[int, str]) -> tuple[int, str]:
    """The exit code and what was said, but for the lake: that is on the same disk, and may wait."""
    code, said = ended
    lines = said.splitlines(keepends=True)
    return code, "".join(line for line in lines if not line.startswith("truce: the lake "))


@pytest.mark.parametrize("when", ["commit", "checkpoint"])
def test_it_stops_when_the_disk_is_full_and_goes_on_when_there_is_room(
    broker: EmbeddedBroker, start: Start, disk: Disk, tmp_path: Path, when: str
) -> None:
    log = log_of(3_000, seed=3)
    data_dir = disk.path / "data"
    environ = {"TRUCE_MAX_BATCH": "50"}
    if when == "checkpoint":
        marks = tmp_path / "marks"
        blank(marks)
        environ |= {"MARKS": str(marks), "CHECKPOINT": "1MB"}
    first = start(data_dir, **environ)
    first.ready()
    disk.fill(but=3 * MIB)
    publish(broker.bootstrap, log)
    code, said = of_the_ledger(first.ended())
    assert code == 1, said
    assert said.count("\n") == 1, said
    assert said.startswith("truce: ")
    assert "there is no room left" in said
    # With the disk as full as it was, it does not start, and says so in one line, too.
    disk.fill(but=0)
    code, said = of_the_ledger(start(data_dir).ended())
    assert (code, said.count("\n")) == (1, 1), said
    assert "there is no room left" in said
    disk.empty()
    again = start(data_dir)
    again.ready()
    again.judges(len(log))
    assert of_the_ledger(again.end()) == (0, "")
    undisturbed = start(tmp_path / "undisturbed")
    undisturbed.judges(len(log))
    assert undisturbed.end() == (0, "")
    assert not differences(found(data_dir), found(undisturbed.data_dir))


def test_it_does_not_start_where_there_is_no_room_for_a_database(start: Start, disk: Disk) -> None:
    disk.fill(but=4_096)
    code, said = start(disk.path / "data").ended()
    assert (code, said.count("\n")) == (1, 1), said
    assert "there is no room left" in said
    disk.empty()
    again = start(disk.path / "data")
    again.ready()
    assert again.end() == (0, "")
