"""docs/questions.md: each example's question, its SQL, and what it answers of the shipped scenario.

`make questions` writes it; a test compares it.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import duckdb

import analytics
from analytics.queries import Example, examples
from streams.commands.sql.rows import Column, ResultRows, print_rows
from tests.cli.commands import ROOT, truce

PAGE = ROOT / "docs" / "questions.md"
HEAD = """\
# Questions
What analysts ask, in SQL: each of these runs as it stands on any data, and shows here what it answers of the
shipped scenario ([the energy truce](../schemas/examples/README.md) of early 2026). The prompt of `truce sql` lists
them with `.examples`, and `.examples NAME` has one ready to be run or changed; in a notebook, and for what the
columns mean, see [notebook](notebook.md). `make questions` writes this page from `analytics/examples/`.

In every answer, NULL means unknown, never no. Who says one of `violations_lower`, `violations_upper` and
`unattributed` says all three: at least, at most, and what may be anybody's beside these.
"""


def answer(lake: duckdb.DuckDBPyConnection, example: Example) -> str:
    """What `truce sql` prints of it where no terminal is."""
    lake.execute(example.sql)
    columns = [Column(name, str(kind)) for name, kind, *_ in lake.description or []]
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        print_rows("table", ResultRows(columns, lake.fetchall()))
    return printed.getvalue()


def parts(lake: duckdb.DuckDBPyConnection) -> Iterator[str]:
    yield HEAD
    for example in examples().values():
        note = f"{example.note}\n\n" if example.note else ""
        said = f"## {example.question}\n`{example.name}`\n\n{note}"
        yield f"{said}```sql\n{example.sql}\n```\n\n```text\n{answer(lake, example)}```\n"


def page(data_dir: Path) -> str:
    """The page, as the lake of this data directory answers."""
    return "\n".join(parts(analytics.connect(data_dir / "lake")))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        done = truce("demo", "--http", "127.0.0.1:0", data_dir=data_dir)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        PAGE.write_text(page(data_dir), encoding="utf-8")
