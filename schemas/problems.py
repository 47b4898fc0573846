"""What is wrong with an event, in words: every problem at once, each with its field's path.

Only used once the compiled validator has refused an event, so it need not be fast.
"""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails, to_json

from schemas.event_types import EVENT_TYPE_NAMES
from schemas.fields import PATTERNS, TIME
from schemas.safe_text import first_unfit, for_terminal, named
from schemas.time_fields import mended_time

Json = Any
"""A JSON value as Python has it."""
Path = tuple[str | int, ...]

MAX_PROBLEMS = 20
"""How many problems of one event are put into words; the others are only counted."""
MAX_COUNTED = 1_000
MORE: tuple[str | int, ...] = ("", "more")
"""The path under which `collect` counts the others."""
ROUNDS = 5
NO_VALUE = object()
TAGS = frozenset({*EVENT_TYPE_NAMES, "asserts", "denies"})
NOUNS = {
    "act": "an act",
    "acts": "an act",
    "targets": "a target",
    "type": "an event type",
    "quality": "a quality of coverage",
}
REASONS = {
    "missing": "required",
    "missing_keyword_only_argument": "required",
    "extra_forbidden": "unknown field",
    "unexpected_keyword_argument": "unknown field",
    "string_type": "expected a string",
    "int_type": "expected a number",
    "float_type": "expected a number",
    "int_from_float": "expected a number",
    "bool_type": "expected true or false",
    "model_type": "expected an object",
    "model_attributes_type": "expected an object",
    "dict_type": "expected an object",
    "arguments_type": "expected an object",
    "unexpected_positional_argument": "expected an object",
    "tuple_type": "expected a list",
    "too_short": "expected at least {min_length} {entries}",
    "too_long": "expected at most {max_length} entries",
    "string_too_short": "expected not to be empty",
    "string_too_long": "expected at most {max_length} characters",
    "greater_than_equal": "expected at least {ge:g}",
    "less_than_equal": "expected at most {le:g}",
    "finite_number": "expected a finite number",
}
"""What to say of the compiled validator's errors, where its own words are not plain enough."""
LABELS = {
    "<string>": "a string",
    "<object>": "an object",
    "<one_of>": "an object",
    "<int>": "a number",
    "<float>": "a number",
    "<null>": "null",
}
KINDS = {
    type(None): "<null>",
    bool: "<bool>",
    int: "<int>",
    float: "<float>",
    str: "<string>",
    list: "<list>",
    dict: "<object>",
}
ALTERNATIVES = {
    frozenset({"a string", "an object", "null"}): "expected a time, or {earliest, latest}",
    frozenset({"a string", "an object"}): "expected an ISO 3166 code, or an object",
    frozenset({"a number", "an object"}): "expected a number, or {min, max}",
}


class Problem(NamedTuple):
    """What was expected of one field, e.g. `data.window.0.start`; of the whole event if empty."""

    field: str
    reason: str


class Invalid(ValueError):  # noqa: N818 - it is what the event is
    """An event that cannot be accepted, and everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Take what is wrong; one problem at least."""
        super().__init__("; ".join(f"{field}: {reason}" for field, reason in problems[:10]))
        self.problems = problems


class NotJson(Invalid):
    """What was to be an event is not even JSON."""


def collect(validate: Callable[[bytes], object], document: Json) -> dict[Path, str]:
    """Problems that `validate` finds in `document`, by path; `MAX_PROBLEMS` of them at most.

    What is wrong in one field hides what is wrong between others, so each field found wrong is
    removed and the rest validated again, until there are enough. `MORE` then has the number of the
    others.
    """
    found: dict[Path, str] = {}
    seen: set[Path] = set()
    rest = copy.deepcopy(document)
    for _ in range(ROUNDS):
        try:
            validate(to_json(rest, inf_nan_mode="constants"))
        except ValidationError as error:
            # The only fault of what contains a removed field may be that it lacks the field.
            problems = _problems(error, rest, seen)
            some = islice(problems, MAX_PROBLEMS - len(found))
            fresh = {path: reason() for path, reason in some}
            others = len({path for path, _ in islice(problems, MAX_COUNTED)} - fresh.keys())
        else:
            break
        found |= fresh
        if others:
            found[MORE] = f"and at least {others:,} more"
            break
        for path in fresh:
            seen |= _prefixes(path)
            _take_out(rest, path)
        if not fresh:
            break
    return found


def _prefixes(path: Path) -> set[Path]:
    return {path[:length] for length in range(len(path) + 1)}


def listed(found: dict[Path, str]) -> tuple[Problem, ...]:
    """`found` as problems, in the order in which they were found."""
    named = [(path, reason) for path, reason in found.items() if path != MORE]
    problems = [
        Problem(".".join(for_terminal(str(part)[:100]) for part in path), reason)
        for path, reason in named[:MAX_PROBLEMS]
    ]
    if MORE in found:
        problems.append(Problem("", found[MORE]))
    return tuple(problems)


def not_one_of(value: object, terms: list[str], noun: str) -> str:
    """What to say of a `value` that is none of the `terms`."""
    if len(terms) == 1:
        return f"expected {terms[0]!r}"
    if not isinstance(value, str):
        return f"expected one of: {', '.join(terms)}"
    close = difflib.get_close_matches(value[:50], terms, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{value[:50]!r} is not {noun}; {hint}one of: {', '.join(terms)}"


def _problems(
    error: ValidationError, document: Json, seen: AbstractSet[Path]
) -> Iterator[tuple[Path, Callable[[], str]]]:
    """The problems at paths not yet `seen`, from the validator's errors, in words if wanted."""
    unions: dict[Path, set[str]] = {}
    hit: set[Path] = set()
    for detail in error.errors(include_url=False, include_input=False):
        path, value, labels = _resolve(detail, document)
        if detail["type"] == "too_short" and len(value) >= detail["ctx"]["min_length"]:
            # Entries that are wrong are not counted, but they are there.
            continue
        foreign = next((at for at, label, kind in labels if label not in (kind, "<other>")), None)
        if foreign is None:
            hit |= _prefixes(path)
            if path not in seen:
                yield path, partial(_reason, detail, path, value)
        else:
            unions.setdefault(foreign, set()).update(
                LABELS[label] for at, label, _ in labels if at == foreign and label in LABELS
            )
    reported = hit.union(seen, *(_prefixes(path) - {path} for path in unions))
    for path, kinds in unions.items():
        if path not in reported:
            either = f"expected {' or '.join(sorted(kinds))}"
            yield path, partial(str, ALTERNATIVES.get(frozenset(kinds), either))


def _resolve(detail: ErrorDetails, document: Json) -> tuple[Path, Any, list[tuple[Path, str, str]]]:
    """The path of an error without the validator's own labels, the value there, and the labels."""
    path: list[str | int] = []
    labels: list[tuple[Path, str, str]] = []
    value = document
    for part in detail["loc"]:
        if _has(value, part):
            value = value[part]
        elif isinstance(part, str) and part in {*LABELS, "<other>"}:
            labels.append((tuple(path), part, _kind(value)))
            continue
        elif part in TAGS or part == "[key]":
            continue
        else:
            value = NO_VALUE
        path.append(part)
    field = detail.get("ctx", {}).get("field")
    if field is not None:
        path.append(field)
    return tuple(path), value, labels


def _has(value: object, part: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value


def _kind(value: object) -> str:
    if isinstance(value, dict) and "one_of" in value:
        return "<one_of>"
    return KINDS.get(type(value), "<nothing>")


def _reason(detail: ErrorDetails, path: Path, value: object) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "literal_error":
        noun = next((NOUNS[part] for part in reversed(path) if part in NOUNS), "known here")
        return not_one_of(value, re.findall(r"'([^']*)'", context["expected"]), noun)
    if kind == "string_pattern_mismatch":
        if context["pattern"] == TIME and (mended := mended_time(str(value))):
            return mended
        char = first_unfit(value, joiners=True) if isinstance(value, str) else None
        return PATTERNS[context["pattern"]] + (f"; found {named(char)}" if char else "")
    if value is None and kind in REASONS:
        return f"{REASONS[kind]}, not null; leave the field out if it is not known"
    entries = "entry" if context.get("min_length") == 1 else "entries"
    return REASONS.get(kind, detail["msg"]).format_map({**context, "entries": entries})


def _take_out(document: Json, path: Path) -> None:
    """Remove the field at `path`. An entry of a list stays: the others keep their numbers."""
    at = document
    for part in path[:-1]:
        try:
            at = at[part]
        except (KeyError, IndexError, TypeError):
            return
    if path and isinstance(at, dict):
        at.pop(path[-1], None)
