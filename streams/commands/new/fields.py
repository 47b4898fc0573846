"""The fields that `truce new` has an option and a question for, kind by kind, in their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from streams.commands.new import explained, reading

CONTENTS = {
    "claim": explained.CLAIM,
    "report": explained.REPORT,
    "coverage": explained.COVERAGE,
}
EVENT_TYPE_OF = {
    "claim": "commitment.claimed",
    "report": "incident.reported",
    "coverage": "coverage.reported",
}


class NewField(NamedTuple):
    """One field of an event: its option, where it is, and how its text is read.

    `path` is in the JSON text, with the numbers of entries. `required`: by whatever is asserted;
    `always`: by a denial, too. `how`: how it is typed, beyond what is explained of the field.
    `is_asked`: there is a question for it, where anything is asked.
    """

    option: str
    path: tuple[str | int, ...]
    read: Callable[[str], Any]
    metavar: str = "TEXT"
    required: bool = False
    always: bool = False
    is_many: bool = False
    is_flag: bool = False
    is_asked: bool = True
    how: str = ""
    default: str = ""

    @property
    def name(self) -> str:
        """By what the command knows it."""
        return self.option.removeprefix("--").replace("-", "_")

    @property
    def dotted(self) -> str:
        """Its path as problems name it."""
        return ".".join(map(str, self.path))

    @property
    def explained_at(self) -> str:
        """Its path as `explained` names it."""
        return ".".join(one for one in self.path if isinstance(one, str))

    def help_of(self, kind: str) -> str:
        """What it means, and how it is typed."""
        meaning = CONTENTS[kind][self.explained_at]
        for how_in_json in (explained.SCOPE, explained.BOUND):
            # How it is written in JSON is no matter of an option.
            meaning = meaning.replace(f" {how_in_json}", "")
        several = " May be given more than once." if self.is_many else ""
        must = " Required." if self.required else ""
        how = f" {self.how}" if self.how else ""
        return f"{meaning.removesuffix('.')}.{how}{several}{must}"


def _data(*path: str | int) -> tuple[str | int, ...]:
    return ("data", *path)


_TEXT = reading.text
CONFLICT = NewField("--conflict", _data("conflict"), _TEXT, required=True, always=True)
SOURCE = NewField("--source", ("source",), _TEXT, "ADDRESS", required=True, always=True)
SAID = (
    NewField("--time", ("time",), _TEXT, "TIME", is_asked=False, how="Without the option: now."),
    NewField(
        "--id", ("id",), _TEXT, is_asked=False, how="Without the option: made of the content."
    ),
)
EVIDENCE = NewField("--evidence", _data("evidence"), _TEXT, "ADDRESS", is_many=True)
AREA = NewField(
    "--area",
    _data("area"),
    reading.place,
    "AREA",
    is_many=True,
    how="A code, a geometry in JSON, or `others`.",
)
ACT_HINT = "`others` for what was not named."


def _by(whose: str) -> tuple[NewField, ...]:
    party = NewField("--party", _data(whose, "party"), _TEXT)
    name = NewField("--by", _data(whose, "name"), _TEXT, "NAME", required=True, always=True)
    if whose == "claimed_by":
        return name, NewField("--role", _data(whose, "role"), _TEXT, "ROLE"), party
    return name, NewField("--kind", _data(whose, "kind"), _TEXT, "KIND"), party


CLAIM = (
    CONFLICT,
    NewField("--commitment", _data("commitment_id"), _TEXT, required=True, always=True),
    NewField("--claim", _data("claim_id"), _TEXT, required=True, always=True),
    *_by("claimed_by"),
    NewField("--stance", _data("stance"), _TEXT, "STANCE", default="asserts"),
    NewField(
        "--binds", _data("bound_parties"), _TEXT, "PARTY", required=True, always=True, is_many=True
    ),
    NewField("--act", _data("prohibits", "acts"), reading.term, "ACT", is_many=True, how=ACT_HINT),
    NewField(
        "--target",
        _data("prohibits", "targets"),
        reading.term,
        "TARGET",
        is_many=True,
        how=ACT_HINT,
    ),
    AREA,
    NewField(
        "--from",
        _data("window", 0, "start"),
        reading.bound,
        "BOUND",
        required=True,
        how="TIME, EARLIEST..LATEST of which either may be empty, or `unknown`.",
    ),
    NewField(
        "--until",
        _data("window", 0, "end"),
        reading.bound,
        "BOUND",
        required=True,
        how="As --from, or `open`.",
    ),
    NewField(
        "--daily",
        _data("window", 0, "daily"),
        reading.daily,
        "HOURS",
        is_asked=False,
        how="As 08:00-14:00 Europe/Kyiv.",
    ),
    NewField("--as-stated", _data("window", 0, "as_stated"), _TEXT),
    NewField("--zone", _data("window", 0, "zone"), _TEXT, "ZONE", is_asked=False),
    NewField(
        "--reciprocal",
        _data("conditions", "reciprocal"),
        reading.yes,
        is_flag=True,
        is_asked=False,
    ),
    NewField("--condition", _data("conditions", "other"), _TEXT, is_asked=False),
    EVIDENCE,
    SOURCE,
    *SAID,
)
PLACE_HINT = (
    "A code, LAT,LON or LAT,LON,KM, LAT,LON@CODE/CODE with what it lies in, A|B for one of several,"
    " or `others`."
)
COUNT_HINT = "A count is a number, or LEAST..MOST of which either may be empty."
REPORT = (
    CONFLICT,
    NewField("--incident", _data("incident_id"), _TEXT, required=True, always=True),
    NewField("--report", _data("report_id"), _TEXT, required=True, always=True),
    *_by("reported_by"),
    NewField("--stance", _data("stance"), _TEXT, "STANCE", default="asserts"),
    NewField("--start", _data("occurred", "start"), _TEXT, "TIME", required=True),
    NewField("--end", _data("occurred", "end"), _TEXT, "TIME"),
    NewField("--certainty", _data("occurred", "certainty"), _TEXT, "WORD", is_asked=False),
    NewField("--of", _data("occurred", "of"), _TEXT, "WORD", is_asked=False),
    NewField("--flight", _data("occurred", "flight"), _TEXT, "DURATION", is_asked=False),
    NewField("--as-stated", _data("occurred", "as_stated"), _TEXT),
    NewField("--actor", _data("actor", "party"), _TEXT, "PARTY"),
    NewField("--confidence", _data("actor", "confidence"), _TEXT, "WORD"),
    NewField("--act", _data("act"), _TEXT, "ACT"),
    NewField("--target", _data("targets"), reading.term, "TARGET", is_many=True, how=ACT_HINT),
    NewField("--place", _data("places"), reading.place, "PLACE", is_many=True, how=PLACE_HINT),
    NewField(
        "--weapon",
        _data("weapons"),
        reading.weapon,
        "WEAPON",
        is_many=True,
        how=f"TYPE, TYPE:LAUNCHED or TYPE:LAUNCHED:INTERCEPTED. {COUNT_HINT}",
    ),
    NewField(
        "--effect", _data("effects"), reading.effect, "NAME=COUNT", is_many=True, how=COUNT_HINT
    ),
    NewField(
        "--impact",
        _data("impacts"),
        reading.json_text,
        "JSON",
        is_many=True,
        is_asked=False,
        how="In JSON; see --template.",
    ),
    EVIDENCE,
    SOURCE,
    *SAID,
)
COVERAGE = (
    CONFLICT,
    NewField("--coverage", _data("coverage_id"), _TEXT, required=True, always=True),
    *_by("reported_by"),
    NewField("--start", _data("start"), _TEXT, "TIME", required=True, always=True),
    NewField("--end", _data("end"), _TEXT, "TIME", required=True, always=True),
    AREA,
    NewField("--quality", _data("quality"), _TEXT, "QUALITY", required=True, always=True),
    NewField("--as-stated", _data("as_stated"), _TEXT),
    EVIDENCE,
    SOURCE,
    *SAID,
)
FIELDS = {"claim": CLAIM, "report": REPORT, "coverage": COVERAGE}
