"""A worker that tells, one that only shows its metrics, and all that brings word of them."""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Callable, Iterator

import pytest

from tests.alerts.monitoring import (
    ALERTMANAGER,
    PROMETHEUS,
    Program,
    Receiver,
    alertmanager,
    prometheus,
    until,
)
from tests.alerts.stack import Stack, Worker, configuration, rules

MEASURED: dict[str, list[float]] = {}
Measure = Callable[[str, float], None]


@pytest.fixture(scope="session")
def installed() -> None:
    """Skip where Debian's packages are not; in CI that is a failure."""
    missing = [name for name in (ALERTMANAGER, PROMETHEUS) if shutil.which(name) is None]
    if missing:
        reason = f"{' and '.join(missing)} not installed (Debian: apt install {' '.join(missing)})"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="module")
def stack(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything, running, at intervals of a second."""
    tmp = tmp_path_factory.mktemp("alerts")
    receiver = Receiver()
    manager = alertmanager(
        configuration(tmp, receiver.url), tmp / "alertmanager", "--data.retention=87600h"
    )
    notifying = Worker(tmp / "notifying", alertmanager=manager.url)
    shown = Worker(tmp / "shown")
    replayed = Worker(tmp / "replayed", alertmanager=manager.url)
    scraper = prometheus(
        rules(tmp, manager.url, [notifying.port, shown.port, replayed.port]), tmp / "prometheus"
    )
    programs: list[Program | Worker] = [manager, notifying, shown, scraper]
    try:
        shown.launch()
        manager.start()
        notifying.start()
        shown.ready()
        scraper.start()
        stack = Stack(receiver, manager, scraper, notifying, shown, replayed)
        until(30, stack.notifies)
        yield stack
    finally:
        for program in (*programs, replayed):
            program.stop()
        receiver.close()


@pytest.fixture
def measure() -> Measure:
    """Note how long something took, for the table at the end."""

    def note(what: str, seconds: float) -> None:
        MEASURED.setdefault(what, []).append(seconds)

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how long each took."""
    if MEASURED:
        terminalreporter.section("from the publishing of an event to the notification")
        for what, seconds in MEASURED.items():
            median, low, high = statistics.median(seconds), min(seconds), max(seconds)
            terminalreporter.write_line(
                f"{what:<50} {median:5.2f} s ({low:.2f} to {high:.2f}, {len(seconds)} times)"
            )
