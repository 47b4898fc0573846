"""What must not matter: batches, duplicates, restarts, and the order of unrelated events."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.ledger import transaction
from schemas.time import Occurrence
from schemas.wire import CONTENT_TYPE_BATCH, encode_batch
from streams.engine.decoding import RawRecord
from streams.engine.first_sight import FastPath
from streams.judging.incident import Incident
from streams.judging.judge import judge
from streams.judging.memo import judge_first
from streams.judging.statement import TimedStatement
from tests.support.generated import conflict_of, logs, subject_of
from tests.support.given import given as given_events
from tests.support.given import pairs
from tests.support.logged import HISTORY, PARTITIONS, STANDING, Scratch, numbered_outbox, records
from tests.support.trying import in_parts, tried

VERDICTS = {
    "verdicts": """
        SELECT conflict, commitment_id, incident_id, party, verdict, independent_reports
        FROM verdicts""",
    "claim_verdicts": """
        SELECT conflict, commitment_id, claim_id, incident_id, party, verdict,
            in_window, party_bound, act_prohibited, target_covered, in_area, still_bound
        FROM claim_verdicts""",
}

# With the number of each message, by which they are in order.
NUMBERED = HISTORY | {"outbox": numbered_outbox}


@pytest.fixture(scope="module")
def scratch() -> Scratch:
    return Scratch()


def split(items: Sequence[RawRecord], cuts: set[int]) -> list[Sequence[RawRecord]]:
    edges = [0, *sorted(cuts - {len(items)}), len(items)]
    return [items[lo:hi] for lo, hi in pairwise(edges)]


def commuted(log: Sequence[str], order: Sequence[str]) -> list[str]:
    """The log in another order, in which events about one claim or report keep theirs."""
    queues = {
        subject: iter([r for r in log if subject_of(r) == subject])
        for subject in map(subject_of, log)
    }
    return [next(queues[subject_of(raw)]) for raw in order]


def around(one: Occurrence) -> list[Occurrence]:
    """The same time, and a little before and after it, with all that may be said of it."""
    start, end, _ = one
    return [
        Occurrence(start + from_, max(end + to, start + from_), throughout)
        for from_, to in ((0, 0), (-1, 0), (0, 1), (1, 1), (0, -1), (0, start - end))
        for throughout in (False, True)
    ]


@in_parts
@tried()
@given(data=st.data(), log=logs())
def test_batches_restarts_duplicates_and_the_order_of_unrelated_events_do_not_matter(
    scratch: Scratch, part: int, data: st.DataObject, log: list[str]
) -> None:
    items = records(log)
    cuts = data.draw(st.sets(st.integers(1, len(items)), max_size=4), label="cuts")
    at_once = scratch.folded([items], HISTORY | STANDING)
    with pytest.MonkeyPatch.context() as patch:
        # Within a transaction much may be written long before its end, too.
        patch.setattr(transaction, "FLUSH_AT", data.draw(st.sampled_from([2, 60_000]), "flush at"))
        in_batches = scratch.folded(split(items, cuts), HISTORY | STANDING, restart=True)
    assert in_batches == at_once

    standing = {name: at_once[name] for name in STANDING}
    noisy = list(log)
    for original in data.draw(st.lists(st.sampled_from(log), max_size=4), label="repeated"):
        # The same event may come again at any later place in the log.
        after = noisy.index(original)
        noisy.insert(data.draw(st.integers(after + 1, len(noisy))), original)
    again = records(noisy)
    delivered_twice = [again, again[data.draw(st.integers(0, len(again) - 1)) :]]
    assert scratch.folded(delivered_twice, STANDING) == standing

    order = data.draw(st.permutations(log), label="order")
    assert scratch.folded([records(commuted(log, order))], STANDING) == standing


@in_parts
@tried()
@given(log=logs())
def test_a_record_of_many_events_says_the_same_as_many_records(
    scratch: Scratch, part: int, log: list[str]
) -> None:
    batched = [
        RawRecord(
            partition,
            0,
            0,
            conflict.encode(),
            encode_batch([raw for raw in log if conflict_of(raw) == conflict]),
            (("content-type", CONTENT_TYPE_BATCH.encode()),),
        )
        for conflict, partition in PARTITIONS.items()
    ]
    assert scratch.folded([batched], STANDING) == scratch.folded([records(log)], STANDING)


@in_parts
@tried()
@given(log=logs(max_size=20))
def test_judging_step_by_step_agrees_with_judging_claims_first(part: int, log: list[str]) -> None:
    # `given` asserts of each step that it starts from what stood.
    claims_first = sorted(log, key=lambda raw: "commitment." not in raw)
    found = given_events(commuted(log, claims_first)).verdicts_by_conflict
    assert found == given_events(log).verdicts_by_conflict


@in_parts
@tried()
@given(log=logs(max_size=20))
def test_what_is_known_of_all_that_lie_alike_is_what_each_is_judged_by_itself(
    part: int, log: list[str]
) -> None:
    found = given_events(log)
    standing = found.standing
    incidents = [
        (
            conflict,
            Incident(
                incident_id,
                {
                    report_id: TimedStatement(
                        report.statement, (occurrence,), occurrence.start, occurrence.end
                    )
                },
            ),
        )
        for (conflict, incident_id), reports in found.reports.items()
        for report_id, report in reports.items()
        if len(report.occurrences) == 1
        for occurrence in around(report.occurrences[0])
    ]
    # Of what is judged first, what is known is from the events before.
    for conflict, incident in incidents:
        touched, matched = standing.touched(conflict, incident)
        by_itself = {
            commitment_id: judged
            for commitment_id in ("truce", "pause")
            if (judged := judge(standing.commitment(conflict, commitment_id), incident))
        }
        assert touched >= by_itself.keys()
        if matched is not None:
            at_once = pairs(judge_first(conflict, incident, matched))
            assert {pair.commitment_id: pair.after for pair in at_once} == by_itself


@in_parts
@tried()
@given(log=logs(max_size=20))
def test_the_database_holds_what_the_fold_said_and_each_pair_once(
    scratch: Scratch, part: int, log: list[str]
) -> None:
    folded = given_events(log).verdicts_by_conflict
    rows = scratch.folded([records(log)], VERDICTS)
    assert rows["verdicts"] == sorted(
        ((*key, j.party, j.verdict, j.sources.independent_reports) for key, j in folded.items()),
        key=repr,
    )
    assert rows["claim_verdicts"] == sorted(
        (
            (
                conflict,
                commitment_id,
                row.claim_id,
                incident_id,
                j.party,
                row.verdict,
                *row.criteria,
            )
            for (conflict, commitment_id, incident_id), j in folded.items()
            for row in j.claims
        ),
        key=repr,
    )


@in_parts
@tried()
@given(log=logs(max_size=20), flush_at=st.sampled_from([1, 5, 60_000]))
def test_what_is_judged_on_the_fast_path_is_what_it_is_on_the_slow_one(
    scratch: Scratch, part: int, log: list[str], flush_at: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(transaction, "FLUSH_AT", flush_at)
        fast = scratch.folded([records(log)], NUMBERED)
        patched.setattr(FastPath, "take", lambda *_: False)
        assert scratch.folded([records(log)], NUMBERED) == fast
