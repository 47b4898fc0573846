"""By what verdicts are judged: the version, the rules, and the lists that these look up."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import NamedTuple

from analytics.queries import queries
from analytics.storage.database import Session
from schemas.time import Instant
from schemas.verdicts import RULES


class Provenance(NamedTuple):
    """What judges. The same log is judged alike wherever all of it but the version is the same."""

    version: str
    rules: str
    tzdata: str
    iso_lists: str


class JudgedSince(NamedTuple):
    """By what it was judged what the log took after `since`; None: from the first event on."""

    by: Provenance
    since: Instant | None


@cache
def provenance() -> Provenance:
    """What judges in this process."""
    return Provenance(version("trucewatch"), RULES, version("tzdata"), version("pycountry"))


def last_provenance(database: Session) -> Provenance | None:
    """What judged last in this database; None: nothing has."""
    for row in database.execute(queries("reading")["provenance"]):
        return Provenance(*row)
    return None
