"""What the judging found, kept and shown: the ledger, its metrics, and the lake for readers.

For notebooks and scripts: `analytics.connect("truce-data/lake")` is a DuckDB connection, and
`what_if` asks it what other assumptions would give. See docs/notebook.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analytics.assumptions.sensitivity import sensitivity as sensitivity
    from analytics.assumptions.what_if import Assumptions as Assumptions
    from analytics.assumptions.what_if import what_if as what_if
    from analytics.lake.session import LakeError as LakeError
    from analytics.lake.session import LakeMissing as LakeMissing
    from analytics.lake.session import connect as connect

# Imported on first use: most modules of this package need no lake.
_WHERE = {
    "Assumptions": "analytics.assumptions.what_if",
    "LakeError": "analytics.lake.session",
    "LakeMissing": "analytics.lake.session",
    "connect": "analytics.lake.session",
    "sensitivity": "analytics.assumptions.sensitivity",
    "what_if": "analytics.assumptions.what_if",
}

__all__ = ["Assumptions", "LakeError", "LakeMissing", "connect", "sensitivity", "what_if"]


def __getattr__(name: str) -> object:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(name)
