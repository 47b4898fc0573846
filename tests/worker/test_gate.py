"""Nobody but its worker, and whom that lets in, reaches an embedded broker."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from streams.kafka import embedded_broker as brokers
from streams.kafka.access import Access
from streams.kafka.broker import ask_cluster_id
from streams.kafka.dialling import FILE_NAME, Handed, Handing
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.gate import Gate, GateError
from streams.kafka.tansu import broker_binary
from tests.support.brokers import open_broker
from tests.worker.plain_core import rows
from tests.worker.raw_kafka import RawClient
from tests.worker.running import Start, publish, within

NOBODY = 65534
SECONDS = 0.5

as_another_user = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


def reaches(address: str, source: tuple[str, int] | None = None) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), SECONDS, source):
            return True
    except TimeoutError:
        return False


def test_nobody_else_reaches_the_broker_of_a_worker(start: Start) -> None:
    worker = start()
    endpoint = worker.ready()
    # A port that the worker itself has come from, too, and another address of this machine.
    used = {port for port in local_ports(endpoint.bootstrap) if port > 1023}
    assert used
    assert not reaches(endpoint.bootstrap)
    assert not reaches(endpoint.bootstrap, ("127.0.0.2", 0))
    for port in sorted(used)[:3]:
        assert not reaches(endpoint.bootstrap, ("127.0.0.2", port))
    # And whoever asks the worker, as commands do, does.
    publish(endpoint.bootstrap, [(0, b"a"), (1, b"b")])
    assert within(5, lambda: len(rows(worker.data_dir)) == 2)
    assert worker.end() == (0, "")


def local_ports(bootstrap: str) -> set[int]:
    """From where there are connections to the broker."""
    wanted = f"0100007F:{int(bootstrap.rpartition(':')[2]):04X}"
    found = [line.split()[1:3] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(here.rpartition(":")[2], 16) for here, there in found if there == wanted}


PROBE = """
import socket, sys
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)
except TimeoutError:
    sys.exit(7)
"""


@as_another_user
def test_another_user_does_not(start: Start) -> None:
    port = start().ready().bootstrap.rpartition(":")[2]
    done = subprocess.run(["/usr/bin/python3", "-c", PROBE, port], user=NOBODY, check=False)
    assert done.returncode == 7


def test_what_the_brokers_own_authentication_is_worth(tmp_path: Path) -> None:
    """Why it is not what protects it: whoever fails to prove who they are is let in."""
    port = brokers._free_port()
    url = f"tcp://127.0.0.1:{port}"
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            [
                *(broker_binary(tmp_path), "broker", "--authentication"),
                *("--listener-url", url, "--advertised-listener-url", url),
                *("--storage-engine", "memory://tansu/"),
            ],
            stdout=log,
            stderr=log,
        ) as tansu,
    ):
        try:
            assert within(10, lambda: not refused(port))
            with RawClient(f"127.0.0.1:{port}") as stranger, pytest.raises(ConnectionError):
                stranger.create_topic("one")
            with RawClient(f"127.0.0.1:{port}") as stranger:
                assert b"e=unknown-user" in stranger.fail_to_authenticate()
                stranger.create_topic("two")
                assert b"two" in stranger.topics()
        finally:
            tansu.kill()


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_broker_that_somebody_reached_before_the_gate_was_closed_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening = brokers._listening
    intruders: list[socket.socket] = []

    async def intrude(port: int) -> bool:
        if not await listening(port):
            return False
        if not intruders:
            intruders.append(socket.create_connection(("127.0.0.1", port)))
        return True

    monkeypatch.setattr(brokers, "_listening", intrude)

    async def start() -> None:
        broker = EmbeddedBroker(tmp_path)
        await broker.start()
        try:
            assert intruders[0].getpeername()[1] != int(broker.bootstrap.rpartition(":")[2])
            assert await ask_cluster_id(broker.access) == broker.log_id
        finally:
            await broker.stop()

    asyncio.run(start())
    intruders[0].close()


def test_nor_one_in_which_there_is_something_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening = brokers._listening
    seen: list[int] = []

    async def intrude(port: int) -> bool:
        if not await listening(port):
            return False
        if not seen:
            with RawClient(f"127.0.0.1:{port}") as quick:
                quick.create_topic("truce.events")
            seen.append(port)
        return True

    monkeypatch.setattr(brokers, "_listening", intrude)

    async def start() -> int:
        broker = EmbeddedBroker(tmp_path)
        await broker.start()
        await broker.stop()
        return int(broker.bootstrap.rpartition(":")[2])

    assert asyncio.run(start()) not in seen


def test_where_the_kernel_does_not_let_it_be_closed_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise GateError("Operation not permitted")

    monkeypatch.setattr(brokers, "Gate", refuse)

    async def start() -> None:
        broker = EmbeddedBroker(tmp_path)
        await broker.start()
        assert await ask_cluster_id(Access(broker.bootstrap)) == broker.log_id
        await broker.stop()

    logger = logging.getLogger("streams")
    logger.addHandler(caplog.handler)
    asyncio.run(start())
    logger.removeHandler(caplog.handler)
    [said] = {one.getMessage() for one in caplog.records if one.name == "streams"}
    assert said == (
        "other users of this machine can reach the embedded broker, and what is in it: the kernel "
        "does not let it be closed to them (Operation not permitted); where there are any, set "
        "TRUCE_BROKER to a Kafka with TLS and SASL"
    )


def test_connections_can_be_made_from_many_threads_at_once(tmp_path: Path) -> None:
    with open_broker(tmp_path) as broker:
        gate = Gate(broker.pid, int(broker.bootstrap.rpartition(":")[2]))
        made: list[socket.socket] = []
        threads = [threading.Thread(target=lambda: made.append(gate.connect())) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({one.getsockname() for one in made}) == 50
        assert gate.passed()
        for one in made:
            one.close()
        gate.close()
        # The filter is the broker's: it stays closed also without us.
        assert not reaches(broker.bootstrap)


@pytest.fixture
def handing(tmp_path: Path) -> Any:
    """Hands out connections to a listener of the test's own."""
    # Longer than the name of a socket may be.
    folder = tmp_path / ("a" * 120)
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = Handing(
            folder, lambda: socket.create_connection(server.getsockname()), lambda: "l1"
        )
        yield folder, server, found
        found.close()
        assert not (folder / FILE_NAME).exists()


def test_a_connection_is_handed_to_the_same_user_until_the_worker_ends_it(handing: Any) -> None:
    folder, server, given = handing
    handed = Handed(folder)
    mine = handed()
    theirs, _ = server.accept()
    assert handed.current_log() == "l1"
    mine.setblocking(True)
    mine.sendall(b"before")
    assert theirs.recv(10) == b"before"
    given.shut()
    assert mine.recv(10) == b""
    assert theirs.recv(10) == b""
    with pytest.raises(OSError):  # noqa: PT011 - whichever the system gives
        mine.sendall(b"after")
    # Who asks meanwhile waits.
    waiting = threading.Thread(target=handed)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    given.reopen()
    waiting.join(5)
    assert not waiting.is_alive()
    handed.close()


def test_what_was_handed_out_ends_with_who_has_it(handing: Any) -> None:
    folder, server, _ = handing
    handed = Handed(folder)
    mine = handed()
    theirs, _ = server.accept()
    mine.close()
    handed.close()
    theirs.settimeout(5)
    assert theirs.recv(1) == b""


ASK = """
import socket, sys
asking = socket.socket(socket.AF_UNIX)
asking.settimeout(10)
import os
os.chdir(sys.argv[1])
asking.connect(sys.argv[2])
said, descriptors, _, _ = socket.recv_fds(asking, 100, 1)
sys.exit(9 if descriptors else 7)
"""


@as_another_user
def test_nothing_is_handed_to_another_user_even_if_the_file_lets_them(handing: Any) -> None:
    folder, _, _ = handing
    (folder / FILE_NAME).chmod(0o666)
    for parent in (folder, *folder.parents):
        if parent.stat().st_mode & 0o005 != 0o005:
            parent.chmod(0o755)

    def ask(user: int) -> int:
        command = ["/usr/bin/python3", "-c", ASK, str(folder), FILE_NAME]
        return subprocess.run(command, user=user, check=False).returncode

    assert ask(NOBODY) == 7
    assert ask(0) == 9


if sys.platform != "linux":  # pragma: no cover
    pytestmark = pytest.mark.skip(reason="only Linux has the means")
