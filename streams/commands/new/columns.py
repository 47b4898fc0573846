"""The columns of a sheet for those offline, kind by kind: the fields of the forms, in their order.

What is entered becomes an event as in the forms: see `entered`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, get_args

from schemas.claims import ClaimantRole
from schemas.coverage import Quality
from schemas.reports import REPORTER_KINDS, ActorConfidence, TimedThing
from streams.commands.new.entered import OTHERS

SHEETS = {
    "report": "Reports",
    "claim": "Claims",
    "coverage": "Coverage",
    "report_retraction": "Reports taken back",
    "claim_retraction": "Claims taken back",
}
"""The names of the sheets, by kind."""
YOURS = "You"
"""The sheet with what holds for every row that does not say otherwise."""


class SheetColumn(NamedTuple):
    """A column: its label, the field of the form that it is, and what helps to fill it in.

    `choices`: the list that it offers; others may be entered, too, unless it is of `FIXED`.
    Several columns of one field are several of its entries.
    """

    label: str
    field: str
    hint: str = ""
    choices: str = ""
    is_moment: bool = False


def _several(
    label: str, field: str, hint: str, choices: str = "", most: int = 3
) -> list[SheetColumn]:
    return [SheetColumn(f"{label} {n}", field, hint, choices) for n in range(1, most + 1)]


FIXED: Mapping[str, Sequence[str]] = {
    "reporters": REPORTER_KINDS,
    "roles": get_args(ClaimantRole),
    "stances": ("asserts", "denies"),
    "when": ("at", "between", "around", "night", "day", "throughout"),
    "timed": get_args(TimedThing),
    "confidences": get_args(ActorConfidence),
    "starts": ("at", "between", "unknown"),
    "ends": ("at", "between", "unknown", "open"),
    "yes": ("yes",),
    "qualities": get_args(Quality),
}
"""The words of which one must be chosen, list by list."""
_PLACE = (
    f"A code (UA-63), a point with km (50.45,30.52,10), one of several (UA-12|UA-23), or {OTHERS}."
)
_COUNT = "A number, 70-75, at least 70, or at most 75."
_CONFLICT = SheetColumn("Conflict", "conflict", "Required.", "conflicts")
_SOURCE = SheetColumn(
    "Your source", "source", "Required: an address that is yours, such as https://desk.example/ua."
)
_BY = SheetColumn("Who says so", "by", "Required.", "names")
_PARTY = SheetColumn("Speaks for a party", "by_party", "", "parties")
_ZONE = SheetColumn(
    "Times are on the clocks of",
    "times_in",
    "A time zone, such as Europe/Kyiv. Empty: UTC.",
    "zones",
)
_STATED = SheetColumn("In the words of the source", "as_stated")
_COMMITMENT = SheetColumn("Commitment", "commitment_id", "Required.", "commitments")
_CLAIM = SheetColumn("Claim", "claim_id", "Required: a name; the same again revises it.", "claims")
_INCIDENT = SheetColumn(
    "Incident",
    "incident_id",
    "Required: a known one if it is about that, else a new name.",
    "incidents",
)
_REPORT = SheetColumn(
    "Report", "report_id", "Required: a name; the same again revises it.", "reports"
)
_REASON = SheetColumn("Why", "reason")
_LINKS = _several("Link", "evidence", "Where it can be read.")
_REPORTER = SheetColumn("Which is", "speaker", "", "reporters")

COLUMNS: Mapping[str, Sequence[SheetColumn]] = {
    "report": (
        _CONFLICT,
        _INCIDENT,
        _REPORT,
        SheetColumn("Did it happen?", "stance", "asserts: it did. denies: it did not.", "stances"),
        SheetColumn(
            "How the time is known", "when", "night: after this day. around: see hours.", "when"
        ),
        SheetColumn("Time, or from", "start", "As 2026-02-03 20:00.", is_moment=True),
        SheetColumn("Until", "end", "For between and throughout.", is_moment=True),
        SheetColumn("Hours around", "margin", "3 unless it says so."),
        _ZONE,
        SheetColumn("What is timed", "timed", "", "timed"),
        _STATED,
        SheetColumn("Who did it", "actor", "", "parties"),
        SheetColumn("How sure that is", "confidence", "", "confidences"),
        SheetColumn("What was done", "act", "", "acts"),
        *_several("What was hit", "targets", f"{OTHERS}: and others, not named.", "targets"),
        *_several("Where", "places", _PLACE),
        *(
            column
            for n in range(3)
            for column in (
                SheetColumn(f"Weapon {n + 1}", f"weapon{n}"),
                SheetColumn(f"Launched {n + 1}", f"launched{n}", _COUNT),
                SheetColumn(f"Intercepted {n + 1}", f"intercepted{n}", _COUNT),
            )
        ),
        *(
            column
            for n in range(4)
            for column in (
                SheetColumn(f"Effect {n + 1}", f"effect{n}", "Such as killed or damaged."),
                SheetColumn(f"How many {n + 1}", f"figure{n}", _COUNT),
            )
        ),
        *_LINKS,
        _BY,
        _REPORTER,
        _PARTY,
        _SOURCE,
    ),
    "claim": (
        _CONFLICT,
        _COMMITMENT,
        _CLAIM,
        SheetColumn("Does it bind?", "stance", "asserts: it does. denies: it does not.", "stances"),
        *_several("Binds party", "bound_parties", "The first is required.", "parties"),
        *_several("Prohibits act", "acts", f"{OTHERS}: and others, not named.", "acts"),
        *_several("Protects target", "targets", f"{OTHERS}: and others, not named.", "targets"),
        *_several("Area", "places", _PLACE),
        SheetColumn("How its start is known", "start_how", "", "starts"),
        SheetColumn("From", "start", "As 2026-02-03 20:00.", is_moment=True),
        SheetColumn("From, at the latest", "start_latest", "For between.", is_moment=True),
        SheetColumn("How its end is known", "end_how", "open: until it is revised.", "ends"),
        SheetColumn("Until", "end", "As 2026-02-03 20:00.", is_moment=True),
        SheetColumn("Until, at the latest", "end_latest", "For between.", is_moment=True),
        SheetColumn("Daily from", "daily_from", "Only for hours of each day, such as 08:00."),
        SheetColumn("Daily until", "daily_to"),
        _ZONE,
        _STATED,
        SheetColumn("Only while the other side keeps it", "reciprocal", "", "yes"),
        SheetColumn("Another condition", "other_condition"),
        *_LINKS,
        _BY,
        SheetColumn("Which is", "speaker", "", "roles"),
        _PARTY,
        _SOURCE,
    ),
    "coverage": (
        _CONFLICT,
        SheetColumn("Name of this entry", "coverage_id", "Required; the same again revises it."),
        SheetColumn("From", "start", "Required.", is_moment=True),
        SheetColumn("Until", "end", "Required.", is_moment=True),
        _ZONE,
        SheetColumn("How", "quality", "Required. none: take this entry back.", "qualities"),
        *_several("Area", "places", _PLACE),
        _STATED,
        *_LINKS,
        _BY,
        _REPORTER,
        _PARTY,
        _SOURCE,
    ),
    "report_retraction": (_CONFLICT, _INCIDENT, _REPORT, _REASON, _SOURCE),
    "claim_retraction": (_CONFLICT, _COMMITMENT, _CLAIM, _REASON, _SOURCE),
}
OF_YOURS = (_CONFLICT, _SOURCE, _BY, _REPORTER, _PARTY, _ZONE)
"""What is mostly the same in every row; of it a row takes the fields that it has columns for."""
