"""Pages over one data directory, and Debian's Chromium for those tests that want a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.http.posting import LINES, Posting, new_token, start
from tests.web.served import folded, hostile, pages, scenario

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scenario and a hostile conflict, in a lake. Read only."""
    return folded(tmp_path_factory.mktemp("web") / "data", [*scenario(), *hostile()])


@pytest.fixture(scope="session")
def site(data_dir: Path) -> Iterator[str]:
    """The address of its pages."""
    with pages(data_dir) as address:
        yield address


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Posting, str]]:
    """A worker that takes posts, with the scenario in it, and the address of its pages."""
    folder = tmp_path_factory.mktemp("live")
    worker = start(folder / "data", new_token(folder), "--posts-per-second", "10000")
    try:
        body = "\n".join(scenario()).encode()
        # A slow machine may have to be asked again: the same events again change nothing.
        assert any(worker.post(body, LINES).status_code == 202 for _ in range(5))
        with pages(folder / "data") as address:
            yield worker, address
        assert worker.end()[0] == 0
    finally:
        worker.process.kill()
        worker.process.communicate()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; where there is none, the test is skipped and says so."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium here: apt-get install chromium (.ci/run does)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield found
        found.close()


MOST_MS = 120_000
"""How long a browser may wait on a slow machine."""


class Opened:
    """A page in the browser that fails on whatever the browser complains of."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(MOST_MS)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda one: self._note(one.type, one.text))
        self.page.on("pageerror", lambda one: self.complaints.append(str(one)))

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)

    def __enter__(self) -> Page:
        return self.page

    def __exit__(self, kind: object, *_: object) -> None:
        self.context.close()
        if kind is None:
            assert self.complaints == []
