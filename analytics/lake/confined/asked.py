"""Runs a user's statements on the lake in a process that can do nothing but read it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from analytics.lake.catalogue.place import DATA_POINTER, data_of
from analytics.lake.confined.confine import bound_memory, confine
from analytics.lake.confined.statements import Refused, asking, is_plan, is_preparing
from analytics.lake.s3.access import S3Access, is_on_s3
from analytics.lake.session import LakeError, copy_catalogue, open_copy

HEAD_ROOM = 128 * 2**20
"""What may be mapped beyond the memory limit: stacks, rows on their way, and what malloc keeps."""
ROWS_AT_ONCE = 2_000
RESOLVER = Path("/etc/resolv.conf")
"""Often a link to a file outside of /etc."""
_UNITS = {"K": 1, "M": 2, "G": 3, "T": 4}


class Unanswered(Exception):  # noqa: N818 - named as what is the case
    """A statement failed: the message is DuckDB's, or says what is wrong."""


class QueryResult:
    """The result of a statement: columns as (name, type), and rows fetched on demand."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, *, plan: bool) -> None:
        self._connection, self.is_plan = connection, plan
        described = connection.description or []
        self.columns = [(str(name), str(kind)) for name, kind, *_ in described]

    def next_rows(self) -> list[tuple[Any, ...]]:
        """The next rows; empty after the last. Raises Unanswered."""
        try:
            return self._connection.fetchmany(ROWS_AT_ONCE)
        except duckdb.Error as error:
            raise Unanswered(str(error)) from error


def in_bytes(memory: str) -> int:
    """How many bytes a size such as 400MB or 2 GiB is."""
    found = re.fullmatch(r"\s*([\d.]+)\s*([KMGT])(i?)B\s*", memory, re.IGNORECASE)
    if found is None:
        raise ValueError(memory)
    return int(float(found[1]) * (1024 if found[3] else 1000) ** _UNITS[found[2].upper()])


def opened(lake: Path, folder: Path, memory: str) -> duckdb.DuckDBPyConnection:
    """The lake, in this process, which from now on can only read, within this much memory.

    The copy of its catalogue goes into `folder`. If its data is on S3, the port of its endpoint is
    the only one that can be reached. A LakeError.
    """
    copy_catalogue(lake, folder, memory_limit=memory, with_views=True)
    # Before DuckDB starts threads: the limit binds them, too.
    _confine(lake, folder)
    connection = open_copy(lake, folder, memory_limit=memory, threads=2, spill=False, once=True)
    bound_memory(in_bytes(memory) + HEAD_ROOM)
    return connection


def _confine(lake: Path, folder: Path) -> None:
    try:
        data = data_of(lake)
        if not is_on_s3(data):
            confine([Path(data), folder])
            return
        access = S3Access.of(os.environ)
        pointers = [path.resolve() for path in (lake / DATA_POINTER, RESOLVER)]
        confine([folder, *pointers, *access.files], port=access.port)
    except OSError as error:
        raise LakeError(f"{lake} cannot be opened: {error}") from error


def answers(lake: Path, folder: Path, memory: str, sql: str) -> Iterator[QueryResult]:
    """Each statement's result, to be read before the next one runs. Raises Unanswered."""
    try:
        connection = opened(lake, folder, memory)
        for statement in asking(sql):
            connection.execute(statement)
            # The statement that finds the columns of a PIVOT has no result.
            if connection.description and not is_preparing(statement):
                yield QueryResult(connection, plan=is_plan(statement))
    except (Refused, LakeError, duckdb.Error) as error:
        raise Unanswered(str(error)) from error
    except MemoryError as error:
        raise Unanswered(
            f"Out of Memory Error: more than {memory} are not to be had (TRUCE_MEMORY)"
        ) from error
