"""Each writer posts what is its own to post, and it is kept with the event who did."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from aiokafka import AIOKafkaProducer

from schemas.wire import headers
from streams.commands.publish import find_target
from streams.http import tokens
from streams.kafka.attribution import HEADER, Attribution, attribution_of
from streams.settings import Settings
from tests.cli.commands import rows, truce
from tests.http.posting import BATCH, EVENT, LINES, Posting, event, new_token, start
from tests.worker.running import within

OURS = "https://desk.example/posted"
THEIRS = "https://mission.example/posted"


def of(source: str, name: str, **more: Any) -> bytes:
    """An event of this source."""
    return event(name, **more).replace(OURS.encode(), source.encode())


@pytest.fixture
def writer(ingest: Posting, request: pytest.FixtureRequest) -> Iterator[str]:
    """The token of a writer for the source THEIRS, made while the worker runs."""
    path = ingest.data_dir / "tokens.json"
    yield tokens.add(path, "mission", [THEIRS], [])
    if any(one.name == "mission" for one in tokens.read_tokens(path)):
        tokens.remove(path, "mission")


def posted_by(ingest: Posting, *names: str) -> list[tuple[str, str | None]]:
    listed = ", ".join(f"'{name}'" for name in names)
    query = f"SELECT event_id, posted_by FROM events WHERE event_id IN ({listed}) ORDER BY ALL"  # noqa: S608
    return rows(query, ingest.data_dir)


def problems(found: requests.Response) -> list[tuple[int, int, str]]:
    said = found.json()
    assert said["status"] == found.status_code
    place = [p.get("line", p.get("index")) for p in said["problems"]]
    return [(at, p["status"], p["field"]) for at, p in zip(place, said["problems"], strict=True)]


def test_a_writer_posts_of_its_source_and_is_kept_with_the_event(
    ingest: Posting, writer: str
) -> None:
    assert ingest.post(of(THEIRS + "/1", "writer-1"), token=writer).status_code == 202
    assert ingest.post(of(OURS, "writer-2")).status_code == 202
    assert posted_by(ingest, "writer-1", "writer-2") == [
        ("writer-1", "mission"),
        ("writer-2", "token-file"),
    ]


def test_who_published_to_the_log_posted_nothing(ingest: Posting) -> None:
    given = of(OURS, "published") + b"\n"
    assert truce("publish", "-", data_dir=ingest.data_dir, given=given).returncode == 0
    assert posted_by(ingest, "published") == [("published", None)]


def test_what_is_not_its_own_is_refused_by_the_field_and_the_others_go(
    ingest: Posting, writer: str
) -> None:
    body = [of(THEIRS, "own-1"), of(OURS, "stolen-1"), of(THEIRS + "x", "stolen-2")]
    found = ingest.post(b"\n".join([*body, of(THEIRS, "own-2")]), LINES, token=writer)
    assert (found.status_code, found.json()["accepted"]) == (403, 2)
    assert problems(found) == [(2, 403, "source"), (3, 403, "source")]
    assert THEIRS in found.json()["problems"][0]["reason"]
    assert posted_by(ingest, "own-1", "own-2", "stolen-1", "stolen-2") == [
        ("own-1", "mission"),
        ("own-2", "mission"),
    ]


def test_a_writer_for_some_conflicts_posts_of_no_other(ingest: Posting) -> None:
    path = ingest.data_dir / "tokens.json"
    token = tokens.add(path, "narrow", [OURS], ["narrow-1", "narrow-2"])
    try:
        batch = [of(OURS, f"narrow-{c}", conflict=c) for c in ("narrow-1", "narrow-3", "Narrow-2")]
        found = ingest.post(b"[" + b",".join(batch) + b"]", BATCH, token=token)
        assert problems(found) == [(1, 403, "data.conflict"), (2, 403, "data.conflict")]
        assert (found.status_code, found.json()["accepted"]) == (403, 1)
    finally:
        tokens.remove(path, "narrow")


def test_refusals_of_several_kinds_are_a_bad_request_and_each_says_its_own(
    ingest: Posting, writer: str
) -> None:
    assert ingest.post(of(THEIRS, "kinds-0"), token=writer).status_code == 202
    body = [
        of(THEIRS, "kinds-1"),
        of(THEIRS, "kinds-2", act="stirke"),
        of(OURS, "kinds-3"),
        of(THEIRS, "kinds-0", act="strike"),
    ]
    found = ingest.post(b"\n".join(body), LINES, token=writer)
    assert (found.status_code, found.json()["accepted"], found.json()["refused"]) == (400, 1, 3)
    assert problems(found) == [(2, 400, "data.act"), (3, 403, "source"), (4, 409, "id")]


def test_a_reused_id_is_a_conflict_and_the_others_are_in_the_ledger(ingest: Posting) -> None:
    assert ingest.post(of(OURS, "taken")).status_code == 202
    # The same again is none, and neither is the id of another source or conflict.
    body = [of(OURS, "taken"), of(THEIRS, "taken"), of(OURS, "taken", conflict="other")]
    assert ingest.post(b"\n".join(body), LINES).status_code == 202
    changed = [of(OURS, "free"), of(OURS, "taken", act="strike"), of(OURS, "free-too")]
    found = ingest.post(b"[" + b",".join(changed) + b"]", BATCH)
    assert (found.status_code, found.json()["accepted"]) == (409, 2)
    assert problems(found) == [(1, 409, "id")]
    assert "stands for other content" in found.json()["problems"][0]["reason"]
    assert [name for name, _ in posted_by(ingest, "free", "free-too")] == ["free", "free-too"]
    assert ingest.post(of(OURS, "taken", act="strike")).status_code == 409


def test_one_body_cannot_give_an_id_twice(ingest: Posting) -> None:
    body = [of(OURS, "twice"), of(OURS, "twice", act="strike")]
    found = ingest.post(b"\n".join(body), LINES)
    assert (found.status_code, found.json()["accepted"]) == (409, 1)
    assert problems(found) == [(2, 409, "id")]


def test_nobody_takes_an_id_of_the_desk_first(ingest: Posting, writer: str) -> None:
    assert ingest.post(of(OURS, "squatted", act="strike"), token=writer).status_code == 403
    assert ingest.post(of(OURS, "squatted")).status_code == 202
    assert posted_by(ingest, "squatted") == [("squatted", "token-file")]


def test_a_token_that_is_removed_is_unknown_at_once(ingest: Posting, writer: str) -> None:
    assert ingest.post(of(THEIRS, "before-removal"), token=writer).status_code == 202
    assert truce("token", "remove", "mission", data_dir=ingest.data_dir).returncode == 0
    assert ingest.post(of(THEIRS, "after-removal"), token=writer).status_code == 401
    assert posted_by(ingest, "before-removal", "after-removal") == [("before-removal", "mission")]


def test_what_is_only_tried_is_not_written(ingest: Posting, writer: str) -> None:
    url = f"{ingest.url}?dry_run=true"
    given = {"Authorization": f"Bearer {writer}", "Content-Type": LINES}

    def tried(*events: bytes) -> requests.Response:
        return requests.post(url, data=b"\n".join(events), headers=given, timeout=30)

    good = tried(of(THEIRS, "tried-1"), of(THEIRS, "tried-2"))
    assert (good.status_code, good.json()) == (200, {"acceptable": 2})
    bad = tried(of(THEIRS, "tried-3"), of(OURS, "tried-4"))
    assert (bad.status_code, bad.json()["accepted"], bad.json()["acceptable"]) == (403, 0, 1)
    assert problems(bad) == [(2, 403, "source")]
    assert "only tried" in bad.json()["detail"]
    assert problems(tried(of(OURS, "tried-5", act="stirke"))) == [(1, 400, "data.act")]
    assert posted_by(ingest, *(f"tried-{n}" for n in range(1, 6))) == []
    assert requests.post(url, data=b"{}", timeout=30).status_code == 401


@pytest.mark.parametrize("query", ["dry_run=yes", "dry-run=true", "dry_run=true&dry_run=false"])
def test_a_trial_that_is_misspelt_is_not_taken_for_a_post(ingest: Posting, query: str) -> None:
    given = {"Authorization": f"Bearer {ingest.token}", "Content-Type": EVENT}
    found = requests.post(
        f"{ingest.url}?{query}", data=of(OURS, "misspelt"), headers=given, timeout=30
    )
    assert (found.status_code, "dry_run" in found.json()["detail"]) == (400, True)
    assert posted_by(ingest, "misspelt") == []


def test_explain_says_who_posted_a_report(ingest: Posting, writer: str) -> None:
    claim = {
        "specversion": "1.0",
        "id": "explained-claim",
        "source": OURS,
        "type": "commitment.claimed",
        "data": {
            "conflict": "explained",
            "commitment_id": "c",
            "claim_id": "c-1",
            "claimed_by": {"name": "Desk"},
            "stance": "asserts",
            "bound_parties": ["AAA"],
            "window": [{"start": "2026-01-01T00:00:00Z", "end": None}],
        },
    }
    report = of(THEIRS, "explained", conflict="explained")
    assert ingest.post(json.dumps(claim)).status_code == 202
    assert ingest.post(report, token=writer).status_code == 202
    other = report.replace(b'"report_id": "desk"', b'"report_id": "other"')
    given = other.replace(b'"id": "explained"', b'"id": "explained-2"') + b"\n"
    assert truce("publish", "-", data_dir=ingest.data_dir, given=given).returncode == 0
    said = json.loads(truce("explain", "explained", "--json", data_dir=ingest.data_dir).stdout)
    assert {one["report_id"]: one["posted_by"] for one in said["reports"]} == {
        "desk": "mission",
        "other": None,
    }
    shown = truce("explain", "explained", data_dir=ingest.data_dir).stdout.splitlines()
    assert shown[2].endswith("posted by")
    assert [line.endswith("mission") for line in shown[4:6]] == [True, False]


def test_no_header_of_a_request_says_who_posted(ingest: Posting, writer: str) -> None:
    forged = {HEADER: "token-file", "ce-truce-posted-by": "token-file"}
    found = ingest.post(of(THEIRS, "smuggled"), token=writer, **forged)
    assert found.status_code == 202
    assert posted_by(ingest, "smuggled") == [("smuggled", "mission")]
    inside = of(THEIRS, "smuggled-2").replace(b'"type"', b'"posted_by": "desk", "type"')
    assert ingest.post(inside, token=writer).status_code == 400


async def _send(settings: Settings, records: list[tuple[bytes, list[tuple[str, bytes]]]]) -> None:
    async with AIOKafkaProducer(**find_target(settings).access.for_aiokafka()) as producer:
        for value, head in records:
            await producer.send_and_wait("truce.events", value, key=b"posted", headers=head)


def test_a_record_that_no_worker_signed_says_nothing_of_who_posted_it(ingest: Posting) -> None:
    settings = Settings(data_dir=ingest.data_dir)
    ours, other = attribution_of(settings), Attribution(b"0" * 64)
    values = [of(OURS, f"forged-{n}") for n in range(7)]
    plain = list(headers())
    signed = ours.header("mission", b"posted", values[0])
    forged = [
        [*plain, signed],
        [*plain, (HEADER, b"mission")],
        [*plain, other.header("mission", b"posted", values[2])],
        [*plain, signed],  # of another record
        [*plain, ours.header("mission", b"other", values[4])],
        [*plain, (HEADER, signed[1].replace(b"mission", b"desk"))],
        [(HEADER, b"mission")],
    ]
    asyncio.run(_send(settings, list(zip(values, forged, strict=True))))
    names = [f"forged-{n}" for n in range(7)]
    assert within(20, lambda: len(posted_by(ingest, *names)) == 7)
    assert posted_by(ingest, *names) == [("forged-0", "mission"), *((n, None) for n in names[1:])]
    page = requests.get(f"{ingest.endpoint.http}/metrics", timeout=10).text
    assert "truce_posted_by_unverified_total 6.0" in page
    # It is said once, on stderr, of which the fixture wants to hear nothing.
    assert ingest.process.stderr is not None
    assert "cannot be verified" in ingest.process.stderr.readline()


@pytest.mark.ingest
def test_who_posted_what_outlives_restarts_and_rebuilds(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    token = tokens_of(data_dir)
    query = "SELECT event_id, posted_by FROM events ORDER BY ALL"
    found = start(data_dir, new_token(tmp_path))
    try:
        assert found.post(of(THEIRS, "kept-1"), token=token).status_code == 202
        many = b"\n".join(of(OURS, f"kept-2-{n:03}") for n in range(300))
        assert found.post(many, LINES).status_code == 202
        given = of(OURS, "kept-3") + b"\n"
        assert truce("publish", "-", data_dir=data_dir, given=given).returncode == 0
        live = rows(query, data_dir)
        assert found.end() == (0, "")
    finally:
        found.process.kill()
    assert len(live) == 302
    assert {who for _, who in live} == {"mission", "token-file", None}
    done = truce("rebuild", "--json", data_dir=data_dir)
    assert (done.returncode, json.loads(done.stdout)["compared"]["differing"]) == (0, 0)
    assert rows(query, data_dir) == live
    again = start(data_dir, None)
    try:
        # Without the token file the writers stay.
        assert again.post(of(THEIRS, "kept-4"), token=token).status_code == 202
        assert again.end() == (0, "")
    finally:
        again.process.kill()
    assert len(rows(query, data_dir)) == 303


def tokens_of(data_dir: Path) -> str:
    """A token that `truce token add` prints, alone on stdout, before there is a worker."""
    done = truce("token", "add", "mission", "--source", THEIRS, data_dir=data_dir)
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert done.stdout.strip() not in done.stderr
    return done.stdout.strip()
