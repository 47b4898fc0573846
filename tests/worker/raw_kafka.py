"""A client of Kafka's protocol that does only what it is told, for what no library would do."""

from __future__ import annotations

import base64
import socket
import struct
from typing import Self

CREATE_TOPICS, METADATA, HANDSHAKE, AUTHENTICATE = 19, 3, 17, 36


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack(">h", len(raw)) + raw


def data(value: bytes) -> bytes:
    return struct.pack(">i", len(value)) + value


class RawClient:
    def __init__(self, address: str, seconds: float = 2.0) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), seconds)
        self._sent = 0

    def ask(self, key: int, version: int, body: bytes) -> bytes:
        """Send a request; the answer without its head. Raises ConnectionError if there is none."""
        self._sent += 1
        head = struct.pack(">hhi", key, version, self._sent) + text("raw")
        self._socket.sendall(data(head + body))
        (length,) = struct.unpack(">i", self._exactly(4))
        return self._exactly(length)[4:]

    def create_topic(self, name: str) -> bytes:
        one = text(name) + struct.pack(">ihii", 1, 1, 0, 0)
        return self.ask(
            CREATE_TOPICS, 1, struct.pack(">i", 1) + one + struct.pack(">i?", 2_000, False)
        )

    def topics(self) -> bytes:
        return self.ask(METADATA, 1, struct.pack(">i", -1))

    def fail_to_authenticate(self) -> bytes:
        """Go through SCRAM as a user that there is not, with a proof that proves nothing."""
        self.ask(HANDSHAKE, 1, text("SCRAM-SHA-256"))
        first = self.ask(AUTHENTICATE, 1, data(b"n,,n=nobody,r=abcdefghijk"))
        nonce = first.split(b"r=")[1].split(b",")[0]
        proof = base64.b64encode(b"x" * 32)
        return self.ask(AUTHENTICATE, 1, data(b"c=biws,r=" + nonce + b",p=" + proof))

    def _exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            more = self._socket.recv(count - len(found))
            if not more:
                raise ConnectionError("closed")
            found += more
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
