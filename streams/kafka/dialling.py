"""How Kafka clients connect to an embedded broker, which refuses plain connections.

The worker connects through its `Gate`. A command of the same user requests a connection through a
socket file in the data directory; the worker makes it and hands it over.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiokafka.client
from aiokafka.conn import AIOKafkaConnection
from aiokafka.conn import create_conn as create_plain_conn

FILE_NAME = "broker.sock"
SECONDS_TO_ANSWER = 30.0
MAX_LOG_ID_BYTES = 256
CREDENTIALS = struct.Struct("3i")

Dial = Callable[[], socket.socket]
"""Makes a connection to a broker. May block for a moment. Raises OSError."""

_dials: dict[tuple[str, int, str], Dial] = {}


def dial_with(address: str, dial: Dial | None, *, client_id: str = "") -> None:
    """Have the Kafka clients of this process reach HOST:PORT so; None: plainly, as before.

    `client_id`: only those that call themselves so.
    """
    host, _, port = address.rpartition(":")
    if dial is None:
        _dials.pop((host, int(port), client_id), None)
        return
    _dials[host, int(port), client_id] = dial
    # Its clients can be handed a TLS context, and no socket.
    aiokafka.client.create_conn = _create_conn


async def _create_conn(
    host: str,
    port: int,
    **options: Any,
) -> AIOKafkaConnection:
    client_id = options.get("client_id", "")
    dial = _dials.get((host, port, client_id)) or _dials.get((host, port, ""))
    if dial is None:
        return await create_plain_conn(host, port, **options)
    connection = AIOKafkaConnection(host, port, **options)
    connection._loop = _Dialling(connection._loop, dial)
    await connection.connect()
    return connection


class _Dialling:
    """An event loop, of which a connection is made by a `Dial`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, dial: Dial) -> None:
        self._loop, self._dial = loop, dial

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    async def create_connection(
        self, protocol: Callable[[], asyncio.Protocol], *_: object, **__: object
    ) -> tuple[asyncio.BaseTransport, asyncio.Protocol]:
        dialled = await self._loop.run_in_executor(None, self._dial)
        return await self._loop.create_connection(protocol, sock=dialled)


class Handing:
    """Hands connections to other processes of the same user, in a thread of its own.

    Whom it serves is for the kernel to say: who is no process of this user, nor of root, is not
    answered. All that it has handed out can be ended at once.
    """

    def __init__(self, data_dir: Path, dial: Dial, log_id: Callable[[], str]) -> None:
        """`log_id` says of which log a connection is, for whom it is handed to."""
        self._dial, self._log_id = dial, log_id
        self._path = data_dir / FILE_NAME
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        with _in_directory(self._path) as short:
            self._listener.bind(short)
        self._path.chmod(0o600)
        self._listener.listen()
        self._lock = threading.Lock()
        self._handed: dict[socket.socket, socket.socket] = {}
        self._open = threading.Event()
        self._open.set()
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name="handing", daemon=True)
        self._thread.start()

    def shut(self) -> None:
        """End all connections that were handed out, and let new requests wait."""
        with self._lock:
            self._open.clear()
            for connection in self._handed.values():
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def reopen(self) -> None:
        """Hand out connections again."""
        self._open.set()

    def close(self) -> None:
        """Hand out no more."""
        self._open.set()
        self._wake.close()
        self._thread.join()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    found = key.fileobj
                    if found is self._woken:
                        self._end()
                        return
                    if found is self._listener:
                        self._answer(selector)
                    elif isinstance(found, socket.socket):
                        self._let_go(selector, found)

    def _answer(self, selector: selectors.BaseSelector) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        client.settimeout(1.0)
        try:
            if not _is_ours(client):
                client.close()
                return
            while not self._hand(client):
                self._open.wait()
        except OSError:
            client.close()
            return
        selector.register(client, selectors.EVENT_READ)

    def _hand(self, client: socket.socket) -> bool:
        with self._lock:
            if not self._open.is_set():
                return False
            connection = self._dial()
            self._handed[client] = connection
            try:
                socket.send_fds(client, [self._log_id().encode()], [connection.fileno()])
            except OSError:
                self._handed.pop(client).close()
                raise
        return True

    def _let_go(self, selector: selectors.BaseSelector, client: socket.socket) -> None:
        """Whoever has it has closed it, or ended."""
        selector.unregister(client)
        client.close()
        with self._lock:
            self._handed.pop(client).close()

    def _end(self) -> None:
        for one in (self._listener, self._woken):
            one.close()
        with self._lock:
            for client, connection in self._handed.items():
                client.close()
                connection.close()


class Handed:
    """Requests connections from a worker. They last until `close`."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME
        self._clients: list[socket.socket] = []
        self.log_id = ""

    def __call__(self) -> socket.socket:
        """A connection to the worker's broker. Raises OSError."""
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(SECONDS_TO_ANSWER)
        try:
            with _in_directory(self._path) as short:
                client.connect(short)
            said, descriptors, _, _ = socket.recv_fds(client, MAX_LOG_ID_BYTES, 1)
        except BaseException:
            client.close()
            raise
        if not descriptors:
            client.close()
            raise ConnectionRefusedError("the worker hands out no connection")
        self._clients.append(client)
        self.log_id = said.decode()
        connection = socket.socket(fileno=descriptors[0])
        connection.setblocking(False)
        return connection

    def current_log(self) -> str:
        """Which log the connection leads to that was made last."""
        return self.log_id

    def close(self) -> None:
        """Let the worker know that they are not needed any more."""
        for client in self._clients:
            client.close()
        self._clients.clear()


def _is_ours(client: socket.socket) -> bool:
    if sys.platform != "linux":
        return False
    given = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    _, uid, _ = CREDENTIALS.unpack(given)
    return uid in {0, os.geteuid()}


@contextlib.contextmanager
def _in_directory(path: Path) -> Iterator[str]:
    """A name of `path` that is short enough for a socket: 108 bytes are all that it may have."""
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def can_hand() -> bool:
    """Whether this system has what handing connections over takes."""
    return sys.platform == "linux"


def plain_dial(address: str) -> Dial:
    """How anybody connects to HOST:PORT."""
    host, _, port = address.rpartition(":")

    def dial() -> socket.socket:
        connection = socket.create_connection((host, int(port)), timeout=SECONDS_TO_ANSWER)
        connection.setblocking(False)
        return connection

    return dial
