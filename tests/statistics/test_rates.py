"""Rates over equal spans, their ratio, and its exact interval beside scipy's."""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy.stats import beta, binom

from tests.statistics.folded import Folded
from tests.support.given import claim, report

RATES = "rate_before, rate_during, rate_after"
RATIO = "rate_ratio, rate_ratio_low, rate_ratio_high"
WEEK = {"start": "2026-01-08T00:00:00Z", "end": "2026-01-15T00:00:00Z"}


def acts(*times: str, name: str = "i", **said: Any) -> list[str]:
    """An incident at each of these moments, or between them and a second one."""
    return [
        report(
            incident_id=f"{name}{n}",
            occurred=dict(zip(("start", "end"), time.split("/"), strict=False)),
            **said,
        )
        for n, time in enumerate(times)
    ]


def days(*numbers: int) -> list[str]:
    return [f"2026-01-{number:02}T12:00:00Z" for number in numbers]


def exact(x: int, y: int) -> tuple[float, float | None]:
    """The 95 % interval of the ratio of two Poisson rates over equal spans, by scipy."""
    low = beta.ppf(0.025, x, y + 1) if x else 0.0
    high = beta.ppf(0.975, x + 1, y) if y else 1.0
    return low / (1 - low), high / (1 - high) if y else None


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (0, 1),
        (1, 0),
        (1, 1),
        (0, 40),
        (40, 0),
        (3, 10),
        (10, 3),
        (2, 5_000),
        (5_000, 2),
        (70_000, 30_000),
    ],
)
def test_the_interval_is_exact(folded: Folded, x: int, y: int) -> None:
    low, high = exact(x, y)
    [(found,)] = folded.ask(f"SELECT least_ratio({x}, {y})")
    assert found == pytest.approx(low, rel=1e-7)
    if high is not None:
        [(found,)] = folded.ask(f"SELECT 1 / least_ratio({y}, {x})")
        assert math.inf if found is None else found == pytest.approx(high, rel=1e-7)


def test_the_tail_is_that_of_the_binomial_distribution(folded: Folded) -> None:
    for x, n, p in ((1, 1, 0.5), (3, 10, 0.2), (40, 40, 0.9), (700, 1_000, 0.65)):
        [(found,)] = folded.ask(f"SELECT binomial_tail({x}, {n}, {p})")
        assert found == pytest.approx(binom.sf(x - 1, n, p), rel=1e-9)


def test_rates_are_those_of_equal_spans(folded: Folded) -> None:
    before, during, after = days(1, 1, 2, 3, 4, 5, 6, 7), days(8, 14), days(15, 17, 19, 21)
    # The last of all says that the week after was watched to its end.
    folded.fold(claim(window=[WEEK]), *acts(*before, *during, *after))
    low, high = exact(2, 8)
    assert folded.of("compliance", RATES) == pytest.approx((8 / 7, 2 / 7, 4 / 7))
    assert folded.of("compliance", RATIO) == pytest.approx((0.25, low, high))


def test_acts_of_another_are_in_no_rate_and_what_was_promised_does_not_matter(
    folded: Folded,
) -> None:
    homes = {"targets": ["residential"]}
    folded.fold(
        claim(window=[WEEK]),
        *acts(*days(1, 9, 21), actor={"party": "BBB", "confidence": "confirmed"}),
        *acts(*days(2, 3, 10), name="j", **homes),
        *acts(*days(2, 11), name="k", actor=None),
    )
    assert folded.of("compliance", RATES) == pytest.approx((2 / 7, 1 / 7, 0))


def test_what_straddles_a_boundary_is_in_no_rate_and_widens_the_interval(folded: Folded) -> None:
    night = "2026-01-07T20:00:00Z/2026-01-08T04:00:00Z"
    folded.fold(claim(window=[WEEK]), *acts(*days(1, 2, 3), night, *days(9, 14)))
    assert folded.of("compliance", "rate_before, rate_during") == pytest.approx((3 / 7, 2 / 7))
    # With the night before the truce the ratio is 2 to 4, with it during the truce 3 to 3.
    expected = (2 / 3, exact(2, 4)[0], exact(3, 3)[1])
    assert folded.of("compliance", RATIO) == pytest.approx(expected)


def test_a_span_that_nobody_reported_on_has_no_rate(folded: Folded) -> None:
    folded.fold(claim(window=[WEEK]), *acts(*days(2, 9, 20)))
    assert folded.of("compliance", RATES) == (None, pytest.approx(1 / 7), None)
    assert folded.of("compliance", RATIO) == (None, None, None)
    folded.fold(claim(window=[WEEK]), *acts(*days(1, 9, 21)))
    assert folded.of("compliance", RATES) == pytest.approx((1 / 7, 1 / 7, 1 / 7))


def test_none_before_is_no_ratio_and_no_upper_bound(folded: Folded) -> None:
    other = acts(*days(1), name="j", actor={"party": "BBB", "confidence": "confirmed"})
    folded.fold(claim(window=[WEEK]), *other, *acts(*days(9, 14)))
    assert folded.of("compliance", RATIO) == (None, pytest.approx(exact(2, 0)[0]), None)


@pytest.mark.parametrize(
    "window",
    [
        [{"daily": {"from": "08:00", "to": "14:00", "zone": "UTC"}, **WEEK}],
        [WEEK, {"start": "2026-01-20T00:00:00Z", "end": "2026-01-21T00:00:00Z"}],
        [{"start": "2026-01-08T00:00:00Z"}],
    ],
    ids=["daily", "suspended", "unknown end"],
)
def test_only_a_core_in_one_piece_has_equal_spans_beside_it(
    folded: Folded, window: list[Any]
) -> None:
    folded.fold(claim(window=window), *acts(*days(1, 9, 21)))
    assert folded.of("compliance", RATES) == (None, None, None)
