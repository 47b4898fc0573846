"""Answers and numbers in words, for every text that people read."""

from __future__ import annotations

from schemas.verdicts import CRITERIA

CRITERION_NAMES = tuple(name.replace("_", " ") for name in CRITERIA)


def sentence(text: str) -> str:
    """`text` with a capital letter and a full stop."""
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")


def answer(given: bool | None) -> str:
    """A three-valued answer as a word."""
    return {True: "yes", False: "no", None: "unknown"}[given]


def counted(number: int, noun: str) -> str:
    """`1 event`, `1,200 events`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
