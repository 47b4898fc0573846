"""Who may post, what is taken, and what is answered."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import select
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from schemas.openapi import MAX_BODY_BYTES, MAX_POSTED_EVENTS
from schemas.wire import MAX_EVENT_BYTES
from streams.http.rate import Rate
from streams.http.writers import read_token
from streams.secrets import SecretError
from streams.settings import Settings
from tests.cli.commands import SCENARIO, rows, truce
from tests.cli.hostile import hostile_events, unfit
from tests.http.posting import BATCH, EVENT, LINES, Posting, event
from tests.worker.running import within


def known(ingest: Posting, *names: str) -> list[str]:
    """Those of `names` that the running worker has."""
    listed = ", ".join(f"'{name}'" for name in names)
    query = f"SELECT event_id FROM events WHERE event_id IN ({listed}) ORDER BY ALL"  # noqa: S608
    return [name for (name,) in rows(query, ingest.data_dir)]


def answer(found: requests.Response) -> dict[str, Any]:
    assert found.headers["Content-Type"] == "application/problem+json"
    said: dict[str, Any] = found.json()
    assert said["status"] == found.status_code
    return said


def test_an_event_is_in_the_database_when_202_is_answered(ingest: Posting) -> None:
    for number in range(10):
        found = ingest.post(event(f"at-once-{number}"))
        assert (found.status_code, found.json()["accepted"]) == (202, 1)
        assert known(ingest, f"at-once-{number}") == [f"at-once-{number}"]


def test_the_shipped_scenario_can_be_posted_as_lines(ingest: Posting) -> None:
    lines = SCENARIO.read_bytes()
    assert ingest.post(lines, LINES).json()["accepted"] == len(lines.splitlines())
    query = "SELECT verdict FROM verdicts WHERE incident_id = '2026-02-03-barrage'"
    assert rows(query, ingest.data_dir) == [("contested",)]


def test_a_batch_may_hold_events_of_several_conflicts(ingest: Posting) -> None:
    batch = [event("batch-1", conflict="one"), event("batch-2", conflict="two")]
    assert ingest.post(b"[" + b",".join(batch) + b"]", BATCH).json()["accepted"] == 2
    assert known(ingest, "batch-1", "batch-2") == ["batch-1", "batch-2"]


def test_what_was_posted_again_changes_nothing(ingest: Posting) -> None:
    for _ in range(2):
        assert ingest.post(event("again")).status_code == 202
    assert known(ingest, "again") == ["again"]


def test_the_good_ones_go_and_what_is_wrong_with_the_others_is_told(ingest: Posting) -> None:
    good = [event("good-1"), event("good-2")]
    wrong = event("wrong", act="stirke")
    found = ingest.post(b"\n".join([good[0], b"", wrong, b"{", good[1]]), LINES)
    said = answer(found)
    assert (found.status_code, said["accepted"], said["refused"]) == (400, 2, 2)
    assert [(p["line"], p["field"]) for p in said["problems"]] == [(3, "data.act"), (4, "")]
    assert "strike" in said["problems"][0]["reason"]
    assert known(ingest, "good-1", "good-2", "wrong") == ["good-1", "good-2"]


@pytest.mark.parametrize("content_type", [BATCH, LINES])
def test_hidden_characters_are_refused_by_their_names_and_not_repeated(
    ingest: Posting, content_type: str
) -> None:
    lines, _ = hostile_events()
    lines += ['{"\u202e\u009b": 1}', event("good").decode()]
    body = f"[{','.join(lines)}]" if content_type == BATCH else "\n".join(lines)
    answer = ingest.post(body.encode(), content_type)
    assert answer.status_code == 400
    assert answer.json()["accepted"] == 1
    assert unfit(answer.text) == []
    problems = answer.json()["problems"]
    assert all(unfit(one["field"]) == unfit(one["reason"]) == [] for one in problems)
    fields = {one["field"]: one["reason"] for one in problems}
    assert fields["data.incident_id"].startswith("U+200B ZERO WIDTH SPACE is refused")
    assert fields["data.evidence.0"].startswith("U+202E RIGHT-TO-LEFT OVERRIDE is refused")


def test_a_place_in_a_batch_is_told_by_its_index(ingest: Posting) -> None:
    body = b"[" + event("index-0") + b"," + event("index-1", act="stirke") + b"]"
    said = answer(ingest.post(body, BATCH))
    assert [(p["index"], p["field"]) for p in said["problems"]] == [(1, "data.act")]
    assert "line" not in said["problems"][0]
    assert known(ingest, "index-0", "index-1") == ["index-0"]


# fmt: off
REFUSED = (
    ("nothing", b"", EVENT, 400, "not JSON"),
    ("no line", b"\n \n", LINES, 400, "at least one event"),
    ("an empty batch", b"[]", BATCH, 400, "at least one event"),
    ("no JSON", b"{", EVENT, 400, "not JSON"),
    ("no UTF-8", b"\xff\xfe", EVENT, 400, "not JSON"),
    ("a batch as an event", b"[" + event("x") + b"]", EVENT, 400, "expected one JSON object"),
    ("an event as a batch", event("x"), BATCH, 400, "expected a JSON array"),
    ("a batch that does not hold together", b"[" + event("x"), BATCH, 400, "hold together"),
    ("a batch in a line", b"[" + event("x") + b"]", LINES, 400, "one event a line"),
    ("a field twice", event("x").replace(b'"id"', b'"id": "y", "id"'), EVENT, 400, "more than once"),
    ("an event too large", event("x", reason="x" * MAX_EVENT_BYTES), EVENT, 400, "98,304 bytes"),
    ("too many bytes", b" " * (MAX_BODY_BYTES + 1), EVENT, 413, "2,097,152 bytes"),
    ("too many lines", b"x\n" * (MAX_POSTED_EVENTS + 1), LINES, 413, "2,000 events"),
    ("too large a batch", b"[" + b"0," * MAX_POSTED_EVENTS + b"0]", BATCH, 413, "2,000 events"),
    ("no content type", event("x"), None, 415, "expected a content type"),
    ("a form", event("x"), "application/x-www-form-urlencoded", 415, "expected a content type"),
    ("another charset", event("x"), "application/json; charset=latin1", 415, "in UTF-8"),
)
# fmt: on


@pytest.mark.parametrize(
    ("body", "content_type", "status", "says"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_what_is_refused(
    ingest: Posting, body: bytes, content_type: str | None, status: int, says: str
) -> None:
    found = ingest.post(body, content_type)
    assert (found.status_code, says in found.text) == (status, True), found.text
    answer(found)
    assert known(ingest, "x") == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer " + "0" * 64},
        {"Authorization": "Basic {token}"},
        {"Authorization": "Bearer {token}0"},
        {"Authorization": "{token}"},
    ],
)
def test_without_the_token_nothing_is_read(ingest: Posting, given: dict[str, str]) -> None:
    headers = {name: value.format(token=ingest.token) for name, value in given.items()}
    found = requests.post(ingest.url, data=event("x"), headers=headers, timeout=10)
    assert found.status_code == 401
    assert found.headers["WWW-Authenticate"].startswith("Bearer ")
    assert ingest.token not in found.text
    assert known(ingest, "x") == []


def test_a_body_is_not_decompressed(ingest: Posting) -> None:
    bomb = gzip.compress(b"\n" * 100_000_000)
    assert ingest.post(bomb, LINES, Content_Encoding="gzip").status_code == 415


def test_an_endless_body_is_not_listened_to(ingest: Posting) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b" " * 65_536

    began = time.monotonic()
    with contextlib.suppress(requests.ConnectionError):  # it is closed while the client still sends
        assert ingest.post(endless(), LINES).status_code == 413
    assert time.monotonic() - began < 8
    assert sent > MAX_BODY_BYTES
    assert ingest.post(event("after-endless")).status_code == 202


def asking(ingest: Posting, token: str) -> bytes:
    """What is answered to a client that asks before it sends its body."""
    head = (
        "POST /events HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\n"
        f"Content-Type: {EVENT}\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    with ingest.connected() as connection:
        connection.sendall(head.encode())
        return connection.recv(1000)


def test_who_asks_before_sending_hears_a_refusal_at_once(ingest: Posting) -> None:
    assert asking(ingest, ingest.token).startswith(b"HTTP/1.1 100 ")
    assert asking(ingest, "0" * 64).startswith(b"HTTP/1.1 401 ")


def test_a_body_that_breaks_off_is_not_taken(ingest: Posting) -> None:
    whole = event("broken-off")
    with ingest.begun(len(whole) + 1) as connection:
        connection.sendall(whole)
    assert ingest.post(event("after-broken-off")).status_code == 202
    assert known(ingest, "broken-off") == []


def test_bodies_that_do_not_end_fill_a_bounded_memory_only(ingest: Posting) -> None:
    almost = b" " * (MAX_BODY_BYTES - 1)
    with contextlib.ExitStack() as stack:
        unfinished = [stack.enter_context(ingest.begun(MAX_BODY_BYTES)) for _ in range(20)]
        for connection in unfinished:
            connection.sendall(almost)
        answered, _, _ = select.select(unfinished, [], [], 5)
        assert answered
        assert {one.recv(12) for one in answered} == {b"HTTP/1.1 429"}
    assert within(10, lambda: ingest.post(event("after-filling")).status_code == 202)


def test_other_methods_are_refused(ingest: Posting) -> None:
    assert requests.get(ingest.url, timeout=10).status_code == 405


def test_a_rate_is_an_average_with_so_many_at_once() -> None:
    now = [0.0]
    rate = Rate(2, lambda: now[0])
    assert [rate.wait() for _ in range(3)] == [0.0, 0.0, 0.5]
    now[0] = 0.25
    assert rate.wait() == 0.25
    now[0] = 0.5
    assert rate.wait() == 0.0
    now[0] = 1000.0
    assert [rate.wait() for _ in range(3)] == [0.0, 0.0, 0.5]


# fmt: off
TOKEN_FILES = (
    ("not there", None, 0o600, "cannot be read"),
    ("readable by others", "0" * 64, 0o644, "chmod 600"),
    ("writable by the group", "0" * 64, 0o620, "chmod 600"),
    ("empty", "", 0o600, "one line"),
    ("too short", "0" * 31, 0o600, "at least 32"),
    ("two lines", "0" * 32 + "\n" + "0" * 32, 0o600, "one line"),
    ("blanks", "0" * 32 + " " + "0" * 32, 0o600, "at least 32"),
    ("endless", "0" * 5_000, 0o600, "4,096 bytes"),
)
# fmt: on


@pytest.mark.parametrize(
    ("text", "mode", "says"), [row[1:] for row in TOKEN_FILES], ids=[row[0] for row in TOKEN_FILES]
)
def test_a_token_file_that_is_no_good_is_refused(
    text: str | None, mode: int, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    if text is not None:
        path.write_text(text, encoding="ascii")
        path.chmod(mode)
    with pytest.raises(SecretError, match="TRUCE_TOKEN_FILE: ") as refused:
        read_token(Settings(token_file=path))
    assert says in str(refused.value)
    assert not text or text not in str(refused.value)


def test_a_refused_token_file_is_one_line_and_no_worker(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "token", 0o600)
    done = truce("run", "--token-file", tmp_path / "token", data_dir=tmp_path / "data")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith("truce: TRUCE_TOKEN_FILE: ")
    assert "no regular file" in done.stderr


def test_the_published_document_is_the_printed_one(ingest: Posting) -> None:
    printed = json.loads(truce("schema", "openapi").stdout)
    assert requests.get(f"{ingest.endpoint.http}/openapi.json", timeout=10).json() == printed
