"""Pages beside a lake whose files are written anew while they are open."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

from analytics.lake.writer import LakeWriter
from streams.settings import Settings
from streams.web.site import NotReady, Site
from tests.cli.commands import truce
from tests.web.served import folded, many, scenario

SECONDS = 60


def written_anew(data_dir: Path) -> None:
    """All files of the lake become others, with the same in them."""
    files = data_dir / "lake" / "data"
    before = set(files.rglob("*.parquet"))
    assert before
    assert truce("lake", "--anew", data_dir=data_dir).returncode == 0
    with contextlib.closing(LakeWriter(data_dir / "lake")) as writer:
        writer.maintain(keep_seconds=0)
    assert not before & set(files.rglob("*.parquet")), "nothing was deleted"


def answers(site: Site, commitment_id: str) -> bool:
    """Whether a slow question that nobody has asked before is answered."""
    with contextlib.suppress(NotReady), site.reading():
        site.pages.daily("russia-ukraine", commitment_id, None)
        return True
    return False


def test_a_new_question_after_files_were_deleted_is_answered(tmp_path: Path) -> None:
    # So many incidents that they are in files, and not in the catalogue.
    site = Site(Settings(data_dir=folded(tmp_path / "data", [*scenario(), *many(3_000)])))
    try:
        asyncio.run(_while_followed(site))
    finally:
        site.close()


def until_answered(site: Site, names: Iterator[str]) -> None:
    """Ask with one name after another until there is an answer."""
    deadline = time.monotonic() + SECONDS
    while not answers(site, next(names)):
        assert time.monotonic() < deadline, "a new question is not answered"
        time.sleep(0.1)


async def _while_followed(site: Site) -> None:
    names = (f"never asked before {number}" for number in itertools.count())
    following = asyncio.create_task(site.follow())
    try:
        await asyncio.to_thread(until_answered, site, names)
        shown = site.version.transaction
        await asyncio.to_thread(written_anew, site.settings.data_dir)
        await asyncio.to_thread(until_answered, site, names)
        assert site.version.transaction == shown
    finally:
        following.cancel()
