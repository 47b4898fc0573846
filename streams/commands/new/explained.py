"""What each field of an event means, in a sentence or two: for help, questions and templates.

Plain texts without a model, so that the help of a command stays quick. A test compares them with
the models, field by field.
"""

from __future__ import annotations

from collections.abc import Mapping

Explained = Mapping[str, str]
"""By the path of a field, without the numbers of entries: `data.window.start`."""

ENVELOPE: Explained = {
    "specversion": "The version of CloudEvents: 1.0",
    "id": "What this event is called. The same id of the same source again must be the same event.",
    "source": "Who publishes it, as an address of yours: https://desk.example/ua",
    "type": "Which type of event it is",
    "time": "When the source said it; without it, when the log took it",
    "datacontenttype": "How the data is written: application/json",
    "dataschema": "The address of a schema that you keep of the data",
    "subject": "A title of your own; nothing reads it",
    "data": "What is said",
    "data.conflict": "Which conflict it belongs to; truces never span conflicts",
    "data.evidence": "Where it can be read: web addresses",
}

ACTOR_WORDS = "confirmed, likely, alleged or unknown; without it unknown, which breaks nothing"
SCOPE = "An empty list was not said; null in it means: and others not named"
BOUND = "A time with an offset, or {earliest, latest} where only limits are known."

CLAIM: Explained = {
    **ENVELOPE,
    "data.commitment_id": "Which undertaking; rival readings of one have the same id",
    "data.claim_id": "Which account of it this is; the same again revises it",
    "data.claimed_by": "Who says so",
    "data.claimed_by.name": "Who makes the claim, by name",
    "data.claimed_by.role": "party, mediator, observer or media",
    "data.claimed_by.party": "The party that the claimant speaks for",
    "data.stance": "asserts that the parties are bound, or denies it",
    "data.bound_parties": "Whom it binds (or denies to bind): states by ISO alpha-3 code, as RUS",
    "data.prohibits": "What it prohibits; what is left out was not said, and is unknown",
    "data.prohibits.acts": f'Prohibited acts; "any" is all. {SCOPE}',
    "data.prohibits.targets": f'Protected targets; "any" is all. {SCOPE}',
    "data.area": f"Where it holds: ISO 3166 codes, or GeoJSON polygons. {SCOPE}",
    "data.window": "When it holds: one entry, or several where it was suspended between",
    "data.window.start": f"From when on. {BOUND} Left out, it is unknown",
    "data.window.start.earliest": "Not before this; null or left out: not known",
    "data.window.start.latest": "By this at the latest; null or left out: not known",
    "data.window.end": f"Until when (excluded). {BOUND} null is open; left out, it is unknown",
    "data.window.end.earliest": "Not before this; null or left out: not known",
    "data.window.end.latest": "By this at the latest; null or left out: not known",
    "data.window.daily": "Hours of every day, for a daily pause",
    "data.window.daily.from": "From this time of day on",
    "data.window.daily.to": "Until this one; if it is not after the first, on the next day",
    "data.window.daily.zone": "On whose clocks: an IANA time zone",
    "data.window.as_stated": "The words of the source; kept and shown, never judged",
    "data.window.zone": "Whose clocks the source meant: an IANA time zone; never judged",
    "data.conditions": "What it depends on; left out, on nothing",
    "data.conditions.reciprocal": "true: it binds a party only as long as the others keep to it",
    "data.conditions.other": "Another condition, in words: nobody can judge it, so it is unknown",
}

REPORTER: Explained = {
    "data.reported_by": "Who says so",
    "data.reported_by.name": "Who reports, by name",
    "data.reported_by.kind": "party, military, government, monitor, un, ngo, media, civilian, "
    "sensor, dataset or other",
    "data.reported_by.party": "The party that the reporter speaks for, if for any",
}


def _occurred(path: str) -> Explained:
    return {
        path: "When it happened",
        f"{path}.start": "From when on, with an offset",
        f"{path}.end": "Until when; left out, it was at that moment",
        f"{path}.certainty": "sometime in it (without it), or throughout",
        f"{path}.of": "act: the launch is timed (without it); or impact",
        f"{path}.flight": "How long before its impact it was launched, at most: PT2M; "
        "without it PT24H",
        f"{path}.as_stated": "The words of the source; kept and shown, never judged",
    }


def _place(path: str) -> Explained:
    return {
        f"{path}.lat": "Latitude, in degrees",
        f"{path}.lon": "Longitude, in degrees",
        f"{path}.radius_km": "How far from there it may have been; without it 0",
        f"{path}.codes": "What the point lies in, as the source or a gazetteer has it",
        f"{path}.one_of": "It was one of these: where a name is ambiguous",
    }


def _range(path: str) -> Explained:
    return {f"{path}.min": "At least", f"{path}.max": "At most; one of the two may be left out"}


REPORT: Explained = {
    **ENVELOPE,
    "data.incident_id": "Which incident; reports of the same one have the same id",
    "data.report_id": "Which report of it this is; the same again revises it",
    **REPORTER,
    "data.stance": "asserts that it happened (without it), or denies it",
    **_occurred("data.occurred"),
    "data.actor": "Who did it",
    "data.actor.party": "The party that acted: states by ISO alpha-3 code, as RUS",
    "data.actor.confidence": f"How sure the source is: {ACTOR_WORDS}",
    "data.act": "What was done, as narrowly as it is known",
    "data.targets": f"What was hit. {SCOPE}",
    "data.places": f"Where, all of them: ISO 3166 codes, points, or one of several. {SCOPE}",
    **_place("data.places"),
    "data.weapons": "What was used",
    "data.weapons.type": "Which kind of weapon, in a word of yours",
    "data.weapons.launched": "How many were launched: a number, or {min, max}",
    **_range("data.weapons.launched"),
    "data.weapons.intercepted": "How many of them were intercepted: a number, or {min, max}",
    **_range("data.weapons.intercepted"),
    "data.effects": "What it did, by names of yours: killed, injured, destroyed; each a number, or "
    "{min, max}",
    "data.impacts": "Single places that it hit; what one gives replaces what the whole says",
    "data.impacts.place": "Where it hit: one place",
    **_place("data.impacts.place"),
    "data.impacts.targets": "What was hit there",
    **_occurred("data.impacts.occurred"),
    "data.impacts.effects": "What it did there",
}

COVERAGE: Explained = {
    **ENVELOPE,
    "data.coverage_id": "Which account of watching this is; the same again revises it",
    **REPORTER,
    "data.start": "Watched from when on, with an offset",
    "data.end": "Until when (excluded)",
    "data.area": f"Where: ISO 3166 codes, or GeoJSON polygons. {SCOPE}",
    "data.quality": "full, partial or denied (kept from watching); none takes it back",
    "data.as_stated": "The words of the source; kept and shown, never judged",
}
