"""`truce verify`: every verdict recomputed in another way and compared with the stored, by row.

Judges nothing itself: the audit does, in SQL. It reads a running worker's database through its
read-only door, or the file when none runs.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator

from analytics.audit import Audit, Compared, Difference, NotTaken, Values
from analytics.ledger import LedgerInUse, LedgerMissing
from schemas.safe_text import for_json
from streams.client import SECONDS_BETWEEN_LOOKS, SECONDS_FOR_A_WORKER_TO_START, worker_of
from streams.command import BadInput, Unreachable
from streams.present import counted, err, say, table, waiting
from streams.settings import Settings

MOST_SHOWN = 100
"""How many differing rows are printed for people; a program gets all of them."""
SAME, DIFFERENT = 0, 1


def run_verify(settings: Settings, *, as_json: bool) -> int:
    """Recompute, compare and print. Returns the exit code: 1 if any row differs."""
    with Audit(memory_limit=settings.memory) as audit:
        with waiting("reading claims, reports and verdicts"):
            take(audit, settings)
        with waiting("judging everything again"):
            audit.recompute()
        compared = audit.compared()
        return (print_json if as_json else show)(compared, audit.differences())


def take(audit: Audit, settings: Settings) -> None:
    """Let the audit copy what is known: by the running worker, or in the file when none runs.

    BadInput: there is no database. Unreachable: somebody holds it who does not answer.
    """
    until = time.monotonic() + SECONDS_FOR_A_WORKER_TO_START
    while True:
        try:
            worker = worker_of(settings)
            if worker is None:
                audit.take_file(settings.database)
            else:
                audit.take_from_worker(worker.quack, worker.quack_token)
        except LedgerMissing as error:
            raise BadInput(
                f"there is no {error.path} yet: make one with `truce demo` or `truce run`, "
                "or choose its directory with --data-dir"
            ) from error
        except (LedgerInUse, NotTaken) as error:
            # A worker that starts or stops holds the file for a moment before it can be asked.
            if time.monotonic() > until:
                raise Unreachable(
                    f"{error}; if a worker starts or stops, try again in a moment"
                ) from error
            time.sleep(SECONDS_BETWEEN_LOOKS)
        else:
            return


def show(compared: Compared, differences: Iterator[Difference]) -> int:
    """Print one line if nothing differs, else the differing rows, for people."""
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
    if not found:
        say(f"No difference in {rows}.")
        return SAME
    if found > MOST_SHOWN:
        err(f"The first {MOST_SHOWN:,} of {found:,} rows that differ; --json has all")
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


def print_json(compared: Compared, differences: Iterator[Difference]) -> int:
    """Print one JSON object: what was compared, and every row that differs."""
    found = 0
    write = sys.stdout.write
    write(f'{{"compared": {json.dumps(compared._asdict())},\n"differences": [')
    for difference in differences:
        document = {**difference._asdict(), "columns": difference.columns}
        write((",\n" if found else "\n") + for_json(json.dumps(document, ensure_ascii=False)))
        found += 1
    write("]}\n")
    return DIFFERENT if found else SAME
