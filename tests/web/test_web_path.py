"""A monitor's whole path: the form, the verdict, and the alert that a person gets."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from streams.notify.messages import ALERT
from tests.alerts.monitoring import (
    ALERTMANAGER,
    PROMETHEUS,
    Program,
    Receiver,
    alertmanager,
    prometheus,
    until,
)
from tests.alerts.stack import Worker, agreed, configuration, rules
from tests.http.posting import new_token
from tests.web.conftest import Opened
from tests.web.served import pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CONFLICT, INCIDENT = "form-path", "2026-01-10-entered"
SECONDS = 120
ENTERED = {
    "source": "https://desk.example/form",
    "incident_id": INCIDENT,
    "report_id": "desk",
    "by": "Our desk",
    "start": "2026-01-10T20:00",
    "actor": "AAA",
    "places": "UA-63",
}
CHOSEN = {"speaker": "monitor", "confidence": "confirmed", "act": "strike"}


class Watched(NamedTuple):
    """A worker that notifies, what scrapes it, and who is told in the end."""

    worker: Worker
    scraper: Program
    receiver: Receiver
    token: str


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """All of it, with a claim of the conflict."""
    token = new_token(folder)
    receiver = Receiver()
    manager = alertmanager(configuration(folder, receiver.url), folder / "alertmanager")
    worker = Worker(folder / "data", alertmanager=manager.url, token_file=str(token))
    scraper = prometheus(rules(folder, manager.url, [worker.port]), folder / "prometheus")
    with ExitStack() as stack:
        stack.callback(receiver.close)
        for program in (manager, worker, scraper):
            stack.callback(program.stop)
            program.start()
        # A browser's driver has this thread's event loop.
        with ThreadPoolExecutor() as pool:
            pool.submit(worker.publish, agreed(CONFLICT)).result()
        yield Watched(worker, scraper, receiver, token.read_text(encoding="ascii").strip())


def enter(page: Page, token: str) -> None:
    """Fill in the form."""
    for name, text in ENTERED.items():
        page.locator(f"#f-{name}").fill(text)
    for name, word in CHOSEN.items():
        page.locator(f"#f-{name}").select_option(word)
    page.locator("#several-targets summary").click()
    page.locator("#several-targets input[value=energy]").check()
    page.locator("#f-token").fill(token)


def test_from_the_form_to_the_verdict_to_the_alert(browser: Browser, tmp_path: Path) -> None:
    missing = [one for one in (ALERTMANAGER, PROMETHEUS) if shutil.which(one) is None]
    if missing:
        pytest.skip(f"not installed: {' and '.join(missing)} (Debian has packages of these names)")
    with watched(tmp_path) as all_of_it, pages(all_of_it.worker.data_dir) as site:
        with Opened(browser) as page:
            page.goto(f"{site}/new?kind=report&conflict={CONFLICT}")
            enter(page, all_of_it.token)
            page.locator("#preview .told", has_text="truce: violation (by AAA)").wait_for()
            began = time.monotonic()
            page.locator("button[value=send]").click()
            page.locator("#preview .outcome.taken", has_text="partition").wait_for()
            page.goto(f"{site}/incidents/{CONFLICT}/{INCIDENT}")
            assert page.locator(".ruling").first.inner_text().split()[0] == "violation"

        def is_told() -> bool:
            return any(
                one.name == ALERT and one.labels["incident"] == INCIDENT
                for one in list(all_of_it.receiver.told)
            )

        until(SECONDS, is_told)
        print(f"told {time.monotonic() - began:.2f} s after it was sent")

        def fires() -> bool:
            found = all_of_it.scraper.get("/api/v1/alerts")["data"]["alerts"]
            return any(
                one["labels"]["alertname"] == "TruceViolated"
                and one["labels"]["conflict"] == CONFLICT
                for one in found
            )

        until(SECONDS, fires)
