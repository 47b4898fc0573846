"""The tables of a lake as Parquet files, including the rows inlined in its catalogue."""

from __future__ import annotations

from pathlib import Path

import duckdb

from analytics.lake.attached import attach
from analytics.lake.catalogue.place import attach_statement, data_of, postgres_of
from analytics.lake.parts import lake_views, ownership, workers_in
from analytics.lake.s3.access import access_by_hand, is_on_s3
from analytics.lake.writer import TABLES
from analytics.queries import queries, write_views

__all__ = ["ExportFailed", "export", "opening", "views_file"]


def opening(path: Path) -> list[str]:
    """What somebody types to attach the lake at `path` as `lake`. Raises ExportFailed."""
    try:
        data = data_of(path)
        access = [access_by_hand(data)] if is_on_s3(data) else []
        return [*access, attach_statement(path)]
    except OSError as error:
        raise ExportFailed(f"{path} cannot be attached: {error}") from error


def writers_of(lake: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The workers that write the lake that is attached here, if several do."""
    return workers_in([schema for (schema,) in lake.execute(queries("lake")["parts"]).fetchall()])


def views_file(path: Path) -> Path:
    """Write the views of the lake at `path` beside it. Raises ExportFailed.

    If several workers write it, they show whose rows were to be shown when the file is read.
    """
    tables = ""
    try:
        if postgres_of(path) is not None:
            with attach(path, read_only=True) as lake:
                if workers := writers_of(lake):
                    tables = f"{lake_views(workers)}\n{ownership(workers)}\n"
        return write_views(path, tables)
    except (duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ExportFailed(f"the views were not written to {path}: {reason}") from error


class ExportFailed(Exception):  # noqa: N818 - named as what is the case
    """The files cannot be written, or the lake cannot be read."""


def export(path: Path, folder: Path) -> list[Path]:
    """Write each table of the lake at `path` to a file in `folder`, all as of one moment.

    Each file is written completely or not at all. Raises ExportFailed.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with attach(path, read_only=True) as lake:
            lake.execute("BEGIN")
            workers = writers_of(lake)
            if workers:
                lake.execute(lake_views(workers))
                lake.execute(ownership(workers))
            for table in (*TABLES, "lake_mark"):
                file = folder / f"{table}.parquet"
                draft = folder / f".{table}.parquet"
                sql = queries("lake")["export"]
                # Of several workers, what a reader sees.
                named = table if workers else f"lake.{table}"
                lake.execute(sql, {"named": named, "file": str(draft)})
                draft.replace(file)
                written.append(file)
    except (duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ExportFailed(f"the tables were not written to {folder}: {reason}") from error
    return written
