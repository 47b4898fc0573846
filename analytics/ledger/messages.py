"""The CloudEvents that report changed verdicts: their JSON is assembled in columns.

The id consists of the place in the log and the pair, so that a repeat after a fault is recognized.
"""

from __future__ import annotations

from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from analytics.ledger import arrow
from schemas.wire import CONTENT_TYPE_EVENT, headers

_TOPIC: Final = "truce.verdicts"
_HEADERS = pa.scalar(msgspec.msgpack.encode(headers(CONTENT_TYPE_EVENT)), arrow.BYTES)
_NAMES = ("conflict", "commitment_id", "incident_id", "place")
_NAMES_OR_NOT = ("party", "verdict", "previous_verdict")
_MUST_BE_ESCAPED = '["\\\\[:cntrl:]]'


def messages(changed: pa.Table) -> pa.Table:
    """`arrow.MESSAGES` of `arrow.PUBLISHED`: one for each changed verdict."""
    conflict, commitment, incident, place = (_escaped(changed[name]) for name in _NAMES)
    party, verdict, previous = (_or_null(_escaped(changed[name])) for name in _NAMES_OR_NOT)
    recorded = _moment(changed["recorded_at"])
    stands = changed["verdict"].is_valid()
    started, ended = (
        pc.if_else(stands, text, "null")
        for text in (
            _concatenated('"', _moment(changed["occurred_start"]), '"'),
            _concatenated('"', _moment(changed["occurred_end"]), '"'),
        )
    )
    value = _concatenated(
        *('{"specversion":"1.0","id":"', place, "/", _part(commitment), "/", _part(incident)),
        *('","source":"trucewatch","type":"verdict.changed","time":"', recorded),
        *('","datacontenttype":"application/json","data":{"conflict":"', conflict),
        *('","commitment_id":"', commitment, '","incident_id":"', incident),
        *('","party":', party, ',"verdict":', verdict, ',"previous_verdict":', previous),
        *(',"recorded_at":"', recorded, '","occurred_start":', started, ',"occurred_end":', ended),
        *(",", changed["sources"], ',"changed":', changed["changed"]),
        *(',"claims":', changed["claims"], "}}"),
    )
    columns = {
        "seq": changed["seq"],
        "topic": pa.repeat(_TOPIC, len(changed)),
        "key": changed["conflict"].cast(arrow.BYTES),
        "value": value.cast(arrow.BYTES),
        "headers": pa.repeat(_HEADERS, len(changed)),
    }
    return pa.table(columns, arrow.MESSAGES)


def _concatenated(*parts: pa.ChunkedArray | str) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(*parts, "")


def _escaped(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Each text as it stands within quotes in JSON; null where there is none."""
    if not pc.any(pc.match_substring_regex(texts, _MUST_BE_ESCAPED)).as_py():
        return texts
    quoted = (text and msgspec.json.encode(text).decode()[1:-1] for text in texts.to_pylist())
    return pa.array(quoted, arrow.TEXT)


def _part(escaped: pa.ChunkedArray) -> pa.ChunkedArray:
    """Each text as one part of an id, between slashes: `a/b` and `c` are not `a` and `b/c`."""
    if not pc.any(pc.match_substring_regex(escaped, "[%/]")).as_py():
        return escaped
    return pc.replace_substring(pc.replace_substring(escaped, "%", "%25"), "/", "%2F")


def _or_null(escaped: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(_concatenated('"', escaped, '"'), "null")


def _moment(moments: pa.ChunkedArray) -> pa.ChunkedArray:
    """Each time in RFC 3339, to the second where it is whole."""
    text = pc.binary_replace_slice(moments.cast(arrow.TEXT), 10, 11, "T")
    return _concatenated(pc.replace_substring(text, ".000000", ""), "Z")
