"""A log that becomes another one while it is read: that is said, and nothing is accepted in vain."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
import requests
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.access import Access
from streams.kafka.topics import EVENTS, declared, ensure
from tests.cli.commands import rows
from tests.http.posting import event, new_token, start
from tests.support.brokers import reach

SECONDS = 60
AGAIN = (
    "truce: topic truce.events was deleted and created again while it was read: the database has "
    "all that was judged, and is of the one before: choose another TRUCE_DATA_DIR, or fold this "
    "log in its place with `truce rebuild --new-log`\n"
)
GONE = (
    "truce: topic truce.events is not there any more: the log was deleted; the database has all "
    "that was judged\n"
)


async def forget(bootstrap: str, *, create: bool) -> None:
    access = Access(bootstrap)
    admin = AIOKafkaAdminClient(**access.for_aiokafka())
    await admin.start()
    await admin.delete_topics([EVENTS])
    await admin.close()
    if create:
        await ensure(access, declared(4, 1))


@pytest.mark.parametrize(("create", "said"), [(True, AGAIN), (False, GONE)])
def test_what_is_accepted_is_in_the_ledger_and_the_worker_ends(
    tmp_path: Path, create: bool, said: str
) -> None:
    posting = start(tmp_path / "data", new_token(tmp_path))
    bootstrap = reach(posting.data_dir).bootstrap
    accepted = []

    def post(name: str) -> None:
        try:
            if posting.post(event(name)).status_code == 202:
                accepted.append(name)
        except (requests.ConnectionError, requests.Timeout):
            pass

    for n in range(8):
        post(f"before-{n}")
    asyncio.run(forget(bootstrap, create=create))
    began = time.monotonic()
    while posting.process.poll() is None and time.monotonic() < began + SECONDS:
        post(f"after-{len(accepted)}-{time.monotonic_ns()}")

    _, told = posting.process.communicate(timeout=SECONDS)
    # On a busy machine it may be said before that the broker does not answer.
    assert posting.process.returncode == 1, told
    assert said in told.splitlines(keepends=True)
    found = {name for (name,) in rows("SELECT event_id FROM events", posting.data_dir)}
    assert {f"before-{n}" for n in range(8)} <= set(accepted)
    # Not one that was accepted is in no table, though offsets were the same again.
    assert set(accepted) <= found
