"""What a stranger sends to the port: names that are not ours, guesses, and heads that say two things.

Each line is sent as it is over a socket, so that no client makes it well-behaved.
"""

from __future__ import annotations

import json
import threading
import time

import pytest

from streams.http import tokens
from tests.cli.commands import rows
from tests.http.posting import Posting, event

PATHS = ("/", "/metrics", "/healthz", "/readyz", "/offsets", "/openapi.json", "/nothing")
EVIL = "evil.example"


def answers(ingest: Posting, sent: bytes, *, seconds: float = 5.0) -> list[int]:
    """The statuses of all that is answered until the connection is closed or silent."""
    got = b""
    with ingest.connected() as connection:
        connection.settimeout(seconds)
        connection.sendall(sent)
        try:
            while piece := connection.recv(65_536):
                got += piece
        except (TimeoutError, ConnectionResetError):
            pass
    return [int(line.split()[1]) for line in got.split(b"\r\n") if line.startswith(b"HTTP/1.")]


def get(target: str, *head: str, version: str = "1.1") -> bytes:
    lines = [f"GET {target} HTTP/{version}", *head, "Connection: close", "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def post(body: bytes, *head: str, host: str = "localhost", target: str = "/events") -> bytes:
    lines = [f"POST {target} HTTP/1.1", f"Host: {host}", *head, "Connection: close", "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body


def posted(ingest: Posting, name: str, *head: str) -> bytes:
    """A whole post that would be accepted."""
    body = event(name)
    return post(
        body,
        f"Authorization: Bearer {ingest.token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *head,
    )


def known(ingest: Posting, name: str) -> bool:
    query = f"SELECT count(*) FROM events WHERE event_id = '{name}'"  # noqa: S608
    return rows(query, ingest.data_dir) == [(1,)]


@pytest.mark.parametrize("path", PATHS)
def test_no_page_answers_to_the_name_of_somebody_else(ingest: Posting, path: str) -> None:
    assert answers(ingest, get(path, f"Host: {EVIL}")) == [421]
    assert answers(ingest, get(path, "Host: localhost")) in ([200], [404])


def test_no_post_is_read_under_the_name_of_somebody_else(ingest: Posting) -> None:
    sent = posted(ingest, "rebound").replace(b"Host: localhost", f"Host: {EVIL}:6066".encode())
    assert answers(ingest, sent) == [421]
    asked = sent.replace(b"Content-Type", b"Expect: 100-continue\r\nContent-Type")
    assert answers(ingest, asked) == [421]
    assert not known(ingest, "rebound")


# fmt: off
HOSTS = (
    ("a full stop", get("/metrics", "Host: localhost."), [200]),
    ("a port", get("/metrics", "Host: localhost:1"), [200]),
    ("an address", get("/metrics", "Host: 127.0.0.1:6066"), [200]),
    ("an IPv6 address", get("/metrics", "Host: [::1]:6066"), [200]),
    ("a pod's address", get("/healthz", "Host: 10.244.0.7:6066"), [200]),
    ("none", get("/metrics"), [400]),
    ("none in 1.0", get("/metrics", version="1.0"), [400]),
    ("an empty one", get("/metrics", "Host:"), [421]),
    ("two", get("/metrics", "Host: localhost", f"Host: {EVIL}"), [400]),
    ("two alike", get("/metrics", "Host: localhost", "Host: localhost"), [400]),
    ("an underscore", get("/metrics", "Host: truce_worker"), [421]),
    ("a user", get("/metrics", f"Host: localhost@{EVIL}"), [421]),
    ("another's port", get("/metrics", f"Host: {EVIL}:localhost"), [421]),
    ("below ours", get("/metrics", f"Host: localhost.{EVIL}"), [421]),
    ("no dotted quad", get("/metrics", "Host: 127.1"), [421]),
    ("a proxy's word", get("/metrics", f"Host: {EVIL}", "X-Forwarded-Host: localhost"), [421]),
    ("an absolute target", get(f"http://{EVIL}/metrics", "Host: localhost"), [421]),
    ("a target with a user", get(f"http://localhost@{EVIL}/metrics", "Host: localhost"), [421]),
    ("an absolute target of ours", get("http://localhost/metrics", "Host: localhost"), [200]),
    ("and another's name", get("http://localhost/metrics", f"Host: {EVIL}"), [421]),
)
# fmt: on


@pytest.mark.parametrize(
    ("sent", "statuses"), [row[1:] for row in HOSTS], ids=[row[0] for row in HOSTS]
)
def test_host_headers(ingest: Posting, sent: bytes, statuses: list[int]) -> None:
    assert answers(ingest, sent) == statuses


# fmt: off
HEADS = (
    ("two tokens", ("Authorization: Bearer {token}", "Authorization: Bearer {token}"), {401}),
    ("a wrong one first", ("Authorization: Bearer x", "Authorization: Bearer {token}"), {401}),
    ("two in one", ("Authorization: Bearer {token}, Bearer {token}",), {401}),
    ("a folded one", ("Authorization: Bearer", " {token}"), {400, 401}),
    ("a proxy's", ("Proxy-Authorization: Bearer {token}",), {401}),
    ("a cookie", ("Cookie: token={token}",), {401}),
    ("a long one", ("Authorization: Bearer " + "x" * 8_000,), {401}),
    ("an oversized one", ("Authorization: Bearer " + "x" * 100_000,), {400, 431}),
    ("very many", tuple(f"X-{n}: x" for n in range(100_000)), {400, 431}),
    ("a zero byte", ("Authorization: Bearer {token}\x00",), {400}),
    ("no ASCII", ("Authorization: Bearer {token}\u00e9",), {400, 401}),
    ("a bare line feed", ("X: y\nAuthorization: Bearer {token}",), {400}),
    ("blanks in the name", ("Authorization : Bearer {token}",), {400}),
)
# fmt: on


@pytest.mark.parametrize(("head", "statuses"), [r[1:] for r in HEADS], ids=[r[0] for r in HEADS])
def test_authorization_headers(ingest: Posting, head: tuple[str, ...], statuses: set[int]) -> None:
    body = event("unauthorised")
    lines = [line.replace("{token}", ingest.token) for line in head]
    about = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    found = answers(ingest, post(body, *about, *lines))
    assert len(found) == 1
    assert set(found) <= statuses
    assert not known(ingest, "unauthorised")


def test_a_token_in_the_address_is_none(ingest: Posting) -> None:
    body = event("in-address")
    about = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    for target in (f"/events?access_token={ingest.token}", f"/events?token={ingest.token}"):
        assert answers(ingest, post(body, *about, target=target)) == [401]
    user = f"http://x:{ingest.token}@localhost/events"
    assert answers(ingest, post(body, *about, target=user)) == [421]
    assert not known(ingest, "in-address")


def test_heads_that_give_two_lengths_are_no_post(ingest: Posting) -> None:
    body = event("two-lengths")
    inner = posted(ingest, "smuggled-inside")
    for head in (
        ("Transfer-Encoding: chunked",),
        (f"Content-Length: {len(body) + 1}",),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: identity",),
    ):
        found = answers(ingest, posted(ingest, "two-lengths", *head) + inner)
        assert found[:1] in ([400], [])
        assert 202 not in found
    assert not known(ingest, "two-lengths")
    assert not known(ingest, "smuggled-inside")


def test_no_trailer_of_a_body_becomes_a_header(ingest: Posting) -> None:
    body = event("trailed")
    chunked = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\ntruce-posted-by: desk\r\n\r\n"
    head = (
        f"Authorization: Bearer {ingest.token}",
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
        "Trailer: truce-posted-by",
    )
    assert answers(ingest, post(chunked, *head)) in ([202], [400])
    query = "SELECT DISTINCT posted_by FROM events WHERE event_id = 'trailed'"
    assert rows(query, ingest.data_dir) in ([("token-file",)], [])


@pytest.mark.parametrize("target", ["/events/", "//events", "/EVENTS", "/events%2f", "/./events"])
def test_no_other_path_is_a_way_in(ingest: Posting, target: str) -> None:
    body = event("other-path")
    about = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    assert answers(ingest, post(body, *about, target=target)) != [202]
    assert not known(ingest, "other-path")


def test_guesses_use_nothing_up_and_learn_nothing(ingest: Posting) -> None:
    path = ingest.data_dir / "tokens.json"
    token = tokens.add(path, "guessed", ["https://desk.example/posted"], [])
    try:
        near = [token[:-1], token + "x", token[:-1] + ("A" if token[-1] != "A" else "B")]
        near += [token.lower(), token.removeprefix("truce_"), token[::-1], "guessed"]
        near += [tokens.digest_of(token).hex(), "", "*", "null", "../token", "%00"]
        said = {
            ingest.post(event("guess"), token=one or " ").text for one in near for _ in range(20)
        }
        # All the same, whether nearly right or not.
        assert len(said) == 1
        assert json.loads(said.pop())["status"] == 401
        assert ingest.post(event("guess"), token=token).status_code == 202
    finally:
        tokens.remove(path, "guessed")


def test_tokens_that_come_and_go_while_others_post_disturb_nobody(ingest: Posting) -> None:
    path = ingest.data_dir / "tokens.json"
    source = ["https://desk.example/posted"]
    steady = tokens.add(path, "steady", source, [])
    over = threading.Event()

    def come_and_go() -> None:
        number = 0
        while not over.is_set():
            tokens.add(path, f"passing-{number}", source, [])
            tokens.remove(path, f"passing-{number}")
            number += 1

    passing = threading.Thread(target=come_and_go)
    passing.start()
    try:
        end = time.monotonic() + 3
        number, statuses = 0, set()
        while time.monotonic() < end:
            statuses.add(ingest.post(event(f"steady-{number}"), token=steady).status_code)
            statuses.add(ingest.post(event(f"steady-{number}"), token="0" * 64).status_code)
            number += 1
        assert statuses == {202, 401}
    finally:
        over.set()
        passing.join()
        tokens.remove(path, "steady")
