"""`/changes`: server-sent events that say that there is something new to fetch."""

from __future__ import annotations

import asyncio
import contextlib
from http import HTTPStatus

from aiohttp import web

from streams.web.site import Site

MOST_READERS = 200
SECONDS_BETWEEN_SIGNS = 15.0


class ChangeStream:
    """The readers who wait for changes."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """One event a change: `data` is the version that can be fetched then."""
        if self._site.readers >= MOST_READERS:
            return web.Response(
                status=HTTPStatus.SERVICE_UNAVAILABLE,
                text="too many readers wait for changes already; reload the page instead\n",
                headers={"Retry-After": "60"},
            )
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        with self._site.watching(), contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await response.prepare(request)
            shown = str(self._site.version)
            await self._send(response, shown)
            while True:
                with contextlib.suppress(TimeoutError):
                    shown = await asyncio.wait_for(self._site.changed(shown), SECONDS_BETWEEN_SIGNS)
                await self._send(response, shown)
        return response

    @staticmethod
    async def _send(response: web.StreamResponse, version: str) -> None:
        await response.write(f"id: {version}\nevent: version\ndata: {version}\n\n".encode())
