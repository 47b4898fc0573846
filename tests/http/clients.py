"""Many clients that post at once, well-behaved and not: a program of its own.

`clients.py URL TOKEN_FILE CLIENTS SECONDS SEED` prints one JSON object: what each event that was
sent must have come to ("must", "may" or "never" in the log), and how often what was answered.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.http.posting import BATCH, EVENT, LINES, event  # noqa: E402

SECONDS_TO_HANG = 3.0
SECONDS_TO_TRY_AGAIN = 0.2
GONE = (aiohttp.ClientError, OSError, TimeoutError)


class Client:
    """One client, and what became of all that it sent."""

    def __init__(self, number: int, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self.number = number
        self.session = session
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"}
        self.sent = 0
        self.fates: dict[str, str] = {}
        self.answers: Counter[str] = Counter()

    def names(self, count: int) -> list[str]:
        first, self.sent = self.sent, self.sent + count
        return [f"c{self.number}-{n}" for n in range(first, first + count)]

    async def post(
        self, kind: str, body: Any, content_type: str, names: list[str], **headers: str
    ) -> int:
        """Post, and note what must be in the log now. Returns the status, 0 for none."""
        # Until there is an answer nobody can know.
        self.fates |= dict.fromkeys(names, "may")
        given = self.headers | {"Content-Type": content_type} | headers
        try:
            async with self.session.post(self.url, data=body, headers=given) as answer:
                said = await answer.json(content_type=None)
        except GONE:
            self.answers[f"{kind}: no answer"] += 1
            await asyncio.sleep(SECONDS_TO_TRY_AGAIN)
            return 0
        self.answers[f"{kind}: {answer.status}"] += 1
        if answer.status in {202, 400}:
            taken = said.get("accepted", 0)
            assert taken in {0, len(names)}, said
            self.fates |= dict.fromkeys(names, "must" if taken else "never")
        elif answer.status != 503:
            self.fates |= dict.fromkeys(names, "never")
        if answer.status in {429, 503}:
            await asyncio.sleep(float(answer.headers["Retry-After"]) * random.random())
        return answer.status

    async def one(self) -> None:
        names = self.names(1)
        await self.post("one event", event(names[0], conflict=self.conflict()), EVENT, names)

    async def lines(self) -> None:
        names = self.names(20)
        body = b"\n".join(event(name, conflict=self.conflict()) for name in names)
        await self.post("lines", body, LINES, names)

    async def good_beside_bad(self) -> None:
        names = self.names(3)
        good = [event(name, conflict=self.conflict()) for name in names]
        body = b"[" + b",".join([good[0], b'{"a":1}', *good[1:], event("bad", act="stirke")]) + b"]"
        self.fates["bad"] = "never"
        await self.post("good beside bad", body, BATCH, names)

    async def malformed(self) -> None:
        self.fates["bad"] = "never"
        body = event("bad")[: random.randrange(1, 150)] + random.randbytes(random.randrange(50))
        await self.post("malformed", body, random.choice([EVENT, BATCH, LINES]), [])

    async def too_large(self) -> None:
        names = self.names(1)
        body = event(names[0]) + b"\n" + b" " * 3_000_000
        await self.post("too large", body, LINES, names)

    async def endless(self) -> None:
        names = self.names(1)

        async def chunks() -> AsyncIterator[bytes]:
            yield event(names[0]) + b"\n"
            while True:
                yield b" " * 65_536

        await self.post("endless", chunks(), LINES, names)
        self.fates |= dict.fromkeys(names, "never")

    async def unauthorised(self) -> None:
        names = self.names(1)
        wrong = {"Authorization": "Bearer " + "0" * 64}
        await self.post("unauthorised", event(names[0]), EVENT, names, **wrong)

    async def broken_off(self) -> None:
        names = self.names(1)
        await self._half("broken off", names, 0.0)

    async def hanging(self) -> None:
        names = self.names(1)
        await self._half("hanging", names, SECONDS_TO_HANG)

    async def _half(self, kind: str, names: list[str], seconds: float) -> None:
        """Send all of an event but for the last of the bytes that were announced."""
        self.fates |= dict.fromkeys(names, "never")
        body = event(names[0])
        head = [f"{name}: {value}" for name, value in self.headers.items()]
        head += ["Host: localhost", f"Content-Type: {EVENT}", f"Content-Length: {len(body) + 1}"]
        host, _, port = self.url.split("/")[2].partition(":")
        try:
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write("\r\n".join(["POST /events HTTP/1.1", *head, "", ""]).encode() + body)
            await writer.drain()
            await asyncio.sleep(seconds)
            writer.close()
        except GONE:
            pass
        self.answers[kind] += 1

    def conflict(self) -> str:
        return f"conflict-{self.number % 8}"

    async def run(self, until: float) -> None:
        doing: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (40, self.one),
            (15, self.lines),
            (10, self.good_beside_bad),
            (10, self.malformed),
            (4, self.too_large),
            (2, self.endless),
            (10, self.unauthorised),
            (6, self.broken_off),
            (3, self.hanging),
        ]
        weights, acts = zip(*doing, strict=True)
        while asyncio.get_running_loop().time() < until:
            [act] = random.choices(acts, weights)
            await act()


async def main(url: str, token_file: str, count: str, seconds: str, seed: str) -> None:
    random.seed(int(seed))
    token = Path(token_file).read_text(encoding="ascii").strip()  # noqa: ASYNC240
    until = asyncio.get_running_loop().time() + float(seconds)
    timeout = aiohttp.ClientTimeout(total=30)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        clients = [Client(number, session, url, token) for number in range(int(count))]
        await asyncio.gather(*(client.run(until) for client in clients))
    fates: dict[str, str] = {}
    answers: Counter[str] = Counter()
    for client in clients:
        fates |= client.fates
        answers += client.answers
    json.dump({"fates": fates, "answers": answers}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
