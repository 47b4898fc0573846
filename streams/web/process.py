"""`truce web`: serves the pages until SIGINT or SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys

from aiohttp import web

from streams.commands.console import err
from streams.errors import BadInput, Unreachable
from streams.http.hosts import Hosts
from streams.settings import Address, Settings
from streams.threads import left_with
from streams.web.safety import add_headers, from_here
from streams.web.site import Site

MOST_BYTES = 512 * 1024
SECONDS_TO_END = 1.0

logger = logging.getLogger("streams")


def run_web(settings: Settings, *, beside: bool = False) -> int:
    """Serve the pages. Returns the exit code. `beside`: they end when standard input does."""
    try:
        from streams.web.app import SitePages
    except ImportError as error:
        raise BadInput(
            f"the pages want {error.name}, which is not installed: pip install 'trucewatch[web]'"
        ) from error
    logging.basicConfig(format="%(levelname)s %(message)s")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(settings, SitePages, beside=beside))
    # The outlines of maps may still be read, which takes seconds after the start.
    return left_with(0)


async def _serve(settings: Settings, pages: type, *, beside: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if beside:
        # Nothing is ever written there: it can be read only once it has ended.
        loop.add_reader(sys.stdin, stop.set)
    site = Site(settings)
    hosts = Hosts(settings.web.host, settings.http_hosts)
    app = web.Application(middlewares=[hosts.guard, from_here], client_max_size=MOST_BYTES)
    app.on_response_prepare.append(add_headers)
    app.add_routes(pages(site).routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SECONDS_TO_END)
    following = asyncio.create_task(site.follow())
    asking = asyncio.create_task(site.keep_fresh())
    try:
        await runner.setup()
        err(f"Pages: {await _listen(runner, settings.web)}/")
        ended = asyncio.create_task(stop.wait())
        both = {following, asking}
        done, _ = await asyncio.wait({ended, *both}, return_when=asyncio.FIRST_COMPLETED)
        for one in done & both:
            await one
    finally:
        following.cancel()
        asking.cancel()
        await runner.cleanup()
        await asyncio.to_thread(site.close)


async def _listen(runner: web.AppRunner, address: Address) -> str:
    try:
        await web.TCPSite(runner, address.host, address.port).start()
    except OSError as error:
        raise Unreachable(
            f"cannot listen on {address} ({error.strerror or error}): another program may be "
            "there; set TRUCE_WEB to another HOST:PORT, port 0 for any free one"
        ) from error
    return f"http://{Address(address.host, runner.addresses[0][1])}"
