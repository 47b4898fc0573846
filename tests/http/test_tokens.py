"""Which events a token is for, and the file that keeps tokens: no worker is needed here."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from schemas.wire import read_event
from streams.http import tokens
from streams.http.tokens import Token, TokenError, Writer, check_prefix, is_of, read_tokens
from streams.http.writers import Writers, WritersUnknown
from streams.secrets import SecretError
from streams.settings import Settings
from tests.http.posting import event, new_token

DESK = "https://desk.example/ua"

# fmt: off
SOURCES = (
    # prefix, source, covered
    (DESK, DESK, True),
    (DESK, DESK + "/", True),
    (DESK, DESK + "/2026/r-71", True),
    (DESK, DESK + "?lang=uk", True),
    (DESK, DESK + "#r-71", True),
    (DESK, DESK + "b", False),
    (DESK, DESK + "-b", False),
    (DESK, DESK + ".", False),
    (DESK, DESK + "%2f", False),
    (DESK, DESK + "\\b", False),
    (DESK, DESK + ":b", False),
    (DESK, DESK + "@elsewhere.example/", False),
    (DESK, DESK[:-1], False),
    (DESK, "", False),
    (DESK, "https://desk.example/", False),
    (DESK, "https://elsewhere.example/?" + DESK, False),
    (DESK, " " + DESK, False),
    # Case, and what looks or decodes alike.
    (DESK, "HTTPS://desk.example/ua", False),
    (DESK, "https://DESK.example/ua", False),
    (DESK, "https://desk.example/UA", False),
    (DESK, "https://desk.example/u%61", False),
    (DESK, "https://desk.example//ua", False),
    (DESK, "https://dеsk.example/ua", False),  # noqa: RUF001 - a Cyrillic letter
    (DESK, "https://desk.example/ua\u200b", False),
    (DESK, "https://desk.example/ua\u2044b", False),
    ("https://desk.example/\u00e9", "https://desk.example/e\u0301", False),
    ("https://desk.example/ß", "https://desk.example/SS", False),
    ("https://desk.example/\u212a", "https://desk.example/K", False),
    # Steps out again, plainly or for those who decode it.
    (DESK, DESK + "/../ru", False),
    (DESK, DESK + "/..", False),
    (DESK, DESK + "/a/../../ru", False),
    (DESK, DESK + "/%2e%2E/ru", False),
    (DESK, DESK + "/.%2e/ru", False),
    (DESK, DESK + "/..%2fru", False),
    (DESK, DESK + "/..%5Cru", False),
    (DESK, DESK + "/..\\ru", False),
    (DESK, DESK + "/./x", False),
    (DESK, DESK + "/..?x", False),
    (DESK, DESK + "/...", True),
    (DESK, DESK + "/r..71", True),
    # A host alone.
    ("https://desk.example", "https://desk.example/ua", True),
    ("https://desk.example", "https://desk.example.org/ua", False),
    ("https://desk.example", "https://desk.example:8443/ua", False),
    ("https://desk.example", "https://desk.example:x@elsewhere.example/", False),
    ("https://desk.example", "https://desk.example@elsewhere.example/", False),
    ("https://desk.example", "https://desk.example\\@elsewhere.example/", False),
    # Prefixes that end in a boundary.
    (DESK + "/", DESK + "/x", True),
    (DESK + "/", DESK, False),
    (DESK + "/", DESK + "/../ru", False),
    ("urn:desk:", "urn:desk:ua", True),
    ("urn:desk:", "urn:desk", False),
    ("urn:desk", "urn:desk", True),
    ("urn:desk", "urn:desk:ua", False),
    ("urn:desk", "urn:desk2", False),
    ("desk", "desk/ua", True),
    ("desk", "desk2", False),
)
# fmt: on


@pytest.mark.parametrize(("prefix", "source", "covered"), SOURCES)
def test_a_prefix_covers_itself_and_what_is_below(prefix: str, source: str, covered: bool) -> None:
    assert is_of(source, prefix) is covered


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        " ",
        "https:",
        "https:/",
        "https://",
        "https:///",
        "urn:",
        "https://desk.example:",
        "https://desk example",
        "https://desk.example/\n",
        "https://desk.example/\u202e",
        "https://desk.example/\u200b",
        "https://desk.example/ua/..",
        "https://desk.example\\ua",
        "https://desk.example/" + "x" * 1_000,
    ],
)
def test_a_prefix_that_covers_too_much_or_cannot_be_seen_is_refused(prefix: str) -> None:
    with pytest.raises(TokenError):
        check_prefix(prefix)


@pytest.mark.parametrize(
    "prefix", [DESK, DESK + "/", "urn:desk:", "desk", "/relative", "https://пост.укр/ua"]
)
def test_a_prefix_may_be_any_beginning_of_a_source(prefix: str) -> None:
    check_prefix(prefix)


@pytest.mark.parametrize("name", ["", "-", "a b", "дес", "a;b", "token-file", "x" * 65, "a\n"])
def test_a_name_is_plain(name: str, tmp_path: Path) -> None:
    with pytest.raises(TokenError, match="name"):
        tokens.add(tmp_path / "tokens.json", name, [DESK], [])
    assert not (tmp_path / "tokens.json").exists()


def test_what_is_refused_is_named_by_its_field() -> None:
    other = read_event(event("r", conflict="elsewhere"))
    writer = Writer("desk", (DESK,), ("russia-ukraine",))
    assert [problem.field for problem in writer.refuses(other)] == ["source", "data.conflict"]
    assert Writer("desk").refuses(other) == []
    assert Writer("desk", ("https://desk.example/posted",)).refuses(other) == []


def test_a_token_is_kept_as_its_digest_in_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token = tokens.add(path, "desk", [DESK, DESK], ["russia-ukraine"])
    assert len(token) >= 43
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token not in path.read_text()
    [kept] = read_tokens(path)
    assert kept.writer == Writer("desk", (DESK,), ("russia-ukraine",))
    assert kept.sha256 == tokens.digest_of(token).hex()
    with pytest.raises(TokenError, match="already"):
        tokens.add(path, "desk", [DESK], [])
    tokens.remove(path, "desk")
    assert read_tokens(path) == ()
    with pytest.raises(TokenError, match="there are: none"):
        tokens.remove(path, "desk")


def test_two_tokens_are_never_the_same(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    assert len({tokens.add(path, f"w{n}", [DESK], []) for n in range(20)}) == 20


def test_many_who_add_at_once_all_stay(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    tokens.add(path, "gone", [DESK], [])
    writers = [
        threading.Thread(target=lambda n=n: tokens.add(path, f"writer-{n}", [DESK], []))
        for n in range(16)
    ]
    writers.append(threading.Thread(target=lambda: tokens.remove(path, "gone")))
    for one in writers:
        one.start()
    while any(one.is_alive() for one in writers):
        read_tokens(path)  # Never half of a file.
    assert {one.name for one in read_tokens(path)} == {f"writer-{n}" for n in range(16)}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["tokens.json", "tokens.json.lock"]


def test_a_link_in_the_place_of_the_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    path = tmp_path / "data" / "tokens.json"
    path.parent.mkdir()
    path.symlink_to(elsewhere)
    tokens.add(path, "desk", [DESK], [])
    assert not elsewhere.exists()
    assert not path.is_symlink()
    path.with_name("tokens.json.lock").unlink()
    path.with_name("tokens.json.lock").symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic"):
        tokens.add(path, "other", [DESK], [])
    assert not elsewhere.exists()


def _file(*entries: object, version: int = 1) -> str:
    return json.dumps({"version": version, "tokens": entries})


def _entry(**changed: object) -> dict[str, object]:
    return {
        "name": "desk",
        "sha256": "0" * 64,
        "sources": [DESK],
        "conflicts": None,
        "created": "2026-01-01T00:00:00Z",
    } | changed


# fmt: off
FILES = (
    ("nothing", ""),
    ("no JSON", "{"),
    ("deep JSON", "[" * 100_000),
    ("another shape", "[]"),
    ("an unknown field", _file(_entry(admin=True))),
    ("a newer version", _file(version=2)),
    ("no source", _file(_entry(sources=[]))),
    ("no conflict", _file(_entry(conflicts=[]))),
    ("too wide a source", _file(_entry(sources=["https://"]))),
    ("a name that is no name", _file(_entry(name="desk; v1=00"))),
    ("the name of the token file", _file(_entry(name="token-file"))),
    ("a digest that is none", _file(_entry(sha256="x"))),
    ("two of one name", _file(_entry(), _entry(sha256="1" * 64))),
    ("two of one token", _file(_entry(), _entry(name="other"))),
)
# fmt: on


@pytest.mark.parametrize("text", [text for _, text in FILES], ids=[name for name, _ in FILES])
def test_a_file_that_nobody_wrote_so_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(SecretError, match="TRUCE_TOKENS: "):
        Writers(Settings(data_dir=tmp_path))


@pytest.mark.parametrize("mode", [0o644, 0o620, 0o606])
def test_a_file_that_others_may_use_is_refused(mode: int, tmp_path: Path) -> None:
    tokens.add(tmp_path / "tokens.json", "desk", [DESK], [])
    (tmp_path / "tokens.json").chmod(mode)
    with pytest.raises(SecretError, match="chmod 600"):
        Writers(Settings(data_dir=tmp_path))


def bearer(token: str) -> list[str]:
    return [f"Bearer {token}"]


def test_a_change_of_the_file_holds_from_the_next_request_on(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    writers = Writers(Settings(data_dir=tmp_path))
    assert not writers
    for _ in range(50):  # The same names and sizes again and again: only the inode tells.
        token = tokens.add(path, "desk", [DESK], [])
        assert writers.who(bearer(token)) == Writer("desk", (DESK,))
        tokens.remove(path, "desk")
        assert writers.who(bearer(token)) is None
    token = tokens.add(path, "desk", [DESK], [])
    assert writers.who(bearer(token))
    path.unlink()
    assert writers.who(bearer(token)) is None


def test_a_file_that_cannot_be_read_any_more_lets_nobody_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "tokens.json"
    token = tokens.add(path, "desk", [DESK], [])
    token_file = new_token(tmp_path)
    writers = Writers(Settings(data_dir=tmp_path, token_file=token_file))
    whole = path.read_text()
    path.write_text(whole[:50])
    for _ in range(3):
        with pytest.raises(WritersUnknown):
            writers.who(bearer(token))
    assert writers
    # The other file is as it was.
    assert writers.who(bearer(token_file.read_text().strip())) == tokens.ANYBODY
    assert len(caplog.records) == 1
    path.write_text(whole)
    assert writers.who(bearer(token)) == Writer("desk", (DESK,))
    os.utime(path)
    assert writers.who(bearer(token)) == Writer("desk", (DESK,))


@pytest.mark.parametrize(
    "given",
    [
        [],
        [""],
        ["{token}"],
        ["Basic {token}"],
        ["Bearer"],
        ["Bearer {token}x"],
        ["Bearer {token},"],
        ["Bearer {upper}"],
        ["Bearer {digest}"],
        ["Bearer\t{token}"],
        ["Bearer \u00a0{token}"],
        ["Bearer {token}\udcff"],
        ["Bearer {token}", "Bearer {token}"],
        ["Bearer " + "x" * 100_000],
    ],
)
def test_only_the_token_itself_is_known(given: list[str], tmp_path: Path) -> None:
    token = tokens.add(tmp_path / "tokens.json", "desk", [DESK], [])
    writers = Writers(Settings(data_dir=tmp_path))
    digest = tokens.digest_of(token).hex()
    sent = [one.format(token=token, upper=token.upper(), digest=digest) for one in given]
    assert writers.who(sent) is None
    assert writers.who(bearer(token)) is not None
    assert writers.who([f"bearer  {token}"]) is not None


def test_a_token_struct_says_nothing_of_the_token(tmp_path: Path) -> None:
    token = tokens.add(tmp_path / "tokens.json", "desk", [DESK], [])
    [kept] = read_tokens(tmp_path / "tokens.json")
    assert isinstance(kept, Token)
    assert token not in repr(kept)
