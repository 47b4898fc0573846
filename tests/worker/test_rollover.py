"""The embedded broker's memory is bounded, and nothing is lost or doubled by how that is done."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from analytics.ledger.ledger import Ledger
from streams import worker
from streams.engine import rollover
from streams.engine.rollover import Rollover
from streams.settings import Address, Settings
from tests.cli.commands import TRUCE, environment, rows
from tests.http.posting import LINES, event, new_token

MB = 2**20
# It takes some 30 when it is empty again.
LARGE_MB, TOO_LARGE_MB = 36, 44
# Few and long: it is the broker's memory that is to be filled, and not the worker's time.
EVENTS = 3_000
MOST_TIMES = 20
LINKS = [f"https://desk.example/{number}/" + "x" * 2_000 for number in range(3)]

# The memory of a broker is filled and filled again: minutes on a slow machine.
pytestmark = pytest.mark.faults


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """Logs as small as can be; the log that each one is followed by, and the memory around."""
    monkeypatch.setattr(rollover, "LARGE_BYTES", LARGE_MB * MB)
    monkeypatch.setattr(rollover, "TOO_LARGE_BYTES", TOO_LARGE_MB * MB)
    monkeypatch.setattr(rollover, "SECONDS_BETWEEN_LOOKS", 0.1)
    rolled: list[tuple[str, int, int]] = []
    roll = Rollover.roll

    async def noted(self: Rollover) -> bool:
        before = self._with.broker.memory()
        done = await roll(self)
        if done:
            rolled.append((self._with.progress.log_id, before, self._with.broker.memory()))
        return done

    monkeypatch.setattr(Rollover, "roll", noted)
    return rolled


def test_nothing_is_lost_or_doubled_while_logs_follow_one_another(
    tmp_path: Path, small: list[tuple[str, int, int]]
) -> None:
    published = [f"file-{n}" for n in range(EVENTS)]
    path = tmp_path / "events.jsonl"
    with path.open("wb") as file:
        for name in published:
            file.write(event(name, evidence=LINKS) + b"\n")
    posted, answers = asyncio.run(run(tmp_path, path, lambda: len(small) >= 2))

    assert {202} <= set(answers) <= {202, 503}
    assert len(small) >= 2
    assert len({log_id for log_id, _, _ in small}) == len(small)
    # What the broker held is freed, to what it takes when it is empty.
    assert max(after for _, _, after in small) < LARGE_MB * MB
    found = Counter(name for (name,) in rows("SELECT event_id FROM events", tmp_path / "data"))
    assert found == Counter([*published, *posted])
    logs = rows("SELECT count(DISTINCT log_id) FROM events", tmp_path / "data")[0][0]
    assert logs >= 2
    with Ledger.open(tmp_path / "data" / "truce.duckdb") as ledger:
        assert ledger.pending_outbox(1) == []


async def run(
    tmp_path: Path, path: Path, is_enough: Callable[[], bool]
) -> tuple[list[str], list[int]]:
    """Publish a file, twice at once and again and again, while events are posted one by one."""
    token = new_token(tmp_path)
    settings = Settings(data_dir=tmp_path / "data", http=Address("127.0.0.1", 0), token_file=token)
    settings.data_dir.mkdir(mode=0o700)
    stop, ready = asyncio.Event(), asyncio.Queue[Any]()
    running = asyncio.create_task(worker.run(settings, stop=stop, on_ready=ready.put_nowait))
    endpoint = await asyncio.wait_for(ready.get(), 60)
    publishing = [asyncio.create_task(again_and_again(settings, path, is_enough)) for _ in range(2)]
    posted: list[str] = []
    answers: list[int] = []
    headers = {"Authorization": f"Bearer {token.read_text().strip()}", "Content-Type": LINES}
    async with aiohttp.ClientSession(headers=headers) as session:
        while not all(one.done() for one in publishing):
            name = f"posted-{len(posted)}"
            async with session.post(f"{endpoint.http}/events", data=event(name)) as answer:
                answers.append(answer.status)
                # Much of the conflict may wait to be judged: it is posted again, under its name.
                if answer.status == HTTPStatus.ACCEPTED:
                    posted.append(name)
            await asyncio.sleep(0.01)
    await asyncio.gather(*publishing)
    stop.set()
    assert await running == 0
    return posted, answers


async def again_and_again(settings: Settings, path: Path, is_enough: Callable[[], bool]) -> None:
    """What is published again is known, and fills the log all the same."""
    for _ in range(MOST_TIMES):
        await publish(settings, path)
        if is_enough():
            return


async def publish(settings: Settings, path: Path) -> None:
    """Publish the file; again if the broker did not answer in time, as the command says."""
    for _ in range(5):
        one = await asyncio.create_subprocess_exec(
            *(*TRUCE, "publish", str(path)),
            env=environment(settings.data_dir),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said = await one.communicate()
        if one.returncode == 0:
            return
        assert one.returncode == 3, said
        assert b"publish again" in said[1] or b"no broker answers" in said[1]
    pytest.fail("five times the broker did not answer in time")
