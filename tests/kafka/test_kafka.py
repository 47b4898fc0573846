"""The worker on a real Apache Kafka, and what may happen to either."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.time import iso
from streams.endpoint import Endpoint
from streams.kafka import topics
from tests.bench import load
from tests.kafka.apache_kafka import ApacheKafka
from tests.kafka.conftest import Start
from tests.kafka.real import (
    PARTITIONS,
    ROOT,
    Sent,
    Worker,
    administer,
    commit,
    committed,
    consume,
    cut,
    declare,
    differences,
    event,
    folded,
    forget,
    found,
    messages,
    publish,
)
from tests.support.logged import dump
from tests.worker.running import within
from tests.worker.test_transport import publish_damaged

SCENARIO = ROOT / "schemas" / "examples" / "energy-truce-2026.jsonl"
EVENTS = [event(line) for line in SCENARIO.read_text(encoding="utf-8").splitlines()]


def some_events(count: int, *, conflicts: int = 4, seed: int = 7) -> list[Sent]:
    """Claims and incidents of several conflicts, and now and then what cannot be read."""
    claims, rng = 8, random.Random(seed)
    lines = []
    for number in range(conflicts):
        name = f"conflict-{number}"
        incidents = count // conflicts - claims
        some = [
            *load.claims(claims, overlap=False, conflict=name),
            *load.incidents(incidents, claims=claims, conflict=name, seed=seed + number),
        ]
        lines.append([event(raw.decode()) for raw in some])
    mixed = []
    while any(lines):
        mixed.append(rng.choice([rest for rest in lines if rest]).pop(0))
        if rng.random() < 0.01:
            mixed[-1] = Sent(mixed[-1].key, mixed[-1].value and mixed[-1].value[:-20])
    return mixed


def test_the_shipped_scenario_is_judged(kafka: ApacheKafka, start: Start, tmp_path: Path) -> None:
    worker = start()
    endpoint = worker.ready()
    done = subprocess.run(
        [sys.executable, "-m", "streams.cli", "publish", str(SCENARIO)],
        env=worker.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    worker.judges_all(kafka.bootstrap)
    assert worker.end() == (0, "")
    log = consume(kafka.bootstrap, topics.EVENTS)
    expected = folded(tmp_path / "expected", endpoint.log_id, log)
    assert not differences(found(worker.data_dir), expected.tables)
    query = "SELECT verdict FROM verdicts WHERE incident_id = '2026-02-03-barrage'"
    assert dump(worker.data_dir / "truce.duckdb", {"barrage": query}) == {
        "barrage": [("contested",)]
    }
    assert messages(kafka.bootstrap) == expected.messages != []


def test_what_was_published_before_the_worker_came_is_judged(
    kafka: ApacheKafka, start: Start, tmp_path: Path
) -> None:
    declare(kafka.bootstrap)
    publish(kafka.bootstrap, EVENTS)
    worker = start()
    endpoint = worker.ready()
    assert worker.judged() == len(EVENTS)
    assert worker.end() == (0, "")
    log = consume(kafka.bootstrap, topics.EVENTS)
    expected = folded(tmp_path / "expected", endpoint.log_id, log)
    assert not differences(found(worker.data_dir), expected.tables)
    assert messages(kafka.bootstrap) == expected.messages


def test_recorded_at_is_the_brokers_append_time(kafka: ApacheKafka, start: Start) -> None:
    worker = start()
    worker.ready()
    began = time.time()
    publish(kafka.bootstrap, EVENTS)
    ended = time.time()
    worker.judges(len(EVENTS))
    assert worker.end() == (0, "")
    log = consume(kafka.bootstrap, topics.EVENTS)
    assert {r.timestamp_type for r in log} == {1}
    assert all(began - 1 < r.timestamp / 1000 < ended + 1 for r in log)
    query = 'SELECT "partition", "offset", epoch_ms(recorded_at) FROM events'
    rows = dump(worker.data_dir / "truce.duckdb", {"events": query})["events"]
    assert rows == sorted(((r.partition, r.offset, r.timestamp) for r in log), key=repr)


def test_what_cannot_be_read_is_passed_on_byte_for_byte(kafka: ApacheKafka, start: Start) -> None:
    worker = start()
    worker.ready()
    bad = [
        Sent(b"c", b"\xff\x00 no text"),
        Sent(b"c", b'{"specversion": "1.0"'),
        Sent(b"c", None, ()),
        Sent(None, b"{}", ()),
        Sent(b"other", EVENTS[0].value),
        Sent(b"c", b"{}", (("content-type", b"application/cloudevents-batch+json"), ("x", b""))),
    ]
    publish(kafka.bootstrap, [*bad, *EVENTS])
    worker.judges(len(bad) + len(EVENTS))
    assert worker.end() == (0, "")
    log = {(r.key, r.value): r for r in consume(kafka.bootstrap, topics.EVENTS)}
    rejected = consume(kafka.bootstrap, topics.REJECTED)
    # A record without a value is passed on as an empty one.
    assert Counter((r.key, r.value) for r in rejected) == Counter(
        (s.key, s.value or b"") for s in bad
    )
    for record in rejected:
        headers = dict(record.headers)
        source = log[record.key, record.value or None]
        place = (headers["topic"], headers["partition"], headers["offset"])
        assert place == (b"truce.events", b"%d" % source.partition, b"%d" % source.offset)
        assert headers["reason"]
        assert headers["problems"]


def test_what_the_client_cannot_read_does_not_stop_the_partition(
    kafka: ApacheKafka, start: Start
) -> None:
    worker = start()
    worker.ready()
    sent = asyncio.run(publish_damaged(kafka.bootstrap, "header name"))
    publish(kafka.bootstrap, EVENTS)
    worker.judges(5 + len(EVENTS))
    assert worker.end() == (0, "")
    rejected = consume(kafka.bootstrap, topics.REJECTED)
    *readable, whole = sorted((r.value for r in rejected), key=len)
    assert sorted(readable) == [b"value 0", b"value 1"]
    # In a batch's head the broker notes its offset and its time.
    assert whole[43:] == sent[43:]


def test_a_worker_started_again_goes_on_where_it_was(
    kafka: ApacheKafka, start: Start, tmp_path: Path
) -> None:
    sent = some_events(600)
    first = start()
    first.ready()
    publish(kafka.bootstrap, sent[:300])
    first.judges(300)
    assert first.end() == (0, "")
    publish(kafka.bootstrap, sent[300:])
    second = start()
    endpoint = second.ready()
    assert second.judged() == 600
    assert second.end() == (0, "")
    third = start()
    third.ready()
    assert third.end() == (0, "")
    expected = folded(
        tmp_path / "expected", endpoint.log_id, consume(kafka.bootstrap, topics.EVENTS)
    )
    assert not differences(found(third.data_dir), expected.tables)
    # Nothing was published twice, either.
    assert messages(kafka.bootstrap) == expected.messages


def test_the_ledgers_offsets_win_over_the_groups(
    kafka: ApacheKafka, start: Start, tmp_path: Path
) -> None:
    sent = some_events(900)
    worker = start(TRUCE_GROUP="moved")
    endpoint = worker.ready()
    publish(kafka.bootstrap, sent[:300])
    worker.judges(300)
    assert worker.end() == (0, "")
    told = committed(kafka.bootstrap, "moved")
    assert sum(told.values()) == 300  # for tools that show lag
    # The group is set ahead of the ledger, then back to the beginning; then it is another group.
    publish(kafka.bootstrap, sent[300:600])
    ends = Counter(r.partition for r in consume(kafka.bootstrap, topics.EVENTS))
    commit(kafka.bootstrap, "moved", dict(ends))
    worker = start(TRUCE_GROUP="moved")
    worker.ready()
    assert worker.judged() == 600
    assert worker.end() == (0, "")
    publish(kafka.bootstrap, sent[600:])
    commit(kafka.bootstrap, "moved", dict.fromkeys(range(PARTITIONS), 0))
    worker = start(TRUCE_GROUP="moved")
    worker.ready()
    assert worker.judged() == 900
    assert worker.end() == (0, "")
    worker = start(TRUCE_GROUP="new")
    worker.ready()
    assert worker.end() == (0, "")
    log = consume(kafka.bootstrap, topics.EVENTS)
    expected = folded(tmp_path / "expected", endpoint.log_id, log)
    assert not differences(found(worker.data_dir), expected.tables)
    assert messages(kafka.bootstrap) == expected.messages
    # A database of its own begins at the beginning, whatever its group has read.
    other = start("other", TRUCE_GROUP="moved")
    other.ready()
    assert other.judged() == 900
    assert other.end() == (0, "")
    assert not differences(found(other.data_dir), expected.tables)


def test_killed_in_the_middle_it_comes_to_what_an_undisturbed_one_does(
    kafka: ApacheKafka, start: Start, tmp_path: Path
) -> None:
    declare(kafka.bootstrap)
    publish(kafka.bootstrap, some_events(5_000))
    rng = random.Random(11)
    kills = []
    for number, threshold in enumerate((1, 700, 1_800, 3_000, 3_700)):
        # Another group each time: Kafka waits for a killed member until its session is over.
        worker = start(TRUCE_GROUP=f"killed-{number}", TRUCE_MAX_BATCH="25")
        worker.judges(threshold)
        time.sleep(rng.uniform(0, 0.05))
        kills.append(worker.judged())
        worker.kill()
    assert len(set(kills)) == len(kills)
    assert kills[-1] < 5_000  # or else it was not in the middle
    worker = start(TRUCE_GROUP="killed-4")
    endpoint = worker.ready()
    assert worker.judged() == 5_000
    assert worker.end() == (0, "")
    published = messages(kafka.bootstrap)
    undisturbed = start("undisturbed", TRUCE_GROUP="undisturbed")
    undisturbed.ready()
    assert undisturbed.end() == (0, "")
    assert not differences(found(worker.data_dir), found(undisturbed.data_dir))
    log = consume(kafka.bootstrap, topics.EVENTS)
    expected = folded(tmp_path / "expected", endpoint.log_id, log)
    assert not differences(found(worker.data_dir), expected.tables)
    # A message may be sent again after a kill, but each is there.
    assert set(published) == set(expected.messages)


def test_it_goes_on_when_the_broker_was_away(
    kafka: ApacheKafka, start: Start, tmp_path: Path
) -> None:
    sent = some_events(1_200)
    worker = start()
    endpoint = worker.ready()
    publish(kafka.bootstrap, sent[:400])
    worker.judges(100)
    kafka.kill()
    time.sleep(3)
    assert worker.popen.poll() is None, worker.said
    kafka.start()
    publish(kafka.bootstrap, sent[400:800])
    worker.judges_all(kafka.bootstrap)
    kafka.kill()
    kafka.start()
    publish(kafka.bootstrap, sent[800:])
    worker.judges_all(kafka.bootstrap)
    code, _ = worker.end()
    assert code == 0
    log = consume(kafka.bootstrap, topics.EVENTS)
    expected = folded(tmp_path / "expected", endpoint.log_id, log)
    assert not differences(found(worker.data_dir), expected.tables)
    assert set(messages(kafka.bootstrap)) == set(expected.messages)


def test_a_broker_that_is_not_there_yet_is_waited_for(kafka: ApacheKafka, start: Start) -> None:
    declare(kafka.bootstrap)
    publish(kafka.bootstrap, EVENTS)
    kafka.kill()
    try:
        waiting = f"truce: no Kafka answers at {kafka.bootstrap} yet: waiting for it\n"
        worker = start()
        assert within(60, lambda: worker.said == waiting * 2), worker.said
        assert worker.end()[0] == 0
        worker = start()
        assert within(60, lambda: waiting in worker.said), worker.said
    finally:
        kafka.start()
    worker.ready()
    assert worker.judged() == len(EVENTS)
    code, said = worker.end()
    assert code == 0
    assert set(said.splitlines(keepends=True)) == {waiting}


def test_another_number_of_partitions_is_refused(kafka: ApacheKafka, start: Start) -> None:
    declare(kafka.bootstrap, partitions=3)
    code, said = start().ended()
    assert code == 1
    assert said == (
        "truce: topic truce.events has 3 partitions but TRUCE_PARTITIONS is 4: "
        "set TRUCE_PARTITIONS=3, or use another broker\n"
    )
    worker = start(TRUCE_PARTITIONS="3")
    worker.ready()
    assert worker.end() == (0, "")


def create(kafka: ApacheKafka, **configs: str) -> None:
    """Create `truce.events` as somebody else might."""
    named = {name.replace("_", "."): value for name, value in configs.items()}
    topic = NewTopic(topics.EVENTS, PARTITIONS, 1, topic_configs=named)

    async def do(admin: AIOKafkaAdminClient) -> None:
        await admin.create_topics([topic])

    administer(kafka.bootstrap, do)


KEPT = {"retention_ms": "-1", "retention_bytes": "-1"}


def mend(kafka: ApacheKafka, said: str) -> None:
    """Do what was said, with Kafka's own tool."""
    command = said.strip().rpartition("to mend it: kafka-configs.sh ")[2]
    done = kafka.tool("kafka.admin.ConfigCommand", *command.split())
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_log_that_keeps_the_senders_time_is_refused(kafka: ApacheKafka, start: Start) -> None:
    create(kafka, **KEPT)
    code, said = start().ended()
    assert code == 1
    assert said == (
        "truce: topic truce.events has message.timestamp.type=CreateTime: the time of a verdict "
        "would be what a sender's clock says; to mend it: kafka-configs.sh "
        f"--bootstrap-server {kafka.bootstrap} --alter --topic truce.events "
        "--add-config message.timestamp.type=LogAppendTime\n"
    )
    mend(kafka, said)
    worker = start()
    worker.ready()
    assert worker.end() == (0, "")


def test_a_log_that_is_compacted_is_refused(kafka: ApacheKafka, start: Start) -> None:
    create(kafka, cleanup_policy="compact", message_timestamp_type="LogAppendTime", **KEPT)
    code, said = start().ended()
    assert code == 1
    assert said.startswith("truce: topic truce.events has cleanup.policy=compact: ")


def test_a_log_that_forgets_is_warned_of(kafka: ApacheKafka, start: Start) -> None:
    create(kafka, message_timestamp_type="LogAppendTime", retention_ms="604800000")
    worker = start()
    worker.ready()
    code, said = worker.end()
    assert code == 0
    assert said == (
        "truce: topic truce.events has retention.ms=604800000, but the log must be kept for ever; "
        f"to mend it: kafka-configs.sh --bootstrap-server {kafka.bootstrap} --alter "
        "--topic truce.events --add-config retention.ms=-1\n"
    )
    mend(kafka, said)
    worker = start()
    worker.ready()
    assert worker.end() == (0, "")


def has_judged(kafka: ApacheKafka, start: Start, count: int) -> tuple[Worker, Endpoint]:
    """A worker that has judged the first events of the scenario and has ended."""
    worker = start()
    endpoint = worker.ready()
    publish(kafka.bootstrap, EVENTS[:count])
    worker.judges(count)
    assert worker.end() == (0, "")
    return worker, endpoint


def test_a_log_that_was_made_anew_is_refused_however_long_it_is(
    kafka: ApacheKafka, start: Start, tmp_path: Path
) -> None:
    worker, endpoint = has_judged(kafka, start, 5)
    log = consume(kafka.bootstrap, topics.EVENTS)
    [partition] = {r.partition for r in log}
    forget(kafka.bootstrap)
    declare(kafka.bootstrap)
    publish(kafka.bootstrap, EVENTS)
    anew = consume(kafka.bootstrap, topics.EVENTS)
    assert len(anew) > len(log), "it is as long, and longer"
    code, said = start().ended()
    assert code == 1
    assert said == (
        "truce: topic truce.events is not the one that the database has read: offset 4 of "
        f"partition {partition} came at "
        f"{iso(anew[4].timestamp * 1_000)}, and the database has had it since "
        f"{iso(log[4].timestamp * 1_000)}: choose another TRUCE_DATA_DIR, or fold this log in its "
        "place with `truce rebuild --new-log`\n"
    )
    expected = folded(tmp_path / "expected", endpoint.log_id, log)
    assert not differences(found(worker.data_dir), expected.tables)


def test_a_log_that_was_cut_is_an_error_that_names_the_offsets(
    kafka: ApacheKafka, start: Start, tmp_path: Path
) -> None:
    conflict = json.loads(EVENTS[0].value or b"")["data"]["conflict"]
    worker, endpoint = has_judged(kafka, start, 5)
    log = consume(kafka.bootstrap, topics.EVENTS)
    [partition] = {r.partition for r in log}
    publish(kafka.bootstrap, EVENTS[5:])
    cut(kafka.bootstrap, partition, 8)
    code, said = start().ended()
    assert code == 1
    assert said == (
        f"truce: the log no longer has offset 5 of partition {partition}: it was cut or made "
        "anew, so the database does not belong to it\n"
    ), conflict
    expected = folded(tmp_path / "expected", endpoint.log_id, log)
    assert not differences(found(worker.data_dir), expected.tables)
    # Neither does a new database begin in the middle.
    code, said = start("new").ended()
    assert code == 1
    assert f"offset 0 of partition {partition}" in said
