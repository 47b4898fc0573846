"""A proxy that nobody should ask: it listens on loopback, and counts who comes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

NAMES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "ws_proxy")


@dataclass
class Trap:
    """`environ`: what sends a client that heeds its environment here; `heard`: what it said."""

    port: int
    heard: list[bytes] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        address = f"http://127.0.0.1:{self.port}"
        found = dict.fromkeys(NAMES, address) | {name.upper(): address for name in NAMES}
        # Nothing is exempt, as on a machine that was set up by somebody else.
        return found | {"no_proxy": "", "NO_PROXY": ""}


@contextmanager
def trap() -> Iterator[Trap]:
    """Listen until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        one = Trap(listening.getsockname()[1])

        def listen() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(1)
                    try:
                        one.heard.append(connection.recv(4_096))
                    except OSError:
                        one.heard.append(b"")

        threading.Thread(target=listen, daemon=True).start()
        try:
            yield one
        finally:
            # Or else the one that waits would go on waiting.
            listening.shutdown(socket.SHUT_RDWR)
