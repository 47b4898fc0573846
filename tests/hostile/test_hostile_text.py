"""Whatever a text says, it is a text: to every command, metric and notification."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from analytics.audit.audit import Audit
from analytics.lake.contents import differing_tables
from analytics.lake.keeper import Keeper
from analytics.lake.session import LakeSession, open_lake
from analytics.lake.writer import LakeWriter
from analytics.ledger.ledger import Ledger
from analytics.metrics.families import DomainCollector
from analytics.notifications.notifications import Notifications, switch
from analytics.read_model import ReadModel
from schemas.events import parse_event
from streams.commands import demo, status
from streams.commands.explain import explained_incident, print_json, show_verdict
from streams.commands.sql.rows import FORMS, Column, ResultRows, print_rows
from streams.commands.status import LakeStatus, gather
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from streams.notify.notification import notification_text
from streams.notify.targets import Alertmanager, NotificationTarget, Webhook
from streams.settings import LEVELS, Settings
from tests.support.trying import tried

CREATES = "; CREATE TABLE owned AS SELECT 42; SELECT '"
TEXTS = st.one_of(
    st.sampled_from(
        [
            *(CREATES, f"x{CREATES}--", "x$incident_id", "$conflict$commitment_id", "$claim_id"),
            *("'", "''", '"', "$$", "$1", "?", ":name", "{0}", "{incident_id}", "%s", "%(x)s"),
            *("\\", "--", "/*", "*/", ";", "x' OR '1'='1", "NULL", "]]>", "<b>", "`", "[red]x[/]"),
            *("a\nb", "a\x1b[31mb", "a\x9bb", "a\u202eb", "a\u200bb", "\x7f", "a\tb", "Київ", "ﷺ"),
        ]
    ),
    st.text(min_size=1, max_size=12),
)


def _event(kind: str, **data: Any) -> dict[str, Any]:
    event = {"specversion": "1.0", "source": "https://desk.example", "id": "e", "type": kind}
    return {**event, "time": "2026-01-10T00:00:00Z", "data": {"conflict": "c", **data}}


def _claim(claim_id: str, **terms: Any) -> dict[str, Any]:
    ids = {"commitment_id": "truce", "claim_id": claim_id}
    by = {"name": "A", "role": "mediator", "party": "CCC"}
    return _event("commitment.claimed", **ids, claimed_by=by, bound_parties=["AAA"], **terms)


def _report(report_id: str, **more: Any) -> dict[str, Any]:
    said = {
        "reported_by": {"name": "B", "kind": "media", "party": "BBB"},
        "occurred": {"start": "2026-01-02T00:00:00Z"},
        "actor": {"party": "AAA", "confidence": "confirmed"},
        "act": "strike",
        "targets": ["energy"],
        "places": ["UA-30"],
        "weapons": [{"type": "missile", "launched": 1}],
        "effects": {"killed": 1},
        "evidence": ["https://desk.example/1"],
    }
    return _event("incident.reported", incident_id="i", report_id=report_id, **said, **more)


WINDOW = [
    {"start": "2026-01-01T00:00:00Z", "end": None, "as_stated": "from tonight"},
    {"daily": {"from": "08:00", "to": "09:00", "zone": "UTC"}, "start": "2026-01-01T00:00:00Z"},
]
EVENTS = [
    _claim(
        "asserted",
        stance="asserts",
        window=WINDOW,
        prohibits={"acts": ["any"], "targets": ["any"]},
        conditions={"reciprocal": True},
        evidence=["https://desk.example/2"],
    ),
    _claim("conditional", stance="asserts", window=WINDOW, conditions={"other": "in good faith"}),
    _claim("denied", stance="denies"),
    _claim("gone", stance="denies"),
    _report("r", impacts=[{"place": "UA-32", "targets": ["energy"]}]),
    _report("s"),
    _report("gone"),
    _event(
        "commitment.claim_retracted", commitment_id="truce", claim_id="gone", reason="not meant"
    ),
    _event("incident.report_retracted", incident_id="i", report_id="gone", reason="not meant"),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in an event there is a text."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


def put(event: dict[str, Any], path: tuple[Any, ...], text: str) -> dict[str, Any] | None:
    """The event with another text at this place; None: it is no event then."""
    changed: dict[str, Any] = json.loads(json.dumps(event))
    inner: Any = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = text
    try:
        parse_event(json.dumps(changed))
    except ValueError:
        return None
    return changed


@st.composite
def hostile_logs(draw: st.DrawFn) -> list[str]:
    """A log in which texts are hostile wherever the schema takes them; ids agree among events."""
    instead: dict[tuple[Any, str], str] = {}
    log = []
    for number, event in enumerate(EVENTS):
        changed = {**event, "id": f"e{number}"}
        for path in places(event):
            if path[0] in {"specversion", "type", "id"}:
                continue
            was = changed
            for key in path:
                was = was[key]
            # The same text in the same field is the same in all events.
            named = (path[-1], str(was))
            if named not in instead:
                instead[named] = draw(TEXTS)
            changed = put(changed, path, instead[named]) or changed
        log.append(json.dumps(changed))
    return log


class World:
    """A ledger with its lake, anew for each log."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, 0
        self.audit = Audit(threads=1)

    def follow(self, log: list[str]) -> list[str]:
        """Judge the log, run everything that reads over it; what notifications would be posted.

        Texts that are the same make one claim of two, so that there may be none.
        """
        self._number += 1
        folder = self._folder / str(self._number)
        folder.mkdir()
        with Ledger.open(folder / "truce.duckdb") as ledger:
            cursor = ledger.cursor()
            switch(cursor, ["alertmanager", "webhook"], 0)
            tables = names(cursor)
            key = parse_event(log[0]).data.conflict.encode()
            records = [
                RawRecord(0, offset, time.time_ns() // 1_000_000, key, raw.encode())
                for offset, raw in enumerate(log)
            ]
            tally = process(ledger, load_standing(ledger), "log", read(records))
            assert not tally.rejected
            keeper = Keeper(LakeWriter(folder / "lake"), ledger.cursor())
            keeper.update()
            keeper.close()
            scrape(ledger)
            posted = notify(ledger)
            assert names(cursor) == tables
            cursor.close()
        with open_lake(folder / "lake") as lake:
            show(lake, Settings(data_dir=folder))
            assert differing_tables(lake) == []
            self.audit.take(lake.connection)
            self.audit.recompute()
            assert list(self.audit.differences()) == []
        return posted


def names(cursor: Any) -> list[Any]:
    """The tables and views of a database."""
    asked = "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views()"
    found: list[Any] = sorted(cursor.execute(asked).fetchall())
    return found


def scrape(ledger: Ledger) -> None:
    registry = CollectorRegistry()
    collector = DomainCollector(ledger, lambda: time.time_ns() // 1_000)
    registry.register(collector)
    assert b"# TYPE truce_incidents gauge" in generate_latest(registry)
    collector.close()


def notify(ledger: Ledger) -> list[str]:
    notices = Notifications(ledger.cursor())
    targets: list[NotificationTarget] = [
        Alertmanager("http://127.0.0.1:1", "page"),
        Webhook("http://127.0.0.1:1", b"key"),
    ]
    posted: list[str] = []
    notices.look(LEVELS, 0, time.time_ns() // 1_000, 1_000)
    for target in targets:
        while waiting := notices.next(target.name, notices.lanes(target.name), 100):
            facts = notices.facts(waiting)
            contents = {
                one.seq: target.content(notification_text(one, facts[one.seq])) for one in waiting
            }
            assert all(map(json.loads, contents.values()))
            notices.trying(contents)
            notices.done(contents.keys(), "told", time.time_ns() // 1_000)
            posted += contents.values()
    notices.close()
    return posted


def show(lake: LakeSession, settings: Settings) -> None:
    """All that the commands ask and print."""
    knowledge = ReadModel(lake.ask)
    now = time.time_ns() // 1_000
    found = gather(knowledge, now)
    at = LakeStatus(settings.lake, knowledge.transaction(), now)
    status.show(found, settings, None, at)
    json.dumps(status.document(found, settings, None, at))
    conflicts = {truce.conflict for truce in found.truces}
    demo._show_truces(knowledge, conflicts)
    demo._explain_one(knowledge, conflicts)
    knowledge.alerts(0)
    knowledge.counts()
    incidents = lake.ask("SELECT DISTINCT conflict, incident_id FROM reports")
    for conflict, incident_id in incidents:
        assert knowledge.conflicts_of(incident_id) == [conflict]
        assert incident_id in knowledge.close_incidents(incident_id)
        incident, explained = explained_incident(knowledge, conflict, incident_id)
        assert incident.reports
        posted_by = knowledge.posted_by_of(conflict, incident_id)
        history = knowledge.history_of(conflict, incident_id)
        print_json(conflict, incident, explained, posted_by, history)
        for one in explained:
            show_verdict(one)
    for name, _ in knowledge.tables():
        if name not in {"lake_mark", "contents"}:
            print_all(lake, name)


def print_all(lake: LakeSession, table: str) -> None:
    rows = lake.ask("SELECT * FROM query_table($name)", {"name": table})
    columns = [Column(str(name), str(kind)) for name, kind, *_ in lake.connection.description or []]
    for form in FORMS:
        print_rows(form, ResultRows(columns, rows))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    found = World(tmp_path_factory.mktemp("hostile"))
    yield found
    found.audit.close()


@tried(at_most=4)
@given(log=hostile_logs())
def test_no_text_is_more_than_a_text(world: World, log: list[str]) -> None:
    world.follow(log)


@pytest.mark.parametrize(
    ("conflict", "incident_id"),
    [("x$incident_id", f"{CREATES}--"), ("$conflict$commitment_id", "i")],
)
def test_a_name_of_a_parameter_is_not_replaced(
    world: World, conflict: str, incident_id: str
) -> None:
    log = []
    for number, event in enumerate(EVENTS):
        changed = json.loads(json.dumps({**event, "id": f"e{number}"}))
        changed["data"]["conflict"] = conflict
        if "incident_id" in changed["data"]:
            changed["data"]["incident_id"] = incident_id
        log.append(json.dumps(changed))
    posted = world.follow(log)
    assert len(posted) == 2
    assert all(incident_id in json.dumps(json.loads(one), ensure_ascii=False) for one in posted)
