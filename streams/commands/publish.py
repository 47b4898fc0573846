"""`truce publish`: validates every line, sends the good ones, reports errors in the others."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from analytics.outcomes import LoggedRecord
from schemas.json_lines import CheckedLine, Line, check, checked, read_lines
from schemas.warnings.revisions import LineRevision
from schemas.warnings.warner import Warner
from streams.bar import Bar
from streams.client import worker_of
from streams.commands.console import err, progress_bar, say
from streams.commands.lake_reader import LakeBeside, beside
from streams.commands.waiting import WORKER_ENDED, wait_until_judged
from streams.endpoint import Endpoint
from streams.errors import BadInput, CommandError, Unreachable
from streams.explain.input_lines import LineOutcomes, PublishTally
from streams.explain.outcomes import changes_in_words
from streams.explain.words import counted
from streams.kafka.access import Access, access_to
from streams.kafka.dialling import FILE_NAME, Handed, dial_with
from streams.kafka.publisher import Delivered, EventPublisher
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.commands.locating import Locator

# By which its connections are known from those of a worker in the same process.
CLIENT_ID = "truce-publish"
MOST_NAMED = 20
"""How many lines that had a fate of their own are named; the others are counted."""


class PublishTarget(NamedTuple):
    """Where to publish, and the worker whose database decides when it is done, if there is one.

    `alive` says whether it makes sense to go on.
    """

    access: Access
    declare: Settings | None
    endpoint: Endpoint | None
    alive: Callable[[], bool]
    handed: Handed | None = None


def run_publish(
    settings: Settings,
    files: Sequence[str | Line],
    *,
    dry_run: bool,
    warns: bool = True,
    locate: bool = False,
) -> int:
    """Publish `files`, or single lines. Returns the exit code.

    `warns`: say what is odd; else somebody has said it already. `locate`: give points their codes.
    """
    target = None if dry_run else find_target(settings)
    tally = new_tally()
    locator = locator_of(settings) if locate else None
    with beside(settings) as lake:
        try:
            delivered = publish_files(settings, files, target, tally, locator)
        except Unreachable as error:
            if target is None or target.endpoint in {None, worker_of(settings)}:
                raise
            # The broker has gone with its worker, and with what it had not judged.
            raise Unreachable(WORKER_ENDED) from error
        finally:
            if warns:
                say_warnings(tally, lake)
        if locator is not None:
            locator.say()
        bad = f"; {counted(tally.bad, 'line')} could not be read" if tally.bad else ""
        if delivered is None:
            say(f"{tally.in_words()} would be published{bad}")
            say_revisions(tally.revisions.found)
            return 1 if tally.bad else 0
        if target is None or target.endpoint is None:
            say(f"{tally.in_words()} published{bad}")
            say_revisions(tally.revisions.found)
            err(UNJUDGED)
            return 1 if tally.bad else 0
        outcomes = outcomes_of_lines(lake, target.endpoint.log_id, tally, delivered)
    became = "" if outcomes is None else outcomes.in_words(tally.events)
    say(f"{tally.in_words()} published and judged{became}{bad}")
    if outcomes is None:
        say_revisions(tally.revisions.found)
    else:
        say_outcomes(outcomes)
    return 1 if tally.bad or (outcomes is not None and outcomes.refused) else 0


def locator_of(settings: Settings) -> Locator:
    """What gives points their codes; imported only where that is wanted."""
    from streams.commands.locating import Locator

    return Locator(settings)


def new_tally() -> PublishTally:
    """One for files that are read now: what has no `time` of its own is said now."""
    return PublishTally(Warner(lambda: time.time_ns() // 1_000))


def say_warnings(tally: PublishTally, lake: LakeBeside) -> None:
    """What in the files is odd, beside what was known before."""
    for warning in tally.warner.warnings(lake.known(tally.warner.wanted())):
        err(f"warning: {warning}", style="yellow")


def outcomes_of_lines(
    lake: LakeBeside, log_id: str, tally: PublishTally, delivered: Delivered
) -> LineOutcomes | None:
    """What became of each line, once all are judged; None: that could not be asked, it says why.

    `log_id`: the log of the records of which none is known.
    """
    records = [
        LoggedRecord(one.log_id or log_id, one.partition, one.offset, one.events)
        for one in delivered.records
    ]
    try:
        found = lake.outcomes(records)
    except CommandError as error:
        err(f"warning: what became of each event could not be asked: {error}", style="yellow")
        return None
    firsts, so_far = [], Counter[str]()
    for one in delivered.records:
        firsts.append(so_far[one.conflict])
        so_far[one.conflict] += one.events
    numbered = {
        place: (delivered.records[place.record].conflict, firsts[place.record] + place.place)
        for place in (*found.known, *found.refused)
    }
    lost = set(numbered.values())
    return LineOutcomes(
        sorted(tally.places.of(*numbered[place]) for place in found.known),
        sorted((tally.places.of(*numbered[place]), why) for place, why in found.refused.items()),
        [one for one in tally.revisions.found if (one.conflict, one.number) not in lost],
        found.changes,
    )


def say_outcomes(outcomes: LineOutcomes) -> None:
    """Each line that was refused, on stderr; then what was known and revised, and verdicts."""
    for whence, why in outcomes.refused[:MOST_NAMED]:
        err(f"{whence}: refused: {why}", style="red")
    if len(outcomes.refused) > MOST_NAMED:
        rest = len(outcomes.refused) - MOST_NAMED
        err(f'and {rest:,} more were refused: truce sql "from rejected" says why', style="red")
    if outcomes.known:
        named = ", ".join(str(whence) for whence in outcomes.known[:MOST_NAMED])
        rest = len(outcomes.known) - MOST_NAMED
        say(f"known already: {named}{f' and {rest:,} more' if rest > 0 else ''}")
    say_revisions(outcomes.revised)
    for line in changes_in_words(outcomes.changes):
        say(line)


def say_revisions(revisions: Sequence[LineRevision]) -> None:
    """Which lines revise an earlier one of the same files."""
    for one in revisions[:MOST_NAMED]:
        same = one.whence.file == one.earlier.file
        earlier = f"line {one.earlier.number}" if same else str(one.earlier)
        say(f"{one.whence.file}: line {one.whence.number} revises {earlier}: {one.what}")
    if len(revisions) > MOST_NAMED:
        say(f"and {len(revisions) - MOST_NAMED:,} more lines revise earlier ones")


def find_target(settings: Settings) -> PublishTarget:
    """The broker to publish to: the one that is set, or that of the running worker."""
    if settings.broker:
        return PublishTarget(access_to(settings), settings, None, lambda: True)
    endpoint = worker_of(settings)
    if endpoint is None:
        raise Unreachable(
            f"no worker runs on {settings.data_dir}: start one with `truce run`, "
            "or set TRUCE_BROKER=kafka://HOST:PORT"
        )
    return target_of(settings, endpoint, lambda: worker_of(settings) == endpoint)


def target_of(settings: Settings, endpoint: Endpoint, alive: Callable[[], bool]) -> PublishTarget:
    """The embedded broker of a worker, which hands out the connections to it."""
    access, handed = Access(endpoint.bootstrap), None
    if (settings.data_dir / FILE_NAME).exists():
        handed = Handed(settings.data_dir)
        access = replace(access, client_id=CLIENT_ID)
        dial_with(access.bootstrap, handed, client_id=CLIENT_ID)
    return PublishTarget(access, None, endpoint, alive, handed)


def publish_files(
    settings: Settings,
    files: Sequence[str | Line],
    target: PublishTarget | None,
    tally: PublishTally,
    locator: Locator | None = None,
) -> Delivered | None:
    """Read `files` and send what is good to `target` (None: nowhere, and nothing is returned)."""
    with ExitStack() as stack:
        publisher = None
        if target is not None:
            publisher = stack.enter_context(_publisher_to(target))
        send = _nowhere if publisher is None else publisher.add
        with progress_bar("reading", _size(files)) as progress:
            for lines in _checked(files, progress):
                _publish_lines(lines if locator is None else locator.lines(lines), send, tally)
        if publisher is None or target is None:
            return None
        delivered = publisher.finish()
    if target.endpoint is not None:
        wait_until_judged(settings, target.endpoint, delivered.ends, delivered.log_id)
    return delivered


@contextmanager
def _publisher_to(target: PublishTarget) -> Iterator[EventPublisher]:
    if target.handed is None:
        with EventPublisher(target.access, target.declare, target.alive) as publisher:
            yield publisher
        return
    with (
        closing(target.handed) as handed,
        EventPublisher(target.access, None, target.alive, handed.current_log) as publisher,
    ):
        yield publisher


def _nowhere(_: str, __: bytes) -> None:
    """Where a dry run sends its events."""


def _publish_lines(
    lines: Iterable[tuple[Line, CheckedLine]],
    send: Callable[[str, bytes], None],
    tally: PublishTally,
) -> None:
    for line, found in lines:
        if isinstance(found, tuple):
            tally.bad += 1
            for problem in found:
                err(line.complaint(problem))
        elif line.raw is not None:
            tally.note(found, line)
            send(found.data.conflict, line.raw)


def _checked(
    files: Iterable[str | Line], progress: Bar
) -> Iterator[Iterator[tuple[Line, CheckedLine]]]:
    """The lines of each file; single lines, which may be many, together."""
    for is_line, some in groupby(files, key=lambda one: isinstance(one, Line)):
        if is_line:
            yield ((one, check(one)) for one in some if isinstance(one, Line))
        else:
            for name in some:
                yield checked(_lines(str(name), progress))


def _lines(name: str, progress: Bar) -> Iterator[Line]:
    if name == "-":
        yield from _read("stdin", sys.stdin.buffer, progress)
        return
    try:
        with Path(name).open("rb") as file:
            yield from _read(name, file, progress)
    except OSError as error:
        raise BadInput(f"{name} cannot be read: {error.strerror or error}") from error


def _read(name: str, file: BinaryIO, progress: Bar) -> Iterator[Line]:
    for line in read_lines(name, file):
        yield line
        progress.advance(len(line.raw or b"") + 1)


def _size(files: Sequence[str | Line]) -> int | None:
    """How many bytes there are to read; None if that cannot be known."""
    names = [name for name in files if isinstance(name, str) and name != "-"]
    try:
        return (
            sum(Path(name).stat().st_size for name in names) if len(names) == len(files) else None
        )
    except OSError:
        return None


UNJUDGED = (
    "a worker is still to judge them: what it refuses goes to truce.rejected and to its table "
    "rejected"
)
