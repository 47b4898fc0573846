"""What a terminal or a pipe gets that cannot show every character, such as an ASCII-only one."""

from __future__ import annotations

import codecs
import io
import sys

_HANDLER = "truce.plain"
_ALIKE = {
    "\u2500": "-",
    "\u2502": "|",
    "\u2026": "...",
    "\u2013": "-",
    "\u2014": "-",
    "\u2018": "'",
    "\u2019": "'",
    "\u23ce": "/",
}


def _instead(error: UnicodeError) -> tuple[str, int]:
    """Something like it, or JSON's escape for it, which other readers know, too."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    shown = [_ALIKE.get(char) or _escaped(char) for char in error.object[error.start : error.end]]
    return "".join(shown), error.end


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def keep_printing() -> None:
    """Have stdout and stderr show what their encoding lacks in other ways, instead of failing."""
    codecs.register_error(_HANDLER, _instead)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)
