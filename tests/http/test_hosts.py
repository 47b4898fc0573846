"""By which names a worker may be called."""

from __future__ import annotations

import pytest

from streams.http.hosts import Hosts

# fmt: off
AUTHORITIES = (
    ("localhost", True), ("localhost:6066", True), ("LOCALHOST:6066", True), ("localhost.", True),
    ("localhost.:6066", True), ("127.0.0.1", True), ("127.0.0.1:6066", True), ("[::1]", True),
    ("[::1]:6066", True), ("10.244.0.7:6066", True), ("[fd00::1]:6066", True),
    ("[::ffff:10.0.0.1]", True), ("worker", True), ("Worker:6066", True), ("worker.:6066", True),
    ("truce_worker:80", True), ("bound.example", True), ("localhost:", True),
    ("", False), (".", False), (":6066", False), ("localhost..", False), (".localhost", False),
    ("evil.example", False), ("evil.example:6066", False), ("localhost.evil.example", False),
    ("127.0.0.1.evil.example", False), ("127.0.0.1.", False), ("evil.localhost", False),
    ("worker.evil.example", False), ("xworker", False), ("worker@evil.example", False),
    ("worker:6066@evil.example", False), ("evil.example:worker", False), ("worker:1:2", False),
    ("worker:66066x", False), ("worker:-1", False), ("worker/", False), ("worker evil", False),
    ("worker,evil.example", False), ("worker;evil", False), ("worker\x00", False),
    ("worker\n", False), ("w\u043erker", False),
    ("\uff4cocalhost", False), ("localho\u017ft", False), ("worker\u3002", False), ("xn--wrker-qqa", False),
    ("127.1", False), ("2130706433", False), ("0x7f.0.0.1", False), ("127.0.0.01", False),
    ("[::1", False), ("::1", False), ("[127.0.0.1]", False), ("[evil.example]", False),
    ("[::1]evil.example", False), ("[::1%25eth0]", False), ("[localhost]", False),
)
# fmt: on


@pytest.mark.parametrize(("authority", "ours"), AUTHORITIES)
def test_a_worker_is_called_by_its_names_and_by_any_address(authority: str, ours: bool) -> None:
    hosts = Hosts("bound.example", ("worker", "Truce_Worker."))
    assert hosts.is_ours(authority) is ours


def test_an_address_that_is_listened_on_adds_no_name() -> None:
    assert not Hosts("0.0.0.0").is_ours("evil.example")  # noqa: S104 - all of them, as in a pod
    assert Hosts("::1").is_ours("[::1]:80")
