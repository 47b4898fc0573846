"""What a scope of acts or targets covers."""

import pytest

from schemas.vocabulary import ACTS, TARGETS, act_prohibited, broader, target_covered

ACT_RULES = [
    ((), "strike", None, "the scope was not said"),
    ((), None, None, "neither was said"),
    (("any",), "strike", True, "any covers all"),
    (("any",), None, True, "any covers even what was not said"),
    (("any", None), None, True, "any, whatever else"),
    (("strike",), None, None, "the act was not said"),
    (("strike",), "strike", True, "itself"),
    (("strike",), "drone_strike", True, "one step narrower"),
    (("strike",), "ballistic_missile_strike", True, "two steps narrower"),
    (("strike",), "hostile_act", None, "broader"),
    (("strike",), "any", None, "broadest"),
    (("strike",), "raid", False, "neither is-a the other"),
    (("strike", None), "raid", None, "and others not named"),
    (("strike", None), "shelling", True, "named ones are covered"),
    ((None,), "raid", None, "only others not named"),
    (("raid", "strike"), "shelling", True, "one of several"),
    (("raid", "shelling"), "strike", None, "broader than one of several"),
]


@pytest.mark.parametrize(("scope", "act", "expected", "why"), ACT_RULES)
def test_act_prohibited(
    scope: tuple[str | None, ...], act: str | None, expected: bool | None, why: str
) -> None:
    assert act_prohibited(scope, act) is expected, why


@pytest.mark.parametrize(
    ("scope", "target", "expected"),
    [
        (("energy",), "substation", True),
        (("energy",), "residential", False),
        (("energy",), "infrastructure", None),
        (("power_generation",), "substation", False),
        (("power_grid",), "energy", None),
        (("energy",), None, None),
        (("any",), None, True),
    ],
)
def test_target_covered(
    scope: tuple[str | None, ...], target: str | None, expected: bool | None
) -> None:
    assert target_covered(scope, target) is expected


@pytest.mark.parametrize("tree", [ACTS, TARGETS])
def test_every_term_is_an_any(tree: dict[str, str | None]) -> None:
    assert all(list(broader(term, tree))[-1] == "any" for term in tree)


def test_the_published_trees() -> None:
    assert (len(ACTS), len(TARGETS)) == (23, 25)
    assert list(broader("cruise_missile_strike", ACTS)) == [
        "cruise_missile_strike",
        "missile_strike",
        "strike",
        "hostile_act",
        "any",
    ]
    assert list(broader("substation", TARGETS))[1:] == [
        "power_grid",
        "energy",
        "infrastructure",
        "any",
    ]
