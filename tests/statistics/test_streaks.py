"""Days in a row without a violation, by numbers that were made by hand."""

from __future__ import annotations

import pytest

from tests.statistics.folded import Folded
from tests.statistics.test_compliance import january, quiet_until
from tests.support.given import claim, report

# fmt: off
STREAKS = [
    # Undetermined incidents and violations from day to day; current and longest streak of 20 days.
    ("without any", [], [], (20, 20, 20, 20)),
    ("a violation ends one", [], [(8, 9)], (12, 12, 12, 12)),
    ("the longest may be over", [], [(15, 16)], (5, 5, 14, 14)),
    ("it may be over since today", [], [(20, 21)], (0, 0, 19, 19)),
    ("an undetermined incident may end it", [(8, 9)], [], (12, 20, 12, 20)),
    # A night of two days may have touched both, or the second at first, or the first.
    ("a night", [], [(8, 10)], (11, 12, 11, 12)),
    # Sometime in the 3rd to 18th: at worst in the middle of all, for the current one on the 18th.
    ("a longer interval is one day", [(3, 19)], [], (2, 20, 10, 20)),
    ("as a violation it ends one for certain", [], [(3, 19)], (2, 17, 10, 17)),
    ("two violations leave what is beside or between", [], [(4, 5), (10, 15)], (6, 10, 8, 10)),
]
# fmt: on


@pytest.mark.parametrize(
    ("undetermined", "violations", "streaks"),
    [case[1:] for case in STREAKS],
    ids=[case[0] for case in STREAKS],
)
def test_streaks_have_both_bounds(
    folded: Folded,
    undetermined: list[tuple[int, int]],
    violations: list[tuple[int, int]],
    streaks: tuple[int, ...],
) -> None:
    folded.fold(
        claim(window=[{"start": january(1), "end": january(21)}]),
        *(
            report(incident_id=f"{kind}{n}", targets=[target], occurred=_between(first, after))
            for kind, target, those in (
                ("v", "substation", violations),
                ("u", "infrastructure", undetermined),
            )
            for n, (first, after) in enumerate(those)
        ),
        quiet_until(january(25)),
    )
    columns = "current_lower, current_upper, longest_lower, longest_upper"
    assert folded.of("streaks", columns) == streaks


def _between(first: int, after: int) -> dict[str, str]:
    return {"start": january(first), "end": january(after)}


def test_days_between_the_parts_of_a_window_break_no_streak(folded: Folded) -> None:
    parts = [
        {"start": january(1), "end": january(3)},
        {"start": january(10), "end": january(13)},
    ]
    broken = report(incident_id="j", occurred=_between(5, 6))
    folded.fold(claim(window=parts), broken, quiet_until(january(25)))
    assert folded.of("streaks", "longest_lower, longest_upper") == (5, 5)


def test_what_is_not_known_of_a_window_has_no_streak(folded: Folded) -> None:
    folded.fold(claim(window=[{"start": january(1)}]), quiet_until(january(25)))
    assert folded.ask("FROM streaks") == []
