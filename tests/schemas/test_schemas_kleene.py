"""Strong Kleene logic, by its full truth tables."""

from itertools import product

import pytest

from schemas.kleene import all_of, any_of, unanimous

VALUES = (True, False, None)


@pytest.mark.parametrize("answers", [*product(VALUES, repeat=2), *product(VALUES, repeat=3)])
def test_and_or_and_agreement(answers: tuple[bool | None, ...]) -> None:
    expected_and = False if False in answers else None if None in answers else True
    expected_or = True if True in answers else None if None in answers else False
    assert all_of(answers) is expected_and
    assert any_of(answers) is expected_or
    assert unanimous(answers) is (answers[0] if len(set(answers)) == 1 else None)


def test_of_none_at_all() -> None:
    assert (all_of(()), any_of(()), unanimous(())) == (True, False, None)
