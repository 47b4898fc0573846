r"""Makes foreign text safe to show: on terminals, in alerts, in logs, as labels and in JSON.

Nothing is removed: what could move a cursor, reorder a line or hide in it is shown as an escape
(`\u202e`), and a line break as a mark, so that no value can pass for a line of its own. What is
kept in the database stays as it was said.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

NOBODY_KNOWN = "unknown"
"""The label for no party; a party of that name has another: see `party_label`."""
LINE_BREAK = "\u23ce"
MOST_IN_A_LOG = 2_000
MOST_BYTES_OF_A_LABEL = 800
DIGITS_OF_A_DIGEST = 16

_LINE_BREAKS = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Default-ignorable in Unicode, and yet neither controls nor formats: fillers that look like
# nothing, and marks that are nothing but invisible. (Variation selectors are checked below.)
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2065\u3164\uffa0\U0001d159\u2800"
)
_WORTH_A_LOOK = re.compile(
    "[^ -~\u00a1-\u00ac\u00ae-\u02ff\u0400-\u052f\u2010-\u2027\u3400-\u4dbf\u4e00-\u9fff]"
)
_LIKE_AN_ESCAPE = re.compile(r"\\[\\xuUt]")
_ZWNJ, _ZWJ = "\u200c", "\u200d"
_VIRAMA = 9  # canonical combining class
_FIRST_EMOJI = "\u231a"


def for_terminal(text: str) -> str:
    """`text` on one line, without anything that a terminal would act on."""
    return _plain(_LINE_BREAKS.sub(LINE_BREAK, text))


def for_annotation(text: str, most: int | None = None) -> str:
    """`text` on one line of an alert or a message, cut to `most` characters, which it then says."""
    shown = for_terminal(text)
    return shown if most is None else cut(shown, most)


def for_log(text: str) -> str:
    """`text` on one line of a log, of bounded length."""
    return cut(for_terminal(text), MOST_IN_A_LOG)


def for_log_lines(text: str) -> str:
    """A traceback: its own lines stay, indented, so that none passes for an entry of the log."""
    return "\n".join(f"  {for_log(line)}" for line in text.split("\n"))


def for_json(document: str) -> str:
    """A JSON text that means the same, with what is not fit to be shown in JSON's own escapes.

    Outside of strings only line breaks may stand, and JSON has none within them.
    """
    if not _is_suspect(document):
        return document
    return "\n".join(
        "".join(
            char if is_plain(char, line, at) else _json_escape(char) for at, char in enumerate(line)
        )
        for line in document.split("\n")
    )


def for_label(name: str) -> str:
    """`name` as a label in metrics and alerts: another for each name, and mostly the name itself.

    Backslashes are doubled where there are escapes, or what looks like one. What would be longer
    than any label should is cut, and told apart from others by a digest.
    """
    # Called for each label of each series: most are plain.
    if (
        name.isascii()
        and "\\" not in name
        and name.isprintable()
        and len(name) <= MOST_BYTES_OF_A_LABEL
    ):
        return name
    return _odd_label(name)


@lru_cache(maxsize=16_384)
def _odd_label(name: str) -> str:
    odd = _LIKE_AN_ESCAPE.search(name) or for_terminal(name) != name
    shown = for_terminal(name.replace("\\", "\\\\")) if odd else name
    raw = shown.encode()
    if len(raw) <= MOST_BYTES_OF_A_LABEL:
        return shown
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS_OF_A_DIGEST]
    kept = raw[: MOST_BYTES_OF_A_LABEL - DIGITS_OF_A_DIGEST - 4].decode("utf-8", "ignore")
    return f"{kept}\u2026#{digest}"


def party_label(party: str | None) -> str:
    """A party among others, in words and labels: one that is called `unknown` is in quotes.

    So is whatever could be mistaken for that, once more: no two parties have the same.
    """
    if party is None:
        return NOBODY_KNOWN
    return f'"{party}"' if party.strip('"') == NOBODY_KNOWN else party


def cut(text: str, most: int) -> str:
    """At most `most` characters of `text`; what was left out is said by their number."""
    if len(text) <= most:
        return text
    mark = f"\u2026 (+{len(text):,} characters)"
    kept = max(most - len(mark), 0)
    return f"{text[:kept]}\u2026 (+{len(text) - kept:,} characters)"


def named(char: str) -> str:
    """A character for people: `U+202E RIGHT-TO-LEFT OVERRIDE`."""
    name = unicodedata.name(char, "") or _CONTROLS.get(char, "")
    return f"U+{ord(char):04X} {name}".rstrip()


_CONTROLS = {
    "\t": "TAB",
    "\n": "LINE FEED",
    "\r": "CARRIAGE RETURN",
    "\x1b": "ESCAPE",
    "\x7f": "DELETE",
    "\x85": "NEXT LINE",
    "\x9b": "CONTROL SEQUENCE INTRODUCER",
}


def first_unfit(text: str, *, joiners: bool) -> str | None:
    """The first character that no identifier or address may have; None if there is none.

    Controls, line separators, what reorders text, and what cannot be seen. `joiners`: the two that
    Persian, Indic scripts and emoji are written with may stand where these need them. An identifier
    may not have them either: with and without one, two look the same (UAX #31 leaves them out of
    identifiers since Unicode 15.1).
    """
    if not _is_suspect(text):
        return None
    for at, char in enumerate(text):
        if char in (_ZWNJ, _ZWJ) and joiners and _joins(text, at):
            continue
        if char in (_ZWNJ, _ZWJ) or _is_hidden(char, text, at):
            return char
    return None


def is_plain(char: str, text: str, at: int) -> bool:
    """Whether the character `text[at]` may be shown as it is."""
    if char in (_ZWNJ, _ZWJ):
        return _joins(text, at)
    return char == " " or not (_is_hidden(char, text, at) or _cannot_be_shown(char))


def _plain(text: str) -> str:
    if not _is_suspect(text):
        return text
    return "".join(
        char if is_plain(char, text, at) else _escape(char) for at, char in enumerate(text)
    )


def _is_suspect(text: str) -> bool:
    """Whether each character has to be checked."""
    if text.isascii():
        return not text.isprintable()
    return bool(_WORTH_A_LOOK.search(text))


def _is_hidden(char: str, text: str, at: int) -> bool:
    """Controls, line separators, what reorders, what has no width, and what is no character."""
    if char in _INVISIBLE:
        return True
    if _is_variation(char):
        before = text[at - 1] if at else ""
        # After a sign it selects a glyph. After a Latin letter, or another selector, it only hides.
        return not before or before.isascii() or _is_variation(before)
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} or (
        0xE0000 <= ord(char) <= 0xE0FFF  # noqa: PLR2004 - Unicode's plane of invisible ones
    )


def _cannot_be_shown(char: str) -> bool:
    """Private and unassigned: nobody knows what they would look like."""
    return unicodedata.category(char) in {"Co", "Cn"}


def _is_variation(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _joins(text: str, at: int) -> bool:
    """Whether a joiner stands where the script, or an emoji, needs it (UAX #31, A1, A2 and B)."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if before and unicodedata.combining(before) == _VIRAMA:
        return text[at] == _ZWJ or (after != "" and unicodedata.category(after) == "Lo")
    if not before or not after:
        return False
    if text[at] == _ZWNJ:
        return _is_cursive(before) and _is_cursive(after)
    return _is_emoji(before) and _is_emoji(after)


def _is_cursive(char: str) -> bool:
    return unicodedata.bidirectional(char) == "AL" and unicodedata.category(char) in {"Lo", "Lm"}


def _is_emoji(char: str) -> bool:
    # A picture, the colour of a skin, or the selector that makes a sign a picture.
    return char == "\ufe0f" or (char >= _FIRST_EMOJI and unicodedata.category(char) in {"So", "Sk"})


def _escape(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:  # noqa: PLR2004
        return {"\t": "\\t"}.get(char, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004


def _json_escape(char: str) -> str:
    code = ord(char)
    if code <= 0xFFFF:  # noqa: PLR2004
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
