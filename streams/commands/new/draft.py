"""An event while it is made: what was given so far, and what is wrong with it."""

from __future__ import annotations

import copy
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from schemas.events import Event, Problem
from schemas.json_lines import Line, check
from schemas.time import iso
from streams.commands.new.fields import EVENT_TYPE_OF, FIELDS, NewField
from streams.commands.new.reading import UNKNOWN_BOUND, bound, effect

REQUIRED = "required"
LETTERS_OF_AN_ID = 16


class Draft:
    """The JSON of an event of `kind`, which may still lack fields."""

    def __init__(self, kind: str, begun: Mapping[str, Any]) -> None:
        """`begun`: what there is of it already."""
        self.kind = kind
        self._event: dict[str, Any] = copy.deepcopy(dict(begun))
        self._event.setdefault("specversion", "1.0")
        self._event.setdefault("type", EVENT_TYPE_OF[kind])
        if not isinstance(self._event.get("data"), dict):
            self._event["data"] = {}
        # Of a window that was begun, a bound that is left out is unknown.
        self._has_window = bool(self._event["data"].get("window"))
        self._unknown: set[str] = set()

    @property
    def fields(self) -> Sequence[NewField]:
        """All that it may be given by an option."""
        return FIELDS[self.kind]

    @property
    def denies(self) -> bool:
        """Does it say that something is not so? Then less is required."""
        return bool(self._event["data"].get("stance") == "denies")

    def has(self, field: NewField) -> bool:
        """Is there anything at this field?"""
        at: Any = self._event
        for part in field.path:
            named = isinstance(at, dict) and part in at
            if named or (isinstance(at, list) and isinstance(part, int) and part < len(at)):
                at = at[part]
            else:
                said = field.option in self._unknown
                return said or (field.read is bound and self._has_window)
        return True

    def missing(self) -> list[NewField]:
        """What is required and not there."""
        wanted = [f for f in self.fields if f.always or (f.required and not self.denies)]
        return [field for field in wanted if not self.has(field)]

    def put(self, field: NewField, typed: Sequence[str]) -> None:
        """Take what was typed for a field. UnreadError: it has not the form of one."""
        values = [field.read(one) for one in typed]
        if field.read is effect:
            self._set(field.path, dict(values))
        elif values and values[0] is UNKNOWN_BOUND:
            self._unknown.add(field.option)
            self._window()
        else:
            self._set(field.path, values if field.is_many else values[0])

    def _set(self, path: tuple[str | int, ...], value: object) -> None:
        at: Any = self._event
        for part, following in pairwise(path):
            if part == 0:
                at = self._window()
                continue
            fresh: Any = [] if following == 0 else {}
            if not isinstance(at.get(part), type(fresh)):
                at[part] = fresh
            at = at[part]
        at[path[-1]] = value

    def _window(self) -> dict[str, Any]:
        """The first entry of the window: options give no other."""
        data = self._event["data"]
        entries = data.get("window")
        if not isinstance(entries, list) or not entries or not isinstance(entries[0], dict):
            data["window"] = entries = [{}]
        entry: dict[str, Any] = entries[0]
        return entry

    def finish(self) -> None:
        """Say what goes without saying: when it was said, how it is called, that it asserts."""
        for field in self.fields:
            if field.default and not self.has(field):
                self.put(field, [field.default])
        self.name_and_date(self.kind)

    def name_and_date(self, called: str) -> None:
        """Say when it was said, unless it is there, and an id that begins with `called`."""
        if "time" not in self._event:
            self._event["time"] = iso(time.time_ns() // 1_000_000_000 * 1_000_000)
        self.name(called)

    def name(self, called: str) -> None:
        """Give it an id of what is in it by now, unless it has one."""
        if "id" not in self._event:
            digest = hashlib.sha256(self.raw).hexdigest()
            self._event["id"] = f"{called}-{digest[:LETTERS_OF_AN_ID]}"

    def locate(self, locate: Callable[[Iterable[dict[str, Any]]], None]) -> None:
        """Have the points in it given their codes, if all that they are is valid so far."""
        if not any(self.problems()):
            locate([self._event])

    def copied(self) -> Draft:
        """The same again, to try something with."""
        return copy.deepcopy(self)

    @property
    def raw(self) -> bytes:
        """Its JSON text, on one line and in the order in which the examples are."""
        first = ("specversion", "id", "source", "type", "time")
        named = {name: self._event[name] for name in first if name in self._event}
        text = json.dumps({**named, **self._event}, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogatepass")

    def found(self) -> Event | tuple[Problem, ...]:
        """The event, or what is wrong with it: what `truce publish` would say."""
        return check(Line("", 1, self.raw))

    def problems(self) -> Iterator[Problem]:
        """What is wrong with it, other than that something is missing."""
        found = self.found()
        if isinstance(found, tuple):
            yield from (one for one in found if one.reason != REQUIRED)

    def option_at(self, problem: Problem) -> str:
        """The option by which the field of a problem is given, or else the field itself."""
        at = f"{problem.field}."
        fits = [field for field in self.fields if at.startswith(f"{field.dotted}.")]
        if not fits:
            return problem.field or "event"
        return max(fits, key=lambda field: len(field.path)).option

    def wrong_with(self, field: NewField) -> str:
        """What is wrong with what is there at a field; "": nothing."""
        reasons = [one.reason for one in self.problems() if self.option_at(one) == field.option]
        return "; ".join(reasons)
