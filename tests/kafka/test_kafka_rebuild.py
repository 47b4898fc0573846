"""`truce rebuild` from a real Kafka: against the database of a live worker, and of another log."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from streams.kafka import topics
from streams.kafka.access import Access
from streams.kafka.broker import ask_cluster_id
from streams.settings import Settings
from tests.cli.commands import Done
from tests.kafka.apache_kafka import ApacheKafka
from tests.kafka.conftest import Start
from tests.kafka.real import (
    PARTITIONS,
    Sent,
    Worker,
    consume,
    cut,
    declare,
    differences,
    folded,
    forget,
    found,
    messages,
    publish,
)
from tests.kafka.test_kafka import EVENTS, has_judged, some_events
from tests.rebuild.conftest import judge
from tests.support.logged import HISTORY, dump, records
from tests.worker.test_transport import publish_damaged

ALL = HISTORY | {"outbox": "FROM outbox"}
NOTHING_DIFFERS = "No row differs from the old database.\n"


def rebuild(worker: Worker, *options: str) -> Done:
    """Rebuild the database of a worker, with its settings."""
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", "rebuild", *options],
        env=worker.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_database_rebuilt_from_kafka_is_the_live_one_to_the_row(
    kafka: ApacheKafka, start: Start
) -> None:
    worker = start()
    worker.ready()
    publish(kafka.bootstrap, some_events(1_000))
    asyncio.run(publish_damaged(kafka.bootstrap, "header name"))
    worker.judges(1_005)
    assert worker.end() == (0, "")
    before = dump(worker.data_dir / "truce.duckdb", ALL)
    told = messages(kafka.bootstrap)
    # What came after the worker's end is for the worker.
    publish(kafka.bootstrap, EVENTS)
    for options in ((), ("--from-events",)):
        done = rebuild(worker, *options)
        assert (done.returncode, done.stderr) == (0, "")
        assert NOTHING_DIFFERS in done.stdout
        assert dump(worker.data_dir / "truce.duckdb", ALL) == before
    assert messages(kafka.bootstrap) == told
    again = start()
    again.ready()
    assert again.judged() == 1_005 + len(EVENTS)
    assert again.end() == (0, "")
    assert len(messages(kafka.bootstrap)) == len(set(messages(kafka.bootstrap))) > len(told)


def test_beside_a_running_worker_it_is_made_and_taken_at_the_next_start(
    kafka: ApacheKafka, start: Start
) -> None:
    sent = some_events(800)
    worker = start()
    worker.ready()
    publish(kafka.bootstrap, sent[:500])
    worker.judges(500)
    done = rebuild(worker)
    assert (done.returncode, done.stderr) == (0, "")
    publish(kafka.bootstrap, sent[500:])
    worker.judges(800)
    assert worker.end() == (0, "")
    before = dump(worker.data_dir / "truce.duckdb", ALL)
    again = start()
    again.ready()
    taken = "truce: the rebuilt database is taken: 0 rows differ from the old one\n"
    assert again.end() == (0, taken)
    assert dump(worker.data_dir / "truce.duckdb", ALL) == before


def test_a_database_that_cannot_be_read_or_is_gone_is_made_anew(
    kafka: ApacheKafka, start: Start, tmp_path: Path
) -> None:
    worker = start()
    endpoint = worker.ready()
    publish(kafka.bootstrap, EVENTS)
    worker.judges(len(EVENTS))
    assert worker.end() == (0, "")
    log = consume(kafka.bootstrap, topics.EVENTS)
    expected = folded(tmp_path / "expected", endpoint.log_id, log)
    database = worker.data_dir / "truce.duckdb"
    database.write_bytes(b"no database")
    done = rebuild(worker)
    assert done.returncode == 0, done.stderr
    assert not differences(found(worker.data_dir), expected.tables)
    assert (worker.data_dir / "truce.duckdb.before-rebuild").read_bytes() == b"no database"
    database.unlink()
    done = rebuild(worker)
    assert done.returncode == 0, done.stderr
    assert not differences(found(worker.data_dir), expected.tables)
    # It is not known what was published: all of it is, again, and each message says which it is.
    again = start()
    again.ready()
    assert again.end() == (0, "")
    assert set(messages(kafka.bootstrap)) == set(expected.messages)
    assert len(messages(kafka.bootstrap)) == 2 * len(expected.messages)


def test_a_log_that_was_cut_cannot_be_folded_and_the_database_stays(
    kafka: ApacheKafka, start: Start
) -> None:
    worker = start()
    worker.ready()
    publish(kafka.bootstrap, EVENTS)
    worker.judges(len(EVENTS))
    assert worker.end() == (0, "")
    before = (worker.data_dir / "truce.duckdb").read_bytes()
    [partition] = {r.partition for r in consume(kafka.bootstrap, topics.EVENTS)}
    cut(kafka.bootstrap, partition, 8)
    done = rebuild(worker)
    assert done.returncode == 1
    assert done.stderr == (
        f"truce: the log no longer has offsets 0 to 7 of partition {partition}: it was cut, so it "
        "cannot be folded from its beginning; fold the events that the database kept: "
        "truce rebuild --from-events\n"
    )
    assert (worker.data_dir / "truce.duckdb").read_bytes() == before
    assert NOTHING_DIFFERS in rebuild(worker, "--from-events").stdout


def test_a_database_of_another_log_is_refused_and_the_way_out_leads_out(
    kafka: ApacheKafka, start: Start, tmp_path: Path
) -> None:
    lines = [(one.value or b"").decode() for one in EVENTS[:6]]
    settings = Settings(data_dir=tmp_path / "data")
    settings.data_dir.mkdir()
    judge(settings.database, "elsewhere", records(lines))
    publish_all(kafka, EVENTS)
    log_id = asyncio.run(ask_cluster_id(Access(kafka.bootstrap)))
    why = (
        f"truce: {settings.database} is of the log elsewhere, but kafka://{kafka.bootstrap} has "
        f"the log {log_id}: set TRUCE_BROKER to the one that it is of (unset: an embedded one), "
        "choose another TRUCE_DATA_DIR, or fold this log in its place with "
        "`truce rebuild --new-log`\n"
    )
    before = dump(settings.database, ALL)
    worker = start()
    assert worker.ended() == (1, why)
    refused = rebuild(worker)
    assert (refused.returncode, refused.stderr) == (1, why)
    assert dump(settings.database, ALL) == before
    done = rebuild(worker, "--new-log")
    assert done.returncode == 0, done.stderr
    assert dump(settings.data_dir / "truce.duckdb.before-rebuild", ALL) == before
    assert log_id is not None
    expected = folded(tmp_path / "expected", log_id, consume(kafka.bootstrap, topics.EVENTS))
    assert not differences(found(settings.data_dir), expected.tables)
    again = start()
    again.ready()
    assert again.judged() == len(EVENTS)
    assert again.end() == (0, "")
    assert messages(kafka.bootstrap) == expected.messages


def test_a_log_that_was_made_anew_is_refused(kafka: ApacheKafka, start: Start) -> None:
    worker = start()
    worker.ready()
    publish(kafka.bootstrap, EVENTS)
    worker.judges(len(EVENTS))
    assert worker.end() == (0, "")
    [partition] = {r.partition for r in consume(kafka.bootstrap, topics.EVENTS)}
    forget(kafka.bootstrap)
    publish_all(kafka, EVENTS[:3])
    done = rebuild(worker)
    assert done.returncode == 1
    assert done.stderr == (
        "truce: topic truce.events is not the one that the database has read: "
        f"offset {len(EVENTS) - 1} of partition {partition} is behind its end. Fold the events "
        "that the database kept with --from-events, or this log with --new-log\n"
    )


def test_one_that_is_as_long_again_is_refused_too_and_the_ways_out_lead_out(
    kafka: ApacheKafka, start: Start, tmp_path: Path
) -> None:
    worker, endpoint = has_judged(kafka, start, 8)
    forget(kafka.bootstrap)
    publish_all(kafka, EVENTS[2:])
    before = dump(worker.data_dir / "truce.duckdb", ALL)
    done = rebuild(worker)
    assert done.returncode == 1
    assert done.stderr.startswith(
        "truce: topic truce.events is not the one that the database has read: offset 7 of partition "
    )
    assert done.stderr.endswith(
        ". Fold the events that the database kept with --from-events, or this log with --new-log\n"
    )
    assert dump(worker.data_dir / "truce.duckdb", ALL) == before
    assert NOTHING_DIFFERS in rebuild(worker, "--from-events").stdout
    assert dump(worker.data_dir / "truce.duckdb", ALL) == before
    done = rebuild(worker, "--new-log")
    assert done.returncode == 0, done.stderr
    log = consume(kafka.bootstrap, topics.EVENTS)
    expected = folded(tmp_path / "expected", endpoint.log_id, log)
    assert not differences(found(worker.data_dir), expected.tables)
    again = start()
    again.ready()
    assert again.judged() == len(EVENTS) - 2
    assert again.end() == (0, "")


def publish_all(kafka: ApacheKafka, sent: list[Sent]) -> None:
    """Publish before there is a worker."""
    declare(kafka.bootstrap, partitions=PARTITIONS)
    publish(kafka.bootstrap, sent)
