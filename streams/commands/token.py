"""`truce token`: adds, shows and takes back the tokens of those who may post."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from streams.commands.console import err, say, table
from streams.errors import BadInput
from streams.http import tokens
from streams.settings import Settings


def run_add(settings: Settings, name: str, sources: Sequence[str], conflicts: Sequence[str]) -> int:
    """Add a writer and print its token, alone, to stdout. Returns the exit code."""
    path = settings.tokens_file
    with _explained(settings):
        if settings.tokens is None:
            settings.data_dir.mkdir(parents=True, exist_ok=True)
        token = tokens.add(path, name, sources, conflicts)
    of = f" of {', '.join(conflicts)}" if conflicts else ""
    err(f"{name} may post events{of} from {', '.join(sources)} and below. Its token, shown once:")
    sys.stdout.write(f"{token}\n")
    return 0


def run_list(settings: Settings, *, as_json: bool) -> int:
    """Print the writers. Returns the exit code."""
    with _explained(settings):
        known = tokens.read_tokens(settings.tokens_file)
    if as_json:
        found = [
            {
                "name": one.name,
                "sources": one.sources,
                "conflicts": one.conflicts,
                "created": one.created,
            }
            for one in known
        ]
        say(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    if not known:
        err("There is no token yet: truce token add makes one.")
        return 0
    rows = [
        (one.name, ", ".join(one.sources), ", ".join(one.conflicts or ("any",)), one.created)
        for one in known
    ]
    table(("name", "sources", "conflicts", "created"), rows)
    return 0


def run_remove(settings: Settings, name: str) -> int:
    """Take back a token. Returns the exit code."""
    with _explained(settings):
        tokens.remove(settings.tokens_file, name)
    err(f"The token of {name} is taken back: from now on nobody may post with it.")
    return 0


@contextmanager
def _explained(settings: Settings) -> Iterator[None]:
    try:
        yield
    except tokens.TokenError as error:
        raise BadInput(str(error)) from error
    except OSError as error:
        reason = error.strerror or error
        raise BadInput(f"{settings.tokens_file} cannot be written: {reason}") from error
