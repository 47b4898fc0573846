"""What the judging found, kept and shown: the ledger, its metrics, and the lake for readers.

`analytics.connect("truce-data/lake")` is a DuckDB connection for notebooks and scripts: see
docs/notebook.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analytics.lake.session import LakeError as LakeError
    from analytics.lake.session import LakeMissing as LakeMissing
    from analytics.lake.session import connect as connect

# Imported on first use: most modules of this package need no lake.
_WHERE = {
    "LakeError": "analytics.lake.session",
    "LakeMissing": "analytics.lake.session",
    "connect": "analytics.lake.session",
}

__all__ = ["LakeError", "LakeMissing", "connect"]


def __getattr__(name: str) -> object:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(name)
