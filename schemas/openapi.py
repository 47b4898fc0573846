"""The worker's HTTP interface, for other programs: the OpenAPI document, and the answers' models.

Built from the same models that parse the events, as `asyncapi` is.
"""

from __future__ import annotations

import json
from typing import Literal

from pydantic import BaseModel, Field

from schemas.asyncapi import Document, reference, schemas
from schemas.events import EVENT_TYPES
from schemas.verdicts import Outcome
from schemas.wire import CONTENT_TYPE_BATCH, CONTENT_TYPE_EVENT, MAX_EVENT_BYTES

JSON = "application/json"
JSON_LINES = "application/jsonl"
NEWLINE_DELIMITED_JSON = "application/x-ndjson"
CONTENT_TYPE_PROBLEM = "application/problem+json"

MAX_BODY_BYTES = 2 * 1024 * 1024
MAX_POSTED_EVENTS = 2_000
MAX_PROBLEMS_LISTED = 200


class PostedWarning(BaseModel):
    """What is odd about an event, which is taken all the same, and what was probably meant."""

    line: int | None = Field(default=None, description="Of JSON Lines: the line, from 1.")
    index: int | None = Field(default=None, description="Of a batch: the place in it, from 0.")
    field: str = Field(description="The path of the field; empty if it is the event as a whole.")
    reason: str


class PostedOutcome(BaseModel):
    """What became of one event of the body."""

    line: int | None = Field(default=None, description="Of JSON Lines: the line, from 1.")
    index: int | None = Field(default=None, description="Of a batch: the place in it, from 0.")
    outcome: Literal["taken", "known", "refused"] = Field(
        description="known: the log had the identical event already, which changes nothing."
    )
    revises: int | None = Field(
        default=None, description="The earlier line or index with the same claim or report."
    )


class PostedVerdict(BaseModel):
    """A verdict that is another one now; without `before` or `after` there was or is none."""

    conflict: str
    commitment_id: str
    incident_id: str
    before: Outcome | None = None
    after: Outcome | None = None
    party: str | None = Field(default=None, description="The one known actor, now or else before.")


class Told(BaseModel):
    """What became of the events, as far as the ledger has them: with Kafka only the warnings.

    At most 200 outcomes, 20 warnings and 20 verdicts of a kind are listed.
    """

    known_already: int | None = Field(default=None, description="How many the log had already.")
    outcomes: list[PostedOutcome] | None = None
    verdicts: list[PostedVerdict] | None = None
    verdicts_changed: int | None = Field(default=None, description="How many verdicts changed.")
    warnings: list[PostedWarning] | None = None

    def as_json(self) -> str:
        """The answer as JSON, these fields after its own, without what is not said."""
        said = self.model_dump(mode="json", exclude_none=True)
        own = {name: value for name, value in said.items() if name not in Told.model_fields}
        return json.dumps(own | said, ensure_ascii=False, separators=(",", ":"))


class Taken(Told):
    """All events of the body are in the log."""

    accepted: int = Field(description="How many events the log has taken.")


class Checked(BaseModel):
    """All events of the body could be taken; none was, since that was only tried."""

    acceptable: int = Field(description="How many events there are.")
    warnings: list[PostedWarning] | None = None


class PostedProblem(BaseModel):
    """What is wrong with one event: its place in the body, the field and the reason."""

    line: int | None = Field(default=None, description="Of JSON Lines: the line, from 1.")
    index: int | None = Field(default=None, description="Of a batch: the place in it, from 0.")
    status: Literal[400, 403, 409] = Field(
        description="400: it is malformed; 403: it is not for this token to post; 409: its source "
        "and id stand for other content."
    )
    field: str = Field(description="The path of the field; empty if it is the event as a whole.")
    reason: str


class RefusedAnswer(Told):
    """Why a request was not taken, or not all of it (RFC 9457).

    `accepted`, `refused` and `problems` are there if the body was read: the accepted events are in
    the log, and the refused ones are not, or not as events that count. Without them the log has
    none, but for status 503 after the body was read: then it may have some. To send an event again
    is always safe. `acceptable` is there if it was only tried, and then nothing is in the log.

    Not more than 200 problems are listed; `unlisted` is how many others were found.
    """

    title: str
    status: int
    detail: str
    accepted: int | None = None
    acceptable: int | None = None
    refused: int | None = None
    problems: list[PostedProblem] | None = None
    unlisted: int | None = Field(default=None, description="How many problems are not listed.")


class WorkerStatus(BaseModel):
    """How the worker is."""

    status: Literal["alive", "ready", "not ready"]
    reason: str | None = None


class OffsetsAnswer(BaseModel):
    """Up to which offset of each partition events are judged."""

    log_id: str
    partitions: dict[str, int]


POST_EVENTS = f"""\
Writes events to the log. Status 202 comes only once the log has all of them: with the embedded \
broker when they are judged and in the database, with Kafka when all in-sync replicas have them.

Each event is taken or refused on its own: `problems` names each that is refused, as far as \
{MAX_PROBLEMS_LISTED} problems go, and the others, `accepted` in number, are in the log. Each \
problem has a status: 400 if the event is malformed, \
403 if it is well-formed and its `source` or `data.conflict` is not for this token, 409 if its \
`source` and `id` stand for other content. The status of the answer is theirs if it is the same \
for all that are refused, and 400 if not. Sending an event again that the log has changes \
nothing, so that after any failure the whole body may be sent again.

That an `id` stands for other content is known once the event is judged. With the embedded broker \
that is before the answer. With Kafka it is after it: then it is published to the topic \
`truce.rejected` and is in the table `rejected`.

With the embedded broker the answer also says what became of each event (`outcomes`: taken, known \
already, or refused, and which earlier one of the body it revises), and which verdicts changed. \
`warnings` says what is odd about events that are taken all the same, such as a name that is \
nearly one that is known.

With `dry_run=true` the events are validated and nothing is written: 200 if all could be taken, \
else what would be answered. That an `id` stands for other content is not tried.

At most {MAX_EVENT_BYTES:,} bytes an event, {MAX_BODY_BYTES:,} bytes and {MAX_POSTED_EVENTS:,} \
events a body, without content encoding. Events of one conflict keep their order.
"""

MISDIRECTED = "The host that was asked for is none of this worker's names."

REFUSALS = {
    400: "Events are refused, some of them as malformed. The others are in the log.",
    401: "No token, or one that is not known.",
    403: "Events are refused whose source or conflict is not for this token; the others are in the "
    "log. Or there is no token at all, so that nobody may post.",
    408: "The body did not come in time.",
    409: "Events are refused whose source and id stand for other content; the others are in the "
    "log.",
    413: "The body has too many bytes or events. None was taken.",
    415: "The content type is none of those, or the body is compressed.",
    421: MISDIRECTED,
    429: "Too many requests, or too much in flight: try again after `Retry-After` seconds.",
    503: "The worker starts or stops, or the log does not answer: send again.",
}


def openapi() -> Document:
    """The OpenAPI 3.1 document of the worker's pages and of `POST /events`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Trucewatch worker",
            "version": "1.0.0",
            "description": "Events in; metrics and the state of the worker out.",
        },
        "paths": {
            "/events": {"post": _post_events()},
            "/metrics": {"get": _page("The metrics, for Prometheus.", "text/plain", also=[503])},
            "/healthz": {"get": _status("Whether the worker runs.", also=[])},
            "/readyz": {"get": _status("Whether it has caught up with the log.", also=[503])},
            "/offsets": {"get": _offsets()},
            "/openapi.json": {"get": _page("This document.", JSON)},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas(
                [*EVENT_TYPES.values(), Taken, Checked, RefusedAnswer, WorkerStatus, OffsetsAnswer]
            ),
        },
    }


def _post_events() -> Document:
    one = {"oneOf": [reference(model) for model in EVENT_TYPES.values()]}
    many = {"type": "array", "items": one, "minItems": 1}
    lines = {"type": "string", "description": "One event a line."}
    bodies = {
        CONTENT_TYPE_EVENT: one,
        CONTENT_TYPE_BATCH: many,
        JSON: {"anyOf": [one, many]},
        JSON_LINES: lines,
        NEWLINE_DELIMITED_JSON: lines,
    }
    return {
        "summary": "Write events to the log",
        "description": POST_EVENTS,
        "operationId": "postEvents",
        "security": [{"token": []}],
        "parameters": [
            {
                "name": "dry_run",
                "in": "query",
                "description": "Only say what would be refused.",
                "schema": {"type": "boolean", "default": False},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": schema} for kind, schema in bodies.items()},
        },
        "responses": {
            "200": _answer("All events could be taken; it was only tried.", Checked),
            "202": _answer("The log has all events.", Taken),
            **{str(status): _refusal(status) for status in REFUSALS},
        },
    }


def _refusal(status: int) -> Document:
    answer = _answer(REFUSALS[status], RefusedAnswer, CONTENT_TYPE_PROBLEM)
    if status == 401:  # noqa: PLR2004
        answer["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    if status in {429, 503}:
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return answer


def _page(summary: str, content_type: str, *, also: list[int] | None = None) -> Document:
    content: Document = {content_type: {"schema": {}}}
    found = {"200": {"description": summary, "content": content}}
    starting = {"description": "The worker starts.", "content": {"text/plain": {"schema": {}}}}
    return {
        "summary": summary,
        "responses": found | {str(status): starting for status in also or []} | _misdirected(),
    }


def _status(summary: str, *, also: list[int]) -> Document:
    answers = {str(status): _answer(summary, WorkerStatus) for status in [200, *also]}
    return {"summary": summary, "responses": answers | _misdirected()}


def _offsets() -> Document:
    summary = "Up to which offset of each partition events are judged."
    answers = {
        "200": _answer(summary, OffsetsAnswer),
        "503": _answer("The worker starts.", WorkerStatus),
    }
    return {"summary": summary, "responses": answers | _misdirected()}


def _misdirected() -> Document:
    return {"421": _answer(MISDIRECTED, RefusedAnswer, CONTENT_TYPE_PROBLEM)}


def _answer(description: str, model: type[BaseModel], content_type: str = JSON) -> Document:
    return {
        "description": description,
        "content": {content_type: {"schema": reference(model)}},
    }
