"""Whoever lists the criteria of a verdict lists all of them: mypy reads no SQL and no page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.asyncapi import ClaimVerdictMessage
from schemas.verdicts import CRITERIA

ROOT = Path(__file__).parents[2]
# Who names as many of them means the list.
MANY = 4
LISTS = sorted(
    path.relative_to(ROOT)
    for folder, suffix in (("analytics", "sql"), ("docs", "md"), ("deploy", "md"))
    for path in (ROOT / folder).rglob(f"*.{suffix}")
    if sum(one in path.read_text(encoding="utf-8") for one in CRITERIA) >= MANY
)
# Where conditions are no matter, or a matter of another file.
WITHOUT = {
    Path("analytics/audit/criteria.sql"): {"still_bound"},  # that is conditions.sql
    Path("analytics/examples/clear_why.sql"): {"still_bound"},
    Path("deploy/runbooks/TruceViolationContested.md"): {"still_bound"},
}


@pytest.mark.parametrize("path", LISTS, ids=str)
def test_where_many_criteria_are_named_none_is_forgotten(path: Path) -> None:
    words = set(re.findall(r"\w+", (ROOT / path).read_text(encoding="utf-8")))
    assert set(CRITERIA) - words <= WITHOUT.get(path, set())


def test_a_published_verdict_has_each_criterion() -> None:
    others = {"claim_id", "verdict"}
    assert ClaimVerdictMessage.model_fields.keys() - others == set(CRITERIA)
