"""A lake whose data is on S3 is to its readers what one in a directory is."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from analytics.lake import upkeep
from analytics.lake.catalogue.place import DATA, DATA_POINTER, FILE
from analytics.lake.s3.access import give_access
from analytics.lake.session import connect, open_lake
from analytics.lake.subprocess_writer import SubprocessWriter
from analytics.lake.writer import LakeWriter
from tests.lake.compared import House

COUNT = "SELECT count(*) FROM reports"
ONE_AND_SEVERAL = pytest.mark.parametrize(
    ("catalogue", "writer"), [("file", LakeWriter), ("postgres", SubprocessWriter)]
)


@pytest.fixture
def postgres_or_file(catalogue: str, request: pytest.FixtureRequest) -> str:
    """Where the catalogue is."""
    return str(request.getfixturevalue("postgres")) if catalogue == "postgres" else ""


def files(data: str) -> set[str]:
    """All that is there."""
    with duckdb.connect() as connection:
        give_access(connection, data)
        return {file for (file,) in connection.execute(f"FROM glob('{data}/**')").fetchall()}


@ONE_AND_SEVERAL
def test_it_has_what_its_ledger_has_and_so_do_its_readers(
    tmp_path: Path,
    s3: str,
    postgres_or_file: str,
    writer: type[LakeWriter | SubprocessWriter],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upkeep, "MANY_INLINED", 50)
    monkeypatch.setattr(upkeep, "MANY_FILES", 2)
    house = House(tmp_path, writer, postgres=postgres_or_file, data=s3)
    house.fold(30)
    house.keeper.update()
    assert (house.path / DATA_POINTER).read_text() == f"{s3}\n"
    with open_lake(house.path) as reader:
        assert reader.ask(COUNT) == [(30,)]
        for number, incidents in enumerate((30, 1_200, 30), 1):
            house.fold(incidents, first=10_000 * number)
            house.keeper.update()
            house.keeper.maintain(keep_seconds=0)
            house.same()
        # It sees what it has seen, until it looks again.
        assert reader.ask(COUNT) == [(30,)]
        reader.refresh()
        assert reader.ask(COUNT) == [(30 + 30 + 1_200 + 30,)]
    before = files(s3)
    assert before
    house.keeper.update(anew=True)
    house.keeper.maintain(keep_seconds=0)
    house.same()
    assert before.isdisjoint(files(s3))
    # Whoever opens it next needs no setting.
    house.keeper.close()
    house.open()
    house.fold(10, first=90_000)
    house.keeper.update()
    house.same()
    assert connect(house.path).sql(COUNT).fetchall() == [(30 + 30 + 1_200 + 30 + 10,)]
    house.close()
    assert not (house.path / DATA).exists()
    assert (house.path / FILE).exists() == (not postgres_or_file)
