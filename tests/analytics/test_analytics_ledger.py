"""The ledger as its one writer sees it: all or nothing, and everything found again."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from analytics.ledger import scope as scopes
from analytics.ledger.event_columns import EventRows
from analytics.ledger.keys import Keys, KeySet, key_of
from analytics.ledger.ledger import (
    Ledger,
    LedgerDamaged,
    LedgerInUse,
    LedgerMissing,
    LedgerOutdated,
    LedgerTooNew,
    Transaction,
)
from analytics.ledger.rows import EventKey, Logged, Position, RejudgeScope, Release
from analytics.ledger.scope import Page
from analytics.queries import migrations
from schemas.events import parse_event
from schemas.problems import Problem
from schemas.verdicts import ClaimVerdict
from schemas.wire import Rejected
from tests.analytics.written import (
    LOG,
    VERSIONS,
    YES,
    Step,
    at,
    changed,
    claim,
    claim_retracted,
    denial,
    dump,
    judged,
    put,
    report,
    report_retracted,
    rows,
    take,
    write,
)
from tests.support.readable import with_views

T1, T2, T3 = (f"2026-02-01T00:00:0{n}Z" for n in (1, 2, 3))
INF = float("inf")


def test_what_is_raised_within_leaves_nothing(ledger: Ledger) -> None:
    write(ledger, Step(claim(), T1))
    before = dump(ledger)

    def fail(tx: Transaction) -> None:
        [logged] = take(tx, [(report(), T2)], 1)
        tx.rejudged(logged, changed(None, judged()), published=True)
        tx.outbox("t", b"k", b"v")
        tx.flush()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), ledger.transaction() as tx:
        fail(tx)
    assert dump(ledger) == before
    assert ledger.offsets(LOG) == {0: 1}
    assert ledger.pending_outbox() == []
    assert ledger.commits == 1
    write(ledger, Step(report(), T2, (changed(None, judged()),)), first=1)
    assert rows(ledger, "SELECT verdict FROM verdicts") == [("violation",)]


def test_offsets_and_clocks_are_those_of_each_log_and_partition(path: Path) -> None:
    with Ledger.open(path) as ledger:
        assert ledger.offsets(LOG) == {}
        assert ledger.clock(LOG, 0) == 0
        for next_offset in (5, 9):
            with ledger.transaction() as tx:
                tx.advance(LOG, 0, next_offset, at(T1))
                tx.advance(LOG, 1, 2, at(T2))
                tx.advance("other", 0, 7, at(T3))
    with Ledger.open(path) as ledger:
        assert ledger.offsets(LOG) == {0: 9, 1: 2}
        assert ledger.clock(LOG, 1) == at(T2)
        assert ledger.offsets("other") == {0: 7}
        assert rows(ledger, "SELECT count(*) FROM log_offsets") == [(3,)]


def keys_of(names: Iterable[tuple[str, ...]]) -> Keys:
    """The keys of events or incidents of these names."""
    return np.array([key_of(*each) for each in names])


def test_an_event_is_seen_in_its_transaction_after_it_and_after_a_restart(path: Path) -> None:
    raw, other = report(), report("j")
    event = parse_event(raw)
    key = ("testland", event.source, event.id)
    names = (key, ("testland", event.source, "absent"), ("elsewhere", event.source, event.id))
    asked = keys_of(names)

    def seen(tx: Transaction) -> tuple[list[bool], dict[EventKey, str]]:
        may_be_seen = tx.may_have_events(asked)
        return may_be_seen.tolist(), tx.seen(asked[may_be_seen])

    with Ledger.open(path) as ledger:
        with ledger.transaction() as tx:
            assert seen(tx) == ([False, False, False], {})
            take(tx, [(raw, T1)])
            assert seen(tx) == ([True, False, False], {key: raw})
        write(ledger, Step(other, T2), first=1)
        with ledger.transaction() as tx:
            assert seen(tx) == ([True, False, False], {key: raw})
    with Ledger.open(path) as ledger, ledger.transaction() as tx:
        assert seen(tx) == ([True, False, False], {key: raw})


def test_the_standing_reports_of_an_incident_are_the_newest_of_each(path: Path) -> None:
    first, revised, second, gone = report(), report(), report(report_id="s"), report(report_id="t")
    key = ("testland", "i")
    asked = keys_of([key, ("testland", "none")])
    with Ledger.open(path) as ledger:
        write(ledger, Step(first, T1), Step(gone, T1), Step(report("j"), T1))
        write(
            ledger,
            Step(revised, T2),
            Step(second, T2),
            Step(report_retracted(report_id="t"), T2),
            first=3,
        )
        with ledger.transaction() as tx:
            assert tx.may_have_reports(asked).tolist() == [True, False]
            assert tx.reports(asked) == {key: {"r": revised, "s": second}}
    with Ledger.open(path) as ledger, ledger.transaction() as tx:
        assert tx.reports(asked) == {key: {"r": revised, "s": second}}


def read_pages(found: Iterable[Page]) -> dict[str, dict[str, str]]:
    """By incident and report what pages hold, in their order."""
    said: dict[str, dict[str, str]] = {}
    for page in found:
        rows = zip(page.incident_ids, page.report_ids, page.payloads, strict=True)
        for incident_id, report_id, payload in rows:
            said.setdefault(incident_id, {})[report_id] = payload
    return said


@pytest.mark.parametrize("size", [1, 2, 5_000])
def test_the_incidents_of_a_scope_come_in_pages_while_others_are_written(
    ledger: Ledger, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scopes, "FIRST_PAGE", size)
    monkeypatch.setattr(scopes, "LARGEST_PAGE", size)
    night = {"start": "2026-01-11T20:00:00Z", "end": "2026-01-12T04:00:00Z"}
    impact = {"occurred": {"start": "2026-01-12T12:00:00Z"}}
    reports = {
        "a": report("a"),
        "b": report("b", occurred=night),
        "c": report("c", occurred={"start": "2026-01-01T00:00:00Z"}),
        "d": report("d", occurred={"start": "2026-01-01T00:00:00Z"}, impacts=[impact]),
    }
    late = report("c", "late")
    write(ledger, *(Step(raw, T1) for raw in reports.values()), Step(late, T1))
    stretch = (at("2026-01-12T00:00:00Z"), at("2026-01-12T12:00:00Z"))
    scope = RejudgeScope("testland", "truce", (stretch,))
    found = []
    with ledger.transaction() as tx:
        for number, page in enumerate(tx.pages(scope)):
            assert len(set(page.incident_ids)) <= size
            found.append(page)
            take(tx, [(report(f"during{number}"), T2)], 10 + number)
            tx.flush()
    assert read_pages(found) == {
        "a": {"r": reports["a"]},
        "b": {"r": reports["b"]},
        "c": {"late": late, "r": reports["c"]},
        "d": {"r": reports["d"]},
    }
    places = [place for page in found for place in page.places.tolist()]
    assert places == [0, 1, 2, 2, 3]
    d = found[-1]
    assert d.act_starts[-1] == at("2026-01-01T00:00:00Z")
    assert d.act_ends[-1] == at("2026-01-12T12:00:00Z")
    assert d.over_by[-1] == d.act_ends[-1] + 1, "an instant is over in the next microsecond"
    with ledger.transaction() as tx:
        everywhere = read_pages(tx.pages(scope._replace(stretches=((-INF, INF),))))
        assert len(everywhere) == 4 + len(rows(ledger, 'FROM events WHERE "offset" >= 10'))
        assert list(tx.pages(scope._replace(conflict="elsewhere"))) == []


def test_a_scope_is_of_incidents_whose_reports_meet_a_stretch_and_name_a_party(
    ledger: Ledger,
) -> None:
    write(
        ledger,
        Step(report("early", occurred={"start": "2026-01-01T00:00:00Z"}), T1),
        Step(report("late", occurred={"start": "2026-01-20T00:00:00Z"}), T1),
        Step(report("between"), T1),
        Step(report("between", "other", actor={"party": "BBB", "confidence": "alleged"}), T1),
        Step(report("own", reported_by={"name": "Army", "party": "CCC"}), T1),
        Step(report("nobody", actor=None), T1),
    )
    ends = [at(f"2026-01-{day}T00:00:00Z") for day in ("01", "02", "19", "21")]
    two = RejudgeScope("testland", "truce", ((ends[0], ends[1]), (ends[2], ends[3])))
    everything = RejudgeScope("testland", "truce", ((-INF, INF),))
    with ledger.transaction() as tx:
        assert read_pages(tx.pages(two)).keys() == {"early", "late"}
        for parties, named in (
            ({"BBB"}, {"between"}),
            ({"CCC", "DDD"}, {"own"}),
            ({"AAA"}, {"early", "late", "between", "own"}),
            (set(), set()),
        ):
            scope = everything._replace(parties=frozenset(parties))
            assert read_pages(tx.pages(scope)).keys() == named
        of_both = read_pages(tx.pages(everything._replace(parties=frozenset({"BBB"}))))
        assert of_both["between"].keys() == {"r", "other"}, "all its reports are judged together"


def test_the_standing_claims_are_those_not_superseded(ledger: Ledger) -> None:
    first, revised, denied = claim(), claim(), denial()
    write(ledger, Step(first, T1), Step(claim("gone"), T1), Step(denied, T2), Step(revised, T3))
    write(ledger, Step(claim_retracted("gone"), T3), first=4)
    assert list(ledger.claims()) == [denied, revised]


def test_a_claims_terms_are_columns(ledger: Ledger) -> None:
    window = [
        {"start": {"earliest": None, "latest": "2026-01-02T00:00:00Z"}, "end": None},
        {"start": "2026-01-05T00:00:00Z"},
    ]
    prohibits = {"acts": ["strike", None], "targets": []}
    terms: dict[str, Any] = {
        "window": window,
        "prohibits": prohibits,
        "conditions": {"reciprocal": True},
    }
    write(ledger, Step(claim(**terms), T1))
    assert rows(
        ledger,
        "SELECT window_start, window_end, open_ended, acts, targets, reciprocal, "
        "list_transform(window_parts, lambda p: p.open_ended) FROM claims",
    ) == [(None, None, True, ["strike", None], [], True, [True, False])]


def test_releases_are_the_violations_of_standing_reciprocal_claims(ledger: Ledger) -> None:
    one = judged(claims=[ClaimVerdict("c", "clear", YES, "violation")])
    spell = {"start": "2026-01-12T10:00:00Z", "end": "2026-01-12T12:00:00Z"}
    write(
        ledger,
        Step(claim(conditions={"reciprocal": True}), T1),
        Step(claim("other"), T1),
        Step(report(), T1, (changed(None, one),)),
        Step(report(report_id="s", occurred=spell), T2),
        Step(report(report_id="t", actor={"party": "BBB", "confidence": "alleged"}), T2),
        Step(report("j"), T2, (changed(None, judged("clear", claims=[]), "j"),)),
    )
    start, noon = at("2026-01-12T10:00:00Z"), at("2026-01-12T12:00:00Z")
    assert list(ledger.releases()) == [
        (("testland", "truce", "c"), Release("i", frozenset({"AAA"}), start, noon + 1))
    ]
    write(ledger, Step(claim_retracted(), T3), first=6)
    assert list(ledger.releases()) == []


def test_the_outbox_is_in_order_until_it_is_published(path: Path) -> None:
    with Ledger.open(path) as ledger:
        with ledger.transaction() as tx:
            tx.outbox("a", b"k", b"v", (("h", b"\x00"), ("h", b"2")))
            tx.outbox("b", None, None)
        assert [tuple(message) for message in ledger.pending_outbox()] == [
            (1, "a", b"k", b"v", (("h", b"\x00"), ("h", b"2"))),
            (2, "b", None, None, ()),
        ]
        ledger.published(1)
    with Ledger.open(path) as ledger:
        with ledger.transaction() as tx:
            tx.outbox("c", None, b"")
        assert [(m.seq, m.topic) for m in ledger.pending_outbox()] == [(2, "b"), (3, "c")]
        assert [m.topic for m in ledger.pending_outbox(1)] == ["b"]
        ledger.published(3)
        assert ledger.pending_outbox() == []


def test_what_was_rejected_is_kept_byte_for_byte(ledger: Ledger) -> None:
    problems = (Problem("data.act", "not an act"), Problem("id", "required"))
    with ledger.transaction() as tx:
        tx.rejected(Rejected("invalid", problems, b"\xff\x00{", 3), Position(LOG, 0, 7, 3), at(T1))
        tx.rejected(Rejected("not_json", (), b"", None), Position(LOG, 0, 8, 0), at(T1))
    assert rows(
        ledger, 'SELECT reason, problems, raw, "offset", batch_index FROM rejected ORDER BY ALL'
    ) == [
        ("invalid", ["data.act: not an act", "id: required"], b"\xff\x00{", 7, 3),
        ("not_json", [], b"", 8, None),
    ]


def test_one_process_owns_the_file(path: Path) -> None:
    held = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", held, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        try:
            with pytest.raises(LedgerInUse) as refused:
                Ledger.open(path)
            assert refused.value.pid == other.pid
            with pytest.raises(LedgerInUse):
                Ledger.open(path, read_only=True)
        finally:
            other.communicate("\n")


def test_a_database_of_a_newer_version_is_refused(path: Path) -> None:
    Ledger.open(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (999, 'later')")
    with pytest.raises(LedgerTooNew, match="newer version"):
        Ledger.open(path)


def test_a_file_that_is_no_database_is_refused_and_kept(path: Path) -> None:
    path.write_bytes(b"not a database, but somebody's" * 1000)
    with pytest.raises(LedgerDamaged):
        Ledger.open(path)
    assert path.read_bytes().startswith(b"not a database")


def test_nothing_to_read_is_said_so(path: Path) -> None:
    with pytest.raises(LedgerMissing):
        Ledger.open(path, read_only=True)
    assert not path.exists()


def test_it_can_be_opened_only_to_read(path: Path) -> None:
    with Ledger.open(path) as ledger:
        write(ledger, Step(claim(), T1))
    with Ledger.open(path, read_only=True) as ledger:
        assert len(list(ledger.claims())) == 1


def test_migrations_run_once(path: Path) -> None:
    for _ in range(2):
        with Ledger.open(path) as ledger:
            found = rows(ledger, "SELECT version, count(*) FROM schema_migrations GROUP BY ALL")
            # 0: the views, which are of no version.
            assert sorted(found) == [(0, 1), *((version, 1) for version, _, _ in migrations())]


MORE = "ALTER TABLE rejected ADD COLUMN more VARCHAR; UPDATE rejected SET more = 'yes'"


def test_a_migration_changes_a_database_once_and_keeps_what_is_in_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger.open(path) as ledger, ledger.transaction() as tx:
        tx.rejected(Rejected("not_json", (), b"", None), Position(LOG, 0, 8, 0), at(T1))
    known = [*migrations(), (2, "002_more", MORE)]
    monkeypatch.setattr("analytics.storage.database.migrations", lambda: known)
    for _ in range(2):
        with Ledger.open(path) as ledger:
            assert rows(ledger, "SELECT reason, more FROM rejected") == [("not_json", "yes")]
            assert rows(ledger, "SELECT max(version) FROM schema_migrations") == [(2,)]


def test_a_database_is_as_it_was_where_a_migration_fails(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger.open(path) as ledger:
        write(ledger, Step(claim(), T1))
    known = [*migrations(), (2, "002_more", f"{MORE}; SELECT error('it does not fit')")]
    monkeypatch.setattr("analytics.storage.database.migrations", lambda: known)
    before = dump(path, VERSIONS)
    with pytest.raises(LedgerOutdated, match="it is as it was; `truce rebuild` makes a new one"):
        Ledger.open(path)
    assert dump(path, VERSIONS) == before
    assert rows(path, "SELECT count(*) FROM duckdb_columns() WHERE column_name = 'more'") == [(0,)]


def test_views_are_made_again_when_their_file_is_another_one(path: Path) -> None:
    with Ledger.open(path) as ledger:
        rows(ledger, "CREATE OR REPLACE VIEW verdicts AS SELECT 'of an earlier version' AS verdict")
    with Ledger.open(path) as ledger:
        assert rows(ledger, "FROM verdicts") == [("of an earlier version",)]
        rows(ledger, "UPDATE schema_migrations SET name = 'views another' WHERE version = 0")
    with Ledger.open(path) as ledger:
        assert rows(ledger, "FROM verdicts") == []


def test_every_table_view_macro_and_column_says_what_it_is(ledger: Ledger) -> None:
    uncommented = """
        SELECT table_name FROM duckdb_tables() WHERE comment IS NULL
        UNION ALL
        SELECT view_name FROM duckdb_views() WHERE NOT internal AND comment IS NULL
        UNION ALL
        SELECT table_name || '.' || column_name FROM duckdb_columns()
        WHERE NOT internal AND comment IS NULL
        UNION ALL
        SELECT function_name FROM duckdb_functions() WHERE NOT internal AND comment IS NULL
    """
    assert rows(with_views(ledger), uncommented) == []


def test_times_are_utc_whoever_asks(ledger: Ledger) -> None:
    write(ledger, Step(claim(), T1))
    assert rows(ledger, "SELECT recorded_at::VARCHAR FROM events") == [("2026-02-01 00:00:01+00",)]


def test_a_table_does_not_fall_to_pieces_however_often_a_worker_is_started(path: Path) -> None:
    for number in range(20):
        with Ledger.open(path) as ledger:
            write(ledger, Step(report(f"i{number}"), T1), first=number)
    pieces = "SELECT count(DISTINCT row_group_id) FROM pragma_storage_info('accepted')"
    assert rows(path, pieces) <= [(17,)]
    in_order = 'SELECT "offset" FROM accepted ORDER BY rowid'
    assert rows(path, in_order) == [(number,) for number in range(20)]


def test_a_table_in_pieces_is_opened_also_where_nothing_more_can_be_written(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(17):
        with Ledger.open(path) as ledger:
            write(ledger, Step(report(f"i{number}"), T1), first=number)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, limits[1]))
    try:
        with Ledger.open(path) as ledger:
            assert rows(ledger, "SELECT count(*) FROM events") == [(17,)]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "are not put together" in caplog.text
    with Ledger.open(path) as ledger:
        assert rows(ledger, "SELECT count(*) FROM events") == [(17,)]


def test_keys_are_the_same_for_ever() -> None:
    assert key_of("conflict", "https://desk.example", "id") == 6963870409986767606
    assert key_of("a", "bc") != key_of("ab", "c")


def found(keys: KeySet, asked: list[int]) -> set[int]:
    """Which of these are in there."""
    which = np.array(asked, np.int64)
    return set(which[keys.contains(which)].tolist())


def test_a_key_set_holds_what_was_put_in() -> None:
    keys = KeySet()
    assert found(keys, [0, 1]) == set()
    some = {0, -1, 1, 2**63 - 1, -(2**63), 5}
    keys.update([*some, 5])
    keys.update(range(3))
    keys.update(())
    assert len(keys) == 7
    assert found(keys, [*some, 2, -2, 2**62]) == {*some, 2}


def test_a_key_set_holds_what_comes_in_any_order_and_in_any_pieces() -> None:
    keys, all_of_them = KeySet(), set[int]()
    chance = random.Random(1)
    for size in (1, 1, 1, 50, 3, 200, 0, 1, 70):
        piece = [chance.getrandbits(64) - 2**63 for _ in range(size)]
        keys.update(piece + chance.sample(sorted(all_of_them), min(size, len(all_of_them))))
        all_of_them.update(piece)
        assert len(keys) == len(all_of_them)
        others = [chance.getrandbits(64) - 2**63 for _ in range(20)]
        assert found(keys, [*others, *all_of_them]) == all_of_them


READ = ("accepted", "events", *VERSIONS, "reports", "reports_between('testland', NULL, NULL)")


def test_events_keep_their_order_when_a_report_is_superseded(ledger: Ledger) -> None:
    write(ledger, Step(report("a"), T1), Step(report("b"), T1))
    write(ledger, Step(report("a"), T2), Step(report_retracted("b"), T2), first=2)
    assert rows(
        ledger, 'SELECT "offset", superseded_at IS NOT NULL FROM accepted ORDER BY rowid'
    ) == [
        (0, True),
        (1, True),
        (2, False),
        (3, False),
    ]


def test_claims_before_every_report_ask_nothing_of_the_database(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = RejudgeScope("testland", "truce", ((-INF, INF),))
    said = parse_event(report())
    rows = EventRows()
    key, about = put(rows, said, report(), 0)
    with ledger.transaction() as tx:
        tx.read(LOG, rows.columns())
        with monkeypatch.context() as patched:
            patched.setattr(tx, "flush", lambda: pytest.fail("asked"))
            assert list(tx.pages(everything)) == []
        tx.event(Logged(Position(LOG, 0, 0, 0), at(T1), key, 0), about)
        assert read_pages(tx.pages(everything)).keys() == {"i"}
    with ledger.transaction() as tx:
        assert len(list(tx.pages(everything))) == 1
