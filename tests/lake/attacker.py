"""Asks one statement after the other in a process such as `truce sql` has; what each came to.

LAKE FOLDER MEMORY KINDS as arguments (KINDS: checked or unchecked), statements as JSON lines on stdin;
one JSON line on stdout for each.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from pathlib import Path

import duckdb

from analytics.lake.confined.asked import opened
from analytics.lake.confined.statements import Refused, asking

SECONDS = 2.0
MOST_ROWS = 100


def main() -> None:
    lake, folder, memory, kinds = sys.argv[1:]
    statements = asking if kinds == "checked" else duckdb.extract_statements
    connection = opened(Path(lake), Path(folder), memory)
    for line in sys.stdin:
        timer = threading.Timer(SECONDS, connection.interrupt)
        timer.start()
        try:
            rows = []
            for statement in statements(json.loads(line)):
                connection.execute(statement)
                rows += connection.fetchmany(MOST_ROWS)
            outcome = {"answered": repr(rows)[:100_000]}
        except (Refused, duckdb.Error, MemoryError) as error:
            outcome = {"refused": str(error)}
        finally:
            timer.cancel()
            with contextlib.suppress(duckdb.Error):
                connection.execute("ROLLBACK")
        sys.stdout.write(json.dumps(outcome) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
