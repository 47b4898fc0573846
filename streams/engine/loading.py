"""Loads what stands when a worker starts, and folds one batch of the log into the ledger."""

from __future__ import annotations

from analytics.ledger.ledger import Ledger
from schemas.events import ClaimEvent, parse_event
from streams.engine.batch import BatchTally
from streams.engine.decoding import Reading
from streams.engine.turns import Turns
from streams.judging.standing import Standing


def load_standing(ledger: Ledger) -> Standing:
    """What stands according to the ledger: the state from which a worker goes on."""
    standing = Standing()
    for raw in ledger.claims():
        event = parse_event(raw)
        if not isinstance(event, ClaimEvent):
            raise TypeError(f"the ledger keeps a {event.type} as a standing claim")
        claim = event.data
        standing.put_claim((claim.conflict, claim.commitment_id, claim.claim_id), claim)
    standing.load_releases(ledger.releases())
    return standing


def process(
    ledger: Ledger, standing: Standing, log_id: str, reading: Reading, *, is_kept: bool = False
) -> BatchTally:
    """Fold what was read, in log order within each partition, into the ledger: all or nothing.

    Records that the ledger has already (below its next offset) are passed over; `is_kept`: see
    `Turns.take`.
    """
    transaction, tally = Turns(ledger, standing).take(log_id, reading, is_kept=is_kept)
    ledger.commit(transaction)
    return tally
