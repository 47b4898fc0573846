"""A session of its own with the PostgreSQL that a catalogue is in, beside DuckLake's."""

from __future__ import annotations

import contextlib
from typing import Any

import duckdb

from analytics.lake.catalogue.place import in_time
from analytics.lake.extensions import POSTGRES, load
from analytics.queries import queries, with_values

_IN_TIME = "options='-c statement_timeout=5000'"
"""What is asked here is answered at once, unless somebody has locked a table of the catalogue."""


class Server:
    """What it says of a lake, and its locks. It never writes.

    Each method may raise duckdb.Error, as without the server.
    """

    def __init__(self, postgres: str) -> None:
        self._locking = False
        self._connection = duckdb.connect(
            config={
                "memory_limit": "50MB",
                "threads": 1,
                "temp_directory": "",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        try:
            load(self._connection, POSTGRES)
            attach = queries("server")["attach"]
            where = in_time(postgres)
            if "options=" not in postgres:
                where = f"{where} {_IN_TIME}"
            self._connection.execute(with_values(attach, {"pg": where}))
        except BaseException:
            self.close()
            raise

    def lock(self, name: str) -> bool:
        """Take this lock until `close`; whether it is to be had. One may take it again."""
        if not self._locking:
            # DuckDB returns what a session has locked after each transaction. This one reads what
            # is committed, so that it keeps nothing from being vacuumed.
            self._connection.begin()
            self._locking = True
        return bool(self._ask("lock", name=name)[0][0])

    def data(self) -> str | None:
        """Where the data of the lake is whose catalogue is here; None: there is none yet."""
        if not self._ask("has_catalogue")[0][0]:
            return None
        found = self._ask("data")
        return str(found[0][0]).removesuffix("/") if found else None

    def state(self) -> tuple[object, ...]:
        """Something else after each write of the catalogue, upkeep included."""
        return self._ask("state")[0] if self._ask("has_catalogue")[0][0] else ()

    def close(self) -> None:
        """End it, and with it what it locked."""
        # Without its connection, DuckDB would end the process over a transaction that is left.
        with contextlib.suppress(duckdb.Error):
            if self._locking:
                self._connection.rollback()
        with contextlib.suppress(duckdb.Error):
            self._connection.close()

    def _ask(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(queries("server")[statement], values or None).fetchall()
