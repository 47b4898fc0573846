"""Has the lake brought up to date: by the worker that runs, or here, if none does."""

from __future__ import annotations

import json
import time
import urllib.request
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit, urlunsplit

from analytics.lake.mark import LakeMark
from analytics.storage.failures import LedgerInUse
from streams.directory import prepare_lake
from streams.endpoint import Endpoint, read_endpoint
from streams.errors import BadInput, CommandError, Unreachable
from streams.settings import Settings

SECONDS_BETWEEN_LOOKS = 0.05
SECONDS_FOR_AN_ANSWER = 35.0
SECONDS_FOR_A_WORKER_TO_START = 6.0


class LedgerHeld(Unreachable):
    """A process without an endpoint holds the ledger, such as a rebuild."""


class LakeBehind(CommandError):  # noqa: N818 - named as what is the case
    """The lake could not be brought up to date: what it has is older."""


def bring_up_to_date(settings: Settings, *, anew: bool = False) -> LakeMark:
    """Have the lake hold all that was acknowledged before; how far it is then.

    `anew`: give it all of the ledger again, which only works without a worker. BadInput: there is
    no ledger. LedgerHeld: by another process. Unreachable: the worker does not answer.
    LakeBehind: it cannot be written.
    """
    until = time.monotonic() + SECONDS_FOR_A_WORKER_TO_START
    while True:
        endpoint = read_endpoint(settings.data_dir)
        if endpoint is not None:
            if anew:
                raise BadInput(f"a worker runs on {settings.data_dir}: stop it before --anew")
            return _ask(endpoint)
        try:
            return _update(settings, anew=anew)
        except LedgerInUse as error:
            # A worker that starts or stops holds it briefly while it has no endpoint.
            if time.monotonic() > until:
                raise LedgerHeld(f"{error}; if a worker starts or stops, try again") from error
            time.sleep(SECONDS_BETWEEN_LOOKS)


def ask_worker(settings: Settings, *, wait: float | None = None) -> LakeMark | None:
    """The same if a worker runs; None: none does, and the lake is left as it is.

    `wait`: for so many seconds for something to be committed, if nothing was. Unreachable,
    LakeBehind: as above.
    """
    endpoint = read_endpoint(settings.data_dir)
    return None if endpoint is None else _ask(endpoint, wait)


def is_fresh(settings: Settings) -> bool:
    """The same for a reader, who gets the lake as it is, and is warned, while the ledger is held.

    Whether it holds all that was acknowledged before. LedgerHeld: there is no lake yet.
    """
    from analytics.lake.catalogue.place import place_of

    if is_elsewhere(settings):
        return False
    try:
        bring_up_to_date(settings)
    except LedgerHeld as error:
        if not place_of(settings.lake).exists():
            raise
        from streams.commands.console import err

        err(f"warning: {error}; this is what the lake has", style="yellow")
        return False
    return True


def is_elsewhere(settings: Settings) -> bool:
    """Whether the lake is that of workers on other machines, which only they bring up to date."""
    from analytics.lake.catalogue.place import postgres_of

    return not settings.database.exists() and postgres_of(settings.lake) is not None


def _update(settings: Settings, *, anew: bool) -> LakeMark:
    # Imported here: where a worker does it, a command is there sooner without.
    from analytics.lake.keeper import Keeper, LakeWriteError
    from analytics.lake.writer import LakeWriter
    from analytics.ledger.ledger import Ledger

    if not settings.database.exists():
        raise BadInput(  # opening would make one
            f"there is no {settings.database} yet: make one with `truce run`, or choose its "
            "directory with --data-dir, such as truce-demo after `truce demo`"
        )
    prepare_lake(settings.lake)
    try:
        with Ledger.open(settings.database, memory_limit=settings.memory) as ledger:
            writer = LakeWriter(
                settings.lake, settings.lake_catalog, settings.worker, settings.lake_data
            )
            keeper = Keeper(writer, ledger.cursor())
            try:
                return keeper.update(anew=anew)
            finally:
                keeper.close()
    except LakeWriteError as error:
        raise LakeBehind(str(error)) from error


def _ask(endpoint: Endpoint, wait: float | None = None) -> LakeMark:
    """Have the worker do it."""
    query = "" if wait is None else f"?wait={wait:g}"
    request = urllib.request.Request(  # noqa: S310 - the address is the worker's own
        f"{_reachable(endpoint.http)}/lake{query}",
        method="POST",
        headers={"Authorization": f"Bearer {endpoint.lake_token}"},
    )
    # No proxy: the worker is on this machine, and the token is for nobody else.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=SECONDS_FOR_AN_ANSWER) as answer:
            return LakeMark(**json.load(answer))
    except HTTPError as error:
        raise LakeBehind(f"the worker answers {error.code}: {_detail(error)}") from error
    except (OSError, HTTPException, ValueError, TypeError) as error:
        raise Unreachable(f"the worker at {endpoint.http} does not answer: {error}") from error


def _detail(error: HTTPError) -> str:
    try:
        return str(json.load(error)["detail"])
    except (OSError, ValueError, KeyError, TypeError):
        return error.reason


def _reachable(url: str) -> str:
    """The same where it can be reached from this machine, if the worker listens everywhere."""
    parts = urlsplit(url)
    loopback = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(parts.hostname or "")  # noqa: S104
    if loopback is None:
        return url
    return urlunsplit(parts._replace(netloc=f"{loopback}:{parts.port}"))
