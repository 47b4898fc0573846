"""Whoever lists criteria or event types lists all of them, where mypy cannot say so: see CONTRIBUTING."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.asyncapi import ClaimVerdictMessage
from schemas.event_types import EVENT_TYPE_NAMES
from schemas.verdicts import CRITERIA
from streams.cli import schema
from streams.explain.input_lines import NOUNS

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


def test_each_type_of_event_is_counted_under_a_noun_and_named_in_the_help() -> None:
    assert tuple(NOUNS) == EVENT_TYPE_NAMES
    assert all(name in str(schema.help) for name in EVENT_TYPE_NAMES)
