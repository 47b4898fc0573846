"""The shape in which rows go into the database: one Arrow schema per table, in column order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from schemas.verdicts import CRITERIA

TEXT, KEY, COUNT, PLACE = pa.string(), pa.int64(), pa.int32(), pa.int64()
TEXTS, FLAG, BYTES = pa.list_(pa.string()), pa.bool_(), pa.binary()
JSON = pa.json_(TEXT)
MOMENT = pa.timestamp("us", tz="UTC")
# The same for times that become text: without a time zone that takes half as long.
UTC = pa.timestamp("us")


def _schema(*columns: tuple[pa.DataType, str]) -> pa.Schema:
    return pa.schema([pa.field(name, kind) for kind, names in columns for name in names.split()])


def _without(schema: pa.Schema, *names: str) -> pa.Schema:
    return pa.schema([field for field in schema if field.name not in names])


ACCEPTED = _schema(
    (TEXT, "source event_id type conflict"),
    (MOMENT, "recorded_at"),
    (TEXT, "log_id"),
    (COUNT, "partition"),
    (PLACE, "offset"),
    (COUNT, "batch_index"),
    (TEXT, "payload"),
    (KEY, "event_key"),
    (MOMENT, "superseded_at"),
    (TEXT, "incident_id report_id reported_by reporter_kind reporter_party stance"),
    (MOMENT, "occurred_start occurred_end"),
    (TEXT, "certainty actor confidence act"),
    (TEXTS, "targets"),
    (MOMENT, "begins_at ends_at over_by"),
    (KEY, "incident_key report_key"),
    (TEXT, "posted_by"),
)
# What is known of an event once it has been read; see `Columns`.
READ = _without(ACCEPTED, "recorded_at", "log_id", "superseded_at", "posted_by")
CLAIMS = _schema(
    (TEXT, "conflict commitment_id claim_id stance claimed_by claimant_role claimant_party"),
    (TEXTS, "bound_parties acts targets"),
    (MOMENT, "window_start window_end"),
    (FLAG, "open_ended"),
    (
        pa.list_(
            pa.struct(
                [
                    *[(name, MOMENT) for name in ("starts", "ends")],
                    ("open_ended", FLAG),
                    *[(name, MOMENT) for name in ("core_starts", "core_ends")],
                    *[(name, TEXT) for name in ("daily_from", "daily_to", "zone")],
                ]
            )
        ),
        "window_parts",
    ),
    (FLAG, "reciprocal"),
    (TEXT, "other_conditions"),
    (TEXTS, "evidence"),
    (TEXT, "payload"),
    (MOMENT, "recorded_at superseded_at"),
    (KEY, "claim_key"),
)
COVERAGE = _schema(
    (TEXT, "conflict coverage_id reported_by reporter_kind reporter_party"),
    (MOMENT, "covered_start covered_end"),
    (TEXT, "area quality as_stated"),
    (TEXTS, "evidence"),
    (TEXT, "payload"),
    (MOMENT, "recorded_at superseded_at"),
    (KEY, "coverage_key"),
)
CLAIM_VERDICTS = _schema(
    (TEXT, "conflict commitment_id claim_id incident_id party verdict"),
    (FLAG, " ".join(CRITERIA)),
    (TEXT, "before_conditions"),
    (MOMENT, "recorded_at superseded_at"),
    (KEY, "pair_key"),
)
VERDICTS = _schema(
    (TEXT, "conflict commitment_id incident_id party verdict"),
    (MOMENT, "occurred_start occurred_end"),
    (COUNT, "independent_reports"),
    (TEXT, "evidence"),
    (FLAG, "admitted"),
    (TEXTS, "denied_by"),
    (MOMENT, "recorded_at superseded_at since raised_at"),
    (KEY, "pair_key"),
)
REJECTED = _schema(
    (TEXT, "reason"),
    (TEXTS, "problems"),
    (BYTES, "raw"),
    (PLACE, "bytes"),
    (MOMENT, "recorded_at"),
    (TEXT, "log_id"),
    (COUNT, "partition"),
    (PLACE, "offset"),
    (COUNT, "batch_index"),
)
PROVENANCE = _schema((TEXT, "version rules tzdata iso_lists"), (MOMENT, "since"))
MESSAGES = _schema((PLACE, "seq"), (TEXT, "topic"), (BYTES, "key value headers"))
OUTBOX = _schema(
    (PLACE, "first_seq last_seq"), (COUNT, "piece"), (BYTES, "packed"), (PLACE, "bytes")
)
PUBLISHED = _schema(
    (PLACE, "seq"),
    (TEXT, "conflict commitment_id incident_id place party verdict previous_verdict"),
    (UTC, "recorded_at occurred_start occurred_end"),
    (TEXT, "sources claims changed"),
)
OFFSETS = _schema(
    (TEXT, "log_id"), (COUNT, "partition"), (PLACE, "next_offset"), (MOMENT, "recorded_at")
)
KEYS = _schema((KEY, "key"))
STRETCHES = _schema((MOMENT, "since until"))
CHOSEN = _schema((PLACE, "row"), (MOMENT, "recorded_at superseded_at"))
CLOSED = _schema((KEY, "key"), (MOMENT, "superseded_at"))
# See `ClaimAmendable`.
AMENDED_CLAIMS = _schema((KEY, "key"), (TEXT, "before_conditions"))
TRANSACTIONS = _schema(
    (PLACE, "seq"), (TEXT, "table_name"), (PLACE, "row_count"), (pa.uint64(), "hash")
)
CONTENTS = _without(TRANSACTIONS, "seq")
CHANGED_ROWS = _schema((PLACE, "seq"), (TEXT, "table_name"), (PLACE, "place"))


def table_of(rows: Iterable[Sequence[Any]], schema: pa.Schema) -> pa.Table:
    """Rows in column order as an Arrow table."""
    columns = zip(*rows, strict=True)
    arrays = [pa.array(c, field.type) for c, field in zip(columns, schema, strict=False)]
    return pa.Table.from_arrays(arrays, schema=schema) if arrays else schema.empty_table()
