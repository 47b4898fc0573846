"""The views of a reader come from a file that this user made before, where that is whole and theirs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analytics.lake.keeper import Keeper
from analytics.lake.session import open_lake
from analytics.lake.writer import LakeWriter
from analytics.ledger.ledger import Ledger


@pytest.fixture(scope="session", autouse=True)
def lake(judged_dir: Path) -> None:
    with Ledger.open(judged_dir / "truce.duckdb") as ledger:
        keeper = Keeper(LakeWriter(judged_dir / "lake"), ledger.cursor())
        keeper.update()
        keeper.close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "trucewatch"


def incidents(judged_dir: Path) -> list[tuple[object, ...]]:
    with open_lake(judged_dir / "lake") as lake:
        return lake.ask("SELECT incident_id FROM verdicts ORDER BY ALL")


def test_it_is_made_once_and_is_its_users_alone(judged_dir: Path, cache: Path) -> None:
    first = incidents(judged_dir)
    [kept] = cache.iterdir()
    made = kept.stat()
    assert incidents(judged_dir) == first != []
    assert [*cache.iterdir()] == [kept]
    assert (kept.stat().st_ino, kept.stat().st_mode & 0o777) == (made.st_ino, 0o600)


@pytest.mark.parametrize("harm", ["cut", "open to others", "a link", "of other views"])
def test_what_is_not_whole_or_not_theirs_is_not_used(
    judged_dir: Path, cache: Path, harm: str
) -> None:
    first = incidents(judged_dir)
    [kept] = cache.iterdir()
    content = kept.read_bytes()
    if harm == "cut":
        kept.write_bytes(content[:-4096])
    elif harm == "open to others":
        kept.chmod(0o666)
    elif harm == "a link":
        kept.rename(cache / "elsewhere")
        kept.symlink_to(cache / "elsewhere")
    else:
        kept.rename(cache / f"views-{'0' * 32}-{kept.stem[-32:]}.duckdb")

    assert incidents(judged_dir) == first
    [again] = [path for path in cache.glob("views-*.duckdb") if "0" * 32 not in path.name]
    assert not again.is_symlink()
    assert again.stat().st_mode & 0o777 == 0o600
    assert again.stat().st_size == len(content)


def test_only_some_are_kept_and_what_was_left_half_written_goes(
    judged_dir: Path, cache: Path
) -> None:
    cache.mkdir()
    for number in range(6):
        other = cache / f"views-{number:032}-{'0' * 32}.duckdb"
        other.touch()
        os.utime(other, (number, number))
    half = cache / ".views-half"
    half.touch()
    os.utime(half, (0, 0))

    incidents(judged_dir)
    assert not half.exists()
    assert [path.name[6:38] for path in sorted(cache.glob(f"views-*-{'0' * 32}.duckdb"))] == [
        f"{number:032}" for number in (3, 4, 5)
    ]
    assert len([*cache.iterdir()]) == 4


def test_where_none_can_be_kept_each_reader_makes_its_own(
    judged_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    assert incidents(judged_dir) != []
