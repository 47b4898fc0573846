"""`truce demo`: a worker with an embedded broker, events through it, and what came of them.

The worker is the real one, in this process, so that nothing is left behind however it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from rich.text import Text

from analytics.other_events import EventName, other_events
from analytics.read_model import Alert, IncidentVerdict, ReadModel
from analytics.storage.failures import LedgerError
from schemas.events import Assertion
from schemas.json_lines import checked, read_lines
from schemas.safe_text import party_label
from schemas.time import Instant
from streams import worker
from streams.client import worker_of
from streams.commands.command import INTERRUPTED
from streams.commands.console import in_colour, matrix, say, waiting
from streams.commands.explain import explained_incident, show_claim_verdict, show_verdict
from streams.commands.lake_reader import beside, following
from streams.commands.publish import (
    PublishTarget,
    new_tally,
    outcomes_of_lines,
    publish_files,
    say_outcomes,
    say_warnings,
    target_of,
)
from streams.commands.status import COUNTS_MEAN, Truce, gather, show_truce
from streams.endpoint import Endpoint
from streams.errors import BadInput, CommandError, Unreachable
from streams.explain.input_lines import LineOutcomes, PublishTally
from streams.explain.words import counted
from streams.pages_beside import pages_beside
from streams.settings import Address, Settings

SHIPPED = "energy-truce-2026.jsonl"
SECONDS_BETWEEN_LOOKS = 0.25
OUTSIDE = "(outside)"


def run_demo(settings: Settings, chosen: Sequence[str], *, keep: bool) -> int:
    """Run the demo on the `chosen` files, or on the shipped one. Returns the exit code."""
    running = worker_of(settings)
    if running is not None:
        raise BadInput(
            f"a worker runs on {settings.data_dir} already (process {running.pid}): give it events "
            "with `truce publish FILE`, or have the demo elsewhere with --data-dir DIR"
        )
    # The demo sends no notifications.
    quiet = replace(settings, alertmanager="", webhook="")
    settings = replace(quiet, broker=(), http=_free(settings.http), web=_free(settings.web))
    worker.configure_logging(settings)
    if (why := worker.prepared(settings)) is not None:
        raise BadInput(why)
    with _events(chosen) as paths, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        _refuse_other_data(settings, paths)
        return runner.run(_demo(settings, paths, keep=keep))


def _refuse_other_data(settings: Settings, paths: Sequence[str]) -> None:
    """Only the same files again go on in a directory: it never joins other data. BadInput."""
    if not settings.database.exists():
        return
    names: set[EventName] = set()
    for path in paths:
        if path != "-":  # it can be read only once: what came from it before is other data
            with Path(path).open("rb") as file:
                found = (one for _, one in checked(read_lines(path, file), explain=lambda: False))
                names |= {
                    (one.data.conflict, one.source, one.id)
                    for one in found
                    if not isinstance(one, tuple)
                }
    try:
        others = other_events(settings.database, names)
    except LedgerError as error:
        raise BadInput(str(error)) from error
    if others:
        raise BadInput(
            f"{settings.data_dir} has other data ({counted(others, 'event')} that the demo does "
            "not publish): have the demo elsewhere with --data-dir DIR, or publish into it with "
            "`truce run` and `truce publish FILE`"
        )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


@contextmanager
def _events(chosen: Sequence[str]) -> Iterator[list[str]]:
    if chosen:
        yield list(chosen)
        return
    with as_file(files("schemas").joinpath("examples", SHIPPED)) as path:
        yield [str(path)]


async def _demo(settings: Settings, paths: list[str], *, keep: bool) -> int:
    started = time.monotonic()
    say(f"Starting a worker with an embedded broker; its data is in {settings.data_dir}")
    stop = asyncio.Event()
    ready: asyncio.Future[Endpoint] = asyncio.get_running_loop().create_future()

    def began(endpoint: Endpoint) -> None:
        if not ready.done():
            ready.set_result(endpoint)

    working = asyncio.create_task(worker.run(settings, on_ready=began, stop=stop))
    with waiting("starting"):
        await _first(working, ready)
    if not ready.done():
        return await working or INTERRUPTED
    say(f"Ready after {time.monotonic() - started:.1f} s")
    endpoint = ready.result()
    target = target_of(settings, endpoint, lambda: not stop.is_set())
    showing = asyncio.create_task(asyncio.to_thread(_show, settings, target, paths))
    await _first(working, showing)
    if working.done():
        # It was stopped, or it failed and has reported why: the demo cannot be finished.
        await asyncio.wait({showing})
        showing.exception()
        return await working or INTERRUPTED
    try:
        code = await showing
        if keep:
            say()
            say(f"The worker stays up; metrics: {endpoint.http}/metrics. Stop with Ctrl-C.")
            with pages_beside(settings):
                return await working or code
    except Unreachable:
        interrupted = stop.is_set()
        stop.set()
        ended = await working
        if ended or interrupted:
            # If it failed, it has said why.
            return ended or INTERRUPTED
        raise
    finally:
        stop.set()
        ended = await working
    return ended or code


async def _first(*futures: asyncio.Future[Any]) -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


def _show(settings: Settings, target: PublishTarget, paths: list[str]) -> int:
    """Publish the files and show what comes of them. Returns the exit code."""
    with following(settings) as knowledge:
        return _show_all(settings, knowledge, target, paths)


def _show_all(
    settings: Settings, knowledge: ReadModel, target: PublishTarget, paths: list[str]
) -> int:
    before = knowledge.counts()
    tally = new_tally()
    with beside(settings) as lake:
        for path in paths:
            say(f"Publishing {Path(path).name}")
        with _alerts(knowledge, before.last_recorded):
            delivered = publish_files(settings, paths, target, tally)
        say_warnings(tally, lake)
        outcomes = None
        if delivered is not None and target.endpoint is not None:
            outcomes = outcomes_of_lines(lake, target.endpoint.log_id, tally, delivered)
        _say_what_came(tally, outcomes)
        _show_truces(knowledge, tally.conflicts)
        shown = _explain_one(knowledge, tally.conflicts)
    _say_what_next(settings, shown)
    return 1 if tally.bad or (outcomes is not None and outcomes.refused) else 0


def _say_what_came(tally: PublishTally, outcomes: LineOutcomes | None) -> None:
    became = "" if outcomes is None else outcomes.in_words(tally.events)
    say(f"{tally.in_words()} judged{became}")
    if outcomes is not None:
        if len(outcomes.known) == tally.events:
            say("All of them had been judged before: the same event again changes nothing")
            outcomes = outcomes._replace(known=[])
        # New verdicts are in the tables below.
        changes = [change for change in outcomes.changes if change.before is not None]
        say_outcomes(outcomes._replace(changes=changes))
    if tally.bad:
        say(f"Beside {counted(tally.bad, 'line')} that could not be read")


@contextmanager
def _alerts(knowledge: ReadModel, since: Instant) -> Iterator[None]:
    """Print every alert that is raised while the block runs. `since`: the last event's time."""
    seen = set(knowledge.alerts(since))
    over = threading.Event()

    def look() -> None:
        for alert in knowledge.alerts(max((a.recorded_at for a in seen), default=since)):
            if alert not in seen:
                seen.add(alert)
                _say_alert(alert)

    def watch() -> None:
        # An exception would mean that the worker has ended: whoever waits for it reports that.
        with contextlib.suppress(CommandError):
            while not over.wait(SECONDS_BETWEEN_LOOKS):
                look()
            look()

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def _say_alert(alert: Alert) -> None:
    by = f", by {party_label(alert.party)}" if alert.party is not None else ""
    verdict = in_colour(alert.verdict)
    say(Text.assemble("ALERT ", verdict, f": {alert.incident_id} under {alert.commitment_id}{by}"))


def _show_truces(knowledge: ReadModel, conflicts: set[str]) -> None:
    """Compliance claim by claim, then incident by incident."""
    status = gather(knowledge, time.time_ns() // 1000)
    truces = [truce for truce in status.truces if truce.conflict in conflicts]
    say()
    say(f"Compliance. {COUNTS_MEAN}")
    if not truces:
        say()
        say("No claim is known yet, so there is nothing to keep.")
    for truce in truces:
        show_truce(truce, status.now)
        judged = knowledge.last_incidents(truce.conflict)
        _show_incidents(truce, [one for one in judged if one.commitment_id == truce.commitment_id])


def _show_incidents(truce: Truce, judged: list[IncidentVerdict]) -> None:
    asserted = [name for name, claim in truce.claims.items() if isinstance(claim, Assertion)]
    rows: list[list[str | Text]] = [
        [
            one.incident_id,
            *(in_colour(one.by_claim.get(claim_id, OUTSIDE)) for claim_id in asserted),
            in_colour(one.verdict),
        ]
        for one in judged
    ]
    if rows:
        say()
        matrix(("incident", *asserted, "all together"), rows, indent=2)
        say(f"  {OUTSIDE}: certainly outside of the window of that claim")


def _explain_one(knowledge: ReadModel, conflicts: set[str]) -> str:
    """The most informative incident: the verdict of each commitment, and of each claim. Its id."""
    found = knowledge.most_telling(sorted(conflicts))
    if found is None:
        return "INCIDENT"
    incident, explained = explained_incident(knowledge, *found)
    say()
    reports = counted(len(incident.reports), "report")
    say(Text.assemble("Why? ", (incident.incident_id, "bold"), f", by {reports}:"))
    for one in explained:
        show_verdict(one)
        for claim in one.claims:
            show_claim_verdict(claim)
    return incident.incident_id


def _say_what_next(settings: Settings, shown: str) -> None:
    program = "truce" if shutil.which("truce") else os.path.relpath(sys.argv[0])
    usual = os.environ.get("TRUCE_DATA_DIR") or "truce-data"
    where = "" if str(settings.data_dir) == usual else f" --data-dir {settings.data_dir}"
    say()
    say(f"The database is {settings.database}. Type next:")
    pages = f"http://{settings.web}/" if settings.web.port else "it says where"
    query = '"select commitment_id, incident_id, verdict from verdicts"'
    for command in (
        f"sql{where} {query}",
        f"explain{where} {shown}",
        f"demo --keep{where}    (and open its pages: {pages})",
    ):
        say(f"  {program} {command}", whole=True)


def _free(address: Address) -> Address:
    """`address`, or any free port if another program has that one."""
    import socket

    with socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError:
            return Address(address.host, 0)
    return address
