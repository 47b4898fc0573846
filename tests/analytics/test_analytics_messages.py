"""What is told on truce.verdicts: in the documented form, in the log's order, and of any size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from analytics.ledger.ledger import Ledger, OutboxMessage
from schemas.asyncapi import asyncapi
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from streams.kafka.topics import REJECTED, VERDICTS
from tests.support.given import CONFLICT, claim, claim_retracted, report, report_retracted

AT_MS = 1_767_225_600_123
STRANGE = 'of "Kyiv"\\ ü \u00a0\U0001f54a'


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "truce.duckdb") as ledger:
        yield ledger


def told(ledger: Ledger, *lines: str, at_once: int = 1_000) -> list[OutboxMessage]:
    """The messages that these events lead to, in batches of so many."""
    standing = load_standing(ledger)
    for first in range(0, len(lines), at_once):
        records = [
            RawRecord(0, offset, AT_MS, CONFLICT.encode(), line.encode())
            for offset, line in enumerate(lines[first : first + at_once], first)
        ]
        process(ledger, standing, "log", read(records))
    found = []
    while pending := ledger.pending_outbox():
        found += pending
        ledger.published(pending[-1].seq)
    return found


def said(message: OutboxMessage) -> Any:
    assert message.value is not None
    return json.loads(message.value)


def document() -> jsonschema.Draft202012Validator:
    described = asyncapi()
    reference = described["components"]["messages"]["VerdictChanged"]["payload"]
    return jsonschema.Draft202012Validator({**reference, "components": described["components"]})


def test_a_verdict_is_told_in_full(ledger: Ledger) -> None:
    [message] = told(ledger, claim(), report(incident_id=STRANGE))
    assert message.topic == VERDICTS
    assert message.key == CONFLICT.encode()
    assert message.headers == (("content-type", b"application/cloudevents+json"),)
    assert said(message) == {
        "specversion": "1.0",
        "id": f"log/0/1/0/truce/{STRANGE}",
        "source": "trucewatch",
        "type": "verdict.changed",
        "time": "2026-01-01T00:00:00.123000Z",
        "datacontenttype": "application/json",
        "data": {
            "conflict": CONFLICT,
            "commitment_id": "truce",
            "incident_id": STRANGE,
            "party": "AAA",
            "verdict": "violation",
            "previous_verdict": None,
            "recorded_at": "2026-01-01T00:00:00.123000Z",
            "occurred_start": "2026-01-10T12:00:00Z",
            "occurred_end": "2026-01-10T12:00:00Z",
            "independent_reports": 1,
            "evidence": "reported",
            "admitted": False,
            "denied_by": [],
            "changed": None,
            "claims": [
                {
                    "claim_id": "c",
                    "verdict": "violation",
                    "in_window": True,
                    "party_bound": True,
                    "act_prohibited": True,
                    "target_covered": True,
                    "in_area": True,
                    "still_bound": True,
                }
            ],
        },
    }


@pytest.mark.parametrize("at_once", [1, 1_000])
def test_no_two_verdicts_have_the_same_id(ledger: Ledger, at_once: int) -> None:
    names = ("a/b", "a", "a%2Fb", "b/c", "c")
    claims = [claim(commitment_id=name) for name in names]
    found = told(
        ledger, *(report("r", name) for name in names), *claims[:2], *claims[2:], at_once=at_once
    )
    ids = [said(message)["id"] for message in found]
    assert len(ids) == len(names) ** 2
    # One event may change several incidents under several commitments: the names tell them apart.
    assert len(set(ids)) == len(ids)
    assert all(one.count("/") == ids[0].count("/") for one in ids)


def test_what_touches_no_window_any_more_is_told_as_no_verdict(ledger: Ledger) -> None:
    first, last = told(ledger, claim(), report(), report_retracted())
    assert said(last)["id"] != said(first)["id"]
    data = said(last)["data"]
    assert data["previous_verdict"] == "violation"
    assert data["claims"] == []
    names = ("party", "verdict", "occurred_start", "occurred_end", "independent_reports")
    assert [data[name] for name in names] == [None] * 5


@pytest.mark.parametrize("at_once", [1, 1_000])
def test_messages_are_in_the_order_of_the_log_each_from_where_the_last_one_led(
    ledger: Ledger, at_once: int
) -> None:
    messages = told(
        ledger,
        report(),
        claim(),
        "not JSON",
        report(targets=["residential"]),
        report("other"),
        claim_retracted(),
        "[]]",
        at_once=at_once,
    )
    assert [message.seq for message in messages] == [1, 2, 3, 4, 5, 6]
    topics = [VERDICTS, REJECTED, VERDICTS, VERDICTS, VERDICTS, REJECTED]
    assert [message.topic for message in messages] == topics
    validator = document()
    steps = []
    for message in messages:
        if message.topic == VERDICTS:
            validator.validate(said(message))
            steps.append(
                (said(message)["data"]["previous_verdict"], said(message)["data"]["verdict"])
            )
    assert steps == [
        (None, "violation"),
        ("violation", "clear"),
        ("clear", "undetermined"),
        ("undetermined", None),
    ]


def test_a_verdict_by_very_many_claims_is_told_whole(ledger: Ledger) -> None:
    claims = [claim(f"claim-{number:04}") for number in range(400)]
    *_, message = told(ledger, *claims, report())
    assert len(message.value or b"") > 3 * 16 * 1024
    assert [one["claim_id"] for one in said(message)["data"]["claims"]] == [
        f"claim-{number:04}" for number in range(400)
    ]


@pytest.mark.parametrize("at_once", [1, 4, 1_000])
@pytest.mark.parametrize(
    "limits",
    [
        {"MOST_BYTES_AT_HAND": 1},
        {"MOST_BYTES_AT_HAND": 3_000},
        {"MOST_BYTES_AT_HAND": 1, "MOST_BYTES_AT_ONCE": 1},
        {"MOST_BYTES_IN_A_PACKET": 1},
        {"MOST_IN_A_PACKET": 3},
        {"MOST_BYTES_AT_HAND": 1, "PIECE": 7},
    ],
)
def test_all_is_told_in_order_whatever_fits_in_memory_or_in_a_packet(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int], at_once: int
) -> None:
    for name, most in limits.items():
        monkeypatch.setattr(f"analytics.ledger.outbox.{name}", most)
    lines = [claim(), *(report(incident_id=f"i{number}") for number in range(10))]
    found = [
        said(message)["data"]["incident_id"] for message in told(ledger, *lines, at_once=at_once)
    ]
    assert found == [f"i{number}" for number in range(10)]
