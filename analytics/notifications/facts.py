"""The facts that notifications state: claims, reports and verdicts, for many of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import duckdb

from analytics.ledger.keys import joined, key_of
from analytics.notifications.rows import Facts, Lane, Notification, Payloads
from analytics.queries import queries
from analytics.read_model import CommitmentVerdict

# More than these are not listed one by one: see `truce explain`.
MOST_CLAIMS = 100
MOST_REPORTS = 50

Connection = duckdb.DuckDBPyConnection


def facts(connection: Connection, notices: Sequence[Notification]) -> dict[int, Facts]:
    """The facts that these notifications state, by `seq`."""
    claims = _claims(connection, [*dict.fromkeys(one.lane for one in notices)])
    incident_keys = {one.seq: key_of(one.conflict, one.incident_id) for one in notices}
    reports = _reports(connection, [*set(incident_keys.values())])
    verdicts = _verdicts(connection, notices)
    judged = _judged(connection, notices, claims)
    nothing = Payloads({}, 0)
    return {
        one.seq: Facts(
            claims.get(one.lane, nothing),
            reports.get((one.conflict, one.incident_id), nothing),
            verdicts.get((*one.lane, one.incident_id)),
            judged.get((*one.lane, one.incident_id), {}),
        )
        for one in notices
    }


def _claims(connection: Connection, lanes: Sequence[Lane]) -> dict[Lane, Payloads]:
    found: dict[Lane, Payloads] = {}
    for conflict, commitment, claim, payload, count in _rows(
        connection, "claims", most=MOST_CLAIMS, **lists_of(lanes)
    ):
        one = found.setdefault((conflict, commitment), Payloads({}, max(count - MOST_CLAIMS, 0)))
        one.events[claim] = payload
    return found


def _reports(connection: Connection, keys: Sequence[int]) -> dict[tuple[str, str], Payloads]:
    found: dict[tuple[str, str], Payloads] = {}
    for conflict, incident, report, payload, count in _rows(
        connection, "reports", keys=keys, most=MOST_REPORTS
    ):
        one = found.setdefault((conflict, incident), Payloads({}, max(count - MOST_REPORTS, 0)))
        one.events[report] = payload
    return found


def _verdicts(
    connection: Connection, notices: Sequence[Notification]
) -> dict[tuple[str, str, str], CommitmentVerdict]:
    keys = {joined(key_of(one.conflict, one.incident_id), key_of(*one.lane)) for one in notices}
    return {
        (conflict, commitment, incident): CommitmentVerdict(*verdict)
        for conflict, commitment, incident, *verdict in _rows(connection, "verdicts", keys=[*keys])
    }


def _judged(
    connection: Connection, notices: Sequence[Notification], claims: Mapping[Lane, Payloads]
) -> dict[tuple[str, str, str], dict[str, tuple[str, bool | None]]]:
    keys = {
        joined(key_of(one.conflict, one.incident_id), key_of(*one.lane, claim_id))
        for one in notices
        if one.lane in claims
        for claim_id in claims[one.lane].events
    }
    rows = sorted(_rows(connection, "claim_verdicts", keys=[*keys]), key=_pair)
    return {
        pair: {claim: (verdict, bound) for _, _, claim, _, verdict, bound in of_pair}
        for pair, of_pair in groupby(rows, key=_pair)
    }


def _rows(connection: Connection, name: str, **values: object) -> list[tuple[Any, ...]]:
    return connection.execute(queries("notice_facts")[name], values).fetchall()


def lists_of(lanes: Sequence[Lane]) -> dict[str, list[str]]:
    """The parameters that pass these lanes to a statement."""
    return {
        "conflicts": [conflict for conflict, _ in lanes],
        "commitments": [commitment for _, commitment in lanes],
    }


def _pair(row: tuple[Any, ...]) -> tuple[str, str, str]:
    conflict, commitment, _, incident, *_ = row
    return conflict, commitment, incident
