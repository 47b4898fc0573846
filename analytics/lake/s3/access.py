"""How S3 is reached: its endpoint, region and keys, as the environment of S3's tools has them.

The keys stay in this process: they are parameters of one statement, and no message repeats them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import duckdb

from analytics.lake.extensions import HTTPFS, load
from analytics.queries import queries, with_values

SCHEME = "s3://"
REGION = "us-east-1"
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
PORTS = {"http": 80, "https": 443}
SETTINGS: dict[str, object] = {
    # Each request has so many seconds, and is made once more if it fails.
    "http_timeout": 10,
    "http_retries": 1,
    # Parts of 5 MB, where 80 MB would be held for each file that is being written.
    "s3_uploader_max_filesize": "50GB",
    "s3_uploader_thread_limit": 4,
    # As it is loaded, httpfs takes the keys of the environment as settings, which any SQL can read.
    # The secret has them, and shows them to nobody.
    "s3_access_key_id": "",
    "s3_secret_access_key": "",
    "s3_session_token": "",
}
"""Settings of DuckDB that are made first."""


@dataclass(frozen=True, kw_only=True)
class S3Access:
    """Who reads or writes, and where. `endpoint`: of a server of one's own; empty: AWS."""

    key_id: str
    region: str
    endpoint: str
    encrypted: bool
    port: int
    authorities: str
    secret: str = field(repr=False)
    token: str = field(repr=False)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """What these variables say. OSError: what is missing or wrong."""
        for missing in KEYS:
            if not environ.get(missing, "").strip():
                raise OSError(f"its data is on S3, and the environment has no {missing}")
        name = next((one for one in ENDPOINTS if environ.get(one, "").strip()), None)
        endpoint, encrypted, port = "", True, PORTS["https"]
        if name is not None:
            endpoint, encrypted, port = _endpoint(name, environ[name].strip())
        return cls(
            key_id=environ["AWS_ACCESS_KEY_ID"].strip(),
            region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or REGION,
            endpoint=endpoint,
            encrypted=encrypted,
            port=port,
            authorities=_readable("AWS_CA_BUNDLE", environ),
            secret=environ["AWS_SECRET_ACCESS_KEY"].strip(),
            token=environ.get("AWS_SESSION_TOKEN", "").strip(),
        )

    @property
    def files(self) -> list[Path]:
        """The files that are read for it."""
        return [Path(self.authorities)] if self.authorities else []


def is_on_s3(data: str) -> bool:
    """Whether this place of a lake's data is on S3, and not a directory."""
    return data.startswith(SCHEME)


def give_access(connection: duckdb.DuckDBPyConnection, data: str) -> S3Access:
    """Let this connection reach what is below `data`, for bounded times. OSError, duckdb.Error."""
    access = S3Access.of(os.environ)
    load(connection, HTTPFS)
    sql = queries("s3")
    for name, value in SETTINGS.items():
        connection.execute(sql[name], {"value": value})
    if access.authorities:
        connection.execute(sql["ca_cert_file"], {"value": access.authorities})
    given: dict[str, object] = {
        "key": access.key_id,
        "secret": access.secret,
        "token": access.token,
        "region": access.region,
        "scope": f"{data}/",
    }
    if access.endpoint:
        given |= {"endpoint": access.endpoint, "encrypted": access.encrypted}
    try:
        connection.execute(sql["own_server" if access.endpoint else "aws"], given)
    except duckdb.Error:
        # Its message may have what it could not read.
        raise OSError("DuckDB does not take what the environment says of S3") from None
    return access


def access_by_hand(data: str) -> str:
    """What somebody types for the same in a DuckDB of their own. OSError."""
    access = S3Access.of(os.environ)
    given = {
        "region": access.region,
        "endpoint": access.endpoint,
        "encrypted": str(access.encrypted).lower(),
        "scope": f"{data}/",
    }
    name = "own_server_by_hand" if access.endpoint else "aws_by_hand"
    typed = with_values(queries("s3")[name], given)
    if access.authorities:
        authorities = {"value": access.authorities}
        typed += "\n" + with_values(queries("s3")["ca_cert_file_by_hand"], authorities)
    return typed


def _readable(name: str, environ: Mapping[str, str]) -> str:
    """The file that this variable names, if it names one."""
    path = environ.get(name, "").strip()
    try:
        if path:
            Path(path).open("rb").close()
    except OSError as error:
        # Later it would look as if the server had no certificate of it.
        raise OSError(f"{name}: {error.strerror}: {path}") from None
    return path


def _endpoint(name: str, url: str) -> tuple[str, bool, int]:
    """The host and port of this URL, whether it takes TLS, and the port."""
    # Not repeated: it may have a password in it.
    refused = OSError(f"{name}: expected http://HOST[:PORT] or https://HOST[:PORT]")
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        raise refused from None
    if not port or not parts.hostname or "@" in parts.netloc or parts.path.strip("/"):
        raise refused
    return parts.netloc, parts.scheme == "https", port
