"""What the published OpenAPI document says of the worker, tried on a running one."""

from __future__ import annotations

import os
from typing import Any

import pytest
import schemathesis
import schemathesis.checks
from hypothesis import Phase, settings

from schemas.openapi import openapi
from tests.http.posting import LINES, Posting

pytestmark = pytest.mark.openapi

# The same as the worker's: see test_ingest.py.
# Bodies at random only: to try every keyword of every schema one by one takes more than five minutes.
DOCUMENT = schemathesis.openapi.from_dict(
    openapi(), config=schemathesis.Config.from_dict({"phases": {"coverage": {"enabled": False}}})
)


@schemathesis.serializer("application/jsonl", LINES)
def as_it_is(_: schemathesis.SerializationContext, value: Any) -> bytes:
    return str(value).encode()


@DOCUMENT.parametrize()
@settings(
    max_examples=int(os.environ.get("TRUCE_INGEST_EXAMPLES", "10")),
    phases=[Phase.explicit, Phase.generate],
)
def test_the_worker_answers_as_its_document_says(
    case: schemathesis.Case[Any], ingest: Posting
) -> None:
    case.call_and_validate(
        base_url=ingest.endpoint.http,
        headers={"Authorization": f"Bearer {ingest.token}"},
        # An end after its start, a time that exists: JSON Schema cannot say all that is required.
        excluded_checks=[schemathesis.checks.positive_data_acceptance],
    )
    assert ingest.process.poll() is None
