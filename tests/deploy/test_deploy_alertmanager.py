"""Who is told what: routes, what silences what, and how soon a second violation is told."""

from __future__ import annotations

import datetime as dt
import json
import re
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.deploy.installed import DEPLOY
from tests.deploy.monitors import ALERTMANAGER, installed, run
from tests.deploy.test_deploy_rules import ALERTS
from tests.worker.running import within

CONFIG = yaml.safe_load(ALERTMANAGER.read_text("utf-8"))


def test_alertmanager_takes_its_configuration(amtool: str) -> None:
    done = run(amtool, "check-config", ALERTMANAGER)
    assert done.returncode == 0, done.stdout + done.stderr


# fmt: off
ROUTES = [
    ("alertname=TruceViolated severity=critical verdict=violation conflict=c commitment=t party=A", "truce-urgent"),
    ("alertname=TruceVerdictChanged severity=critical verdict=violation conflict=c commitment=t party=A incident=i", "truce-urgent"),
    ("alertname=TruceVerdictChanged severity=warning verdict=contested conflict=c commitment=t party=A incident=i", "truce-later"),
    ("alertname=TruceVerdictChanged severity=critical verdict=violation burst=now conflict=c commitment=t", "truce-urgent"),
    ("alertname=TruceVerdictChanged severity=info verdict=undetermined burst=now conflict=c commitment=t", "truce-later"),
    ("alertname=TruceVerdictChanged severity=critical verdict=violation flapping=now conflict=c commitment=t incident=i", "truce-urgent"),
    ("alertname=TruceVerdictChanged severity=info verdict=undetermined conflict=c commitment=t party=unknown incident=i", "truce-later"),
    ("alertname=TruceViolationContested severity=warning verdict=contested conflict=c commitment=t party=A", "truce-later"),
    ("alertname=TruceEvidenceUndetermined severity=info verdict=undetermined conflict=c commitment=t party=A", "truce-later"),
    ("alertname=TruceVerdictWithdrawn severity=warning conflict=c commitment=t party=A", "truce-later"),
    ("alertname=TruceEndingSoon severity=info conflict=c commitment=t claim=one", "truce-later"),
    ("alertname=TruceSourcesSilent severity=warning conflict=c", "truce-later"),
    ("alertname=TrackerDown severity=critical job=trucewatch instance=w", "operators"),
    ("alertname=TrackerDown severity=critical job=trucewatch", "operators"),
    ("alertname=TrackerLagging severity=warning job=trucewatch instance=w", "operators"),
    ("alertname=TrackerRejectingInput severity=warning reason=invalid", "operators"),
    ("alertname=TrackerSeriesLeftOut severity=warning job=trucewatch instance=w", "operators"),
    ("alertname=TrackerStalled severity=critical job=trucewatch instance=w", "operators"),
    ("alertname=SomebodyElses", "operators"),
]
# fmt: on


@pytest.mark.parametrize(("labels", "receiver"), ROUTES, ids=lambda value: value.split(" conf")[0])
def test_an_alert_goes_to(labels: str, receiver: str) -> None:
    command = (installed("amtool"), "config", "routes", "test", f"--config.file={ALERTMANAGER}")
    done = run(*command, f"--verify.receivers={receiver}", *labels.split())
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_route_that_is_tried() -> None:
    tried = {labels.split()[0].removeprefix("alertname=") for labels, _ in ROUTES}
    assert set(ALERTS) <= tried


def test_the_truce_routes_group_by_truce_and_do_not_repeat_what_was_told() -> None:
    for route in CONFIG["route"]["routes"]:
        if route["receiver"].startswith("truce"):
            assert route["group_by"][:2] == ["conflict", "commitment"]
            assert route["repeat_interval"] == "8760h"


def test_the_stack_has_it_wait_after_its_start_and_remember_for_long() -> None:
    stack = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    options = dict(one.split("=", 1) for one in stack["alertmanager"]["command"])
    # Only with clustering it waits, for what silences the rules' alerts.
    assert options["--cluster.listen-address"]
    assert options["--data.retention"] == "8760h"


class Told(NamedTuple):
    """A notification: when it came, for whom, and the labels of what fires in it."""

    at: float
    receiver: str
    firing: list[dict[str, str]]


class Running(NamedTuple):
    """An Alertmanager with the shipped configuration, whose receivers are here."""

    url: str
    told: list[Told]

    def post(self, *alerts: str) -> None:
        """Post alerts, each by its labels, that stand for an hour."""
        now = dt.datetime.now(dt.UTC)
        ends = (now + dt.timedelta(hours=1)).isoformat()
        body = [
            {
                "labels": dict(label.split("=") for label in labels.split()),
                "startsAt": now.isoformat(),
                "endsAt": ends,
            }
            for labels in alerts
        ]
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/api/v2/alerts",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            assert answer.status == 200

    def standing(self) -> list[dict[str, Any]]:
        """All alerts, with their status."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=5) as answer:  # noqa: S310
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def inhibited(self, **labels: str) -> bool:
        """Whether the alert with these labels is silenced by another."""
        [found] = [one for one in self.standing() if labels.items() <= one["labels"].items()]
        return bool(found["status"]["inhibitedBy"])


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


def redirected(url: str) -> str:
    """The shipped configuration with nothing changed but the receivers' addresses."""
    return re.sub(r"(?m)^(\s*- url: ).*/([\w-]+)$", rf"\g<1>{url}/\g<2>", ALERTMANAGER.read_text())


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    program = installed("prometheus-alertmanager", "alertmanager")
    told: list[Told] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            firing = [one["labels"] for one in said["alerts"] if one["status"] == "firing"]
            told.append(Told(time.monotonic(), self.path.strip("/"), firing))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    directory: Path = tmp_path_factory.mktemp("alertmanager")
    (directory / "alertmanager.yml").write_text(
        redirected(f"http://127.0.0.1:{server.server_port}")
    )
    url = f"http://127.0.0.1:{free_port()}"
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={directory}/alertmanager.yml",
                f"--storage.path={directory}/data",
                f"--web.listen-address={url.removeprefix('http://')}",
                "--cluster.listen-address=",
            ],
            stdout=log,
            stderr=log,
        )
    running = Running(url, told)
    try:
        assert within(20, lambda: answers(running)), (directory / "log").read_text()
        yield running
    finally:
        process.terminate()
        process.wait(10)
        server.shutdown()
        server.server_close()


def answers(running: Running) -> bool:
    try:
        running.standing()
    except OSError:
        return False
    return True


CHANGED = "alertname=TruceVerdictChanged"


def test_violated_silences_contested_of_the_same_incident_only(alertmanager: Running) -> None:
    place = "conflict=inhibition commitment=t party=A"
    alertmanager.post(
        f"{CHANGED} {place} incident=both verdict=violation",
        f"{CHANGED} {place} incident=both verdict=contested",
        f"{CHANGED} {place} incident=other verdict=contested",
        f"{CHANGED} {place} incident=both verdict=undetermined",
        "alertname=TruceViolated conflict=rules commitment=t party=A verdict=violation",
        "alertname=TruceViolationContested conflict=rules commitment=t party=A verdict=contested",
        "alertname=TruceViolationContested conflict=rules commitment=t party=B verdict=contested",
    )
    inhibited = alertmanager.inhibited
    assert within(5, lambda: inhibited(incident="both", verdict="contested"))
    assert inhibited(incident="both", verdict="undetermined")
    assert not inhibited(incident="both", verdict="violation")
    assert not inhibited(incident="other", verdict="contested")
    assert inhibited(conflict="rules", party="A", verdict="contested")
    assert not inhibited(conflict="rules", party="A", verdict="violation")
    assert not inhibited(conflict="rules", party="B", verdict="contested")


def test_a_rule_is_silent_where_the_worker_has_told_of_the_same(alertmanager: Running) -> None:
    rule = "alertname=TruceViolated verdict=violation conflict=once commitment=t"
    alertmanager.post(
        f"{CHANGED} conflict=once commitment=t party=A incident=i verdict=violation",
        f"{rule} party=A",
        f"{rule} party=B",
    )
    inhibited = alertmanager.inhibited
    of_rule = {"alertname": "TruceViolated", "conflict": "once"}
    assert within(5, lambda: inhibited(**of_rule, party="A"))
    assert not inhibited(**of_rule, party="B")


@pytest.mark.parametrize("kind", ["burst", "flapping"])
def test_a_rule_is_silent_where_the_worker_has_told_of_many(
    alertmanager: Running, kind: str
) -> None:
    rule = f"alertname=TruceViolated verdict=violation conflict={kind}"
    alertmanager.post(
        f"{CHANGED} conflict={kind} commitment=t {kind}=now verdict=violation",
        f"{CHANGED} conflict={kind} commitment=t {kind}=then verdict=contested",
        f"{rule} commitment=t party=A",
        f"{rule} commitment=other party=A",
    )
    inhibited = alertmanager.inhibited
    of_rule = {"alertname": "TruceViolated", "conflict": kind}
    assert within(5, lambda: inhibited(**of_rule, commitment="t"))
    assert not inhibited(**of_rule, commitment="other")
    if kind == "burst":
        # Of other incidents, maybe.
        assert not inhibited(conflict=kind, burst="then")


def test_a_tracker_that_is_down_silences_lag(alertmanager: Running) -> None:
    alertmanager.post(
        "alertname=TrackerDown job=trucewatch instance=w1",
        "alertname=TrackerLagging job=trucewatch instance=w2",
        "alertname=TrackerLagging job=elsewhere instance=w3",
        "alertname=TrackerStalled job=trucewatch instance=w2",
        "alertname=TrackerRejectingInput reason=invalid",
    )
    inhibited = alertmanager.inhibited
    assert within(5, lambda: inhibited(alertname="TrackerLagging", instance="w2"))
    assert inhibited(alertname="TrackerStalled")
    assert not inhibited(alertname="TrackerDown")
    assert not inhibited(alertname="TrackerLagging", instance="w3")
    assert not inhibited(alertname="TrackerRejectingInput")


def test_each_violation_is_told_within_seconds_and_once(alertmanager: Running) -> None:
    def told() -> list[Told]:
        return [
            one
            for one in alertmanager.told
            if any(labels.get("conflict") == "seconds" for labels in one.firing)
        ]

    def incidents(one: Told) -> set[str]:
        return {labels["incident"] for labels in one.firing}

    violation = f"{CHANGED} conflict=seconds commitment=t party=A verdict=violation incident="
    began = time.monotonic()
    alertmanager.post(violation + "first")
    assert within(5, lambda: len(told()) == 1)
    assert told()[0].at - began < 3
    # Posted again, as after a restart of the worker: no news.
    alertmanager.post(violation + "first")
    again = time.monotonic()
    alertmanager.post(violation + "second")
    assert within(10, lambda: len(told()) == 2)
    assert told()[1].at - again < 7
    assert [one.receiver for one in told()] == ["truce-urgent"] * 2
    assert [incidents(one) for one in told()] == [{"first"}, {"second"}]
