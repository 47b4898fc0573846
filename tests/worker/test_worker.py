from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from streams import worker
from streams.endpoint import FILE_NAME, read_endpoint
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.settings import Address, Settings
from tests.worker.plain_core import ROOT, PlainCore, rows
from tests.worker.running import Start, publish, publish_async, within


def get(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def offsets(url: str) -> dict[str, int]:
    found: dict[str, int] = json.loads(get(f"{url}/offsets")[1])["partitions"]
    return found


def test_a_worker_says_that_it_is_ready_and_shows_its_pages(start: Start) -> None:
    endpoint = start().ready()
    assert get(f"{endpoint.http}/readyz") == (200, '{"status": "ready"}')
    assert get(f"{endpoint.http}/healthz") == (200, '{"status": "alive"}')
    assert get(f"{endpoint.http}/metrics") == (200, "up 1\n")
    assert "/offsets" in get(f"{endpoint.http}/")[1]
    assert get(f"{endpoint.http}/stats")[0] == 404


def test_a_publisher_can_wait_until_its_events_are_judged(start: Start) -> None:
    process = start()
    endpoint = process.ready()
    assert offsets(endpoint.http) == {"0": 0, "1": 0, "2": 0, "3": 0}
    publish(endpoint.bootstrap, [(1, b"a"), (1, b"b"), (3, b"c")])
    assert within(2, lambda: offsets(endpoint.http) == {"0": 0, "1": 2, "2": 0, "3": 1})
    assert sorted(rows(process.data_dir)) == [(1, 0, b"a"), (1, 1, b"b"), (3, 0, b"c")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_exits_with_0(start: Start, number: signal.Signals) -> None:
    process = start("slow=0.3", TRUCE_MAX_BATCH="200")
    endpoint = process.ready()
    publish(endpoint.bootstrap, [(n % 4, b"%d" % n) for n in range(1_000)])
    assert process.end(number) == (0, "")
    assert {value for _, _, value in rows(process.data_dir)} == {b"%d" % n for n in range(1_000)}
    assert not (process.data_dir / FILE_NAME).exists()
    core = PlainCore(process.data_dir)
    core.open()
    assert core.pending_outbox(1) == []
    core.close()


def test_a_second_signal_ends_at_once(start: Start) -> None:
    process = start("slow=20")
    endpoint = process.ready()
    publish(endpoint.bootstrap, [(0, b"a")])
    process.popen.send_signal(signal.SIGTERM)
    assert within(2, lambda: "stopping" in get(f"{endpoint.http}/readyz")[1])
    began = time.monotonic()
    code, said = process.end()
    assert (code, said) == (1, "truce: told twice to stop: ended before all was finished\n")
    assert time.monotonic() - began < 2
    assert read_endpoint(process.data_dir) is None


def test_a_failing_ledger_ends_the_worker_and_loses_nothing(
    start: Start, broker: EmbeddedBroker
) -> None:
    remote = f"kafka://{broker.bootstrap}"
    process = start("fail-after=500", TRUCE_BROKER=remote, TRUCE_MAX_BATCH="100", TRUCE_GROUP="g")
    endpoint = process.ready()
    values = [(n % 4, b"%d" % n) for n in range(2_000)]
    publish(endpoint.bootstrap, values)
    assert process.ended() == (1, "truce: OSError: the disk is full\n")
    assert 0 < len(rows(process.data_dir)) <= 500
    again = start(TRUCE_BROKER=remote, TRUCE_GROUP="g")
    endpoint = again.ready()
    assert within(5, lambda: len(rows(again.data_dir)) >= 2_000)
    assert sorted(v for _, _, v in rows(again.data_dir)) == sorted(v for _, v in values)
    assert again.end() == (0, "")


def test_the_ledgers_offset_wins_over_the_groups(
    start: Start, broker: EmbeddedBroker, tmp_path: Path
) -> None:
    remote = f"kafka://{broker.bootstrap}"
    values = [(n % 4, b"%d" % n) for n in range(100)]
    first = start(TRUCE_BROKER=remote, TRUCE_GROUP="g")
    publish(first.ready().bootstrap, values)
    assert within(5, lambda: len(rows(first.data_dir)) == 100)
    assert first.end() == (0, "")  # and the group's offsets are at the end of the log
    core = PlainCore(first.data_dir)
    core.open()
    with core.db:
        core.db.execute("DELETE FROM record WHERE off >= 10")
        core.db.execute("UPDATE next SET off = 10")
    core.close()
    second = start(TRUCE_BROKER=remote, TRUCE_GROUP="g")
    second.ready()
    assert len(rows(second.data_dir)) == 100
    assert sorted(v for _, _, v in rows(second.data_dir)) == sorted(v for _, v in values)
    # A database of its own begins at the log's beginning, whatever the group has read.
    third = start(TRUCE_BROKER=remote, TRUCE_GROUP="g", data_dir=tmp_path / "third")
    second.end()
    third.ready()
    assert within(5, lambda: len(rows(third.data_dir)) == 100)


def test_a_port_that_is_taken_is_named_with_its_setting(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = start(TRUCE_HTTP=f"127.0.0.1:{port}").ended()
    assert code == 1
    assert said.count("\n") == 1
    assert f"127.0.0.1:{port}" in said
    assert "TRUCE_HTTP" in said


HOLD = """
import sys
from pathlib import Path
from analytics.ledger.ledger import Ledger
with Ledger.open(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_second_worker_on_the_same_data_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(data_dir=tmp_path, http=Address("127.0.0.1", 0))
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(settings.database)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"open\n"
        assert asyncio.run(worker.run(settings)) == 1
        first.kill()
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("truce: ")
    assert f"process {first.pid}" in said


def test_while_it_waits_for_a_broker_it_can_be_told_to_stop(start: Start) -> None:
    process = start(TRUCE_BROKER="kafka://127.0.0.1:1")
    waiting = "truce: no Kafka answers at 127.0.0.1:1 yet: waiting for it\n"
    assert process.popen.stderr is not None
    assert process.popen.stderr.readline() == waiting
    assert process.end()[0] == 0


def test_batches_keep_the_order_of_each_partition_and_lose_nothing(tmp_path: Path) -> None:
    core = PlainCore(tmp_path)
    values = [(n % 4, b"%d" % n) for n in range(20_000)]

    async def run() -> int:
        stop, ready = asyncio.Event(), asyncio.Queue[Any]()
        settings = Settings(data_dir=tmp_path, http=Address("127.0.0.1", 0), max_batch=500)
        running = asyncio.create_task(
            worker.run(settings, core=core, stop=stop, on_ready=ready.put_nowait)
        )
        endpoint = await ready.get()
        await publish_async(endpoint.bootstrap, values)
        stop.set()
        return await running

    assert asyncio.run(run()) == 0
    found = rows(tmp_path)
    for partition in range(4):
        mine = [(offset, value) for p, offset, value in found if p == partition]
        assert [offset for offset, _ in mine] == list(range(5_000))
        assert [value for _, value in mine] == [v for p, v in values if p == partition]
    assert max(core.batches) <= 500
    assert len(core.batches) < 400  # far fewer messages than records


def test_a_worker_told_to_stop_while_it_starts_just_stops(tmp_path: Path) -> None:
    async def run() -> int:
        stop = asyncio.Event()
        settings = Settings(data_dir=tmp_path, http=Address("127.0.0.1", 0))
        asyncio.get_running_loop().call_later(0.7, stop.set)
        return await worker.run(settings, core=PlainCore(tmp_path), stop=stop)

    assert asyncio.run(run()) == 0
