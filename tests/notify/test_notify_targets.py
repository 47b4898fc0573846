"""How notifications are sent: to targets that fail, hang and refuse, over restarts, and signed."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import signal
import stat
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streams.notify import sender
from streams.notify.targets import webhook_secret
from streams.settings import Settings
from tests.alerts.stack import Worker, agreed, struck
from tests.notify.notifying import DROP, HANG, Answer, World, quiet, server, until
from tests.support.given import claim, report, report_retracted


@pytest.mark.parametrize("answer", [500, 503, 429, 404, 401, 302, HANG, DROP])
def test_what_is_not_taken_is_posted_again_until_it_is_and_in_order(
    world: World, answer: Answer
) -> None:
    async def story() -> None:
        async with server() as hook, world.notifying(webhook=hook.url):
            hook.answers.extend([answer] * 3)
            world.judge(claim(), report("r", "a"))
            await until(lambda: hook.posts)
            world.judge(report("r", "b"))
            world.judge(report("r", "c"))
            await until(lambda: len(hook.taken) == 3)
            await quiet(hook.posts)
            assert [incident for _, incident in hook.events()] == ["a", "b", "c"]
            assert {post.body for post in hook.posts[:4]} == {hook.posts[0].body}
            assert world.counted("truce_notices_total", target="webhook", outcome="failed") == 3
            # They are noted a moment after they were heard.
            await until(lambda: world.counted("truce_notices_waiting", target="webhook") == 0)
            await until(
                lambda: world.counted("truce_notices_total", target="webhook", outcome="told") == 3
            )

    asyncio.run(story())


@pytest.mark.parametrize("answer", [400, 422])
def test_what_a_target_refuses_is_counted_and_holds_up_nothing(
    world: World, answer: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with server() as pager, world.notifying(alertmanager=pager.url):
            # Both together, and then the first alone.
            pager.answers.extend([answer, answer])
            world.judge(claim(), report("r", "a"), report("r", "b"))
            await until(pager.alerts)
            await quiet(pager.posts)
            assert pager.alerts() == [("b", "violation", True)]
            assert (
                world.counted("truce_notices_total", target="alertmanager", outcome="refused") == 1
            )
        assert f"HTTP {answer}: that was {answer}" in caplog.text

    asyncio.run(story())


def test_a_target_that_is_away_delays_neither_the_ledger_nor_the_other(world: World) -> None:
    async def story() -> None:
        async with server() as hook:
            away = "http://127.0.0.1:1"
            async with world.notifying(alertmanager=away, webhook=hook.url):
                world.judge(claim(), report("r", "a"))
                world.judge(report("r", "b"))
                await until(lambda: len(hook.taken) == 2)
                await until(
                    lambda: world.counted("truce_notices_waiting", target="alertmanager") == 2
                )
                await until(lambda: 'truce_notices_waiting{target="webhook"} 0.0' in world.page)

    asyncio.run(story())


def test_what_waited_while_no_worker_ran_is_told_by_the_next(world: World) -> None:
    async def story() -> None:
        async with server() as hook:
            hook.always = 503
            async with world.notifying(webhook=hook.url):
                world.judge(claim(), report("r", "a"), report("r", "b"))
                await until(lambda: hook.posts)
            hook.always = 200
            async with world.notifying(webhook=hook.url):
                await until(lambda: len(hook.taken) == 2)
                await quiet(hook.posts)

    asyncio.run(story())


def test_what_may_have_arrived_is_withdrawn_too(world: World) -> None:
    async def story() -> None:
        async with server() as hook:
            hook.always = DROP  # it was read, and then nobody answered
            async with world.notifying(webhook=hook.url):
                world.judge(claim(), report())
                await until(lambda: hook.posts)
                world.judge(report_retracted())
            hook.always = 200
            async with world.notifying(webhook=hook.url):
                await until(lambda: hook.events() == [("verdict.withdrawn", "i")])

    asyncio.run(story())


def test_alertmanager_forgets_and_is_told_again_and_the_webhook_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with server() as pager, server() as hook:
            async with world.notifying(alertmanager=pager.url, webhook=hook.url):
                world.judge(claim(), report("r", "a"), report("r", "b"))
                await until(lambda: len(pager.alerts()) == len(hook.events()) == 2)
                world.judge(report_retracted("r", "a"))
                await until(lambda: [state for *_, state in world.states()] == ["told"] * 6)
            monkeypatch.setattr(sender, "SECONDS_UNTIL_AGAIN", 0.2)
            async with world.notifying(alertmanager=pager.url, webhook=hook.url):
                await until(lambda: len(pager.posts) >= 5)
            # Only the last notification of each is posted again, in one request.
            first = [("b", "violation", True), ("a", "violation", False)]
            assert pager.alerts()[3:5] == first
            assert pager.posts[3].body == pager.posts[4].body
            assert len(hook.posts) == 3

    asyncio.run(story())


def verified(secret: str, headers: dict[str, str], body: bytes, now: float) -> bool:
    """As the documentation tells receivers to do it."""
    found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers["Truce-Signature"])
    if found is None or abs(now - int(found[1])) > 300:
        return False
    signed = found[1].encode() + b"." + body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, found[2])


def test_a_webhook_is_signed_with_a_secret_that_its_owner_alone_may_read(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with server() as hook, world.notifying(webhook=f"{hook.url}/hook?key=private"):
            hook.answers.append(500)
            world.judge(claim(), report())
            await until(lambda: hook.taken)
        secret = (tmp_path / "webhook.secret").read_text().strip()
        [failed, post] = hook.posts
        assert post.path == "/hook?key=private"
        assert post.headers["Content-Type"] == "application/cloudevents+json"
        assert verified(secret, post.headers, post.body, time.time())
        assert verified(secret, failed.headers, failed.body, time.time())
        assert not verified(secret, post.headers, post.body + b" ", time.time())
        assert not verified("another", post.headers, post.body, time.time())
        assert not verified(secret, post.headers, post.body, time.time() + 3_600)
        assert secret not in caplog.text
        assert "private" not in caplog.text

    asyncio.run(story())
    made = tmp_path / "webhook.secret"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    settings = Settings(data_dir=tmp_path, webhook="http://hook")
    assert webhook_secret(settings) == made.read_text().strip().encode()


class _Held(BaseHTTPRequestHandler):
    """Takes what is posted and never answers the first one."""

    posts: list[bytes]

    def do_POST(self) -> None:
        self.posts.append(self.rfile.read(int(self.headers["Content-Length"])))
        if len(self.posts) == 1:
            time.sleep(5)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_worker_killed_between_the_post_and_its_note_tells_the_same_again(
    tmp_path: Path,
) -> None:
    _Held.posts = []
    hook = ThreadingHTTPServer(("127.0.0.1", 0), _Held)
    hook.daemon_threads = True
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    worker = Worker(tmp_path / "data", webhook=f"http://127.0.0.1:{hook.server_port}")
    try:
        worker.start()
        worker.publish(agreed("testland"), struck("testland", "i"))
        end = time.monotonic() + 10
        while not _Held.posts and time.monotonic() < end:
            time.sleep(0.01)
        worker.restart(signal.SIGKILL)
        while len(_Held.posts) < 2 and time.monotonic() < end + 10:
            time.sleep(0.01)
        time.sleep(0.5)
        # By the same id, so that the receiver can drop it.
        assert len(_Held.posts) == 2
        assert _Held.posts[0] == _Held.posts[1]
    finally:
        worker.stop(signal.SIGKILL)
        hook.shutdown()
        hook.server_close()
