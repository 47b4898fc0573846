"""In which order views are made: whatever their files are called."""

from __future__ import annotations

from graphlib import CycleError
from pathlib import Path

import pytest

from analytics.queries import in_order


def sql(folder: Path, **files: str) -> list[Path]:
    for name, text in files.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    return [folder / f"{name}.sql" for name in files]


def test_a_view_is_made_after_those_that_it_reads(tmp_path: Path) -> None:
    found = sql(
        tmp_path,
        a="CREATE OR REPLACE VIEW first AS\nSELECT * FROM second\nINNER JOIN third USING (x);",
        b="CREATE OR REPLACE VIEW second AS\nSELECT twice(x) AS x FROM accepted;",
        c="CREATE OR REPLACE VIEW third AS\nSELECT 1 AS x;",
        d="CREATE OR REPLACE MACRO twice(x) AS (2 * x);",
    )
    names = [path.stem for path in in_order(found)]
    assert sorted(names) == ["a", "b", "c", "d"]
    assert names.index("d") < names.index("b") < names.index("a")
    assert names.index("c") < names.index("a")


def test_two_views_that_read_each_other_are_an_error(tmp_path: Path) -> None:
    found = sql(
        tmp_path,
        a="CREATE OR REPLACE VIEW one AS\nFROM other;",
        b="CREATE OR REPLACE VIEW other AS\nFROM one;",
    )
    with pytest.raises(CycleError):
        in_order(found)
