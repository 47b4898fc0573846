"""The page that monitoring reads, as it is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from analytics.ledger.ledger import Ledger
from analytics.ledger.rows import Position
from analytics.metrics.families import DomainCollector, ProcessMetrics, Summary, families
from analytics.metrics.process import Delays
from analytics.metrics.summary import ConflictPartition
from schemas.events import Problem
from schemas.safe_text import for_terminal
from schemas.verdicts import ClaimVerdict, Judgement
from schemas.wire import Rejected
from tests.analytics.written import (
    LOG,
    YES,
    Step,
    at,
    changed,
    claim,
    claim_retracted,
    denial,
    judged,
    report,
    write,
)

T1, T2, T3 = (f"2026-02-01T00:00:0{n}Z" for n in (1, 2, 3))
INSIDE = at("2026-01-12T00:00:00Z")
AFTER = at("2026-02-12T00:00:00Z")


def page(
    ledger: Ledger, now: int = INSIDE, shown: Callable[[ConflictPartition], bool] = lambda _: True
) -> str:
    registry = CollectorRegistry()
    collector = DomainCollector(ledger, lambda: now, shown)
    registry.register(collector)
    text = generate_latest(registry).decode()
    collector.close()
    return text


def series(text: str, name: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"{name}{{")]


def test_a_commitment_is_at_zero_from_the_moment_it_is_known(ledger: Ledger) -> None:
    write(ledger, Step(claim(bound_parties=["AAA"]), T1))
    assert page(ledger) == (
        "# HELP truce_incidents Incidents that now stand at this verdict by the commitment, all"
        " its claims together. Party unknown: no party is known as the actor, or several are.\n"
        "# TYPE truce_incidents gauge\n"
        'truce_incidents{commitment="truce",conflict="testland",party="AAA",verdict="clear"} 0.0\n'
        'truce_incidents{commitment="truce",conflict="testland",party="AAA",verdict="contested"}'
        " 0.0\n"
        'truce_incidents{commitment="truce",conflict="testland",party="AAA",verdict="undetermined"}'
        " 0.0\n"
        'truce_incidents{commitment="truce",conflict="testland",party="AAA",verdict="violation"}'
        " 0.0\n"
        'truce_incidents{commitment="truce",conflict="testland",party="unknown",verdict="clear"}'
        " 0.0\n"
        'truce_incidents{commitment="truce",conflict="testland",party="unknown",'
        'verdict="contested"} 0.0\n'
        'truce_incidents{commitment="truce",conflict="testland",party="unknown",'
        'verdict="undetermined"} 0.0\n'
        'truce_incidents{commitment="truce",conflict="testland",party="unknown",'
        'verdict="violation"} 0.0\n'
        "# HELP truce_claim_incidents Incidents that now stand at this verdict by this one"
        " claim. Party unknown: no party is known as the actor, or several are.\n"
        "# TYPE truce_claim_incidents gauge\n"
        'truce_claim_incidents{claim="c",commitment="truce",conflict="testland",party="AAA",'
        'verdict="clear"} 0.0\n'
        'truce_claim_incidents{claim="c",commitment="truce",conflict="testland",party="AAA",'
        'verdict="undetermined"} 0.0\n'
        'truce_claim_incidents{claim="c",commitment="truce",conflict="testland",party="AAA",'
        'verdict="violation"} 0.0\n'
        'truce_claim_incidents{claim="c",commitment="truce",conflict="testland",party="unknown",'
        'verdict="clear"} 0.0\n'
        'truce_claim_incidents{claim="c",commitment="truce",conflict="testland",party="unknown",'
        'verdict="undetermined"} 0.0\n'
        'truce_claim_incidents{claim="c",commitment="truce",conflict="testland",party="unknown",'
        'verdict="violation"} 0.0\n'
        "# HELP truce_last_violation_timestamp_seconds When the log took what last made an"
        " incident a violation that still stands; 0: none does.\n"
        "# TYPE truce_last_violation_timestamp_seconds gauge\n"
        'truce_last_violation_timestamp_seconds{commitment="truce",conflict="testland",'
        'party="AAA"} 0.0\n'
        'truce_last_violation_timestamp_seconds{commitment="truce",conflict="testland",'
        'party="unknown"} 0.0\n'
        "# HELP truce_last_verdict_timestamp_seconds When the log took what last brought an"
        " incident to this verdict at which it still stands; 0: none stands at it.\n"
        "# TYPE truce_last_verdict_timestamp_seconds gauge\n"
        'truce_last_verdict_timestamp_seconds{commitment="truce",conflict="testland",'
        'party="AAA",verdict="clear"} 0.0\n'
        'truce_last_verdict_timestamp_seconds{commitment="truce",conflict="testland",'
        'party="AAA",verdict="contested"} 0.0\n'
        'truce_last_verdict_timestamp_seconds{commitment="truce",conflict="testland",'
        'party="AAA",verdict="undetermined"} 0.0\n'
        'truce_last_verdict_timestamp_seconds{commitment="truce",conflict="testland",'
        'party="AAA",verdict="violation"} 0.0\n'
        'truce_last_verdict_timestamp_seconds{commitment="truce",conflict="testland",'
        'party="unknown",verdict="clear"} 0.0\n'
        'truce_last_verdict_timestamp_seconds{commitment="truce",conflict="testland",'
        'party="unknown",verdict="contested"} 0.0\n'
        'truce_last_verdict_timestamp_seconds{commitment="truce",conflict="testland",'
        'party="unknown",verdict="undetermined"} 0.0\n'
        'truce_last_verdict_timestamp_seconds{commitment="truce",conflict="testland",'
        'party="unknown",verdict="violation"} 0.0\n'
        "# HELP truce_last_withdrawal_timestamp_seconds When the log last took what made a"
        " violation by the party none any more; 0: never.\n"
        "# TYPE truce_last_withdrawal_timestamp_seconds gauge\n"
        'truce_last_withdrawal_timestamp_seconds{commitment="truce",conflict="testland",'
        'party="AAA"} 0.0\n'
        'truce_last_withdrawal_timestamp_seconds{commitment="truce",conflict="testland",'
        'party="unknown"} 0.0\n'
        "# HELP truce_window_state Whether the window of the claim is in force now: 1 for the"
        " state that holds.\n"
        "# TYPE truce_window_state gauge\n"
        'truce_window_state{claim="c",commitment="truce",conflict="testland",state="in_force"}'
        " 1.0\n"
        'truce_window_state{claim="c",commitment="truce",conflict="testland",'
        'state="not_in_force"} 0.0\n'
        'truce_window_state{claim="c",commitment="truce",conflict="testland",state="unknown"}'
        " 0.0\n"
        "# HELP truce_window_end_timestamp_seconds When the window of the claim ends, if that is"
        " known; of daily hours, the last of them.\n"
        "# TYPE truce_window_end_timestamp_seconds gauge\n"
        'truce_window_end_timestamp_seconds{claim="c",commitment="truce",conflict="testland"}'
        " 1.7684352e+09\n"
        "# HELP truce_last_report_timestamp_seconds When the log last took a report of an"
        " incident; 0: never. No reports is not compliance.\n"
        "# TYPE truce_last_report_timestamp_seconds gauge\n"
        'truce_last_report_timestamp_seconds{conflict="testland"} 0.0\n'
        "# HELP truce_last_coverage_timestamp_seconds When the log last took what stands of"
        " somebody who watched, in full or in part; 0: never. Who was denied access did not watch.\n"
        "# TYPE truce_last_coverage_timestamp_seconds gauge\n"
        'truce_last_coverage_timestamp_seconds{conflict="testland"} 0.0\n'
        "# HELP truce_last_rejected_timestamp_seconds When the log last took what was rejected for"
        " this reason; 0: never.\n"
        "# TYPE truce_last_rejected_timestamp_seconds gauge\n"
        'truce_last_rejected_timestamp_seconds{reason="id_reused"} 0.0\n'
        'truce_last_rejected_timestamp_seconds{reason="invalid"} 0.0\n'
        'truce_last_rejected_timestamp_seconds{reason="key_mismatch"} 0.0\n'
        'truce_last_rejected_timestamp_seconds{reason="not_json"} 0.0\n'
        'truce_last_rejected_timestamp_seconds{reason="too_large"} 0.0\n'
        "# HELP truce_series_left_out Series at 0, of the windows longest over, that this page"
        " leaves out for its size.\n"
        "# TYPE truce_series_left_out gauge\n"
        "truce_series_left_out 0.0\n"
    )


def test_incidents_are_counted_where_they_stand_now(ledger: Ledger) -> None:
    one, two = judged(), judged("undetermined", None, claims=[])
    write(
        ledger,
        Step(claim(), T1),
        Step(report("i"), T1, (changed(None, one, "i"),)),
        Step(report("j"), T2, (changed(None, judged(party="CCC"), "j"),)),
        Step(report("k"), T3, (changed(None, two, "k"),)),
    )
    counted = [
        line
        for name in ("truce_incidents", "truce_claim_incidents")
        for line in series(page(ledger), name)
        if not line.endswith(" 0.0")
    ]
    bound = 'commitment="truce",conflict="testland",'
    assert counted == [
        f'truce_incidents{{{bound}party="AAA",verdict="violation"}} 1.0',
        f'truce_incidents{{{bound}party="CCC",verdict="violation"}} 1.0',
        f'truce_incidents{{{bound}party="unknown",verdict="undetermined"}} 1.0',
        f'truce_claim_incidents{{claim="c",{bound}party="AAA",verdict="violation"}} 1.0',
        f'truce_claim_incidents{{claim="c",{bound}party="CCC",verdict="violation"}} 1.0',
    ]
    # AAA and BBB are bound, CCC is named, and "unknown" is always there: four verdicts each.
    assert len(series(page(ledger), "truce_incidents")) == 16
    write(ledger, Step(report("i"), T3, (changed(one, judged("clear"), "i"),)), first=4)
    assert (
        'truce_incidents{commitment="truce",conflict="testland",party="AAA",verdict="violation"}'
        " 0.0"
    ) in page(ledger)


def test_a_denial_makes_its_party_known_and_has_no_series_of_its_own(ledger: Ledger) -> None:
    write(ledger, Step(denial(), T1))
    text = page(ledger)
    assert len(series(text, "truce_incidents")) == 8
    assert 'party="CCC"' in text
    for name in ("truce_claim_incidents", "truce_window_state"):
        assert series(text, name) == []


def test_the_last_violation_is_when_a_pair_became_one(ledger: Ledger) -> None:
    one = judged()
    more = judged(independent=2, claims=[ClaimVerdict("c", "undetermined", YES, "violation")])
    write(ledger, Step(claim(), T1), Step(report(), T1, (changed(None, one),)))
    write(ledger, Step(report(), T3, (changed(one, more),)), first=2)
    name = "truce_last_violation_timestamp_seconds"
    line = f'{name}{{commitment="truce",conflict="testland",party="AAA"}} '
    assert line + "1.769904001e+09" in page(ledger)
    write(ledger, Step(report(), T3, (changed(more, judged("clear")),)), first=3)
    assert line + "0.0" in page(ledger)


def test_a_verdict_has_the_time_at_which_the_last_pair_came_to_it(ledger: Ledger) -> None:
    contested = judged("contested")
    write(
        ledger,
        Step(claim(), T1),
        Step(report("i"), T1, (changed(None, contested, "i"),)),
        Step(report("j"), T2, (changed(None, contested, "j"),)),
    )
    name = "truce_last_verdict_timestamp_seconds"
    line = f'{name}{{commitment="truce",conflict="testland",party="AAA",verdict="contested"}} '
    assert line + "1.769904002e+09" in page(ledger)
    write(ledger, Step(report("j"), T3, (changed(contested, judged("clear"), "j"),)), first=3)
    assert line + "1.769904001e+09" in page(ledger)


WITHDRAWN = "truce_last_withdrawal_timestamp_seconds"


def withdrawn(ledger: Ledger, party: str = "AAA") -> str:
    start = f'{WITHDRAWN}{{commitment="truce",conflict="testland",party="{party}"}} '
    [line] = [line for line in page(ledger).splitlines() if line.startswith(start)]
    return line.removeprefix(start)


@pytest.mark.parametrize(
    "after", [judged("clear"), judged("contested"), judged("undetermined", None, claims=[]), None]
)
def test_a_violation_that_ceases_to_be_one_is_withdrawn(
    ledger: Ledger, after: Judgement | None
) -> None:
    one = judged()
    write(ledger, Step(claim(), T1), Step(report(), T1, (changed(None, one),)))
    assert withdrawn(ledger) == "0.0"
    write(ledger, Step(report(), T2, (changed(one, after),)), first=2)
    assert withdrawn(ledger) == "1.769904002e+09"


def test_a_violation_by_another_than_was_said_is_withdrawn_from_the_first(ledger: Ledger) -> None:
    one, other = judged(), judged(party="BBB")
    write(ledger, Step(claim(), T1), Step(report(), T1, (changed(None, one),)))
    write(ledger, Step(report(), T2, (changed(one, other),)), first=2)
    assert (withdrawn(ledger), withdrawn(ledger, "BBB")) == ("1.769904002e+09", "0.0")


def test_a_violation_whose_criteria_or_sources_change_is_not_withdrawn(ledger: Ledger) -> None:
    one = judged()
    more = judged(independent=2, claims=[ClaimVerdict("c", "undetermined", YES, "violation")])
    write(ledger, Step(claim(), T1), Step(report(), T1, (changed(None, one),)))
    write(ledger, Step(report(), T2, (changed(one, more),)), first=2)
    assert withdrawn(ledger) == "0.0"


def test_a_violation_that_was_corrected_in_the_same_moment_was_never_told(ledger: Ledger) -> None:
    one, clear = judged(), judged("clear")
    write(ledger, Step(claim(), T1), Step(report(), T1, (changed(None, one),)))
    write(ledger, Step(report(), T1, (changed(one, clear),)), first=2)
    assert withdrawn(ledger) == "0.0"
    # And one that was taken back and came again in one moment was never away.
    write(ledger, Step(report(), T2, (changed(clear, one),)), first=3)
    steps = (Step(report(), T3, (changed(one, clear),)), Step(report(), T3, (changed(clear, one),)))
    write(ledger, *steps, first=4)
    assert withdrawn(ledger) == "0.0"


def test_a_commitment_that_is_gone_leaves_its_last_times_at_zero(ledger: Ledger) -> None:
    one = judged()
    write(ledger, Step(claim(), T1), Step(report(), T1, (changed(None, one),)))
    write(ledger, Step(claim_retracted(), T2, (changed(one, None),)), first=2)
    assert series(page(ledger), "truce_incidents") == []
    name = "truce_last_violation_timestamp_seconds"
    line = f'{name}{{commitment="truce",conflict="testland",party="AAA"}} 0.0'
    assert series(page(ledger), name) == [line]
    assert withdrawn(ledger) == "1.769904002e+09"


def test_the_last_rejection_is_remembered_by_its_reason(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        for offset, moment in enumerate((T3, T2)):
            fault = Rejected("invalid", (Problem("id", "expected text"),), b"{}", None)
            tx.rejected(fault, Position(LOG, 0, offset, 0), at(moment))
    name = "truce_last_rejected_timestamp_seconds"
    assert series(page(ledger), name)[1] == f'{name}{{reason="invalid"}} 1.769904003e+09'


def test_a_worker_shows_only_the_conflicts_that_it_speaks_for(ledger: Ledger) -> None:
    one = judged()
    write(ledger, Step(claim(), T1), Step(report(), T1, (changed(None, one),)))
    write(ledger, Step(report(), T2, (changed(one, judged("clear")),)), first=2)
    assert 'conflict="testland"' in page(ledger, shown=ConflictPartition(LOG, 0).__eq__)
    assert "testland" not in page(ledger, shown=ConflictPartition(LOG, 0).__ne__)


def test_no_incident_is_ever_a_label_and_more_incidents_are_no_more_series(ledger: Ledger) -> None:
    def at_all(text: str) -> int:
        return sum(not line.startswith("#") for line in text.splitlines())

    one = judged()
    write(ledger, Step(claim(), T1), Step(report("i-0"), T1, (changed(None, one, "i-0"),)))
    before = page(ledger)
    names = [f"i-{n}" for n in range(1, 50)]
    write(ledger, *(Step(report(n), T2, (changed(None, one, n),)) for n in names), first=2)
    after = page(ledger)
    assert at_all(after) == at_all(before)
    assert "i-" not in after
    assert "incident=" not in after


def test_a_party_that_is_named_unknown_is_not_nobody(ledger: Ledger) -> None:
    parties = (None, "unknown", '"unknown"', "unknown\\")
    steps = [
        Step(report(f"i{n}"), T2, (changed(None, judged(party=party), f"i{n}"),))
        for n, party in enumerate(parties)
    ]
    write(ledger, Step(claim(bound_parties=["unknown", "BBB"]), T1), *steps)
    text = page(ledger)
    for label in ("unknown", r"\"unknown\"", r"\"\"unknown\"\"", r"unknown\\"):
        place = f'commitment="truce",conflict="testland",party="{label}"'
        assert f'truce_incidents{{{place},verdict="violation"}} 1.0' in text
        assert f"truce_last_violation_timestamp_seconds{{{place}}} " in text


def test_no_label_has_what_is_not_fit_to_be_shown_and_none_is_anothers(ledger: Ledger) -> None:
    names = ["a\u202eb", r"a\u202eb", "a\u200bb", "a" * 190 + "\U000e0061" * 10]
    names += ["\U000e0061" * 199 + "a", "\U000e0061" * 199 + "b"]
    steps = [
        Step(report(f"i{n}"), T2, (changed(None, judged(party=name), f"i{n}"),))
        for n, name in enumerate(names)
    ]
    write(ledger, Step(claim(), T1), *steps)
    lines = series(page(ledger), "truce_incidents")
    violations = [line for line in lines if 'verdict="violation"' in line and line.endswith(" 1.0")]
    assert len(set(violations)) == len(names)
    assert all(line.isascii() or "\u2026#" in line for line in violations)
    assert all(for_terminal(line) == line for line in violations)


def test_windows_end_when_that_is_known_and_not_otherwise(ledger: Ledger) -> None:
    start = "2026-01-10T00:00:00Z"
    ends = {
        "known": {"start": start, "end": "2026-01-15T00:00:00Z"},
        "open": {"start": start, "end": None},
        "unknown": {"start": start},
        "range": {
            "start": start,
            "end": {"earliest": "2026-01-14T00:00:00Z", "latest": "2026-01-15T00:00:00Z"},
        },
    }
    steps = [Step(claim(name, window=[part]), T1) for name, part in ends.items()]
    write(ledger, *steps)
    [line] = series(page(ledger), "truce_window_end_timestamp_seconds")
    assert 'claim="known"' in line
    states = {
        (claim_id, line.split('state="')[1].split('"')[0])
        for line in series(page(ledger, AFTER), "truce_window_state")
        if line.endswith(" 1.0")
        for claim_id in [line.split('claim="')[1].split('"')[0]]
    }
    assert states == {
        ("known", "not_in_force"),
        ("open", "in_force"),
        ("unknown", "unknown"),
        ("range", "not_in_force"),
    }


def test_daily_hours_end_with_the_last_of_them(ledger: Ledger) -> None:
    daily = {"from": "08:00", "to": "14:00", "zone": "UTC"}
    start = "2026-01-10T00:00:00Z"
    ends = {"noon": "2026-01-15T12:00:00Z", "night": "2026-01-16T06:00:00Z", "open": None}
    windows = {n: [{"daily": daily, "start": start, "end": end}] for n, end in ends.items()}
    write(ledger, *(Step(claim(name, window=window), T1) for name, window in windows.items()))
    name = "truce_window_end_timestamp_seconds"
    place = 'commitment="truce",conflict="testland"'
    assert series(page(ledger), name) == [
        f'{name}{{claim="night",{place}}} 1.7684856e+09',  # 14:00 of the 15th
        f'{name}{{claim="noon",{place}}} 1.7684784e+09',  # 12:00 of the 15th
    ]


def test_the_last_report_is_the_coverage_of_a_conflict(ledger: Ledger) -> None:
    write(ledger, Step(report(), T2), Step(claim(), T3))
    assert series(page(ledger), "truce_last_report_timestamp_seconds") == [
        'truce_last_report_timestamp_seconds{conflict="testland"} 1.769904002e+09'
    ]


def test_names_of_any_kind_survive_the_exposition(ledger: Ledger) -> None:
    odd = 'Kyiv "and\\n towns"\\ {x="y"} Київ \U0001f54a'
    write(ledger, Step(claim(odd, bound_parties=[odd]), T1))
    found = {
        (sample.labels["claim"], sample.labels["party"])
        for family in text_string_to_metric_families(page(ledger))
        for sample in family.samples
        if family.name == "truce_claim_incidents"
    }
    assert found == {(odd, odd), (odd, "unknown")}


def test_a_retracted_commitment_leaves_the_page(ledger: Ledger) -> None:
    write(ledger, Step(claim(), T1), Step(claim_retracted(), T2))
    assert series(page(ledger), "truce_incidents") == []


def test_the_page_is_the_same_after_a_restart(path: Path) -> None:
    with Ledger.open(path) as ledger:
        write(ledger, Step(claim(), T1), Step(report(), T2, (changed(None, judged()),)))
        before = page(ledger)
    with Ledger.open(path) as ledger:
        assert page(ledger) == before


def test_the_ledger_is_read_again_only_after_a_commit(ledger: Ledger) -> None:
    collector = DomainCollector(ledger, lambda: INSIDE)
    empty = collector.summary()
    assert collector.summary() is empty
    write(ledger, Step(claim(), T1))
    known = collector.summary()
    assert len(known.claims) == 1
    assert collector.summary() is known
    collector.close()
    write(ledger, Step(claim("d"), T2), first=1)
    assert collector.summary() is known


def test_where_nothing_is_known_only_what_is_of_no_conflict_is_there() -> None:
    samples = [sample for family in families(Summary(), INSIDE) for sample in family.samples]
    assert {sample.name for sample in samples} == {
        "truce_last_rejected_timestamp_seconds",
        "truce_series_left_out",
    }
    assert {sample.value for sample in samples} == {0.0}


def test_a_partition_that_has_gone_takes_its_lag_with_it() -> None:
    registry = CollectorRegistry()
    process = ProcessMetrics(registry)
    process.lagging({0: 1, 1: 2})
    process.lagging({1: 0})
    text = generate_latest(registry).decode()
    assert series(text, "truce_log_lag_events") == ['truce_log_lag_events{partition="1"} 0.0']


def test_the_process_counts_its_own_work() -> None:
    registry = CollectorRegistry()
    process = ProcessMetrics(registry)
    process.known(["incident.reported"], ["not_json"])
    text = generate_latest(registry).decode()
    assert 'truce_events_total{type="incident.reported"} 0.0' in text
    assert 'truce_rejected_total{reason="not_json"} 0.0' in text
    now = 1_767_225_600_000_000
    came = [now - 20_000, now + 1_000_000]
    process.committed({"incident.reported": 3}, {"invalid": 1}, came, now, 0.004)
    process.lagging({0: 7})
    text = generate_latest(registry).decode()
    for line in (
        'truce_events_total{type="incident.reported"} 3.0',
        'truce_rejected_total{reason="invalid"} 1.0',
        "truce_detection_delay_seconds_count 2.0",
        "truce_detection_delay_seconds_sum 0.02",
        'truce_batch_seconds_bucket{le="0.005"} 1.0',
        'truce_log_lag_events{partition="0"} 7.0',
    ):
        assert line in text.splitlines()


def test_many_delays_are_counted_as_the_library_counts_each() -> None:
    bounds = (0.01, 0.5, 3_600)
    values = [0.0, 0.01, 0.010_001, 0.5, 7.0, 3_600.0, 1e6]
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    known = Histogram("delay", "How long.", buckets=bounds, registry=theirs)
    for value in values:
        known.observe(value)
    delays = Delays("delay", "How long.", bounds)
    ours.register(delays)
    delays.observe(np.array(values[:3]))
    delays.observe(np.array(values[3:]))
    delays.observe(np.array([]))
    page = generate_latest(theirs).decode().splitlines()
    assert generate_latest(ours).decode().splitlines() == [
        line for line in page if "_created" not in line
    ]
