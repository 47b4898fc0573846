"""The page for Prometheus stays readable, whatever is claimed, and hides nothing that is not 0."""

from __future__ import annotations

import time

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from analytics.ledger.ledger import Ledger
from analytics.metrics.families import DomainCollector, families
from analytics.metrics.series import shown_of
from analytics.metrics.summary import (
    ClaimVerdictCount,
    StandingClaim,
    Summary,
    VerdictCount,
    Withdrawal,
)
from schemas.time import OPEN, Bound, Span
from streams.engine.decoding import read
from streams.engine.loading import load_standing, process
from tests.bounds import hostile
from tests.support.logged import IN_MEMORY, LOG_ID, Scratch, records

DAY = 86_400_000_000
NOW = 1_000 * DAY
Key = tuple[str, tuple[tuple[str, str], ...]]


def standing(number: int, parties: int = 2, end: Bound | None = None) -> StandingClaim:
    """A claim of a commitment of its own, the higher its number the later over."""
    end = end or Bound.at((number + 1) * DAY)
    window = (Span(Bound.at(0), end),)
    bound = tuple(f"P{n}" for n in range(parties))
    return StandingClaim("testland", f"t{number:05}", "c", bound, window, end)


def series(summary: Summary, most: int) -> dict[Key, float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families(summary, NOW, shown_of(summary, most))
        for sample in family.samples
    }


def left_out(found: dict[Key, float]) -> float:
    return found["truce_series_left_out", ()]


MANY = Summary(
    claims=tuple(standing(n) for n in range(300)),
    verdicts=(
        VerdictCount("testland", "t00000", "P0", "violation", 3, 5 * DAY),
        VerdictCount("testland", "t00001", "ELSE", "clear", 1, 5 * DAY),
        VerdictCount("testland", "gone", "P0", "violation", 0, None),
    ),
    claim_verdicts=(ClaimVerdictCount("testland", "t00000", "c", "P0", "violation", 3),),
    withdrawals=(Withdrawal("testland", "t00002", "P1", 6 * DAY),),
)


def test_what_fits_is_all_there() -> None:
    found = series(MANY, 100_000)
    assert left_out(found) == 0
    assert len(found) > 300 * 40


@pytest.mark.parametrize("most", [10, 1_000, 3_000, 10_000])
def test_what_is_not_0_is_never_left_out_and_what_is_left_out_is_counted(most: int) -> None:
    everything, found = series(MANY, 100_000), series(MANY, most)
    gone = everything.keys() - found.keys()
    assert {everything[key] for key in gone} == {0.0}
    assert left_out(found) == len(gone) > 0
    assert all(found[key] == everything[key] for key in found if key[0] != "truce_series_left_out")
    others = sum(value != 0 for value in found.values())
    assert len(found) <= max(most, others) + 60


def test_the_windows_longest_over_go_first_and_an_open_one_last() -> None:
    claims = (*MANY.claims, standing(-5, end=OPEN))
    for most in (2_000, 5_000, 8_000):
        found = series(Summary(claims=claims), most)
        whole = [
            claim.commitment_id
            for claim in claims
            for labels in (
                {
                    "commitment": claim.commitment_id,
                    "conflict": "testland",
                    "party": "P1",
                    "verdict": "violation",
                },
            )
            if ("truce_incidents", tuple(sorted(labels.items()))) in found
        ]
        assert 1 < len(whole) < 301
        assert whole == [one.commitment_id for one in claims[-len(whole) :]]


def test_one_more_claim_that_is_over_later_leaves_out_others_and_not_itself() -> None:
    found = series(Summary(claims=(*MANY.claims, standing(999))), 2_000)
    labels = {"commitment": "t00999", "conflict": "testland", "party": "P0", "verdict": "clear"}
    assert ("truce_incidents", tuple(sorted(labels.items()))) in found


def test_long_names_take_the_room_of_several() -> None:
    def page(name: str) -> int:
        claims = tuple(standing(n)._replace(conflict=name) for n in range(1_000))
        registry = CollectorRegistry()
        summary = Summary(claims=claims)
        registry.register(
            type("", (), {"collect": lambda _: families(summary, NOW, shown_of(summary, 5_000))})()
        )
        return len(generate_latest(registry))

    # What is not 0, an end and a state of each claim, is there by all names.
    assert page("x") < 5_000 * 256
    assert page("y" * 200) < 2 * 5_000 * 256 + 2_000 * 350


def test_a_hundred_claims_of_a_thousand_parties_make_a_page_of_2_mb_in_a_second() -> None:
    ledger = Scratch().emptied()
    lines = hostile.claims_of_parties(100, 1_000)
    assert not process(ledger, load_standing(ledger), LOG_ID, read(records(lines))).rejected
    collector = DomainCollector(ledger, lambda: NOW)
    registry = CollectorRegistry()
    registry.register(collector)
    begun = time.process_time()
    text = generate_latest(registry)
    assert time.process_time() - begun < 10
    assert len(text) < 20_000 * 256
    assert text == generate_latest(registry)
    found = list(text_string_to_metric_families(text.decode()))
    assert {family.name for family in found} > {"truce_incidents", "truce_series_left_out"}
    collector.close()


def test_a_page_is_the_same_after_a_restart_with_series_left_out() -> None:
    ledger = Scratch().emptied()
    process(ledger, load_standing(ledger), LOG_ID, read(records(hostile.claims_of_parties(5, 900))))
    pages = []
    for again in (ledger, Ledger(ledger._connection, IN_MEMORY)):
        registry = CollectorRegistry()
        collector = DomainCollector(again, lambda: NOW, most_series=2_000)
        registry.register(collector)
        pages.append(generate_latest(registry))
        collector.close()
    assert pages[0] == pages[1]
