"""How are Twilio's words said in ours? Status words, error codes, answers and requests, as tables.

Sources: Twilio's API description (`call.enum.status`, CreateCall), and its error pages. Twilio advises against logic
on error codes, because they change; so the table is small, and where a code is not in it the HTTP class decides.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from hyponema_cli.carriers.base import (
    CallView,
    CarrierError,
    OutcomeUnknown,
    PlaceCall,
    Rejected,
    Scope,
    Throttled,
)
from hyponema_cli.carriers.instructions import MOST_TOLD, answer_address, stream_document
from hyponema_cli.carriers.twilio_http import Refusal
from hyponema_cli.core.call import CallState
from hyponema_cli.core.phone import masked
from hyponema_cli.http_once import retry_after_of

STATES = {
    "queued": CallState.QUEUED,
    # In callbacks and support pages only: taken out of the queue, and nothing rings yet.
    "initiated": CallState.QUEUED,
    "ringing": CallState.RINGING,
    "in-progress": CallState.IN_PROGRESS,
    "completed": CallState.COMPLETED,
    "busy": CallState.BUSY,
    "no-answer": CallState.NO_ANSWER,
    "canceled": CallState.CANCELED,
    "failed": CallState.FAILED,
}
"""A word that is not here is no end: the call is asked about again."""

SCOPES: dict[int, Scope] = {
    20003: "account",  # authentication failed
    20005: "account",  # the account is not active
    20008: "account",  # test credentials cannot do this
    20404: "account",  # on a create: there is no such account
    21205: "call",  # the URL is none
    21210: "sender",  # From is no number of the account, nor a verified one
    21212: "sender",  # From is no phone number
    21213: "sender",  # From is missing
    573002: "sender",  # trial: From is not assigned to this callee
    21211: "destination",  # To is no phone number
    21214: "destination",  # To cannot be reached
    21215: "destination",  # the account may not call that country; others it may
    21216: "destination",  # To is blocked
    21217: "destination",  # To is no phone number
    21219: "destination",  # trial: To is not verified
    573005: "destination",  # trial: To is not verified yet
}
"""Whose fault a refused create is, by Twilio's code."""

THROTTLED = frozenset({10004, 20429})
"""Too many calls at once, too many requests: Twilio has not taken this one."""

ACCOUNT_STATUSES = frozenset({401, 402, 403, 404, 405, 407})
"""Answers to a create that would meet every other call too."""
UNKNOWN_STATUSES = frozenset({408})
"""Besides 1xx, 3xx and 5xx. 408 comes from something in between that stopped waiting, and cannot say for what."""

SHORTEST_THROTTLE = timedelta(seconds=5)
"""How long an account is left alone that says "too many" and not for how long."""

CALLBACK_EVENTS = ("initiated", "ringing", "answered", "completed")
"""What Twilio tells a status callback; every end comes as `completed`."""

_DETECTION = {"on": "Enable", "message-end": "DetectMessageEnd"}
_NUMBERS = re.compile(r"\+?\d[\d\s().-]{5,}\d", re.ASCII)


def fields_of(call: PlaceCall) -> dict[str, Any]:
    """Return what a create says, by the SDK's names; raises Rejected for what no create can say."""
    connection, fields = call.connection, dict[str, Any](to=call.to_number, from_=call.from_number)
    if connection.stream_url is not None:
        fields["twiml"] = stream_document(connection.stream_url, call.facts)
        if len(fields["twiml"]) > MOST_TOLD:
            raise Rejected(f"its TwiML takes more than {MOST_TOLD:,} characters", "call", "too_long")
    elif connection.answer_url is not None:
        fields["url"] = answer_address(connection.answer_url, call.facts)
    elif connection.application_sid is not None:
        fields["application_sid"] = connection.application_sid
    else:
        raise Rejected("the agent has no answer URL, media stream or application", "call", "not_connected")
    if call.callback_url is not None and connection.application_sid is None:
        # With an application, Twilio passes over these fields: the application has its own.
        fields["status_callback"] = call.callback_url
        fields["status_callback_event"] = list(CALLBACK_EVENTS)
        fields["status_callback_method"] = "POST"
    more = {
        "timeout": connection.ring_timeout_seconds,
        "time_limit": connection.time_limit_seconds,
        "machine_detection": _DETECTION.get(connection.machine_detection),
        "call_reason": connection.call_reason,
    }
    return {**fields, **{name: value for name, value in more.items() if value is not None}}


def view_of(it: Any, now: datetime) -> CallView:
    """Return what the SDK's call says; raises OutcomeUnknown where it lacks an id.

    A call without a date was made just `now`: some compatible services leave it out of the answer to a create.
    """
    if not isinstance(it.sid, str) or not it.sid:
        raise OutcomeUnknown("the answer holds no call SID")
    price, currency = _price(it.price, it.price_unit)
    state = STATES.get(str(it.status))
    return CallView(
        carrier_call_id=it.sid,
        state=state,
        raw_status=str(it.status),
        to_number=str(it.to),
        from_number=str(it._from),
        created_at=it.date_created if isinstance(it.date_created, datetime) else now,
        answered_by=it.answered_by or None,
        duration_seconds=_seconds(it.duration) if state is CallState.COMPLETED else None,
        price=price,
        currency=currency,
    )


def refused_create(refusal: Refusal, now: datetime) -> CarrierError:
    """Return what a refused create means: not taken, or nobody knows."""
    status, code = refusal.status, code_of(refusal)
    said = message_of(refusal)
    if status < 400 or status >= 500 or status in UNKNOWN_STATUSES:
        return OutcomeUnknown(said)
    if status == 429 or code in THROTTLED:
        return Throttled(said, retry_after_of(refusal.headers.get("Retry-After"), now) or SHORTEST_THROTTLE)
    scope: Scope = SCOPES.get(code or 0, "account" if status in ACCOUNT_STATUSES else "call")
    return Rejected(said, scope, str(code or status))


def code_of(refusal: Refusal) -> int | None:
    """Return Twilio's code of a refusal; None where it gives none."""
    code = _json_of(refusal).get("code")
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def message_of(refusal: Refusal) -> str:
    """Return a refusal in a line, without the phone numbers in it.

    >>> message_of(Refusal(400, '{"code": 21211, "message": "+34600000001 is not valid"}'))
    '+346…001 is not valid (HTTP 400, error 21211)'
    """
    code, body = code_of(refusal), _json_of(refusal)
    # Also in the form of RFC 9457, which Twilio's newer interfaces answer in.
    words = body.get("message") or body.get("detail") or body.get("title")
    said = f"HTTP {refusal.status}" + (f", error {code}" if code is not None else "")
    if not isinstance(words, str):
        return said
    return f"{_NUMBERS.sub(_masked, ' '.join(words.split()))[:300]} ({said})"


def _masked(found: re.Match[str]) -> str:
    return masked("".join(character for character in found[0] if character in "+0123456789"))


def _json_of(refusal: Refusal) -> dict[str, Any]:
    try:
        body = json.loads(refusal.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _seconds(text: object) -> int | None:
    try:
        return int(str(text))
    except ValueError:
        return None


def _price(price: object, unit: object) -> tuple[Decimal | None, str | None]:
    """Return what a call cost; Twilio says it as a negative amount, and later than the end."""
    if price in (None, ""):
        return None, None
    try:
        amount = Decimal(str(price))
    except InvalidOperation:
        return None, None
    return (abs(amount), str(unit) if unit else None) if amount.is_finite() else (None, None)
