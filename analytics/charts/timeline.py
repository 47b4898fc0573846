"""The timeline: each claim's window as a band, incidents as marks below, coverage as a strip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from analytics.charts.axis import LEFT, RIGHT, Axis, Tick
from analytics.pages.model import PIECES, Band, Bin, Mark, WatchSpan
from analytics.pages.zones import ReaderZone
from analytics.report.texts import ENGLISH, ReportWords
from schemas.claims import Claim
from schemas.events import Assertion
from schemas.time import Instant
from schemas.verdicts import BY_GRAVITY

HEAD, BAND, TITLE, FOOT = 34.0, 40.0, 26.0, 26.0
LANE, ROW, MOST_ROWS = 26.0, 13.0, 5
BARS = 46.0
STRIP = 20.0
MOST_SOURCES = 6
GAP = 7.0
"""How far apart two marks of one row stand at least."""


class Piece(NamedTuple):
    """A piece of a band: `kind` is core, fade_in, fade_out or maybe (nowhere certain)."""

    x: float
    width: float
    kind: str
    is_open: bool
    says: str


class ClaimRow(NamedTuple):
    """A claim: its label, and its window; a denial has no pieces."""

    y: float
    commitment_id: str
    claim_id: str
    who: str
    bound: str
    denies: bool
    pieces: list[Piece]


class Heading(NamedTuple):
    """The name of a commitment above its claims."""

    y: float
    commitment_id: str


class DrawnMark(NamedTuple):
    """A mark of an incident: a line over its interval, and a glyph in the middle."""

    x: float
    y: float
    x1: float
    x2: float
    mark: Mark
    says: str


class BinBar(NamedTuple):
    """Many incidents of one verdict in a piece of time, `start` to `end`."""

    x: float
    y: float
    width: float
    height: float
    incidents: int
    start: Instant
    end: Instant
    says: str


class VerdictLane(NamedTuple):
    """The incidents of one verdict."""

    y: float
    height: float
    verdict: str
    incidents: int
    marks: list[DrawnMark]
    bars: list[BinBar]


class Strip(NamedTuple):
    """The coverage by one source."""

    y: float
    source: str
    pieces: list[Piece]


class Timeline(NamedTuple):
    """All that is drawn; `now` is an x, if it is within."""

    axis: Axis
    zone: ReaderZone
    height: float
    ticks: list[Tick]
    headings: list[Heading]
    claims: list[ClaimRow]
    lanes: list[VerdictLane]
    strips: list[Strip]
    more_sources: int
    now: float | None
    is_binned: bool


class Content(NamedTuple):
    """What a timeline is made of; `marks` None: they are too many, and `bins` counts them."""

    claims: Mapping[tuple[str, str, str], Claim]
    bands: Sequence[Band]
    marks: Sequence[Mark] | None
    bins: Sequence[Bin]
    watched: Sequence[WatchSpan]
    gaps: Sequence[WatchSpan]


class TimelineTips(NamedTuple):
    """What is said of each thing that is pointed at, in a reader's zone and words."""

    zone: ReaderZone
    words: ReportWords

    def band(self, band: Band) -> str:
        """From when to when a claim holds."""
        start = self._bound(band.hull_start, band.core_start)
        end = self._bound(band.core_end, band.hull_end)
        if band.open_ended and band.hull_end is None:
            end = self.words["tip_open_end"]
        return self.words["tip_holds"].format(claim=band.claim_id, start=start, end=end)

    def _bound(self, earliest: Instant | None, latest: Instant | None) -> str:
        if earliest is None and latest is None:
            return self.words["tip_unknown_time"]
        if earliest == latest and earliest is not None:
            return self.zone.both(earliest)
        least, most = (
            self.words["unknown"] if one is None else self.zone.both(one)
            for one in (earliest, latest)
        )
        return self.words["tip_bound"].format(earliest=least, latest=most)

    def mark(self, mark: Mark) -> str:
        """`contested: 2026-02-03-barrage, by RUS, 2026-02-02 16:00 UTC to …`."""
        words = self.words
        start, end = self.zone.both(mark.occurred_start), self.zone.both(mark.occurred_end)
        return words["tip_mark"].format(
            verdict=words[f"verdict_{mark.verdict}"],
            incident=mark.incident_id,
            by="" if mark.party is None else words["tip_by"].format(party=mark.party),
            when=start if start == end else words["tip_sometime"].format(start=start, end=end),
            denied=words["tip_denied"] if mark.is_denied else "",
        )

    def bar(self, one: Bin, start: Instant, end: Instant) -> str:
        """How many there are of a verdict in a piece of time."""
        return self.words["tip_bar"].format(
            count=f"{one.incidents:,}",
            verdict=self.words[f"verdict_{one.verdict}"],
            start=self.zone.both(start),
            end=self.zone.both(end),
        )

    def watch(self, watch: WatchSpan) -> str:
        """How well somebody watched, and when."""
        quality = "kept_away" if watch.quality == "denied" else watch.quality
        return self.words["tip_watch"].format(
            source=watch.reported_by,
            how=self.words[f"tip_{quality}"],
            start=self.zone.both(watch.start),
            end=self.zone.both(watch.end),
        )


def timeline(
    content: Content, axis: Axis, zone: ReaderZone, now: Instant, words: ReportWords = ENGLISH
) -> Timeline:
    """Where everything stands, and what is said of it in these words."""
    says = TimelineTips(zone, words)
    y = HEAD
    headings, rows = [], []
    by_claim: dict[tuple[str, str], list[Band]] = {}
    for band in content.bands:
        by_claim.setdefault((band.commitment_id, band.claim_id), []).append(band)
    last = None
    for (_, commitment_id, claim_id), claim in content.claims.items():
        if commitment_id != last:
            headings.append(Heading(y + 16, commitment_id))
            y += TITLE
            last = commitment_id
        bands = by_claim.get((commitment_id, claim_id), [])
        pieces = [piece for band in bands for piece in _pieces(band, axis, says)]
        rows.append(_row(y, commitment_id, claim, pieces))
        y += BAND
    lanes, y = _lanes(content, axis, says, y + 10)
    strips, y, more = _strips(content, axis, says, y + 6)
    inside = axis.x(now) if axis.has(now) else None
    ticks = axis.ticks(zone, words["months"].split())
    is_binned = content.marks is None
    return Timeline(
        axis, zone, y + FOOT, ticks, headings, rows, lanes, strips, more, inside, is_binned
    )


def _row(y: float, commitment_id: str, claim: Claim, pieces: list[Piece]) -> ClaimRow:
    bound = ", ".join(claim.bound_parties)
    denies = not isinstance(claim, Assertion)
    return ClaimRow(y, commitment_id, claim.claim_id, claim.claimed_by.name, bound, denies, pieces)


def _pieces(band: Band, axis: Axis, tips: TimelineTips) -> list[Piece]:
    """The core, and what may be part of the window on both sides of it."""
    says = tips.band(band)
    hull_start = axis.start if band.hull_start is None else band.hull_start
    hull_end = axis.end if band.hull_end is None else band.hull_end
    core_end = axis.end if band.core_end is None and band.open_ended else band.core_end
    left, right = axis.x(hull_start), axis.x(hull_end)
    if band.core_start is None or core_end is None or core_end <= band.core_start:
        return [Piece(left, max(right - left, 1), "maybe", band.open_ended, says)]
    start, end = axis.x(band.core_start), axis.x(core_end)
    found = []
    if start > left:
        found.append(Piece(left, start - left, "fade_in", False, says))
    if band.core_start < axis.end and core_end > axis.start:
        found.append(Piece(start, max(end - start, 1), "core", band.open_ended, says))
    if right > end:
        found.append(Piece(end, right - end, "fade_out", False, says))
    return found


def _lanes(
    content: Content, axis: Axis, says: TimelineTips, y: float
) -> tuple[list[VerdictLane], float]:
    found = []
    for verdict in BY_GRAVITY:
        marks = [one for one in content.marks or () if one.verdict == verdict]
        bins = [one for one in content.bins if one.verdict == verdict]
        count = sum(one.incidents for one in bins) if content.marks is None else len(marks)
        if not count:
            continue
        if content.marks is None:
            lane = VerdictLane(
                y, BARS, verdict, count, [], _bars(bins, content.bins, axis, says, y)
            )
        else:
            drawn, rows = _drawn(marks, axis, says, y)
            lane = VerdictLane(y, LANE + (rows - 1) * ROW, verdict, count, drawn, [])
        found.append(lane)
        y += lane.height + 16
    return found, y


def _drawn(
    marks: Iterable[Mark], axis: Axis, says: TimelineTips, y: float
) -> tuple[list[DrawnMark], int]:
    """Marks in rows, so that as few as possible stand on one another; and how many rows."""
    free: list[float] = []
    found = []
    for mark in marks:
        x1, x2 = axis.x(mark.occurred_start), axis.x(mark.occurred_end)
        x = (x1 + x2) / 2
        begins, ends = min(x1, x - GAP), max(x2, x + GAP)
        row = next((n for n, until in enumerate(free) if until <= begins), None)
        if row is None and len(free) < MOST_ROWS:
            row = len(free)
            free.append(0)
        elif row is None:
            row = free.index(min(free))
        free[row] = max(free[row], ends)
        at = y + LANE - 9 + row * ROW
        found.append(DrawnMark(x, at, x1, x2, mark, says.mark(mark)))
    return found, max(len(free), 1)


def _bars(
    bins: Sequence[Bin], of_all: Sequence[Bin], axis: Axis, tips: TimelineTips, y: float
) -> list[BinBar]:
    most = max(one.incidents for one in of_all)
    width = (RIGHT - LEFT) / PIECES
    length = axis.end - axis.start
    found = []
    for one in bins:
        start = axis.start + length * one.piece // PIECES
        end = axis.start + length * (one.piece + 1) // PIECES
        height = max((BARS - 12) * one.incidents / most, 1.5)
        x, top = LEFT + one.piece * width, y + BARS - height
        says = tips.bar(one, start, end)
        found.append(
            BinBar(round(x, 1), round(top, 1), width - 1, height, one.incidents, start, end, says)
        )
    return found


def _strips(
    content: Content, axis: Axis, tips: TimelineTips, y: float
) -> tuple[list[Strip], float, int]:
    """The coverage of the sources that watched most, and how many sources are left out."""
    by_source: dict[str, list[WatchSpan]] = {}
    for watch in (*content.gaps, *content.watched):
        by_source.setdefault(watch.reported_by, []).append(watch)
    found = []
    shown = sorted(by_source, key=lambda name: (-len(by_source[name]), name))[:MOST_SOURCES]
    for source in shown:
        pieces = []
        for watch in by_source[source]:
            start, end = axis.x(watch.start), axis.x(watch.end)
            width = max(end - start, 1)
            pieces.append(Piece(start, width, watch.quality, False, tips.watch(watch)))
        found.append(Strip(y, source, pieces))
        y += STRIP + 16
    return found, y, len(by_source) - len(found)
