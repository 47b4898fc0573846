"""Gives a lake its place on S3, which nothing else may have, and readers the way to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb

from analytics.lake.catalogue.place import (
    FILE,
    data_of,
    keep_in_postgres,
    keep_on_s3,
    place_of,
    postgres_of,
    remove_file,
)
from analytics.lake.catalogue.server import Server
from analytics.lake.s3.access import is_on_s3
from analytics.lake.s3.marker import PlaceTaken, claim, expect_free, is_unwritten
from analytics.queries import queries
from analytics.storage.database import Session


def look_at_place(lake: Path, wanted: str, postgres: str) -> None:
    """See that the lake in this directory may have its data there, before it is attached.

    So one that may not gets no catalogue. A place on a disk is in the directory, and its own.
    `wanted`: what was set; empty: where it is. `postgres`: where its catalogue is, if not in a
    file. duckdb.Error, OSError: it may not, or it cannot be known.
    """
    data = wanted or data_of(lake)
    if not is_on_s3(data):
        return
    here, known = place_of(lake).exists(), _data_in_file(lake) or data_of(lake)
    if here and known != data:
        raise OSError(
            f"its data is in {known}, not in {data}: delete {lake}, and what PostgreSQL has of it, "
            "and all is written there"
        )
    written = _data_in_server(postgres) if postgres else _data_in_file(lake)
    if written not in {None, data}:
        raise OSError(f"the data of the lake in that database is in {written}, not in {data}")
    if written is None:
        expect_free(data)


def keep_place(lake: Session, path: Path, data: str, postgres: str) -> None:
    """See that the place is this lake's, which is attached, and note in its directory where it is.

    Also before upkeep deletes what is there and is not in its catalogue. duckdb.Error, OSError.
    """
    if not is_on_s3(data):
        return
    try:
        claim(lake, None if postgres else path, data)
    except PlaceTaken:
        # A catalogue that was made just now would pass for a lake that has its data there.
        if not postgres and is_unwritten(lake):
            remove_file(path)
        raise
    keep_on_s3(path, data)


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


def _data_in_file(lake: Path) -> str | None:
    """Where the data is of the catalogue in this directory, by its own record."""
    file = lake.resolve() / FILE
    if place_of(lake).name != FILE or not file.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as catalogue:
            found = catalogue.execute(queries("s3")["data_path"]).fetchone()
    except sqlite3.Error:
        return None
    return str(found[0]).removesuffix("/") if found else None
