"""Files of events on their way into the log: what goes, what does not, and what is said of it."""

from __future__ import annotations

import asyncio
import codecs
import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from tests.cli.commands import SCENARIO, TRUCE, Done, environment, rows, truce, worker
from tests.support.brokers import open_broker


def report(conflict: str, number: int = 1, **said: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"r-{number}",
        "source": "https://desk.example/",
        "type": "incident.reported",
        "data": {
            "conflict": conflict,
            "incident_id": f"i-{number}",
            "report_id": "r",
            "reported_by": {"name": "Observer"},
            "occurred": {"start": "2026-01-10T12:00:00Z"},
            **said,
        },
    }


def claim(conflict: str, *bound: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "c-1",
        "source": "https://desk.example/",
        "type": "commitment.claimed",
        "data": {
            "conflict": conflict,
            "commitment_id": "truce",
            "claim_id": "c",
            "claimed_by": {"name": "Speaker"},
            "stance": "asserts",
            "bound_parties": list(bound),
            "window": [{"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}],
        },
    }


def lines(path: Path, *events: dict[str, Any] | bytes) -> Path:
    raws = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
    path.write_bytes(b"".join(raw + b"\n" for raw in raws))
    return path


def without(event: dict[str, Any], *fields: str) -> dict[str, Any]:
    data = {name: value for name, value in event["data"].items() if name not in fields}
    return {**event, "data": data}


R = report("bad")
BAD_LINES = (
    (b"\x00\xff\xfe garbage", "event: not JSON"),
    (b'{"specversion": "1.0"', "event: not JSON"),
    (b"[" * 100_000, "event: "),
    (b"42", "event: expected a JSON object"),
    (b"[]", "event: expected one JSON object"),
    (b'"' + b"x" * 10_000_000 + b'"', "event: expected at most 98,304 bytes"),
    ({**R, "type": "incident.seen"}, "type: 'incident.seen' is not an event type; did you mean"),
    (report("bad", occurred={"start": "2026-01-10T12:00:00"}), "data.occurred.start: needs an off"),
    (report("bad", act="dronestrike"), "data.act: 'dronestrike' is not an act; did you mean"),
    (report("bad", colour="red"), "data.colour: unknown field"),
    (without(R, "reported_by", "occurred"), "data.reported_by: required"),
    (without(R, "reported_by", "occurred"), "data.occurred: required"),
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """A file of one good line and all the bad ones, and what a dry run says of it."""
    path = lines(tmp_path_factory.mktemp("bad") / "e.jsonl", R, *(bad for bad, _ in BAD_LINES))
    return path, truce("publish", "--dry-run", path, data_dir=path.parent / "none")


@pytest.mark.parametrize(
    ("number", "says"),
    [(number, says) for number, (_, says) in enumerate(BAD_LINES, 2)],
    ids=[says[:40] for _, says in BAD_LINES],
)
def test_a_bad_line_is_told_by_file_line_field_and_reason(
    number: int, says: str, told: tuple[Path, Done]
) -> None:
    path, done = told

    assert any(line.startswith(f"{path}:{number}: {says}") for line in done.stderr.splitlines())


def test_every_problem_is_one_line_and_the_good_lines_are_counted(told: tuple[Path, Done]) -> None:
    path, done = told

    assert done.returncode == 1
    assert f"1 event (1 report) would be published; {len(BAD_LINES)} lines" in done.stdout
    assert all(line.startswith(f"{path}:") for line in done.stderr.splitlines())
    assert f"{path}:1: " not in done.stderr


def test_blank_lines_line_ends_and_a_byte_order_mark_are_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    raw = SCENARIO.read_bytes().replace(b"\n", b"\r\n\r\n  \r\n")
    path.write_bytes(codecs.BOM_UTF8 + raw)

    done = truce("publish", "--dry-run", path, data_dir=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("14 events (6 claims, 8 reports)")


def test_the_good_lines_go_and_the_bad_ones_do_not(running: Path, tmp_path: Path) -> None:
    events = [report("mixed", number) for number in range(1, 1_201)]
    path = lines(tmp_path / "events.jsonl", *events[:700], b"{}", *events[700:])

    done = truce("publish", path, data_dir=running)

    assert done.returncode == 1
    assert "1,200 events (1,200 reports) published and judged; 1 line" in done.stdout
    found = rows(
        "select event_id from events where conflict = 'mixed' "
        'order by partition, "offset", batch_index',
        running,
    )
    assert [event_id for (event_id,) in found] == [event["id"] for event in events], "in order"
    assert "\r" not in done.stderr, "no progress bar without a terminal"


def test_what_is_acknowledged_is_in_the_database(running: Path) -> None:
    for number in range(3):
        raw = json.dumps(report("acknowledged", number)).encode()
        assert truce("publish", "-", data_dir=running, given=raw).returncode == 0
        found = rows("select count(*) from events where conflict = 'acknowledged'", running)
        assert found == [(number + 1,)]


def test_publishing_again_changes_nothing(running: Path) -> None:
    def publish() -> tuple[Done, list[tuple[Any, ...]]]:
        done = truce("publish", SCENARIO, data_dir=running)
        where = "where conflict = 'russia-ukraine'"
        return done, rows(f"from verdict_versions {where} order by all", running)

    first, before = publish()
    again, after = publish()

    assert first.returncode == again.returncode == 0
    assert before
    assert before == after


def test_an_actor_whom_no_claim_binds_raises_a_warning(running: Path, tmp_path: Path) -> None:
    actor = {"party": "Russia", "confidence": "confirmed"}
    claims = lines(tmp_path / "claims.jsonl", claim("slip", "RUS", "UKR"))
    reports = lines(tmp_path / "reports.jsonl", report("slip", actor=actor))

    assert truce("publish", claims, data_dir=running).stderr == ""
    done = truce("publish", reports, data_dir=running)

    assert done.returncode == 0, "a warning is no error"
    (warning,) = done.stderr.splitlines()
    assert warning.startswith("warning: no claim of conflict 'slip' binds actor 'Russia' (1 report")
    assert warning.endswith("did you mean 'RUS'?")
    assert f"{reports}:1" in warning
    assert warning.split(" (")[0] in truce("status", data_dir=running).stderr


def test_a_conflict_without_claims_is_pointed_out_once(tmp_path: Path) -> None:
    actor = {"party": "RUS", "confidence": "confirmed"}
    path = lines(tmp_path / "e.jsonl", *(report("lone", n, actor=actor) for n in range(5)))

    done = truce("publish", "--dry-run", path, data_dir=tmp_path / "none")

    assert done.stderr.count("\n") == 1
    assert "no claim is known for conflict 'lone'" in done.stderr


def test_a_dry_run_sends_nothing(running: Path, tmp_path: Path) -> None:
    path = lines(tmp_path / "e.jsonl", report("dry"))

    assert truce("publish", "--dry-run", path, data_dir=running).returncode == 0
    assert rows("from events where conflict = 'dry'", running) == []


def test_what_comes_slowly_is_published_as_it_comes(running: Path) -> None:
    count = "select count(*) from events where conflict = 'slow'"
    with subprocess.Popen(
        [*TRUCE, "publish", "-"], env=environment(running), stdin=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(report("slow")).encode() + b"\n")
        process.stdin.flush()
        end = time.monotonic() + 20
        while rows(count, running) != [(1,)] and time.monotonic() < end:
            time.sleep(0.1)
        assert rows(count, running) == [(1,)]
    assert process.returncode == 0


def test_a_worker_that_dies_meanwhile_is_told(tmp_path: Path) -> None:
    with (
        worker(tmp_path) as process,
        subprocess.Popen(
            [*TRUCE, "publish", "-"],
            env=environment(tmp_path),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as publishing,
    ):
        assert publishing.stdin is not None
        publishing.stdin.write(json.dumps(report("cut", 1)).encode() + b"\n")
        publishing.stdin.flush()
        while not rows("from events", tmp_path):
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        _, said = publishing.communicate(json.dumps(report("cut", 2)).encode(), timeout=30)

    assert publishing.returncode == 3
    assert (
        said.decode().splitlines()[-1].startswith("truce: the worker ended before all was judged")
    )
    assert b"Traceback" not in said


def test_a_broker_can_be_named(tmp_path: Path) -> None:
    path = lines(tmp_path / "e.jsonl", report("named"))

    with open_broker(tmp_path / "broker") as named:
        broker = ("--broker", f"kafka://{named.bootstrap}")
        done = truce("publish", *broker, path, data_dir=tmp_path / "none")
        other = truce("publish", *broker, "--partitions", "9", path, data_dir=tmp_path / "none")
        sent = asyncio.run(values_in(named.bootstrap))

    assert (done.returncode, done.stdout) == (0, "1 event (1 report) published\n")
    assert other.returncode == 1
    assert "TRUCE_PARTITIONS=4" in other.stderr
    assert [json.loads(value)["id"] for value in sent] == [report("named")["id"]]


async def values_in(bootstrap: str) -> list[bytes]:
    async with AIOKafkaConsumer(
        "truce.events", bootstrap_servers=bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        fetched = await consumer.getmany(timeout_ms=5_000)
    return [record.value for records in fetched.values() for record in records]


def test_a_worker_that_was_killed_is_told_from_one_that_runs(tmp_path: Path) -> None:
    with worker(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        done = truce("publish", SCENARIO, data_dir=tmp_path)

    assert done.returncode == 3
    assert "truce run" in done.stderr
