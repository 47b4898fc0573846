"""Who posted a record is only known from a header that a worker signed, together with the record."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from streams.engine.decoding import RawRecord, read
from streams.engine.packing import packed, read_packed, unpacked
from streams.kafka.attribution import HEADER, Attribution, attribution_of, key_path
from streams.secrets import SecretError
from streams.settings import Settings
from tests.cli.commands import SCENARIO

OURS = Attribution(b"k" * 64)
KEY, VALUE = b"russia-ukraine", b"{}"


def test_what_was_signed_is_known_by_who_has_the_key() -> None:
    signed = OURS.header("desk-ua", KEY, VALUE)
    assert signed[0] == HEADER == "truce-posted-by"
    assert OURS.who([("content-type", b"x"), signed], KEY, VALUE) == "desk-ua"
    assert Attribution(b"k" * 64).who([signed], KEY, VALUE) == "desk-ua"
    assert OURS.unverified == 0


NAME, SIGNED = OURS.header("desk-ua", KEY, VALUE)
# fmt: off
FORGED = (
    ("a name alone", [(NAME, b"desk-ua")], KEY, VALUE),
    ("nothing", [(NAME, b"")], KEY, VALUE),
    ("another name", [(NAME, SIGNED.replace(b"desk-ua", b"desk-ru"))], KEY, VALUE),
    ("another value", [(NAME, SIGNED)], KEY, b"{} "),
    ("another key", [(NAME, SIGNED)], b"russia-ukrain", b"e{}"),
    ("neither", [(NAME, SIGNED)], None, None),
    ("twice", [(NAME, SIGNED), (NAME, SIGNED)], KEY, VALUE),
    ("a second name", [(NAME, SIGNED), ("Truce-Posted-By", b"desk-ru")], KEY, VALUE),
    ("upper case", [(NAME, SIGNED.upper())], KEY, VALUE),
    ("more behind it", [(NAME, SIGNED + b"\n")], KEY, VALUE),
    ("a line break in the name", [(NAME, b"desk\nua" + SIGNED[7:])], KEY, VALUE),
    ("a short one", [(NAME, SIGNED[:-1])], KEY, VALUE),
    ("no text", [(NAME, b"\xff\xfe")], KEY, VALUE),
    ("a megabyte", [(NAME, b"x" * 2**20)], KEY, VALUE),
)
# fmt: on


@pytest.mark.parametrize(
    ("head", "key", "value"), [row[1:] for row in FORGED], ids=[row[0] for row in FORGED]
)
def test_what_was_not_signed_so_says_nothing_and_is_counted(
    head: list[tuple[str, bytes]], key: bytes | None, value: bytes | None
) -> None:
    ours = Attribution(b"k" * 64)
    assert ours.who(head, key, value) is None
    assert ours.unverified == 1


def test_without_the_key_nothing_is_known() -> None:
    for other in (Attribution(None), Attribution(b"o" * 64)):
        assert other.who([(NAME, SIGNED)], KEY, VALUE) is None
        assert other.unverified == 1


def test_a_flood_of_them_is_one_warning_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    ours = Attribution(None, lambda: now[0])
    for _ in range(1_000):
        ours.who([(NAME, SIGNED)], KEY, VALUE)
    assert len(caplog.records) == 1
    now[0] = 61.0
    ours.who([(NAME, SIGNED)], KEY, VALUE)
    assert len(caplog.records) == 2
    assert "1001 so far" in caplog.records[1].getMessage()


def test_a_key_is_made_once_and_for_its_user_only(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert attribution_of(settings).who([(NAME, SIGNED)], KEY, VALUE) is None
    assert not key_path(settings).exists()
    made: list[tuple[str, bytes]] = []
    starting = [
        threading.Thread(
            target=lambda: made.append(attribution_of(settings, make=True).header("a", KEY, VALUE))
        )
        for _ in range(8)
    ]
    for one in starting:
        one.start()
    for one in starting:
        one.join()
    assert (len(made), len(set(made))) == (8, 1)
    assert stat.S_IMODE(key_path(settings).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["posted-by.key"]


@pytest.mark.parametrize(
    ("text", "mode", "says"),
    [
        ("k" * 31, 0o600, "at least 32"),
        ("k" * 64, 0o640, "chmod 600"),
        ("", 0o600, "one line"),
        (None, 0, "cannot be read"),
    ],
)
def test_a_key_file_that_is_no_good_is_refused(
    text: str | None, mode: int, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    if text is not None:
        path.write_text(text)
        path.chmod(mode)
    with pytest.raises(SecretError, match="TRUCE_POSTED_BY_KEY_FILE") as refused:
        attribution_of(Settings(data_dir=tmp_path, posted_by_key_file=path), make=True)
    assert says in str(refused.value)


def test_a_batch_that_nobody_posted_has_no_column_for_it() -> None:
    lines = SCENARIO.read_bytes().splitlines()
    found = [RawRecord(0, n, n, b"russia-ukraine", line) for n, line in enumerate(lines)]
    assert "posted_by" not in read(found).columns.accepted.column_names
    found[3] = found[3]._replace(posted_by="desk")
    for reading in (read(found), unpacked(read_packed(packed(found)))):
        names = reading.columns.texts("posted_by")
        assert names == [None] * 3 + ["desk"] + [None] * (len(lines) - 4)
