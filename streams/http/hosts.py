"""By which names the worker may be called: a guard against DNS rebinding.

A page in a browser may have its own name resolve to this machine and then query the worker as if it
were its own server. The request still says that name in `Host`, so one that is not ours is refused.
An IP address cannot be rebound: no name stands between it and the machine, and a page that was
loaded from one is of that machine. So any address is accepted: probes and scrapes of pods use them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus

from aiohttp import web

from schemas.safe_text import for_json

LOCAL_NAMES = frozenset({"localhost", "ip6-localhost", "ip6-loopback"})

# A name, or an IPv6 address in brackets; then perhaps a port.
_AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9_.-]{1,255}))(?::[0-9]{0,5})?")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Hosts:
    """The names that are ours."""

    def __init__(self, bound: str, names: Iterable[str] = ()) -> None:
        """`bound`: the host that is listened on; `names`: others, as TRUCE_HTTP_HOSTS has them."""
        self._names = LOCAL_NAMES | {one.lower().removesuffix(".") for one in (bound, *names)}

    def is_ours(self, authority: str) -> bool:
        """Whether HOST or HOST:PORT is this worker: an IP address, or one of the names.

        Case does not matter, nor a full stop at the end; the port may have been mapped.
        """
        found = _AUTHORITY.fullmatch(authority)
        if found is None:
            return False
        bracketed, host = found.groups()
        if bracketed is not None:
            return _is_address(bracketed, 6)
        return host.lower().removesuffix(".") in self._names or _is_address(host, 4)

    def refuse(self, request: web.Request) -> web.Response | None:
        """The answer to a request for another host; None: it is for this worker."""
        given = request.headers.getall("Host", [])
        if len(given) != 1:
            return _problem(HTTPStatus.BAD_REQUEST, "expected one header Host")
        # A target in absolute form comes before the header.
        absolute = _ABSOLUTE.match(request.raw_path)
        called = [given[0], absolute[1]] if absolute else [given[0]]
        if all(map(self.is_ours, called)):
            return None
        return _problem(
            HTTPStatus.MISDIRECTED_REQUEST,
            "this worker is not called by that host name: ask it by its IP address or localhost, "
            "or have TRUCE_HTTP_HOSTS list the name",
        )

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse before anything else is checked."""
        refused = self.refuse(request)
        return await handler(request) if refused is None else refused


def _is_address(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False


def _problem(status: HTTPStatus, detail: str) -> web.Response:
    from schemas.openapi import CONTENT_TYPE_PROBLEM, RefusedAnswer

    found = RefusedAnswer(title=status.phrase, status=status.value, detail=detail)
    return web.Response(
        status=status.value,
        body=for_json(found.model_dump_json(exclude_none=True)).encode(),
        headers={"Content-Type": CONTENT_TYPE_PROBLEM},
    )
