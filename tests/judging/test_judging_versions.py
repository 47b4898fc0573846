"""What opens a new version of a verdict, and what changes within one."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.verdicts import (
    ClaimVerdict,
    Criteria,
    Judgement,
    Sources,
    changed,
    is_same_claim_version,
    is_same_throughout,
    is_same_version,
)

YES = Criteria(True, True, True, True, True, True)
CLAIM = ClaimVerdict("c", "violation", YES, "violation")
SOURCES = Sources(1, "reported", admitted=False, denied_by=())
JUDGEMENT = Judgement("truce", "violation", "AAA", 10, 20, SOURCES, (CLAIM,))
OTHER_CLAIM = CLAIM._replace(claim_id="d")

# fmt: off
BY_COMMITMENT: list[tuple[dict[str, Any], bool, bool]] = [
    # What is another                                               the commitment's, and all stay
    ({},                                                            True,  True),
    ({"verdict": "contested"},                                      False, False),
    ({"party": "BBB"},                                              False, False),
    ({"party": None},                                               False, False),
    ({"occurred_start": 11},                                        False, False),
    ({"occurred_end": 21},                                          False, False),
    ({"sources": SOURCES._replace(independent_reports=2)},          False, False),
    ({"sources": SOURCES._replace(evidence=None)},                  False, False),
    ({"sources": SOURCES._replace(admitted=True)},                  False, False),
    ({"sources": SOURCES._replace(denied_by=("Ministry",))},        False, False),
    ({"claims": (CLAIM._replace(verdict="clear"),)},                True,  False),
    ({"claims": (CLAIM._replace(before_conditions="clear"),)},      True,  True),
    ({"claims": ()},                                                True,  False),
    ({"claims": (OTHER_CLAIM,)},                                    True,  False),
    ({"claims": (CLAIM, OTHER_CLAIM)},                              True,  False),
]
# fmt: on


@pytest.mark.parametrize(("change", "stays", "all_stay"), BY_COMMITMENT)
def test_all_but_its_claims_opens_a_version_of_a_commitments_verdict(
    change: dict[str, Any], stays: bool, all_stay: bool
) -> None:
    after = JUDGEMENT._replace(**change)
    assert is_same_version(JUDGEMENT, after) is stays
    assert is_same_throughout(JUDGEMENT, after) is all_stay


# fmt: off
CHANGED: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({},                                                                ()),
    ({"verdict": "contested", "party": None},                           ("party", "verdict")),
    ({"occurred_start": 11, "occurred_end": 21},                        ("occurred_end", "occurred_start")),
    ({"sources": SOURCES._replace(evidence=None, admitted=True)},       ("admitted", "evidence")),
    ({"sources": SOURCES._replace(denied_by=("Ministry",))},            ("denied_by",)),
    ({"claims": (CLAIM._replace(verdict="clear"),)},                    ("claims",)),
    ({"claims": (CLAIM._replace(criteria=YES._replace(in_area=None)),)}, ("in_area",)),
    ({"claims": (CLAIM, OTHER_CLAIM)},                                  ("claims",)),
    ({"claims": (CLAIM._replace(before_conditions="clear"),)},          ()),
]
# fmt: on


@pytest.mark.parametrize(("change", "names"), CHANGED)
def test_a_message_names_what_has_changed(change: dict[str, Any], names: tuple[str, ...]) -> None:
    assert changed(JUDGEMENT, JUDGEMENT._replace(**change)) == names


@pytest.mark.parametrize("criterion", Criteria._fields)
def test_every_criterion_opens_a_version_of_a_claims_verdict(criterion: str) -> None:
    after = CLAIM._replace(criteria=YES._replace(**{criterion: None}))
    assert not is_same_claim_version(CLAIM, after, same_party=True)
    assert not is_same_throughout(JUDGEMENT, JUDGEMENT._replace(claims=(after,)))


def test_another_party_opens_a_version_of_a_claims_verdict_that_is_the_same() -> None:
    assert is_same_claim_version(CLAIM, CLAIM, same_party=True)
    assert not is_same_claim_version(CLAIM, CLAIM, same_party=False)


def test_what_comes_or_goes_opens_or_closes_a_version() -> None:
    assert not is_same_version(None, JUDGEMENT)
    assert not is_same_version(JUDGEMENT, None)
    assert not is_same_claim_version(None, CLAIM, same_party=True)
    assert not is_same_claim_version(CLAIM, None, same_party=True)
