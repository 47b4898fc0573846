"""The broker that a worker starts and ends itself.

It is Tansu, which speaks Kafka's protocol and keeps all in memory: its log lives as long as the
worker, and what is in it is kept by the ledger.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import socket
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

from streams.kafka.access import Access
from streams.kafka.broker import BrokerError, cluster_id, opened
from streams.kafka.dialling import dial_with
from streams.kafka.gate import Gate, GateError, listens
from streams.kafka.tansu import BinaryError, broker_binary

logger = logging.getLogger("streams")

SECONDS_TO_START = 10.0
LOG_BYTES = 1_000_000
PR_SET_PDEATHSIG = 1

# Waits until nobody holds the other end of its input, then ends the process that it was given.
GUARD = 'trap "" HUP INT TERM; read -r _; kill -9 "$0" 2>/dev/null'


class EmbeddedBroker:
    """A Tansu of our own on a free loopback port, with a log that begins empty.

    It never outlives the worker. Two things see to that, each enough by itself: on Linux the kernel
    ends it with its parent, and everywhere a guard ends it when the pipe from the worker closes.
    Should the guard be ended, the worker starts another.
    """

    embedded = True

    def __init__(self, data_dir: Path, *, private: bool = True) -> None:
        """`private`: only `connect` can connect, where the kernel can enforce that."""
        self.access = Access("")
        self.log_id = ""
        self.died = asyncio.Event()
        self._data_dir = data_dir
        self._private = private
        self._gate: Gate | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._guard: asyncio.subprocess.Process | None = None
        self._pipe: tuple[int, int] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    @property
    def bootstrap(self) -> str:
        """Its address; empty before it has started."""
        return self.access.bootstrap

    @property
    def pid(self) -> int:
        """The broker's process number; 0 before it has started."""
        return 0 if self._process is None else self._process.pid

    def memory(self) -> int:
        """How many bytes of memory it takes; 0: not known."""
        statm = Path(f"/proc/{self.pid}/statm")
        try:
            return int(statm.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):
            return 0

    @property
    def connect(self) -> Callable[[], socket.socket] | None:
        """How it is reached by those who are admitted; None: as by anybody else."""
        return None if self._gate is None else self._gate.connect

    async def start(self) -> None:
        """Start it and wait until it answers. Raises `BrokerError`; `stop` is due even then."""
        try:
            binary = await asyncio.to_thread(broker_binary, self._data_dir)
        except BinaryError as error:
            raise BrokerError(str(error)) from error
        end = asyncio.get_running_loop().time() + SECONDS_TO_START
        while not await self._try(binary):
            # Somebody else may have taken the port meanwhile: another one, then.
            await self._end_process()
            if asyncio.get_running_loop().time() > end:
                raise BrokerError(
                    f"the embedded broker does not answer: see {self._data_dir / 'broker.log'}"
                )
        self._tasks.append(asyncio.create_task(self._watch()))

    async def _try(self, binary: str) -> bool:
        port = _free_port()
        self.log_id = str(uuid.uuid4())
        self.access = Access(f"127.0.0.1:{port}")
        url = f"tcp://{self.bootstrap}"
        self._process = await asyncio.create_subprocess_exec(
            binary,
            "broker",
            *("--cluster-id", self.log_id),
            *("--listener-url", url),
            *("--advertised-listener-url", url),
            *("--storage-engine", "memory://tansu/"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # It would take settings from an environment, or from a file .env, not meant for it.
            env={"PATH": os.defpath, "NO_COLOR": "1"},
            cwd=self._data_dir,
            # Ctrl-C is for the worker, which still needs the broker while it drains.
            start_new_session=True,
            preexec_fn=_end_with_parent(),
        )
        if self._process.stdout is not None:
            log = _BoundedLog(self._data_dir / "broker.log")
            self._tasks.append(asyncio.create_task(log.copy(self._process.stdout)))
        await self._start_guard()
        while self._process.returncode is None:
            if await _listening(port):
                return self._close_gate(port) and await self._is_ours()
            await asyncio.sleep(0.01)
        return False

    def _close_gate(self, port: int) -> bool:
        """Let nobody else in from now on; False: somebody was there before."""
        if not self._private:
            return True
        try:
            self._gate = Gate(self.pid, port)
        except GateError as error:
            logger.warning(
                "other users of this machine can reach the embedded broker, and what is in it: the "
                "kernel does not let it be closed to them (%s); where there are any, set "
                "TRUCE_BROKER to a Kafka with TLS and SASL",
                error,
            )
            self._private = False
            return True
        dial_with(self.bootstrap, self._gate.connect)
        return not self._gate.passed()

    async def _is_ours(self) -> bool:
        # Only the broker that was just started knows the id that it was given, and unless somebody
        # was quicker than the gate there is nothing in it.
        async with opened(self.access) as admin:
            if admin is None or await cluster_id(admin) != self.log_id:
                return False
            return not await admin.list_topics()

    async def _start_guard(self) -> None:
        if self._pipe is None:
            self._pipe = os.pipe()
        self._guard = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", GUARD, str(self.pid)),
            stdin=self._pipe[0],
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    async def _watch(self) -> None:
        process = self._process
        if process is None:
            return
        over = asyncio.create_task(process.wait())
        while self._guard is not None:
            guard_over = asyncio.create_task(self._guard.wait())
            await asyncio.wait({over, guard_over}, return_when=asyncio.FIRST_COMPLETED)
            guard_over.cancel()
            if over.done() or self._stopping:
                break
            # At most so often, should it not even start.
            await asyncio.sleep(0.2)
            await self._start_guard()
        await over
        if self._gate is not None:
            # The socket that listens is ours, too: without the broker nobody would ever answer.
            self._gate.close()
        if not self._stopping:
            self.died.set()

    async def stop(self) -> None:
        """End the broker and its guard; what its memory held is gone."""
        self._stopping = True
        await self._end_process()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._pipe is not None:
            for descriptor in self._pipe:
                os.close(descriptor)
            self._pipe = None

    async def _end_process(self) -> None:
        if self._gate is not None:
            dial_with(self.bootstrap, None)
            self._gate.close()
            self._gate = None
        # The guard goes first: later it might end another process that was given the same number.
        if self._guard is not None:
            _kill(self._guard)
            await self._guard.wait()
            self._guard = None
        if self._process is not None:
            # No orderly shutdown: all that it has is memory.
            _kill(self._process)
            await self._process.wait()
            self._process = None


class _BoundedLog:
    """A log file of bounded size: when full it becomes `NAME.1` and a new one begins."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def copy(self, source: asyncio.StreamReader) -> None:
        """Append what `source` gives until it ends."""
        file = self._path.open("ab", buffering=0)
        try:
            while chunk := await source.read(65_536):
                if file.tell() + len(chunk) > LOG_BYTES:
                    file.close()
                    self._path.replace(self._path.with_name(self._path.name + ".1"))
                    file = self._path.open("ab", buffering=0)
                file.write(chunk)
        finally:
            file.close()


def _end_with_parent() -> Callable[[], None] | None:
    """What makes Linux end a new process together with its parent; None elsewhere."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def before_exec() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            # The parent was gone before the kernel knew.
            os._exit(1)

    return before_exec


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _listening(port: int) -> bool:
    if sys.platform == "linux":
        return listens(port)
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
