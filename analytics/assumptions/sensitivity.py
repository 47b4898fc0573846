"""How the counts of one commitment move under each assumption in turn.

By whose terms, on whose word, and by when each count holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import duckdb

from analytics.assumptions.what_if import (
    GRADES,
    AssumedAudit,
    Assumptions,
    Bounds,
    WhatIf,
    compared,
)
from analytics.queries import named_statements
from schemas.time import iso

MOST_SOURCES = 10


class Sensitivity(NamedTuple):
    """An assumption in words, and what follows.

    How many incidents' verdicts by the commitment would change, and how often each party would have
    broken it, by all claims together.
    """

    assumption: str
    changed: int
    counts: dict[str, Bounds]


def sensitivity(
    connection: duckdb.DuckDBPyConnection, commitment: str, *, memory_limit: str = "1GB"
) -> list[Sensitivity]:
    """Each assumption by itself; the first is none. `connection`: see `what_if`."""
    with AssumedAudit(memory_limit=memory_limit) as audit:
        return [
            _moved(words, compared(connection, audit, assumed))
            for words, assumed in _in_turn(connection, commitment)
        ]


def _moved(words: str, would: WhatIf) -> Sensitivity:
    counts = {
        one.party: one.after
        for one in would.counts
        if one.claim_id is None and one.after is not None
    }
    changed = {
        (one.conflict, one.incident_id)
        for one in would.changed
        if one.claim_id is None and one.before != one.after
    }
    return Sensitivity(words, len(changed), counts)


def _in_turn(
    connection: duckdb.DuckDBPyConnection, commitment: str
) -> Iterator[tuple[str, Assumptions]]:
    nothing = Assumptions(commitment=commitment)
    sql, of = named_statements("assumptions"), {"commitment": commitment}
    yield "as it stands", nothing
    for claim_id, by in connection.execute(sql["claims_in_turn"], of).fetchall():
        yield f"only {claim_id} holds ({by})", nothing._replace(claims=(claim_id,))
    yield "alleged actors count", nothing._replace(count_alleged=True)
    for grade in GRADES[1:]:
        words = f"only what is {grade.replace('_', '-')} or better"
        yield words, nothing._replace(evidence=grade)
    sources = connection.execute(sql["sources_in_turn"], {**of, "most": MOST_SOURCES}).fetchall()
    for (source,) in sources:
        yield f"without {source}", nothing._replace(without_sources=(source,))
    for (moment,) in connection.execute(sql["moments_in_turn"], of).fetchall():
        yield f"as said by {iso(moment)}", nothing._replace(said_by=moment)
