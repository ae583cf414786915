"""What do requests and answers look like, in OpenAPI's words? Bodies by the tables of whoever reads them."""

from __future__ import annotations

from typing import Any

from hyponema_cli.engine import body
from hyponema_cli.serve.problems import CONTENT_TYPE

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
TRUTH: Schema = {"type": "boolean"}
ANY_OBJECT: Schema = {"type": "object"}
INSTANT: Schema = {"type": "string", "format": "date-time"}


def maybe(schema: Schema) -> Schema:
    """Return what may be null, too."""
    return {**schema, "type": [schema["type"], "null"]}


def list_of(schema: Schema) -> Schema:
    """Return a list."""
    return {"type": "array", "items": schema}


def named(**fields: Schema) -> Schema:
    """Return an object with these fields, all of them there."""
    return {"type": "object", "properties": fields, "required": list(fields)}


SCHEDULE = named(
    id=TEXT,
    kind={"type": "string", "enum": ["once", "weekly", "cron"]},
    single_shot=TRUTH,
    agent_id=TEXT,
    user_id=maybe(TEXT),
    phone_number=TEXT,
    weekdays=maybe(list_of(WHOLE)),
    local_time=maybe(TEXT),
    local_time_from=maybe(TEXT),
    cron_expression=maybe(TEXT),
    run_at=maybe(INSTANT),
    timezone=maybe(TEXT),
    timezone_from=maybe(TEXT),
    enabled=TRUTH,
    status={"type": "string", "enum": ["active", "paused", "completed", "exhausted", "canceled"]},
    status_reason=maybe(TEXT),
    name=maybe(TEXT),
    description=maybe(TEXT),
    customer_context=ANY_OBJECT,
    metadata=ANY_OBJECT,
    max_occurrences=maybe(WHOLE),
    start_at=maybe(INSTANT),
    until_at=maybe(INSTANT),
    max_attempts=WHOLE,
    retry_delay_seconds=WHOLE,
    backoff=TEXT,
    retry_on=list_of(TEXT),
    catch_up_window_seconds=maybe(WHOLE),
    calling_window=maybe(TEXT),
    calling_window_from=maybe(TEXT),
    on_doubt=TEXT,
    redial_after_seconds=maybe(WHOLE),
    webhook_url=maybe(TEXT),
    webhook_events=list_of(TEXT),
    priority=WHOLE,
    ref=maybe(TEXT),
    last_run_at=maybe(INSTANT),
    next_run_at=maybe(INSTANT),
    trouble=maybe(TEXT),
    last_status=maybe(TEXT),
    created_by=TEXT,
    created_at=INSTANT,
    updated_at=INSTANT,
)
RUN = named(
    execution_id=maybe(TEXT),
    scheduled_time=INSTANT,
    actual_time=maybe(INSTANT),
    call_id=maybe(TEXT),
    status=TEXT,
    duration=maybe(WHOLE),
    error=maybe(TEXT),
)
EXECUTION = named(**RUN["properties"], schedule_id=TEXT, reason=maybe(TEXT), kind=TEXT, attempts=WHOLE)
HISTORY = named(schedule_id=TEXT, executions=list_of(RUN))
HEALTH = named(
    status={"type": "string", "enum": ["healthy", "unhealthy"]},
    scheduled_calls_pending=WHOLE,
    scheduled_calls_total=WHOLE,
    last_execution=maybe(INSTANT),
    failed_executions_today=WHOLE,
    reasons=list_of(TEXT),
)
OCCURRENCE = named(
    scheduled_time=INSTANT,
    local_time=INSTANT,
    timezone=TEXT,
    note=maybe(TEXT),
    verdict=TEXT,
    reason=maybe(TEXT),
    rings_at=maybe(INSTANT),
)
NUMBER = named(
    id=TEXT,
    phone_number=TEXT,
    carrier=TEXT,
    label=maybe(TEXT),
    agent_id=maybe(TEXT),
    created_at=INSTANT,
    updated_at=INSTANT,
)
PROBLEM = named(
    type=TEXT,
    title=TEXT,
    status=WHOLE,
    detail=TEXT,
    kind={"type": "string", "description": "The kind of the error, as on the command line."},
    hint=maybe(TEXT),
)

SECONDS: Schema = {"type": ["integer", "string", "null"], "minimum": 0, "description": "Seconds, or as in 5m."}
_POLICY: Schema = {
    "type": ["object", "null"],
    "properties": {
        "max_retries": maybe(WHOLE),
        "retry_delay": SECONDS,
        "exponential_backoff": maybe(TRUTH),
        "retry_on": maybe(list_of(TEXT)),
    },
    "additionalProperties": False,
}
_OF_THEIR_OWN: dict[str, Schema] = {
    "weekdays": {
        "type": ["array", "string", "null"],
        "items": {"type": ["integer", "string"]},
        "description": "ISO weekdays, 1 is Monday: [1, 3, 5].",
    },
    "retry_policy": _POLICY,
    "retry_delay_seconds": SECONDS,
    "catch_up_window_seconds": SECONDS,
    "redial_after_seconds": SECONDS,
}


def _field(name: str) -> Schema:
    if name in _OF_THEIR_OWN:
        return _OF_THEIR_OWN[name]
    kinds = ((body.TEXTS, TEXT), (body.WHOLE_NUMBERS, WHOLE), (body.TRUTHS, TRUTH), (body.OBJECTS, ANY_OBJECT))
    return maybe(next((schema for names, schema in kinds if name in names), list_of(TEXT)))


BOOKING: Schema = {
    "type": "object",
    "properties": {name: _field(name) for name in body.FIELDS},
    "additionalProperties": False,
    "description": "The fields of both guides. Those that hyp prints of a schedule, and nobody can ask for, are "
    "passed over.",
}
NEW_NUMBER: Schema = {
    "type": "object",
    "properties": {
        "phone_number": TEXT,
        "carrier": maybe(TEXT),
        "label": maybe(TEXT),
        "agent_id": {**maybe(TEXT), "description": "The agent whose calls show it."},
    },
    "required": ["phone_number"],
    "additionalProperties": False,
}


def told(
    shape: Schema,
    *,
    takes: Schema | None = None,
    example: Any = None,
    status: int = 200,
    creates: bool = False,
) -> dict[str, Any]:
    """Return how a route is described: what it takes and answers, and that it answers problems else."""
    responses: dict[int | str, Any] = {
        status: {"description": "Done.", "content": {"application/json": {"schema": shape}}},
        "default": {"description": "A problem (RFC 9457).", "content": {CONTENT_TYPE: {"schema": PROBLEM}}},
        **{code: {"description": said, "content": {CONTENT_TYPE: {"schema": PROBLEM}}} for code, said in _PROBLEMS},
    }
    extra: dict[str, Any] = {"security": [{"token": []}]}
    if takes is not None:
        content = {"schema": takes} | ({"example": example} if example is not None else {})
        extra["requestBody"] = {"required": True, "content": {"application/json": content}}
    if creates:
        extra["parameters"] = [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
                "description": "A key of yours: said again within a day, the request is answered and not done again.",
            }
        ]
    return {"status_code": status, "responses": responses, "openapi_extra": extra}


_PROBLEMS = (
    (400, "What came cannot be read."),
    (401, "A token is needed, or is not known."),
    (403, "The token does not allow this."),
    (404, "There is no such thing."),
    (409, "The state of things forbids it."),
    (413, "The body is too large."),
    (415, "The body is not JSON."),
    (422, "What was asked cannot be done; `detail` names the value."),
    (429, "Too many requests."),
    (503, "The workspace cannot be used now."),
)
