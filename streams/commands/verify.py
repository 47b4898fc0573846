"""`truce verify`: every verdict recomputed in another way and compared with the stored, by row.

Judges nothing itself: the audit does, in SQL, over the lake; and each table of the lake is counted
and hashed, as the transactions of the ledger said that it must be.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence

from analytics.audit.audit import Audit, Compared, Difference, Values
from analytics.lake.contents import TableDifference, differing_tables
from analytics.provenance import JudgedSince, provenance
from analytics.read_model import ReadModel
from schemas.safe_text import for_json
from schemas.time import iso
from streams.commands.console import err, say, table, waiting
from streams.commands.lake_reader import opened
from streams.explain.judges import other_judges
from streams.explain.words import counted
from streams.settings import Settings

MOST_SHOWN = 100
"""How many differing rows are printed for people; a program gets all of them."""
SAME, DIFFERENT = 0, 1


def run_verify(settings: Settings, *, as_json: bool) -> int:
    """Recompute, compare and print. Returns the exit code: 1 if any row or table differs."""
    with opened(settings) as lake, Audit(memory_limit=settings.memory) as audit:
        with waiting("counting what the lake holds"):
            incomplete = differing_tables(lake)
        with waiting("reading claims, reports and verdicts"):
            audit.take(lake.connection)
        with waiting("judging everything again"):
            audit.recompute()
        compared = audit.compared()
        history = ReadModel(lake.ask).provenance()
        show_all = print_json if as_json else show
        return show_all(compared, incomplete, audit.differences(), history)


def show(
    compared: Compared,
    incomplete: Sequence[TableDifference],
    differences: Iterator[Difference],
    history: Sequence[JudgedSince],
) -> int:
    """Print one line if nothing differs, else what does, for people."""
    for one in incomplete:
        place = one.table if one.worker is None else f"{one.table} of {one.worker}"
        say(
            f"{place}: {counted(one.found, 'row')} in the lake, where the ledger wrote "
            f"{one.written:,}" + ("" if one.found != one.written else " of other content")
        )
    found = 0
    for difference in differences:
        found += 1
        if found <= MOST_SHOWN:
            _show_one(difference)
    rows = (
        f"{counted(compared.claim_verdicts, 'row')} of claim_verdicts and "
        f"{compared.verdicts:,} of verdicts, recomputed from {counted(compared.claims, 'claim')} "
        f"and {counted(compared.reports, 'report')} of {counted(compared.incidents, 'incident')}"
    )
    if incomplete:
        tables = counted(len(incomplete), "table")
        err(f"{tables} of the lake not as the ledger wrote: do not rely on it", style="bold red")
    if not found:
        say(f"No difference in {rows}.")
        return DIFFERENT if incomplete else SAME
    if found > MOST_SHOWN:
        err(f"The first {MOST_SHOWN:,} of {found:,} rows that differ; --json has all")
    for line in other_judges(history, provenance()):
        err(line)
    err(
        f"{counted(found, 'difference')} in {rows}: do not rely on these verdicts", style="bold red"
    )
    return DIFFERENT


def _show_one(difference: Difference) -> None:
    names = (difference.commitment_id, difference.claim_id, difference.incident_id)
    where = ", ".join(name for name in names if name is not None)
    say(f"{difference.table}: {where} ({difference.conflict}){_fault(difference)}")
    rows = [
        (column, _word(difference.stored, column), _word(difference.recomputed, column))
        for column in difference.columns
    ]
    table(("column", "stored", "recomputed"), rows, indent=2)
    say()


def _fault(difference: Difference) -> str:
    if difference.is_doubled:
        return ": stored more than once"
    if difference.stored is None:
        return ": a row is missing"
    return ": a row too many" if difference.recomputed is None else ""


def _word(side: Values | None, column: str) -> str:
    if side is None:
        return ""
    value = side[column]
    if isinstance(value, bool):
        return "true" if value else "false"
    return "NULL" if value is None else str(value)


def print_json(
    compared: Compared,
    incomplete: Sequence[TableDifference],
    differences: Iterator[Difference],
    history: Sequence[JudgedSince],
) -> int:
    """Print one JSON object: what was compared, every table and every row that differs."""
    found = 0
    write = sys.stdout.write
    tables = json.dumps([one._asdict() for one in incomplete])
    judged = [{**one.by._asdict(), "since": one.since and iso(one.since)} for one in history]
    write(f'{{"compared": {json.dumps(compared._asdict())},\n"tables": {tables},\n')
    write(f'"judged_by": {json.dumps(judged)},\n')
    write(f'"recomputed_by": {json.dumps(provenance()._asdict())},\n')
    write('"differences": [')
    for difference in differences:
        document = {**difference._asdict(), "columns": difference.columns}
        write((",\n" if found else "\n") + for_json(json.dumps(document, ensure_ascii=False)))
        found += 1
    write("]}\n")
    return DIFFERENT if found or incomplete else SAME
