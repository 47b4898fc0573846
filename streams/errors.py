"""What ends a command: one line for the user, and the exit code that it stands for.

CommandError
├── BadInput      1  what was given, or what is in the database, cannot be used
└── Unreachable   3  a worker, a broker or a database is not there
"""

from __future__ import annotations

from typing import ClassVar


class CommandError(Exception):
    """A command cannot go on; the message is one line for the user."""

    code: ClassVar[int] = 1


class BadInput(CommandError):  # noqa: N818 - named as the exit code's meaning
    """What was given, or what is in the database, cannot be used."""


class Unreachable(CommandError):  # noqa: N818
    """A worker, a broker or a database is not there."""

    code = 3
