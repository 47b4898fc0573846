"""The pieces of an alerting set-up, and how they are put together: with the rules and routes as shipped."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from streams.endpoint import Endpoint, read_endpoint
from tests.alerts.monitoring import Program, Receiver, Told, free_port, until
from tests.cli.commands import ROOT, TRUCE, environment
from tests.support.brokers import leave, reach
from tests.support.given import claim, event, report

SHIPPED_RULES = ROOT / "deploy" / "prometheus" / "trucewatch.rules.yml"
SHIPPED_ALERTMANAGER = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"

# Longer than a scrape, an evaluation, a resend of Prometheus' and a look of Alertmanager's.
A_WHILE = 7.0

RULE_ALONE = """\
    - matchers: ['alertname="TruceViolated"', 'conflict=~"rule-.*"']
      group_wait: 100ms
      group_interval: 1s
      repeat_interval: 8760h
      group_by: [conflict, commitment]
"""
SCRAPE = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: ['{rules}']
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{manager}']}}]}}]}}
scrape_configs:
  - job_name: trucewatch
    static_configs: [{{targets: [{workers}]}}]
"""


def configuration(tmp: Path, receiver: str) -> Path:
    """Alertmanager's: the shipped one with other addresses, and without its pauses."""
    text = SHIPPED_ALERTMANAGER.read_text()
    text = re.sub(r"\burl: '?https?://[^/\s]+(/[^'\s]*)'?", rf"url: '{receiver}\1'", text)
    # Not the 10 s of the rule: meanwhile the worker's word comes, and inhibits it. Where no worker
    # tells, only the way is measured.
    text = re.sub(r"group_wait: (?!10s)\w+", "group_wait: 100ms", text)
    text = text.replace("  routes:\n", f"  routes:\n{RULE_ALONE}", 1)
    text = re.sub(r"\bgroup_interval: \d\w+", "group_interval: 1s", text)
    path = tmp / "alertmanager.yml"
    path.write_text(text)
    return path


def rules(tmp: Path, manager: str, ports: Iterable[int]) -> Path:
    """Prometheus': scraping these workers every second, with the shipped rules."""
    config = tmp / "prometheus.yml"
    workers = ", ".join(f"'127.0.0.1:{port}'" for port in ports)
    config.write_text(
        SCRAPE.format(rules=SHIPPED_RULES, manager=manager.removeprefix("http://"), workers=workers)
    )
    return config


class Worker:
    """`truce run` with an embedded broker, on a port that it keeps."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self._settings = {f"TRUCE_{name.upper()}": value for name, value in settings.items()}
        self._running: subprocess.Popen[bytes] | None = None
        self._said_before = 0

    @property
    def environment(self) -> dict[str, str]:
        """With which it runs, and with which commands find it."""
        http = f"127.0.0.1:{self.port}"
        return environment(self.data_dir, TRUCE_HTTP=http, **self._settings)

    @property
    def endpoint(self) -> Endpoint:
        """Where it is."""
        found = read_endpoint(self.data_dir)
        assert found is not None
        return found

    @property
    def said(self) -> str:
        """What it said on stderr."""
        return self.data_dir.with_suffix(".log").read_text()

    def launch(self, **settings: str) -> None:
        """Start it, and do not wait."""
        log = self.data_dir.with_suffix(".log")
        with log.open("ab") as err:
            self._said_before = err.tell()
            self._running = subprocess.Popen(
                [*TRUCE, "run"], env=self.environment | settings, stderr=err, stdout=err
            )

    def ready(self) -> None:
        """Wait until it is."""

        def ready() -> bool:
            assert self._running is not None
            said = self.said[self._said_before :]
            assert self._running.poll() is None, said
            return "Worker ready" in said

        until(60, ready)

    def start(self, **settings: str) -> None:
        """Start it, and wait until it is ready."""
        self.launch(**settings)
        self.ready()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """It does nothing meanwhile, and goes on after."""
        assert self._running is not None
        self._running.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._running.send_signal(signal.SIGCONT)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it with this signal."""
        leave(self.data_dir)
        if self._running is not None:
            self._running.send_signal(number)
            self._running.wait(30)
            self._running = None

    def restart(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it with this signal, and start it again on what it has kept."""
        self.stop(number)
        self.start()

    def publish(self, *lines: str) -> float:
        """Put these events into its log; the moment before (time.time())."""
        return asyncio.run(_publish(reach(self.data_dir).bootstrap, lines))


async def _publish(bootstrap: str, lines: Sequence[str]) -> float:
    from aiokafka import AIOKafkaProducer

    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        began = time.time()
        for line in lines:
            key = json.loads(line)["data"]["conflict"].encode()
            await producer.send_and_wait("truce.events", line.encode(), key=key)
        return began


class Stack(NamedTuple):
    """All of it. `shown` has no Alertmanager set; `replayed` is not started yet."""

    receiver: Receiver
    manager: Program
    prometheus: Program
    notifying: Worker
    shown: Worker
    replayed: Worker

    def told(self, conflict: str, name: str, **labels: str) -> list[Told]:
        """What the receiver was told of a conflict, by this alert, with these labels."""
        wanted = {"conflict": conflict, "alertname": name, **labels}
        return [
            one
            for one in list(self.receiver.told)
            if all(one.labels.get(label) == value for label, value in wanted.items())
        ]

    def first(self, conflict: str, name: str, status: str = "firing", **labels: str) -> Told:
        """The first of it, waited for."""
        return until(
            30,
            lambda: next(
                (one for one in self.told(conflict, name, **labels) if one.status == status), None
            ),
        )

    def notifies(self) -> bool:
        """Whether Alertmanager sends by now, which it does not do at once after its start."""
        return bool(self.manager.get("/api/v2/status")["cluster"]["status"] == "ready")

    def truces(self) -> list[Told]:
        """All that was told of truces: not of the machine."""
        return [one for one in list(self.receiver.told) if one.name.startswith("Truce")]

    @contextmanager
    def silence(self, seconds: float = A_WHILE) -> Iterator[None]:
        """Nothing is told of truces meanwhile, and for so long after."""
        before = len(self.truces())
        yield
        time.sleep(seconds)
        told = self.truces()[before:]
        assert told == [], told


def agreed(conflict: str) -> str:
    """A claim of this conflict."""
    return claim(conflict=conflict)


def struck(conflict: str, incident: str, **said: Any) -> str:
    """A report that breaks it."""
    return report(conflict=conflict, incident_id=incident, **said)


def taken_back(conflict: str, incident: str) -> str:
    """The same report, retracted."""
    return event(
        "incident.report_retracted", conflict=conflict, incident_id=incident, report_id="r"
    )
