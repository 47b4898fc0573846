"""What a column of an unknown table seems to be about: by what it is called, and by its texts."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from schemas.vocabulary import ACTS
from schemas.warnings.countries import code_of_state

MOST_WORDS = 40
"""A column with more different texts than this is no vocabulary."""
MOST_SLIPS = 0.1
"""A column of which a greater share does not fit is no column of dates."""
DAYS = (
    *("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%d %B %Y"),
    *("%d %b %Y", "%B %d, %Y", "%d.%m.%y", "%Y%m%d"),
)
MOMENTS = tuple(
    f"{day}{between}{time}"
    for day in ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y")
    for between in ("T", " ")
    for time in ("%H:%M:%S%z", "%H:%M:%S.%f%z", "%H:%M:%S", "%H:%M:%S.%f", "%H:%M")
)
TIMES = ("%H:%M", "%H:%M:%S")
# What columns are called, in English, Ukrainian and Russian.
NAMED_ID = r"\bid\b|_id|^id|^nr|^no\b|number|№|^uuid|^key"
NAMED_LAT = r"^lat|latitude|^y$|широта"
NAMED_LON = r"^lon|^lng|longitude|^x$|довгота|долгота"
NAMED_PROVINCE = r"region|oblast|province|admin|governorate|област"
NAMED_PLACE = r"place|city|location|місто|город|пункт"
NAMED_ACT = r"type|event|act\b|attack|weapon|kind|what|тип|вид|подія|событие|сталося|случил|произош"
NAMED_ACTOR = r"actor|perpetrator|party|side|attacker|\bwhom?\b|хто|кто|сторона"
NAMED_KILLED = r"kill|dead|death|fatal|загин|загиб|погиб|убит|вбит"
NAMED_INJURED = r"injur|wound|поран|ранен"
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_ACT_WORDS = (
    ("ballistic", "ballistic_missile_strike"),
    ("cruise", "cruise_missile_strike"),
    ("missile", "missile_strike"),
    ("rocket", "missile_strike"),
    ("drone", "drone_strike"),
    ("uav", "drone_strike"),
    ("air", "air_strike"),
    ("shell", "shelling"),
    ("artillery", "shelling"),
    ("mortar", "shelling"),
    ("sniper", "sniper_fire"),
    ("assault", "assault"),
    ("raid", "raid"),
    ("abduct", "abduction"),
    ("баліст", "ballistic_missile_strike"),
    ("крилат", "cruise_missile_strike"),
    ("ракет", "missile_strike"),
    ("дрон", "drone_strike"),
    ("бпла", "drone_strike"),
    ("авіа", "air_strike"),
    ("авиа", "air_strike"),
    ("обстр", "shelling"),
    ("артил", "shelling"),
)


@dataclass
class GuessedColumn:
    """A column: its name, how often each text is in it, and in how many rows there is one."""

    name: str
    texts: Counter[str] = field(default_factory=Counter)
    filled: int = 0

    def all_fit(self, fits: Callable[[str], bool]) -> bool:
        """Do all of its texts fit, and is there one?"""
        return bool(self.texts) and all(map(fits, self.texts))

    def named(self, pattern: str) -> bool:
        """Is it called something like this?"""
        return re.search(pattern, self.name, re.IGNORECASE) is not None

    @property
    def is_vocabulary(self) -> bool:
        """Has it few texts, some of them more than once?"""
        return 0 < len(self.texts) <= MOST_WORDS and not self.all_fit(is_number)


def fitting(column: GuessedColumn, forms: Sequence[str]) -> list[str]:
    """The formats in which all of the column can be read, or else nearly all of it.

    A slip in one row, which its import then refuses, must not hide what the column is.
    """
    misfits = {form: sum(not fits(text, form) for text in column.texts) for form in forms}
    least = min(misfits.values())
    if not column.texts or least > len(column.texts) * MOST_SLIPS:
        return []
    return [form for form in forms if misfits[form] == least]


def fits(text: str, form: str) -> bool:
    """Can a text be read in this format?"""
    try:
        dt.datetime.strptime(text, form)  # noqa: DTZ007 - only whether it can be read
    except ValueError:
        return False
    return True


def is_number(text: str) -> bool:
    """Is it a number, with a decimal point or comma?"""
    return _NUMBER.fullmatch(text) is not None


def act(text: str) -> str | None:
    """The act that a text may mean."""
    slug = text.lower().replace(" ", "_")
    if slug in ACTS:
        return slug
    return next((act for word, act in _ACT_WORDS if word in text.lower()), None)


def party(text: str) -> str | None:
    """The state whose name it is."""
    return code_of_state(text)
