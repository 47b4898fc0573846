"""`truce report`: writes a conflict as one file that opens anywhere."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from analytics.pages.model import PageModel
from analytics.pages.zones import zone_named
from analytics.read_model import ReadModel
from schemas.time import Instant
from streams.commands.console import err, waiting
from streams.commands.lake_reader import opened
from streams.errors import BadInput
from streams.settings import Settings


class ReportWanted(NamedTuple):
    """What to report of, and how."""

    conflict: str | None
    commitment: str | None
    since: Instant | None
    zone: str
    language: str
    picture: str | None


def run_report(settings: Settings, file: Path, wanted: ReportWanted) -> int:
    """Write the report. Returns the exit code."""
    try:
        from analytics.report.report import FORMS, ConflictReport, ReportScope, form_of
    except ImportError as error:
        raise BadInput(
            f"reports want {error.name}, which is not installed: pip install 'trucewatch[web]'"
        ) from error
    form = form_of(file)
    if form is None:
        raise BadInput(f"{file}: its name says what it is to be: .{', .'.join(FORMS)}")
    zone = zone_named(wanted.zone)
    if zone is None:
        raise BadInput(f"there is no time zone {wanted.zone!r}, such as Europe/Kyiv")
    with waiting("asking the lake"), opened(settings) as lake:
        asked = ReadModel(lake.ask), PageModel(lake.ask)
        conflict = _conflict(asked[0], wanted.conflict)
        about = ReportScope(
            conflict,
            wanted.commitment,
            wanted.since,
            time.time_ns() // 1_000,
            asked[0].transaction(),
        )
        report = ConflictReport(asked, about, zone, wanted.language, settings.boundaries)
        if wanted.commitment is not None and not report.claims:
            raise BadInput(f"no claim of {wanted.commitment!r} of {conflict!r} stands")
        body = report.html().encode() if form == "html" else report.picture(form, wanted.picture)
    _write(file, body)
    err(f"{file}: {len(body):,} bytes")
    return 0


def _conflict(knowledge: ReadModel, wanted: str | None) -> str:
    found = [one.conflict for one in knowledge.coverage()]
    if wanted is not None and wanted not in found:
        raise BadInput(f"there is no conflict {wanted!r}; there are {', '.join(found) or 'none'}")
    if wanted is None and len(found) != 1:
        if not found:
            raise BadInput("nothing is known yet: publish a claim, or see `truce demo`")
        raise BadInput(f"several conflicts are known; choose one: --conflict {' | '.join(found)}")
    return wanted or found[0]


def _write(file: Path, body: bytes) -> None:
    try:
        file.write_bytes(body)
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror or error}") from error
