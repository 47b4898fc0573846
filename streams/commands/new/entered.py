"""What people enter into the forms or into a sheet, as an event.

A time is a day and an hour on the clocks of a place, and how well it is known; a count is what a
source says of it: `71`, `70-75`, `at least 70`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from analytics.pages.zones import zone_named
from streams.commands.new.draft import Draft
from streams.commands.new.fields import FIELDS
from streams.commands.new.reading import UnreadError, place

KINDS = ("report", "claim", "coverage", "report_retraction", "claim_retraction")
TYPES = {
    "report": "incident.reported",
    "claim": "commitment.claimed",
    "coverage": "coverage.reported",
    "report_retraction": "incident.report_retracted",
    "claim_retraction": "commitment.claim_retracted",
}
OTHERS = "others"
NIGHT = (dt.time(18), dt.time(8))
"""When a night begins, and when it ends on the day after."""
_RANGE = re.compile(r"([0-9.]+)\s*(?:-|–|\.\.|to)\s*([0-9.]+)")  # noqa: RUF001 - dashes are typed
_LEAST = re.compile(r"(?:at least|over|>=)\s*([0-9.]+)|([0-9.]+)\s*\+")
_MOST = re.compile(r"(?:at most|up to|<=)\s*([0-9.]+)")
TypedFields = Mapping[str, Sequence[str]]
Locate = Callable[[Iterable[dict[str, Any]]], None]


class NotUnderstood(ValueError):  # noqa: N818 - named as what is the case
    """What was typed into one field cannot be read."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


class TypedForm:
    """The fields of a form as they were typed."""

    def __init__(self, typed: TypedFields) -> None:
        self._typed = typed

    def one(self, name: str) -> str:
        """What was typed into a field; "" for nothing."""
        return next((one.strip() for one in self._typed.get(name, ()) if one.strip()), "")

    def many(self, name: str) -> list[str]:
        """What was chosen of several, or typed line by line, or with commas."""
        return [
            one.strip()
            for text in self._typed.get(name, ())
            for one in re.split(r"[\n\r]+", text)
            if one.strip()
        ]

    def words(self, name: str) -> list[str]:
        """Words with commas between them, or on lines."""
        return [one.strip() for line in self.many(name) for one in line.split(",") if one.strip()]

    def moment(self, name: str) -> dt.datetime | None:
        """A day and an hour on the clocks of the form's zone."""
        text = self.one(name)
        if not text:
            return None
        try:
            found = dt.datetime.fromisoformat(text)
        except ValueError:
            raise NotUnderstood(name, "expected a day and an hour") from None
        return found if found.tzinfo is not None else found.replace(tzinfo=self.clock())

    def clock(self) -> ZoneInfo:
        """Whose clocks the times are of."""
        zone = zone_named(self.one("times_in"))
        if zone is None:
            raise NotUnderstood("times_in", "there is no such time zone, such as Europe/Kyiv")
        return zone.clock


def entered(
    kind: str, form: TypedForm, *, is_named: bool = False, locate: Locate | None = None
) -> Draft | list[tuple[str, str]]:
    """The event that was entered, whole and right; or each field with what is wrong with it.

    `is_named`: the same entries again are the same event, whenever they are read: so it does not
    say when. `locate` gives points their codes.
    """
    try:
        begun = event_of(kind, form)
    except NotUnderstood as error:
        return [(error.field, str(error))]
    draft = Draft(kind if kind in FIELDS else "report", begun | {"specversion": "1.0"})
    if locate is not None:
        draft.locate(locate)
    if is_named:
        draft.name(kind)
    else:
        draft.name_and_date(kind)
    found = draft.found()
    if isinstance(found, tuple):
        return [(one.field.removeprefix("data."), one.reason) for one in found]
    return draft


def event_of(kind: str, form: TypedForm) -> dict[str, Any]:
    """The JSON of the event, as far as it was typed. NotUnderstood."""
    make = {"report": _report, "claim": _claim, "coverage": _coverage}.get(kind, _retraction)
    data = {"conflict": form.one("conflict"), **make(form)}
    found: dict[str, Any] = {"type": TYPES[kind], "data": _said(data)}
    if source := form.one("source"):
        found["source"] = source
    return found


def _said(value: Any) -> Any:  # noqa: ANN401 - JSON
    """The same without what was left empty; an end that is open is said."""
    if isinstance(value, dict):
        kept = {name: _said(one) for name, one in value.items()}
        return {n: one for n, one in kept.items() if one not in ("", {}, []) and one is not _UNSAID}
    return [_said(one) for one in value] if isinstance(value, list) else value


_UNSAID = object()


def _report(form: TypedForm) -> dict[str, Any]:
    found: dict[str, Any] = {
        "incident_id": form.one("incident_id"),
        "report_id": form.one("report_id"),
        "reported_by": _who(form, "kind"),
        "stance": form.one("stance") or "asserts",
    }
    return {
        **found,
        "occurred": _occurred(form),
        "actor": {"party": form.one("actor"), "confidence": form.one("confidence")}
        if form.one("actor")
        else {},
        "act": form.one("act"),
        "targets": _terms(form, "targets"),
        "places": _places(form, "places"),
        "weapons": list(_weapons(form)),
        "effects": dict(_effects(form)),
        "evidence": form.many("evidence"),
    }


def _claim(form: TypedForm) -> dict[str, Any]:
    found: dict[str, Any] = {
        "commitment_id": form.one("commitment_id"),
        "claim_id": form.one("claim_id"),
        "claimed_by": _who(form, "role"),
        "stance": form.one("stance") or "asserts",
        "bound_parties": form.words("bound_parties"),
        "evidence": form.many("evidence"),
    }
    if found["stance"] == "denies":
        return found
    window = {"start": _bound(form, "start"), "end": _bound(form, "end")}
    if form.one("as_stated"):
        window["as_stated"] = form.one("as_stated")
    if form.one("times_in"):
        window["zone"] = form.one("times_in")
    if form.one("daily_from") and form.one("daily_to"):
        hours = {"from": form.one("daily_from"), "to": form.one("daily_to")}
        window["daily"] = {**hours, "zone": form.one("times_in") or "UTC"}
    return {
        **found,
        "prohibits": {"acts": _terms(form, "acts"), "targets": _terms(form, "targets")},
        "area": _places(form, "places"),
        "window": [window],
        "conditions": {
            **({"reciprocal": True} if form.one("reciprocal") else {}),
            "other": form.one("other_condition"),
        },
    }


def _coverage(form: TypedForm) -> dict[str, Any]:
    return {
        "coverage_id": form.one("coverage_id"),
        "reported_by": _who(form, "kind"),
        "start": _text(form.moment("start")),
        "end": _text(form.moment("end")),
        "area": _places(form, "places"),
        "quality": form.one("quality"),
        "as_stated": form.one("as_stated"),
        "evidence": form.many("evidence"),
    }


def _retraction(form: TypedForm) -> dict[str, Any]:
    names = ("commitment_id", "claim_id", "incident_id", "report_id", "reason")
    return {name: form.one(name) for name in names}


def _who(form: TypedForm, what: str) -> dict[str, str]:
    return {"name": form.one("by"), what: form.one("speaker"), "party": form.one("by_party")}


def _occurred(form: TypedForm) -> dict[str, Any]:
    """When it happened, by how well that is known."""
    start, end = form.moment("start"), form.moment("end")
    how = form.one("when") or ("at" if end is None else "between")
    stated: dict[str, Any] = {"as_stated": form.one("as_stated"), "of": form.one("timed")}
    if start is None:
        return {"as_stated": stated["as_stated"]} if stated["as_stated"] else {}
    if how == "night":
        evening = start.replace(hour=NIGHT[0].hour, minute=0, second=0)
        morning = (evening + dt.timedelta(days=1)).replace(hour=NIGHT[1].hour)
        words = f"night of {start:%Y-%m-%d} to {morning:%Y-%m-%d}"
        return {
            "start": _text(evening),
            "end": _text(morning),
            **stated,
            "as_stated": stated["as_stated"] or words,
        }
    if how == "day":
        first = start.replace(hour=0, minute=0, second=0)
        return {"start": _text(first), "end": _text(first + dt.timedelta(days=1)), **stated}
    if how == "around":
        margin = dt.timedelta(hours=_hours(form))
        # By the clock that runs on, where hands are set back or forth.
        middle = start.astimezone(dt.UTC)
        return {"start": _text(middle - margin), "end": _text(middle + margin), **stated}
    certainty = "throughout" if how == "throughout" else ""
    if how in {"between", "throughout"} and end is None:
        raise NotUnderstood("end", "expected until when")
    until = {"end": _text(end)} if how in {"between", "throughout"} else {}
    return {"start": _text(start), **until, "certainty": certainty, **stated}


def _hours(form: TypedForm) -> float:
    text = form.one("margin") or "3"
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9])?", text):
        raise NotUnderstood("margin", "expected a number of hours")
    return float(text)


def _bound(form: TypedForm, name: str) -> Any:  # noqa: ANN401 - JSON
    """A bound of a window: a moment, between two, open, or not known."""
    moment, latest = form.moment(name), form.moment(f"{name}_latest")
    how = form.one(f"{name}_how") or ("at" if latest is None else "between")
    if how == "open" and name == "end":
        return None
    if how == "unknown" or moment is None:
        return _UNSAID
    if how == "between":
        return {"earliest": _text(moment), "latest": None if latest is None else _text(latest)}
    return _text(moment)


def _text(moment: dt.datetime | None) -> str:
    return "" if moment is None else moment.isoformat()


def _terms(form: TypedForm, name: str) -> list[str | None]:
    return [None if one == OTHERS else one for one in form.many(name)]


def _places(form: TypedForm, name: str) -> list[Any]:
    try:
        return [place(one) for one in form.many(name)]
    except UnreadError as error:
        raise NotUnderstood(name, str(error)) from None


def _weapons(form: TypedForm) -> Iterator[dict[str, Any]]:
    for number in range(3):
        kind = form.one(f"weapon{number}")
        if kind:
            counts = {
                of: count(f"{of}{number}", form.one(f"{of}{number}"))
                for of in ("launched", "intercepted")
                if form.one(f"{of}{number}")
            }
            yield {"type": kind, **counts}


def _effects(form: TypedForm) -> Iterator[tuple[str, Any]]:
    for number in range(4):
        name = form.one(f"effect{number}")
        if name:
            yield name.replace(" ", "_"), count(f"figure{number}", form.one(f"figure{number}"))


def count(field: str, text: str) -> Any:  # noqa: ANN401 - JSON
    """`71`, `70-75`, `at least 70`, `up to 75`."""
    words = text.strip().lower().replace(",", "")
    if found := _RANGE.fullmatch(words):
        return {"min": _number(field, found[1]), "max": _number(field, found[2])}
    if found := _LEAST.fullmatch(words):
        return {"min": _number(field, found[1] or found[2])}
    if found := _MOST.fullmatch(words):
        return {"max": _number(field, found[1])}
    return _number(field, words)


def _number(field: str, text: str) -> int | float:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise NotUnderstood(field, "expected a number, 70-75, at least 70, or at most 75") from None
