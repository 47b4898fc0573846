"""Whatever arrives: nothing crashes, nothing is lost, and what was good beside it is judged."""

from __future__ import annotations

import os
from collections import Counter
from itertools import chain
from pathlib import Path

import duckdb
import pytest

from analytics.ledger.ledger import Ledger
from schemas.wire import Accepted, Rejected, decode
from streams.engine.decoding import RawRecord, read
from streams.engine.loading import load_standing, process
from tests.fuzz.malformed import CONFLICT, KINDS, Bad, malformed, oversized, wrong_keys
from tests.support.given import claim, report

INPUTS = int(os.environ.get("TRUCE_FUZZ_INPUTS", "100000"))
BATCH = 1_000
GOOD_EVERY = 20


@pytest.mark.fuzz
def test_every_malformed_input_is_rejected_and_counted_and_the_good_are_judged(
    tmp_path: Path,
) -> None:
    ledger = Ledger.open(tmp_path / "truce.duckdb")
    standing = load_standing(ledger)
    rejected: Counter[str] = Counter()
    good = 1
    offset = 0
    sent: list[RawRecord] = [_record(0, Bad("", CONFLICT, claim().encode()))]

    def flush() -> None:
        tally = process(ledger, standing, "log", read(sent))
        rejected.update(tally.rejected)
        sent.clear()

    bad = [*wrong_keys(), *oversized()]
    total = len(bad) + INPUTS
    for number, one in enumerate(chain(bad, malformed(INPUTS, seed=2026))):
        offset += 1
        sent.append(_record(offset, one))
        if number % GOOD_EVERY == 0:
            offset += 1
            good += 1
            line = report(incident_id=f"good-{number}").encode()
            sent.append(_record(offset, Bad("", CONFLICT, line)))
        if len(sent) >= BATCH or len(one.value or b"") > 1_000_000:
            flush()
    flush()
    ledger.close()

    assert rejected.total() == total
    with duckdb.connect(str(tmp_path / "truce.duckdb"), read_only=True) as db:
        assert db.execute("SELECT count(*) FROM rejected").fetchone() == (total,)
        told = "SELECT sum(last_seq - first_seq + 1) FROM outbox WHERE piece = 0"
        assert db.execute(told).fetchone() == (total + good - 1,)
        assert db.execute("SELECT count(*) FROM events").fetchone() == (good,)
        judged = db.execute("SELECT verdict, count(*) FROM verdicts GROUP BY ALL").fetchall()
        assert judged == [("violation", good - 1)]
        reasons = db.execute("SELECT DISTINCT reason FROM rejected").fetchall()
        assert {reason for (reason,) in reasons} == rejected.keys()


def test_half_a_gigabyte_of_what_cannot_be_read_fits_a_small_memory(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "truce.duckdb")
    standing = load_standing(ledger)
    junk = bytes(range(256)) * 4_000
    for batch in range(64):
        records = [_record(8 * batch + n, Bad("", CONFLICT, junk)) for n in range(8)]
        process(ledger, standing, "log", read(records))
    ledger.close()
    with Ledger.open(tmp_path / "truce.duckdb") as again:
        published = 0
        while pending := again.pending_outbox(5_000):
            assert all(message.value == junk for message in pending)
            published += len(pending)
            again.published(pending[-1].seq)
    assert published == 64 * 8


def _decoded_area(corner: str, box: str) -> Accepted | Rejected:
    corners = f"[[{corner},[31,50],[31,51],{corner}]]"
    area = f'[{{"type":"Polygon","coordinates":[{corners[1:-1]}],"bbox":{box}}}]'
    line = claim(area="@").replace('"@"', area)
    (found,) = decode(line.encode(), CONFLICT)
    return found


@pytest.mark.parametrize(
    ("corner", "box", "is_taken"),
    [
        ("[30,50]", "[30,50,31,51]", True),
        ("[30,50,120.5]", "[30,50,31,51]", True),
        ("[30,50,1e999]", "[30,50,31,51]", False),
        ('[30,50,{"a":1}]', "[30,50,31,51]", False),
        ("[30,50]", "1e999", False),
        ("[30,50]", "[0,0,0,1e999]", False),
        ("[30,50]", "[[]]", False),
    ],
)
def test_an_area_holds_only_numbers_that_every_reader_can_read(
    corner: str, box: str, is_taken: bool
) -> None:
    assert isinstance(_decoded_area(corner, box), Accepted) is is_taken


def _record(offset: int, one: Bad) -> RawRecord:
    return RawRecord(0, offset, 1_700_000_000_000 + offset, one.key, one.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_rejection_says_what_is_wrong_and_keeps_the_bytes(kind: str) -> None:
    of_kind = (one for one in malformed(len(KINDS) * 40, seed=1) if one.kind == kind)
    for one in of_kind:
        (found,) = decode(one.value, one.key)
        assert isinstance(found, Rejected)
        assert found.raw == (one.value or b"")
        assert found.problems
        assert all(problem.reason and len(problem.reason) < 1_000 for problem in found.problems)
