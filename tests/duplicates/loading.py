"""The labelled incidents: what is really one has one name in the column `really`."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

LABELLED = Path(__file__).with_name("labelled.csv")
_POINT = re.compile(r"([\d.]+)/([\d.]+)~([\d.]+)(?:@(.+))?")


class Labelled(NamedTuple):
    """An incident of the table: the half it is in, what it really is, and its event."""

    half: str
    really: str
    incident_id: str
    event: str


def labelled() -> list[Labelled]:
    """All incidents of the table."""
    with LABELLED.open(encoding="utf-8", newline="") as file:
        return [
            Labelled(row["half"], row["really"], row["incident"], json.dumps(_event(number, row)))
            for number, row in enumerate(csv.DictReader(file))
        ]


def same(half: str) -> set[tuple[str, str]]:
    """The pairs of this half that are one, each in the order of their ids."""
    found = [one for one in labelled() if one.half == half]
    return {
        (one.incident_id, other.incident_id)
        for one in found
        for other in found
        if one.really == other.really and one.incident_id < other.incident_id
    }


def _event(number: int, row: dict[str, str]) -> dict[str, Any]:
    start, end = _moment(row["start"]), _moment(row["end"])
    occurred = {"start": start, "end": end, "as_stated": row["as_stated"]}
    data = {
        "conflict": "testland",
        "incident_id": row["incident"],
        "report_id": "r",
        "reported_by": {"name": row["reporter"]},
        "occurred": {name: value for name, value in occurred.items() if value},
        "actor": {"party": row["actor"], "confidence": "confirmed"} if row["actor"] else None,
        "act": row["act"],
        "places": [_place(place) for place in row["places"].split(";")],
        "weapons": [_weapon(weapon) for weapon in row["weapons"].split(";") if weapon],
        "effects": dict(_effect(effect) for effect in row["effects"].split(";") if effect),
        "evidence": [row["evidence"]] if row["evidence"] else [],
    }
    return {
        "specversion": "1.0",
        "id": f"l{number}",
        "source": f"https://{row['source']}.example",
        "type": "incident.reported",
        "data": {name: value for name, value in data.items() if value},
    }


def _moment(text: str) -> str:
    return text.replace("Z", ":00Z")


def _place(text: str) -> Any:
    if (found := _POINT.fullmatch(text)) is None:
        return text
    lat, lon, radius, code = found.groups()
    point: dict[str, Any] = {"lat": float(lat), "lon": float(lon), "radius_km": float(radius)}
    return {**point, "codes": [code]} if code else point


def _number(text: str) -> Any:
    if "-" not in text:
        return int(text)
    least, _, most = text.partition("-")
    return {"min": int(least), **({"max": int(most)} if most else {})}


def _weapon(text: str) -> dict[str, Any]:
    name, _, numbers = text.partition(":")
    launched, _, intercepted = numbers.partition("/")
    weapon: dict[str, Any] = {"type": name, "launched": _number(launched)}
    return {**weapon, "intercepted": _number(intercepted)} if intercepted else weapon


def _effect(text: str) -> tuple[str, Any]:
    name, _, number = text.partition(":")
    return name, _number(number)
