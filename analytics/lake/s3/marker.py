"""Whose a place on S3 is, by an object beside it.

DuckLake deletes all that is below the place of its data and that its catalogue does not name: of
two lakes with one place, or with one place in the other, each would delete what the other has.
The object is not below the place, so that no upkeep deletes it, and is below each place around it.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import duckdb

from analytics.lake.s3.access import give_access
from analytics.lake.s3.files import is_empty
from analytics.queries import queries
from analytics.storage.database import Session


class PlaceTaken(OSError):  # noqa: N818 - named as what is the case
    """The place is not this lake's."""


class Owner(NamedTuple):
    """A lake, by what its catalogue was named when it was made, and the directory of that.

    A catalogue in PostgreSQL is of no directory.
    """

    lake: str
    host: str = ""
    device: int = 0
    inode: int = 0

    def is_also(self, other: Owner) -> bool:
        """Whether these are the same lake, and not one of them a copy of the other's directory.

        A recreated container has another host name, and a disk may have another number
        after a restart: one of them has to be the same.
        """
        return (self.lake, self.inode) == (other.lake, other.inode) and (
            self.host == other.host or self.device == other.device
        )


def marker_of(data: str) -> str:
    """The object that says whose this place is."""
    return f"{data}.lake"


def expect_free(data: str) -> None:
    """See that a lake without a catalogue may begin here. PlaceTaken, OSError, duckdb.Error."""
    with _access_to_bucket(data) as bucket:
        if _owner(bucket, data) is not None:
            raise _of_another(data)
        _expect_nothing_near(bucket, data)


def claim(lake: Session, directory: Path | None, data: str) -> None:
    """See that this place is that of the lake that is attached, or make it so if it is nobody's.

    `directory`: of its catalogue; None: that is in PostgreSQL. PlaceTaken, OSError, duckdb.Error.
    """
    [(identity,)] = lake.execute(queries("s3")["identity"])
    own = Owner(str(identity))
    if directory is not None:
        status = directory.stat()
        own = Owner(str(identity), platform.node(), status.st_dev, status.st_ino)
    with _access_to_bucket(data) as bucket:
        found = _owner(bucket, data)
        if found is None:
            _expect_nothing_near(bucket, data)
            _write(bucket, data, own)
            # Another that began at the same moment, here or in a place around this one, has
            # written its own by now, or will see this one.
            _expect_nothing_near(bucket, data)
            found = _owner(bucket, data)
        if found is None or found.lake != own.lake:
            raise _of_another(data)
        if not found.is_also(own):
            raise PlaceTaken(
                f"{data} is that of the directory that {directory} was copied from or was before "
                f"it moved ({marker_of(data)}): delete {directory}, and choose another "
                "TRUCE_LAKE_DATA"
            )
        if found != own:
            _write(bucket, data, own)


def is_unwritten(lake: Session) -> bool:
    """Whether nothing was ever written to the lake that is attached. duckdb.Error."""
    return bool(lake.execute(queries("s3")["is_unwritten"])[0][0])


def _of_another(data: str) -> PlaceTaken:
    return PlaceTaken(
        f"{data} is another lake's, or this one's before it lost its catalogue ({marker_of(data)}):"
        " choose another TRUCE_LAKE_DATA, or delete both if nobody has that lake"
    )


def _expect_nothing_near(bucket: duckdb.DuckDBPyConnection, data: str) -> None:
    if not is_empty(bucket, data):
        raise PlaceTaken(
            f"{data} is not empty: delete what is there, or choose another TRUCE_LAKE_DATA"
        )
    around = data.rpartition("/")[0]
    while around != _bucket(data):
        if _owner(bucket, around) is not None:
            raise PlaceTaken(
                f"{data} is in the place of another lake ({marker_of(around)}), which would delete "
                "its files: choose another TRUCE_LAKE_DATA"
            )
        around = around.rpartition("/")[0]


def _bucket(data: str) -> str:
    return "/".join(data.split("/")[:3])


@contextmanager
def _access_to_bucket(data: str) -> Iterator[duckdb.DuckDBPyConnection]:
    # The lake's own connection reaches what is below its place, and nothing beside that.
    with duckdb.connect(config={"autoload_known_extensions": False}) as connection:
        give_access(connection, _bucket(data))
        yield connection


def _owner(bucket: duckdb.DuckDBPyConnection, data: str) -> Owner | None:
    try:
        found = bucket.execute(queries("s3")["marker"], {"file": marker_of(data)}).fetchall()
    except duckdb.HTTPException as error:
        if error.status_code == HTTPStatus.NOT_FOUND:
            return None
        raise
    try:
        return Owner(**json.loads(found[0][0]))
    except (ValueError, TypeError):
        raise PlaceTaken(f"{marker_of(data)} is not what a lake has written") from None


def _write(bucket: duckdb.DuckDBPyConnection, data: str, owner: Owner) -> None:
    bucket.execute(queries("s3")["mark"], {"file": marker_of(data), **owner._asdict()})
