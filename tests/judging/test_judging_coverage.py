"""Who watched, and when, moves no verdict."""

from __future__ import annotations

import pytest

from tests.support.given import claim, coverage, given, report


@pytest.mark.parametrize("quality", ["full", "partial", "denied", "none"])
def test_coverage_moves_no_verdict(quality: str) -> None:
    state = given([claim(), report()])
    before = state.verdicts()
    state.when(coverage(quality=quality), coverage(quality="full", area=["UA-30"]))
    assert state.verdicts() == before
    assert state.history[2:] == [[], []]


def test_coverage_of_a_time_without_reports_makes_no_verdict() -> None:
    assert given([coverage(), claim(), coverage("other")]).verdicts() == {}
