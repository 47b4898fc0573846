"""The contents of the log, for other programs: JSON Schema per event type, AsyncAPI for topics.

Built from the same models that read the events. Rules between fields (an end after its start, one
id per place) are in words only; JSON Schema cannot express them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from schemas.events import EVENT_TYPES, Envelope
from schemas.fields import Frozen, Identifier
from schemas.problems import Json
from schemas.time import Bound
from schemas.time_fields import Time
from schemas.verdicts import ClaimOutcome, Grade, Outcome
from schemas.wire import CONTENT_TYPE_BATCH, CONTENT_TYPE_EVENT, REASONS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = "#/components/schemas/{model}"

Document = dict[str, Json]


class ClaimVerdictMessage(Frozen):
    """The verdict on one claim with its criteria: yes, no, or null for unknown."""

    claim_id: Identifier
    verdict: ClaimOutcome
    in_window: bool | None
    party_bound: bool | None
    act_prohibited: bool | None
    target_covered: bool | None
    in_area: bool | None
    still_bound: bool | None


class ChangedVerdict(Frozen):
    """The verdict on one incident under one commitment; null if it is withdrawn.

    `changed` names what is not as it was, where there was a verdict and there is one; if neither
    the verdict nor the party is among them, nobody need be alerted.
    """

    conflict: Identifier
    commitment_id: Identifier
    incident_id: Identifier
    party: Identifier | None
    verdict: Outcome | None
    previous_verdict: Outcome | None
    recorded_at: Time
    occurred_start: Time | None
    occurred_end: Time | None
    independent_reports: int | None
    evidence: Grade | None
    admitted: bool | None
    denied_by: tuple[str, ...] | None
    changed: tuple[str, ...] | None
    claims: tuple[ClaimVerdictMessage, ...]


class VerdictEvent(Envelope):
    """A verdict is new, is another, or is withdrawn."""

    type: Literal["verdict.changed"]
    data: ChangedVerdict


class _WithoutUnsaidDefaults(GenerateJsonSchema):
    """A field that may be left out has no default: leaving it out is not the same as a null."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        default = schema.get("default")
        if default is None or isinstance(default, Bound):
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def json_schema(event_type: str) -> Document:
    """The JSON Schema (2020-12) of an event type, complete in itself. KeyError: no such type."""
    model = EVENT_TYPES[event_type]
    return {"$schema": DIALECT, **model.model_json_schema(schema_generator=_WithoutUnsaidDefaults)}


def asyncapi() -> Document:
    """The AsyncAPI 3.0 document of the log."""
    events = {name: _in_pascal_case(name) for name in EVENT_TYPES}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Trucewatch log",
            "version": "1.0.0",
            "description": "Reported commitments and incidents in, verdicts out. "
            "Records are CloudEvents 1.0 in structured JSON mode, keyed by conflict.",
        },
        "defaultContentType": CONTENT_TYPE_EVENT,
        "channels": {
            "events": _channel(
                "truce.events",
                "Everything that is claimed or reported, append-only and kept for ever. "
                f"A record is one event, or a JSON array of events as {CONTENT_TYPE_BATCH}.",
                [*events.values(), "EventBatch"],
            ),
            "verdicts": _channel(
                "truce.verdicts", "One message for each changed verdict.", ["VerdictChanged"]
            ),
            "rejected": _channel(
                "truce.rejected",
                "Whatever could not be read, byte for byte, with the reason and where it stood.",
                ["Rejected"],
            ),
        },
        "operations": {
            "readEvents": _operation("receive", "events"),
            "sendVerdicts": _operation("send", "verdicts"),
            "sendRejected": _operation("send", "rejected"),
        },
        "components": {
            "messages": {
                **{
                    title: _message(name, EVENT_TYPES[name], CONTENT_TYPE_EVENT)
                    for name, title in events.items()
                },
                "EventBatch": _batch_message(),
                "VerdictChanged": _message("verdict.changed", VerdictEvent, CONTENT_TYPE_EVENT),
                "Rejected": _rejected_message(),
            },
            "schemas": schemas([*EVENT_TYPES.values(), VerdictEvent]),
        },
    }


def _in_pascal_case(event_type: str) -> str:
    return event_type.replace("_", ".").title().replace(".", "")


def _channel(address: str, description: str, messages: Iterable[str]) -> Document:
    return {
        "address": address,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"kafka": {"topic": address}},
    }


def _operation(action: str, channel: str) -> Document:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}


def _message(name: str, model: type[BaseModel], content_type: str) -> Document:
    return {
        "name": name,
        "contentType": content_type,
        "summary": (model.__doc__ or "").partition("\n")[0],
        "payload": reference(model),
        "bindings": _key(),
    }


def _batch_message() -> Document:
    one = [reference(model) for model in EVENT_TYPES.values()]
    return {
        "name": "batch",
        "contentType": CONTENT_TYPE_BATCH,
        "summary": "Several events of one conflict.",
        "payload": {"type": "array", "items": {"oneOf": one}},
        "bindings": _key(),
    }


def _rejected_message() -> Document:
    words = {"type": "string"}
    number = {"type": "string", "pattern": "^[0-9]+$"}
    return {
        "name": "rejected",
        "contentType": "application/octet-stream",
        "summary": "What could not be taken, as it came.",
        "headers": {
            "type": "object",
            "required": ["reason", "topic", "partition", "offset"],
            "properties": {
                "reason": {"type": "string", "enum": list(REASONS)},
                "topic": words,
                "partition": number,
                "offset": number,
            },
        },
        "payload": {},
    }


def _key() -> Document:
    key = {"type": "string", "description": "The conflict, in UTF-8."}
    return {"kafka": {"key": key, "bindingVersion": "0.5.0"}}


def reference(model: type[BaseModel]) -> Document:
    """Where the schema of `model` stands in the document."""
    return {"$ref": REFERENCE.format(model=model.__name__)}


def schemas(models: Iterable[type[BaseModel]]) -> Document:
    """The schemas of `models` and of all that they are made of, by name."""
    _, shared = models_json_schema(
        [(model, "validation") for model in models],
        ref_template=REFERENCE,
        schema_generator=_WithoutUnsaidDefaults,
    )
    return {name: _without_discriminator(schema) for name, schema in shared["$defs"].items()}


def _without_discriminator(schema: Json) -> Json:
    """Drop `discriminator`, which AsyncAPI defines differently; `const` says the same."""
    if isinstance(schema, dict):
        return {
            name: _without_discriminator(part)
            for name, part in schema.items()
            if not (name == "discriminator" and isinstance(part, dict) and "mapping" in part)
        }
    if isinstance(schema, list):
        return [_without_discriminator(part) for part in schema]
    return schema
