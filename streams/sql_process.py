"""The process in which one `truce sql` is answered: it can read the lake, and harm only itself.

Asked on stdin, it prints the answer on its stdout, and says on a pipe how it went. Whoever started
it bounds its time, and says what became of it if it ends otherwise.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn

from analytics.lake.confine import bound_memory, confine
from analytics.lake.session import (
    DATA,
    Connection,
    EngineError,
    LakeError,
    copy_catalogue,
    open_copy,
)
from analytics.lake.statements import Refused, asking, is_plan, is_preparing
from streams.rows import Column, Rows, print_rows

ANSWERING, PRINTING = "a", "p"
NICENESS = 10
HEAD_ROOM = 128 * 2**20
"""What may be mapped beyond TRUCE_MEMORY: stacks, rows on their way, and what malloc keeps."""
ROWS_AT_ONCE = 2_000
_UNITS = {"K": 1, "M": 2, "G": 3, "T": 4}


class Asked(NamedTuple):
    """What is asked: `sql` of the lake in `lake`, whose catalogue is to be copied to `folder`."""

    lake: str
    folder: str
    sql: str
    form: str
    memory: str


def main() -> NoReturn:
    """Answer what comes on stdin. Ends the process."""
    said = os.fdopen(int(sys.argv[1]), "w", buffering=1, encoding="utf-8")
    os.nice(NICENESS)
    line = sys.stdin.buffer.readline()
    if not line:
        os._exit(0)  # nothing is asked any more
    threading.Thread(target=_until_left, daemon=True).start()
    _silence()
    problem = _problem_of(Asked(**json.loads(line)), said)
    said.write(json.dumps({"problem": problem}) + "\n")
    said.flush()
    # Without tidying up: a result half read has nothing to say any more.
    os._exit(0)


def _until_left() -> None:
    """End with the process that asks, in whatever way that ends."""
    sys.stdin.buffer.read()
    os._exit(0)


def _silence() -> None:
    """Let only Python write to stderr: what a library says when it dies is no answer."""
    sys.stderr = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)


def _problem_of(asked: Asked, said: IO[str]) -> str | None:
    """Answer; what is wrong with what was asked, if something is."""
    try:
        _answer(asked, said)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has enough.
        return None
    except (Refused, LakeError, EngineError) as error:
        return str(error)
    except MemoryError:
        return f"Out of Memory Error: more than {asked.memory} are not to be had (TRUCE_MEMORY)"
    except Exception as error:  # noqa: BLE001 - whatever it was, it is this query's
        return f"{type(error).__name__}: {error}"
    return None


def _answer(asked: Asked, said: IO[str]) -> None:
    connection = opened(Path(asked.lake), Path(asked.folder), asked.memory)
    for statement in asking(asked.sql):
        connection.execute(statement)
        described = connection.description
        # What finds the columns of a PIVOT answers nothing.
        if described and not is_preparing(statement):
            columns = [Column(str(name), str(kind)) for name, kind, *_ in described]
            form = "text" if is_plan(statement) and asked.form == "table" else asked.form
            print_rows(form, Rows(columns, _rows(connection, said)))


def opened(lake: Path, folder: Path, memory: str) -> Connection:
    """The lake, in a process that from now on can only read, and has so much memory."""
    copy_catalogue(lake, folder)
    # Before DuckDB begins threads: they are bound by it, too.
    confine([lake.resolve() / DATA, folder])
    connection = open_copy(lake, folder, memory_limit=memory, threads=2, spill=False)
    bound_memory(in_bytes(memory) + HEAD_ROOM)
    return connection


def _rows(connection: Connection, said: IO[str]) -> Iterator[tuple[Any, ...]]:
    """The rows; time in which they are printed, or nobody reads them, is not the query's."""
    while rows := connection.fetchmany(ROWS_AT_ONCE):
        said.write(PRINTING + "\n")
        yield from rows
        said.write(ANSWERING + "\n")


def in_bytes(memory: str) -> int:
    """How many bytes a size such as 400MB or 2 GiB is."""
    found = re.fullmatch(r"\s*([\d.]+)\s*([KMGT])(i?)B\s*", memory, re.IGNORECASE)
    if found is None:
        raise ValueError(memory)
    return int(float(found[1]) * (1024 if found[3] else 1000) ** _UNITS[found[2].upper()])


if __name__ == "__main__":
    main()
