"""DuckLake and what its catalogue is in come from their wheels; nothing is fetched."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import duckdb

from analytics.storage.database import quoted

SQLITE, POSTGRES, HTTPFS = "sqlite_scanner", "postgres_scanner", "httpfs"
NAMES = (SQLITE, "ducklake")
"""What a lake takes whose catalogue is a file; in PostgreSQL or on S3, those, too."""


class ExtensionMissing(Exception):  # noqa: N818 - named as what is the case
    """An extension cannot be loaded; the message says what to do, in one line."""


def load(connection: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Load these, or else `NAMES`; DuckDB checks the signatures. Raises ExtensionMissing."""
    for name in names or NAMES:
        wheel = f"duckdb-extension-{name.replace('_', '-')}"
        spec = find_spec(f"duckdb_extension_{name}")
        if spec is None or not spec.submodule_search_locations:
            raise ExtensionMissing(f"{wheel} is not installed: install the requirements")
        folder = Path(spec.submodule_search_locations[0], "extensions", f"v{duckdb.__version__}")
        path = folder / f"{name}.duckdb_extension"
        try:
            connection.execute(f"LOAD {quoted(path)}")
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise ExtensionMissing(f"{wheel} cannot be loaded: {reason}") from error
