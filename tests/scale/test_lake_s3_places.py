"""No lake on S3 deletes what another has there, however the two came to be so near."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import duckdb
import pytest

from analytics.lake.catalogue.place import DATA_POINTER, FILE
from analytics.lake.catalogue.server import Server
from analytics.lake.confined import asked
from analytics.lake.s3 import marker
from analytics.lake.s3.access import access_by_hand, give_access
from analytics.lake.session import LakeError
from analytics.lake.writer import LakeWriteError
from tests.lake.compared import House
from tests.scale.served_s3 import BUCKET, ServedS3
from tests.scale.test_lake_s3 import files


def house(folder: Path, data: str, incidents: int = 10) -> House:
    """One with a lake there; of few incidents all rows are in its catalogue, and no file is."""
    folder.mkdir(exist_ok=True)
    made = House(folder, data=data)
    made.fold(incidents)
    made.keeper.update()
    assert bool(files(data)) == (incidents > 1_000)
    return made


def refused(one: House, why: str) -> None:
    """It neither begins nor leaves anything that claims the place."""
    with pytest.raises(LakeWriteError, match=why):
        one.keeper.update()
    assert not (one.path / DATA_POINTER).exists()
    assert not (one.path / FILE).exists()


def test_two_lakes_without_a_file_do_not_share_a_place(
    tmp_path: Path, s3: str, postgres: str
) -> None:
    one = house(tmp_path / "one", s3)
    (tmp_path / "other").mkdir()
    other = House(tmp_path / "other", data=s3)
    refused(other, "is another lake's")
    other.open(postgres, s3)
    refused(other, "is another lake's")
    assert Server(postgres).data() is None
    other.open(postgres, f"{s3}-2")
    other.keeper.update()
    other.same()
    for made in (one, other):
        made.close()


def test_no_lake_begins_in_the_place_of_another_nor_around_it(tmp_path: Path, s3: str) -> None:
    one = house(tmp_path / "one", f"{s3}/team")
    for place, why in (
        (f"{s3}/team/staging", "in the place of another lake"),
        (f"{s3}/team/a/b", "in the place of another lake"),
        (s3, "is not empty"),
    ):
        folder = tmp_path / place.replace("/", "-")
        folder.mkdir()
        other = House(folder, data=place)
        refused(other, why)
        other.close()
    # Its name only begins alike.
    house(tmp_path / "near", f"{s3}/team-2").close()
    one.close()


def test_a_directory_that_only_names_a_place_does_not_have_it(tmp_path: Path, s3: str) -> None:
    one = house(tmp_path / "one", s3, 1_200)
    had = files(s3)
    (tmp_path / "other/lake").mkdir(parents=True)
    (tmp_path / "other/lake" / DATA_POINTER).write_text(f"{s3}\n")
    other = House(tmp_path / "other")
    with pytest.raises(LakeWriteError, match="is another lake's"):
        other.keeper.update()
    assert not (other.path / FILE).exists()
    other.close()
    # Nor does the one whose it was, without its catalogue: it begins elsewhere.
    one.keeper.close()
    (one.path / FILE).unlink()
    one.open()
    with pytest.raises(LakeWriteError, match="before it lost its catalogue"):
        one.keeper.update()
    one.open("", f"{s3}-2")
    one.keeper.update()
    one.same()
    one.close()
    assert files(s3) == had


def test_a_copy_of_a_directory_neither_writes_nor_deletes(
    tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = house(tmp_path / "one", s3, 1_200)
    one.close()
    had = files(s3)
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    copy = House(tmp_path / "copy")
    copy.fold(1_200, first=10_000)
    for step in (copy.keeper.update, lambda: copy.keeper.maintain(keep_seconds=0)):
        with pytest.raises(LakeWriteError, match="was copied from"):
            step()
    assert files(s3) == had
    # As the line says.
    shutil.rmtree(copy.path)
    copy.open("", f"{s3}-2")
    copy.keeper.update()
    copy.same()
    copy.close()
    # A recreated container has another host name.
    monkeypatch.setattr(platform, "node", lambda: "another")
    one = House(tmp_path / "one")
    one.fold(10, first=20_000)
    one.keeper.update()
    one.same()
    one.close()


def test_one_that_began_at_the_same_moment_and_lost_deletes_nothing(
    tmp_path: Path, s3: str, s3_server: ServedS3
) -> None:
    one = house(tmp_path / "one", s3)
    with duckdb.connect() as connection:
        give_access(connection, f"s3://{BUCKET}")
        marker._write(connection, s3, marker.Owner("the other"))
    s3_server.put(f"{s3.removeprefix('s3://')}/main/accepted/its.parquet", b"its")
    with pytest.raises(LakeWriteError, match="is another lake's"):
        one.keeper.maintain(keep_seconds=0)
    assert len(files(s3)) == 1
    one.close()


def test_a_marker_that_no_lake_has_written_is_nobodys(
    tmp_path: Path, s3: str, s3_server: ServedS3
) -> None:
    s3_server.put(marker.marker_of(s3).removeprefix("s3://"), b"what is this")
    one = House(tmp_path, data=s3)
    refused(one, "is not what a lake has written")
    one.close()


@pytest.mark.parametrize("catalogue", ["file", "postgres"])
def test_a_start_that_was_cut_is_gone_on_with(
    tmp_path: Path, s3: str, postgres: str, catalogue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise duckdb.IOException("cut")

    one = House(tmp_path, postgres=postgres if catalogue == "postgres" else "", data=s3)
    one.fold(10)
    with monkeypatch.context() as patch:
        patch.setattr(marker, "_write", cut)
        with pytest.raises(LakeWriteError, match="cut"):
            one.keeper.update()
    assert not (one.path / DATA_POINTER).exists()
    one.keeper.update()
    one.same()
    one.close()


def test_authorities_that_cannot_be_read_are_an_error_at_once(
    tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "authorities.pem"
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    one = House(tmp_path, data=s3)
    with pytest.raises(LakeWriteError, match="AWS_CA_BUNDLE: No such file"):
        one.keeper.update()
    one.close()
    bundle.touch()
    assert f"SET ca_cert_file = '{bundle}';" in access_by_hand(s3)


def test_a_file_that_goes_while_a_process_is_confined_is_a_failed_query(
    tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = house(tmp_path / "one", s3)

    def gone(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(asked, "confine", gone)
    (tmp_path / "private").mkdir()
    with pytest.raises(LakeError, match="Permission denied"):
        asked.opened(one.path, tmp_path / "private", "200MB")
    one.close()
