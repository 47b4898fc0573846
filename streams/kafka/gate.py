"""Who may connect to the embedded broker: only whom this process connects itself.

Tansu lets in whoever reaches its port, and its own authentication can be walked around: a SCRAM
exchange that ends in an error counts as one that ended well. So the kernel guards it. The listening
socket of the broker gets a packet filter that drops every attempt to connect but one from a port
that this process holds at that moment; other users, and other programs of this one, get no answer.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
import sys
import threading
from pathlib import Path

SECONDS_TO_CONNECT = 5.0
LOOPBACK = "127.0.0.1"

# Of Linux: the number is the same on every machine since such numbers are given out alike (5.1).
PIDFD_GETFD = 438
SO_ATTACH_FILTER = 26
# Classic BPF: load a word, load half a word, jump if equal, return. A load relative to the network
# header reaches the address that a segment comes from; without that, the segment's first two bytes
# are its source port.
LOAD_WORD, LOAD_HALF, JUMP_IF, RETURN = 0x20, 0x28, 0x15, 0x06
NETWORK_HEADER, SOURCE_ADDRESS = -0x100000, 12
INSTRUCTION = struct.Struct("=HBBI")
ALL, NOTHING = 0xFFFFFFFF, 0

# As /proc/net/tcp has them.
LISTENING = "0A"


class GateError(Exception):
    """The kernel does not let the broker be closed to others: why."""


class Gate:
    """The closed gate before a broker that listens on a port of 127.0.0.1. Any thread may connect.

    It stays closed as long as the broker runs, whatever becomes of this process.
    """

    def __init__(self, pid: int, port: int) -> None:
        """Close it before process `pid`, a child of ours. Raises `GateError`."""
        if sys.platform != "linux":
            raise GateError("only Linux has the means")
        self._port = port
        self._lock = threading.Lock()
        try:
            self._listener = _socket_of(pid, _inode(port))
            self._admit(None)
        except OSError as error:
            raise GateError(error.strerror or str(error)) from error

    def passed(self) -> bool:
        """Whether anybody is connected. Checked once it is closed: was anybody there before?"""
        return any(state != LISTENING for port, state, _ in _sockets() if port == self._port)

    def connect(self) -> socket.socket:
        """A connection to the broker. Raises OSError."""
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            connection.settimeout(SECONDS_TO_CONNECT)
            # While it is bound nobody else can come from this port.
            connection.bind((LOOPBACK, 0))
            with self._lock:
                self._admit(connection.getsockname()[1])
                try:
                    connection.connect((LOOPBACK, self._port))
                finally:
                    self._admit(None)
            connection.setblocking(False)
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Be done with it; the broker's own socket, and with it the filter, stays."""
        with self._lock:
            self._listener.close()

    def _admit(self, port: int | None) -> None:
        program = [(RETURN, 0, 0, NOTHING)]
        if port is not None:
            loopback = int.from_bytes(socket.inet_aton(LOOPBACK), "big")
            program = [
                (LOAD_WORD, 0, 0, (NETWORK_HEADER + SOURCE_ADDRESS) & ALL),
                (JUMP_IF, 0, 3, loopback),
                (LOAD_HALF, 0, 0, 0),
                (JUMP_IF, 0, 1, port),
                (RETURN, 0, 0, ALL),
                (RETURN, 0, 0, NOTHING),
            ]
        code = ctypes.create_string_buffer(b"".join(INSTRUCTION.pack(*one) for one in program))
        given = struct.pack("HP", len(program), ctypes.addressof(code))
        self._listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, given)


def _sockets() -> list[tuple[int, str, str]]:
    """The TCP sockets on 127.0.0.1 of everybody: port, state, inode."""
    address = socket.inet_aton(LOOPBACK)
    loopback = f"{int.from_bytes(address, sys.byteorder):08X}"
    found = []
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        _, local, _, state, _, _, _, _, _, inode, *_ = line.split()
        host, _, port = local.partition(":")
        if host == loopback:
            found.append((int(port, 16), state, inode))
    return found


def listens(port: int) -> bool:
    """Whether anybody listens on this port of 127.0.0.1, found without connecting."""
    return _inode(port) is not None


def _inode(port: int) -> str | None:
    listening = (inode for found, state, inode in _sockets() if (found, state) == (port, LISTENING))
    return next(listening, None)


def _socket_of(pid: int, inode: str | None) -> socket.socket:
    """A socket of a child, to have in common with it. Raises OSError, `GateError`."""
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if str(path.readlink()) == f"socket:[{inode}]":
                return socket.socket(fileno=_descriptor(pid, int(path.name)))
    raise GateError(f"process {pid} does not have the socket that listens")


def _descriptor(pid: int, number: int) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    process = os.pidfd_open(pid)
    try:
        found: int = libc.syscall(PIDFD_GETFD, process, number, 0)
    finally:
        os.close(process)
    if found < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return found
