"""The worker's web server: its metrics, its state, how far the ledger is, and the ingest API.

They are served by aiohttp in the worker's own loop. Faust's web server stays off: it would add
pages of its own (statistics, a router to other workers) that nobody needs.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from streams.http.hosts import Hosts
from streams.kafka.progress import Progress, behind_by_conflict
from streams.settings import Address

Scrape = Callable[[str], Awaitable[tuple[bytes, str] | None]]
Check = Callable[[], str | None]

PAGES = """\
Trucewatch worker

/metrics       for Prometheus
/healthz       200 while the worker runs
/readyz        200 when it has caught up with what was in the log at its start; what waits its turn
/offsets       up to which offset of each partition events are judged
/events        POST: events for the log, with a token
/lake          POST: have the lake brought up to date, for commands on this machine
/openapi.json  all this, for programs
"""

# A client that was refused may still be sending: its data is read for so long, and dropped.
SECONDS_TO_LINGER = 2.0
MOST_NAMED = 10
SECONDS_TO_KEEP_ALIVE = 75.0

logger = logging.getLogger("streams")


class WebError(Exception):
    """The pages cannot be served at the address that is set."""


class Pages:
    """The HTTP server."""

    def __init__(
        self,
        address: Address,
        hosts: Hosts,
        scrape: Scrape,
        not_ready: Check,
        routes: Iterable[web.RouteDef],
    ) -> None:
        """Serve `scrape(accept)`: body and content type, and `not_ready()`: a reason or None.

        `routes`: what else is served.
        """
        self._hosts = hosts
        self._routes = [*routes]
        self._address = address
        self._scrape = scrape
        self._not_ready = not_ready
        self._progress: Progress | None = None

    def follow(self, progress: Progress) -> None:
        """Show this progress, known once the broker is."""
        self._progress = progress

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Listen, at the URL that this gives, and close all connections afterwards.

        Raises `WebError` when the port cannot be had.
        """
        app = web.Application(middlewares=[self._hosts.guard])
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/metrics", self._metrics),
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/offsets", self._offsets),
                *self._routes,
            ]
        )
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=_errors_of_ours(),
            shutdown_timeout=1.0,
            keepalive_timeout=SECONDS_TO_KEEP_ALIVE,
            lingering_time=SECONDS_TO_LINGER,
            auto_decompress=False,  # a small body could become a large one
        )
        try:
            await runner.setup()
            yield await self._listen(runner)
        finally:
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> str:
        site = web.TCPSite(runner, self._address.host, self._address.port)
        try:
            await site.start()
        except OSError as error:
            raise WebError(
                f"cannot listen on {self._address} ({error.strerror or error}): another program "
                "may be there; set TRUCE_HTTP to another HOST:PORT, port 0 for any free one"
            ) from error
        if not _is_loopback(self._address.host):
            logger.warning(
                "the pages listen on %s, for other machines, too, and without TLS: put a proxy "
                "with TLS in front of them",
                self._address,
            )
        port = runner.addresses[0][1]
        return f"http://{Address(self._address.host, port)}"

    async def _index(self, _: web.Request) -> web.Response:
        return web.Response(text=PAGES)

    async def _metrics(self, request: web.Request) -> web.Response:
        accepts = ",".join(request.headers.getall("Accept", []))
        page = await self._scrape(accepts)
        if page is None:
            return web.Response(status=503, text="starting\n")
        body, content_type = page
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _readyz(self, _: web.Request) -> web.Response:
        reason = self._not_ready()
        if reason is None:
            return web.json_response({"status": "ready", **self._behind()})
        return web.json_response({"status": "not ready", "reason": reason}, status=503)

    def _behind(self) -> dict[str, object]:
        """What takes so long to be judged that it has to take turns with the rest."""
        waiting = behind_by_conflict(self._progress.behind) if self._progress else []
        if not waiting:
            return {}
        return {
            "judging": {
                "events": sum(events for _, events in waiting),
                "conflicts": dict(waiting[:MOST_NAMED]),
            }
        }

    async def _offsets(self, _: web.Request) -> web.Response:
        progress = self._progress
        if progress is None:
            return web.json_response({"status": "not ready", "reason": "starting"}, status=503)
        partitions = sorted(progress.next_offsets.keys() | progress.log_ends.keys())
        return web.json_response(
            {
                "log_id": progress.log_id,
                "partitions": {str(p): progress.next_offset(p) for p in partitions},
            }
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _errors_of_ours() -> logging.Logger:
    """A log for aiohttp's server, without what clients do wrong: their headers would be in it."""
    server = logging.getLogger("aiohttp.server")
    server.filters[:] = [_is_ours]
    return server


def _is_ours(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)
