"""The tables of a lake as Parquet files, including the rows inlined in its catalogue."""

from __future__ import annotations

from pathlib import Path

import duckdb

from analytics.lake.attached import attach
from analytics.lake.catalogue.place import attach_statement
from analytics.lake.writer import TABLES
from analytics.queries import queries

__all__ = ["ExportFailed", "attach_statement", "export"]


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
            for table in (*TABLES, "lake_mark"):
                file = folder / f"{table}.parquet"
                draft = folder / f".{table}.parquet"
                sql = queries("lake")["export"]
                lake.execute(sql, {"named": f"lake.{table}", "file": str(draft)})
                draft.replace(file)
                written.append(file)
    except (duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ExportFailed(f"the tables were not written to {folder}: {reason}") from error
    return written
