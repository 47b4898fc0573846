"""What keeps pages from doing what nobody meant: headers, and which requests may post."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from aiohttp import web

from streams.http.hosts import Handler

# Scripts and styles come from files of this server only; nothing is evaluated, nothing is framed.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001
    """Every answer has these, errors included. A signal of aiohttp."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-cache")


@web.middleware
async def from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what another site has a browser post: it must come from a page of this server."""
    if request.method not in {"GET", "HEAD"} and not _is_ours(request):
        return web.Response(status=HTTPStatus.FORBIDDEN, text="posted from another site: refused\n")
    return await handler(request)


def _is_ours(request: web.Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    # No browser posts without either; other programs cannot be made to by a page.
    return origin is None or urlsplit(origin).netloc == request.host
