"""A network between worker and broker that a test can cut: now, in the middle, or into silence.

Toxiproxy can do the same and more; it is a Go program, and nothing else here wants Go.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from types import TracebackType
from typing import Any, Self


class Proxy:
    """Passes on what comes at `port` to another port of this machine, in a thread of its own."""

    def __init__(self, port: int, to_port: int) -> None:
        self.port, self._to_port = port, to_port
        self.cuts = 0
        self._whole = True
        self._hole = False
        self._left: dict[str, int] = {}
        self._pairs: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Break all connections, and refuse new ones until `mend`."""
        self._whole = False
        self._do(self._break())

    def cut_after(self, *, answered: int | None = None, sent: int | None = None) -> None:
        """Do so once so many bytes came from the broker, or from the worker."""
        self._left = {k: v for k, v in (("answered", answered), ("sent", sent)) if v is not None}

    def swallow(self) -> None:
        """Pass on nothing more, without a word to either side, until `mend`."""
        self._hole = True

    def mend(self) -> None:
        """The network is as it should be. What was swallowed is lost, and its connections with it."""
        self._left, self._whole = {}, True
        if self._hole:
            self._hole = False
            self._do(self._break())

    def _do(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def _close(self) -> None:
        self._server.close()
        await self._break()

    async def _break(self) -> None:
        pairs = list(self._pairs)
        for pair in pairs:
            pair.cancel()
        await asyncio.gather(*pairs, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.transport.abort()
            return
        pair = asyncio.create_task(self._pair(reader, writer))
        self._pairs.add(pair)
        pair.add_done_callback(self._pairs.discard)

    async def _pair(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, broker = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:
            writer.transport.abort()
            return
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass("sent", reader, broker))
                both.create_task(self._pass("answered", there, writer))
        except* OSError:
            pass  # one side has gone, and so will the other
        finally:
            writer.transport.abort()
            broker.transport.abort()

    async def _pass(
        self, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while chunk := await reader.read(4_096):
            while self._hole:  # noqa: ASYNC110 - set by another thread
                await asyncio.sleep(0.05)
            if way in self._left:
                self._left[way] -= len(chunk)
                if self._left[way] < 0:
                    # In the middle: a part of it has arrived.
                    del self._left[way]
                    writer.write(chunk[: len(chunk) // 2])
                    with contextlib.suppress(OSError):
                        await writer.drain()
                    self._whole = False
                    self.cuts += 1
                    self._loop.create_task(self._break())
                    return
            writer.write(chunk)
            await writer.drain()
        raise ConnectionResetError("the end of one way is the end of both")
