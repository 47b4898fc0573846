"""The read-only door: SQL over Quack on what a running worker knows, or on its file when none runs.

Quack itself would let its clients do anything. Here a statement is parsed before it is run, and
refused unless it is one SELECT that calls only functions known to do no more than compute.
"""

from __future__ import annotations

import secrets
import socket
import weakref
from collections.abc import Iterator
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Self

import duckdb

from analytics.database import connect
from analytics.ledger import Ledger
from analytics.queries import queries

_PORTS_TO_TRY = 5
_ROWS_AT_ONCE = 2_000
_SECONDS_TO_START = 10


class LiveError(Exception):
    """No answer: the message says why, in one line."""


class Refused(LiveError):  # noqa: N818
    """The statement is not one that is answered here."""

    def __init__(self) -> None:
        super().__init__(
            "refused: only one SELECT at a time, without functions that act, read files or tell "
            "settings"
        )


class BadQuery(LiveError):  # noqa: N818
    """The statement is wrong: the database's own words."""


class Unreachable(LiveError):  # noqa: N818
    """Nobody answers at this address, or not to this token."""


class Column(NamedTuple):
    """A column of an answer; `type` as DuckDB names it."""

    name: str
    type: str


class Answer:
    """Columns, and rows as they are asked for: booleans, NULLs, times and lists as Python has them.

    Close it, use it in a `with`, or take all of its rows.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, *, owner: Client | None = None
    ) -> None:
        self._connection, self._owner = connection, owner
        described = connection.description or []
        self.columns = tuple(Column(str(name), str(kind)) for name, kind, *_ in described)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        try:
            while rows := self._connection.fetchmany(_ROWS_AT_ONCE):
                yield from rows
        except duckdb.Error as error:
            raise _explained(error) from None
        finally:
            self.close()

    def close(self) -> None:
        """Let go of what is left of the answer."""
        self._connection.close()
        if self._owner is not None:
            self._owner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class LiveServer:
    """The door of a running worker, open. Who knows `uri` and `token` may read."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, uri: str, token: str) -> None:
        self.uri, self.token = uri, token
        self._connection = connection
        # A server that is left running would keep the interpreter from ending.
        self._stop = weakref.finalize(self, _stop, connection, uri)

    def sweep(self, older_than_seconds: float = 600) -> int:
        """Drop all answers if one is left open for longer; how many were. For every minute or so.

        A client that was killed leaves its answer open for ever, and no checkpoint is made until it
        is gone. Quack drops them only all together; clients that come again notice nothing.
        """
        sql = queries("guard")
        [(count, longest)] = self._connection.execute(sql["left_open"]).fetchall()
        if not count or longest < older_than_seconds:
            return 0
        values = {"uri": self.uri, "token": self.token}
        self._connection.execute(sql["stop"], {"uri": self.uri}).fetchall()
        self._connection.execute(sql["serve"], values).fetchall()
        _wait_until_it_answers(self.uri)
        return int(count)

    def close(self) -> None:
        """Close the door. Must come before the ledger is closed."""
        self._stop()


def serve(ledger: Ledger) -> LiveServer:
    """Open the read-only door on 127.0.0.1, at a free port and with a token of its own.

    Once for a ledger: its settings are locked from then on, and it reaches no other file.
    """
    connection = ledger.cursor()
    sql = queries("guard")
    load_quack(connection)
    for name in ("attach", "allowed", "allowed_names", "read_only", "authorize", "no_objects"):
        connection.execute(sql[name])
    token = secrets.token_hex(32)
    uri = _listen(connection, token)
    connection.execute(sql["no_files"])
    connection.execute(sql["lock"])
    _wait_until_it_answers(uri)
    return LiveServer(connection, uri, token)


def _listen(connection: duckdb.DuckDBPyConnection, token: str) -> str:
    for attempt in range(_PORTS_TO_TRY):
        uri = f"quack:127.0.0.1:{_free_port()}"
        try:
            connection.execute(queries("guard")["serve"], {"uri": uri, "token": token}).fetchall()
        except duckdb.Error as error:
            # Somebody else may have taken the port in between.
            if attempt == _PORTS_TO_TRY - 1:
                raise LiveError(f"cannot listen on {uri}: {_one_line(error)}") from error
        else:
            return uri
    raise AssertionError("the last attempt returns or raises")


def _wait_until_it_answers(uri: str) -> None:
    # The server listens in a thread of its own. Stopped before that began, it would never stop.
    _, host, port = uri.split(":")
    door = HTTPConnection(host, int(port), timeout=_SECONDS_TO_START)
    try:
        door.request("GET", "/")
        door.getresponse().read()
    except OSError as error:
        raise LiveError(f"{uri} was opened and does not answer: {error}") from error
    finally:
        door.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _stop(connection: duckdb.DuckDBPyConnection, uri: str) -> None:
    try:
        connection.execute(queries("guard")["stop"], {"uri": uri}).fetchall()
        connection.close()
    except duckdb.Error:
        # The database is closed already, and its server with it.
        return


def load_quack(connection: duckdb.DuckDBPyConnection) -> None:
    """Load Quack, and httpfs which it needs, from their wheels; DuckDB checks their signatures."""
    for name in ("httpfs", "quack"):
        spec = find_spec(f"duckdb_extension_{name}")
        if spec is None or not spec.submodule_search_locations:
            raise LiveError(f"duckdb-extension-{name} is not installed: install the requirements")
        folder = Path(spec.submodule_search_locations[0], "extensions", f"v{duckdb.__version__}")
        path = str(folder / f"{name}.duckdb_extension").replace("'", "''")
        try:
            connection.execute(f"LOAD '{path}'")
        except duckdb.Error as error:
            raise LiveError(f"{name} cannot be loaded: {_one_line(error)}") from error


class Client:
    """Someone who asks a running worker, again and again. The worker need not be there yet."""

    def __init__(self, uri: str, token: str) -> None:
        self._where = {"uri": uri, "token": token}
        self._connection = duckdb.connect(
            config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
        )
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
        load_quack(self._connection)

    def query(self, sql: str, *, once: bool = False) -> Answer:
        """The answer to one SELECT; `once`: closing it closes the client.

        Refused, BadQuery or Unreachable, all of them LiveErrors.
        """
        cursor = self._connection.cursor()
        try:
            cursor.execute(queries("guard")["ask"], {**self._where, "sql": sql})
            return Answer(cursor, owner=self if once else None)
        except duckdb.Error as error:
            explained = _explained(error)
            if isinstance(explained, Refused):
                explained = _mistake(cursor, sql) or explained
            cursor.close()
            raise explained from None

    def close(self) -> None:
        """Let go of it, and of the answers that are still open."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def query(uri: str, token: str, sql: str) -> Answer:
    """Ask a running worker once. Refused, BadQuery or Unreachable, all of them LiveErrors."""
    client = Client(uri, token)
    try:
        return client.query(sql, once=True)
    except LiveError:
        client.close()
        raise


def _mistake(connection: duckdb.DuckDBPyConnection, sql: str) -> BadQuery | None:
    """What cannot be parsed is refused, too: here is what is wrong with it, if that is why."""
    found = connection.execute(queries("guard")["mistake"], {"sql": sql}).fetchall()
    return BadQuery(str(found[0][0])) if found and found[0][0] is not None else None


def query_file(path: Path, sql: str) -> Answer:
    """Ask the file itself. BadQuery, or a LedgerError: LedgerInUse while a worker runs."""
    connection = connect(path, read_only=True, threads=2)
    try:
        for name in ("no_objects", "no_files", "lock"):
            connection.execute(queries("guard")[name])
        connection.execute(sql)
        return Answer(connection)
    except duckdb.Error as error:
        connection.close()
        raise _explained(error) from None


def _explained(error: duckdb.Error) -> LiveError:
    said = str(error)
    if "Authorization failed" in said:
        return Refused()
    if "Authentication failed" in said:
        return Unreachable("the worker does not know this token: it may be a new one")
    if isinstance(error, duckdb.IOException | duckdb.HTTPException):
        return Unreachable(f"the worker does not answer: {_one_line(error)}")
    return BadQuery(_one_line(error))


def _one_line(error: duckdb.Error) -> str:
    """The database's words without the quotation of our own statement around them."""
    lines = (line.strip() for line in str(error).splitlines())
    kept = [line for line in lines if line and "quack_query(" not in line and line != "^"]
    while kept and kept[-1].startswith("LINE ") and "quack_query" in kept[-1]:
        kept.pop()
    return " ".join(kept)
