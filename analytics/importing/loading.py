"""Loads the rows of files into DuckDB: the tables that a source's SQL begins with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import numpy as np
import pyarrow as pa

from analytics.importing.columnar import read_columns
from analytics.importing.layouts import fit, fits
from analytics.importing.problems import ImportFailed
from analytics.importing.reading import SourceRows, open_rows
from analytics.importing.sources import Dataset, shared_tables
from analytics.lake.folders import PrivateFolder
from analytics.queries import queries
from analytics.storage.database import quoted

_T = TypeVar("_T")
_BATCH = 4_096
MEMORY = "250MB"
Workshop = duckdb.DuckDBPyConnection
"""A database in memory in which an import is made."""


@dataclass(slots=True)
class Loaded:
    """What was read: how many rows of which file, what is wrong with some, and what is odd.

    `ragged`: (file, line, reason) of the rows that are in no table, by their number.
    """

    rows: dict[str, int] = field(default_factory=dict)
    ragged: dict[int, tuple[str, int, str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many rows there are in all files."""
        return sum(self.rows.values())


@contextmanager
def workshop() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory with the macros and shared tables, which reaches no file any more."""
    folder = PrivateFolder()
    try:
        with duckdb.connect(
            config={
                "memory_limit": MEMORY,
                "threads": 2,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "python_enable_replacements": False,
                "temp_directory": str(folder.path / "spill"),
            }
        ) as connection:
            connection.execute("SET GLOBAL TimeZone = 'UTC'")
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_progress_bar = false")
            for path in shared_tables():
                connection.execute(_shared_table(path))
            connection.execute("SET enable_external_access = false")
            connection.execute(_macros())
            connection.execute(queries("importing")["tables"])
            yield connection
    finally:
        folder.remove()


def _macros() -> str:
    return files("analytics").joinpath("importing", "macros.sql").read_text("utf-8")


def _shared_table(path: Path) -> str:
    """The statement that reads a table that is shipped; its name is that of its file."""
    if not path.stem.isidentifier():
        raise ValueError(path)
    return (
        f"CREATE TABLE {path.stem} AS FROM read_csv({quoted(str(path))}, "
        "header = true, delim = ',', quote = '\"', all_varchar = true, nullstr = '')"
    )


def load(
    connection: duckdb.DuckDBPyConnection,
    source: Dataset,
    paths: Sequence[str],
    conflict: str | None,
) -> Loaded:
    """Read the files into `raw`. ImportFailed: one cannot be read, or has no known header."""
    _set_variables(connection, source, conflict)
    schema = pa.schema(
        [("row", pa.int64()), ("file", pa.string()), ("line", pa.int64()), ("layout", pa.string())]
        + [(name, pa.string()) for name in source.columns]
    )
    connection.from_arrow(schema.empty_table()).create("raw")
    loaded, commas = Loaded(), set[bool]()
    for path in paths:
        if path in loaded.rows:
            raise ImportFailed(f"{path} is named twice")
        commas.add(_load_file(connection, source, path, schema, loaded))
    if len(commas) > 1:
        raise ImportFailed(
            "some of the files have decimal points and some, with semicolons, decimal commas: "
            "import them one by one"
        )
    connection.execute(queries("importing")["decimals"], {"comma": commas == {True}})
    return loaded


def _set_variables(
    connection: duckdb.DuckDBPyConnection, source: Dataset, conflict: str | None
) -> None:
    values = {"zone": source.zone, "conflict": conflict or source.conflict}
    for statement in connection.extract_statements(queries("importing")["variables"]):
        names = statement.named_parameters
        connection.execute(statement, {name: values[name] for name in names})


def _load_file(
    connection: duckdb.DuckDBPyConnection,
    source: Dataset,
    path: str,
    schema: pa.Schema,
    loaded: Loaded,
) -> bool:
    """Read one file. Are its decimals commas?"""
    with open_rows(path, source.encodings, lambda header: fits(source.layouts, header)) as opened:
        found = fit(path, source.layouts, source.misfits, opened.header)
        if found.unknown:
            loaded.warnings.append(f"{path}: {found.unknown_columns()}")
        width, places = len(opened.header), found.places(opened.header, source.columns)
        loaded.rows[path] = 0
        columns = None
        if opened.delimiter is not None:
            columns = read_columns(path, opened.delimiter, width, places)
        if columns is None:
            for batch in _batches(path, opened, found.layout.name, places, loaded):
                connection.from_arrow(pa.table(batch, schema=schema)).insert_into("raw")
        else:
            first, number = loaded.total + 1, len(columns.lines)
            loaded.rows[path] = number
            same = [pa.repeat(one, number) for one in (path, found.layout.name)]
            nothing = pa.nulls(number, pa.string())
            table = [
                pa.array(np.arange(first, first + number)),
                *(same[0], pa.array(columns.lines), same[1]),
                *(nothing if cells is None else cells for cells in columns.cells),
            ]
            connection.from_arrow(pa.table(table, schema=schema)).insert_into("raw")
        return opened.decimal_comma


def _batches(
    path: str, opened: SourceRows, layout: str, places: Sequence[int | None], loaded: Loaded
) -> Iterator[list[list[Any]]]:
    """The columns of `raw`, batch by batch, of a file that is read row by row.

    Rows that have not as many cells as the header are `ragged`.
    """
    width = len(opened.header)
    for rows in batches(opened.rows, _BATCH):
        first = loaded.total + 1
        loaded.rows[path] += len(rows)
        good = []
        for number, row in enumerate(rows, first):
            if len(row.cells) == width:
                good.append((number, row))
            else:
                why = f"expected {width} cells as the header has, found {len(row.cells)}"
                loaded.ragged[number] = (path, row.line, why)
        columns = [
            [number for number, _ in good],
            [path] * len(good),
            [row.line for _, row in good],
            [layout] * len(good),
            *(
                [None] * len(good) if at is None else [row.cells[at] for _, row in good]
                for at in places
            ),
        ]
        yield columns


def batches(rows: Iterable[_T], most: int) -> Iterator[list[_T]]:
    """Lists of so many at most."""
    iterator = iter(rows)
    while batch := list(islice(iterator, most)):
        yield batch
