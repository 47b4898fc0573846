"""The standing reports of the incidents to be judged again: found in one query, read in pages.

Their contents are not examined here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from analytics.ledger import arrow
from analytics.ledger.rows import Numbers, RejudgeScope, Stretch
from analytics.queries import queries
from analytics.storage.database import Session
from schemas.time import FIRST_INSTANT, LAST_INSTANT, Limit

# How many reports are read at once, and how many bytes they may have on average.
FIRST_PAGE, LARGEST_PAGE = 2_000, 20_000
BYTES_AT_ONCE = 16 * 2**20


class Page(NamedTuple):
    """Standing reports in columns: those of each incident, one after the other.

    `places` counts the incidents of the scope from 0, in the order of their ids. `act_starts`,
    `act_ends` and `over_by` are those of a report with all its impacts, `starts` and `ends` what it
    reports of the whole. A denial has 0 for each.
    """

    places: Numbers
    incident_ids: list[str]
    incident_keys: Numbers
    report_ids: list[str]
    payloads: list[str]
    act_starts: Numbers
    act_ends: Numbers
    over_by: Numbers
    starts: Numbers
    ends: Numbers


def pages(database: Session, scope: RejudgeScope, stretches: Sequence[Stretch]) -> Iterator[Page]:
    """All standing reports, as they are now, of each incident in the scope.

    `stretches`: those of the scope that any report can overlap.
    """
    sql = queries("reading")
    staged = arrow.table_of([tuple(map(_moment, one)) for one in stretches], arrow.STRETCHES)
    if scope.parties is None:
        found = database.table_over(sql["in_scope"], staged, conflict=scope.conflict)
    else:
        parties = sorted(scope.parties)
        found = database.table_over(
            sql["in_scope_of_parties"], staged, conflict=scope.conflict, parties=parties
        )
    rows, keys = (found[name].to_numpy() for name in ("row_id", "incident_key"))
    # Within one conflict, two incidents of one key would need the same id, too.
    begins = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))[: len(keys)]
    edges = np.append(begins, len(keys))
    first = 0
    size = FIRST_PAGE
    while first < len(begins):
        last = int(np.searchsorted(edges, edges[first] + size, "right")) - 1
        last = min(max(last, first + 1), len(begins))
        page = _page(database, rows[edges[first] : edges[last]], edges[first : last + 1], first)
        yield page
        mean = sum(map(len, page.payloads)) // len(page.payloads) + 1
        size = min(LARGEST_PAGE, BYTES_AT_ONCE // mean)
        first = last


def _page(database: Session, rows: Numbers, edges: Numbers, first: int) -> Page:
    wanted = pa.table({"key": pa.array(rows)}, schema=arrow.KEYS)
    found = database.table_over(queries("reading")["page_of_scope"], wanted)
    # DuckDB returns them in the order of the table.
    at = np.argsort(found["row_id"].to_numpy())
    found = found.take(pa.array(at[np.argsort(np.argsort(rows))]))
    places = first + np.repeat(np.arange(len(edges) - 1), np.diff(edges))
    keys = found["incident_key"].to_numpy()
    times = ("begins_at", "ends_at", "over_by", "occurred_start", "occurred_end")
    columns = (found[name].to_numpy() for name in times)
    ids, reports, payloads = (
        found[name].to_pylist() for name in ("incident_id", "report_id", "payload")
    )
    return Page(places, ids, keys, reports, payloads, *columns)


def _moment(limit: Limit) -> int:
    return int(min(max(limit, FIRST_INSTANT), LAST_INSTANT))
