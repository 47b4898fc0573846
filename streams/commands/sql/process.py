"""The process in which one `truce sql` is answered: it can read the lake, and harm only itself.

Query on stdin, it prints the answer on its stdout, and says on a pipe how it went. Whoever started
it bounds its time, and says what became of it if it ends otherwise.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn

from analytics.lake.confined.asked import QueryResult, Unanswered, answers
from streams.commands.sql.rows import Column, ResultRows, print_rows
from streams.plain_output import keep_printing

ANSWERING, PRINTING = "a", "p"
NICENESS = 19


class Query(NamedTuple):
    """A query: `sql` on the lake in `lake`, whose catalogue is to be copied to `folder`."""

    lake: str
    folder: str
    sql: str
    form: str
    memory: str


def main() -> NoReturn:
    """Answer what comes on stdin. Ends the process."""
    keep_printing()
    said = os.fdopen(int(sys.argv[1]), "w", buffering=1, encoding="utf-8")
    _give_way()
    line = sys.stdin.buffer.readline()
    if not line:
        os._exit(0)  # no query will come any more
    threading.Thread(target=_until_left, daemon=True).start()
    _silence()
    problem = _problem_of(Query(**json.loads(line)), said)
    said.write(json.dumps({"problem": problem}) + "\n")
    said.flush()
    # Without tidying up: a result half read has nothing to say any more.
    os._exit(0)


def _give_way() -> None:
    """Take the processor only where nobody else wants it."""
    os.nice(NICENESS)
    # Linux shares it among sessions first, and this process has one of its own.
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(f"{NICENESS}\n", encoding="ascii")


def _until_left() -> None:
    """End together with the parent process, in whatever way that ends."""
    sys.stdin.buffer.read()
    os._exit(0)


def _silence() -> None:
    """Let only Python write to stderr: what a library says when it dies is no answer."""
    sys.stderr = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)


def _problem_of(query: Query, said: IO[str]) -> str | None:
    """Answer; what is wrong with the query, if anything."""
    try:
        _answer(query, said)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has enough.
        return None
    except Unanswered as error:
        return str(error)
    except MemoryError:
        return f"the answer takes more memory than {query.memory} (TRUCE_MEMORY)"
    except Exception as error:  # noqa: BLE001 - whatever it was, it is this query's
        return f"{type(error).__name__}: {error}"
    return None


def _answer(query: Query, said: IO[str]) -> None:
    for answer in answers(Path(query.lake), Path(query.folder), query.memory, query.sql):
        columns = [Column(*column) for column in answer.columns]
        form = "text" if answer.is_plan and query.form == "table" else query.form
        print_rows(form, ResultRows(columns, _rows(answer, said)))


def _rows(answer: QueryResult, said: IO[str]) -> Iterator[tuple[Any, ...]]:
    """The rows; time in which they are printed, or nobody reads them, is not the query's."""
    while rows := answer.next_rows():
        said.write(PRINTING + "\n")
        yield from rows
        said.write(ANSWERING + "\n")


if __name__ == "__main__":
    main()
