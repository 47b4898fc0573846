"""What the judging found, kept and shown: the ledger, its metrics, and the lake for readers.

`analytics.connect("truce-data/lake")` is a DuckDB connection for notebooks and scripts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analytics.lake.session import connect as connect

__all__ = ["connect"]


def __getattr__(name: str) -> object:
    # Imported on first use: most modules of this package need no lake.
    if name == "connect":
        from analytics.lake.session import connect

        return connect
    raise AttributeError(name)
