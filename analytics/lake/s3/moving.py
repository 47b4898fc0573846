"""Gives a new lake its place on S3, which nothing else may have, and readers the way to it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import duckdb

from analytics.lake.catalogue.place import (
    DATA_POINTER,
    data_of,
    keep_in_postgres,
    keep_on_s3,
    place_of,
    postgres_of,
)
from analytics.lake.catalogue.server import Server
from analytics.lake.s3.access import give_access, is_on_s3
from analytics.lake.s3.files import is_empty


def put_on_s3(lake: Path, data: str, postgres: str) -> None:
    """Have the lake in this directory keep its data at `data`. duckdb.Error, OSError: it may not.

    Whoever has a lake deletes all files below its place that the lake does not know: so a lake that
    has no catalogue yet begins where there is nothing. `postgres`: where that is, if not in a file.
    """
    here, known = place_of(lake).exists(), data_of(lake)
    if here and known != data:
        raise OSError(
            f"its data is in {known}, not in {data}: delete {lake}, and what PostgreSQL has of it, "
            "and all is written there"
        )
    if here:
        return
    written = _data_in_server(postgres) if postgres else None
    if written not in {None, data}:
        raise OSError(f"the data of the lake in that database is in {written}, not in {data}")
    # With the pointer, this directory began there before, and was killed or lost its catalogue.
    if written is None and not (known == data and (lake / DATA_POINTER).exists()):
        with duckdb.connect(config={"autoload_known_extensions": False}) as connection:
            give_access(connection, data)
            if not is_empty(connection, data):
                raise OSError(f"{data} is not empty: delete what is there, or choose another")
    keep_on_s3(lake, data)


def read_from(lake: Path, postgres: str) -> None:
    """Have this directory, which has no lake, be that of the one whose catalogue is there.

    So a machine reads what others write. OSError: it may not, or there is none on S3.
    """
    if place_of(lake).exists() and postgres_of(lake) != postgres:
        raise OSError(f"{lake} has another lake")
    try:
        data = _data_in_server(postgres)
    except duckdb.Error as error:
        raise OSError(str(error).splitlines()[0]) from error
    if data is None:
        raise OSError("that database has no lake yet: a worker makes it")
    if not is_on_s3(data):
        raise OSError(f"the data of the lake in that database is in {data}: set TRUCE_LAKE to that")
    keep_on_s3(lake, data)
    keep_in_postgres(lake, postgres)


def _data_in_server(postgres: str) -> str | None:
    with closing(Server(postgres)) as server:
        return server.data()
