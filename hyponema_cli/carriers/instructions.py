"""What is a carrier told to do with an answered call, and what is the agent told about it?

An agent is told the same facts under the same names in each way: in the query of its answer URL, or as parameters of
its media stream. An application that is stored at the carrier is told nothing there; it asks `hyp calls show` for
them by the carrier's id of the call.

The texts are built here, and not in a carrier, so that what is too long is refused when a schedule is booked and not
when the phone should ring.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from hyponema_cli.core.connect import Connection
from hyponema_cli.core.errors import InvalidInput

MOST_TOLD = 4_000
"""How many characters may tell a carrier how to connect a call. Twilio's limit for a `Twiml` parameter (its API
description, CreateCall); held for answer URLs too, so that an agent can change its way and leave nobody out."""
LONGEST_ID = 64
LISTENED_TO = frozenset({"twilio"})
"""The carriers that `hyp serve` can hear: whose signatures it can verify."""

# Allowed in JSON and not in XML 1.0 (section 2.2); a lone surrogate can be in neither.
_NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")


def facts(
    *,
    agent_id: str,
    user_id: str | None,
    schedule_id: str,
    execution_id: str,
    call_id: str,
    attempt: int,
    scheduled_time: str,
    customer_context: Mapping[str, Any],
) -> dict[str, str]:
    """Return what an agent is told of a call, by name. The context is one JSON object, so that it keeps its types."""
    return {
        "direction": "outbound",
        "agent_id": agent_id,
        "user_id": user_id or "",
        "schedule_id": schedule_id,
        "execution_id": execution_id,
        "call_id": call_id,
        "attempt": str(attempt),
        "scheduled_time": scheduled_time,
        "customer_context": _compact(customer_context),
    }


def answer_address(url: str, told: Mapping[str, str]) -> str:
    """Return an answer URL with the facts in its query; what it had there stays in front, and its fragment behind.

    >>> answer_address("https://agent.example/answer?v=2#rc=3", {"attempt": "1"})
    'https://agent.example/answer?v=2&attempt=1#rc=3'
    """
    parts = urlsplit(url)
    pairs = [f"{name}={quote(value, safe='')}" for name, value in told.items()]
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, *pairs]))))


def callback_address(base: str, carrier: str, call_id: str) -> str:
    """Return where a carrier tells what becomes of a call. Whoever verifies its signature builds the same text.

    >>> callback_address("https://calls.example.org/", "twilio", "call_1")
    'https://calls.example.org/callbacks/twilio?call_id=call_1'
    """
    return f"{base.rstrip('/')}/callbacks/{quote(carrier)}?call_id={quote(call_id, safe='')}"


def stream_document(url: str, told: Mapping[str, str]) -> str:
    """Return the TwiML that connects a call to a media stream and passes the facts along as its parameters.

    >>> print(stream_document("wss://agent.example", {"attempt": "1"}))
    <Response><Connect><Stream url='wss://agent.example'><Parameter name='attempt' value='1'/></Stream></Connect></Response>
    """  # noqa: E501 - one document
    parameters = "".join(f"<Parameter name={_quoted(name)} value={_quoted(value)}/>" for name, value in told.items())
    return f"<Response><Connect><Stream url={_quoted(url)}>{parameters}</Stream></Connect></Response>"


def instructions(connection: Connection, told: Mapping[str, str]) -> str:
    """Return the text that tells a carrier how to connect the call."""
    if connection.stream_url is not None:
        return stream_document(connection.stream_url, told)
    if connection.answer_url is not None:
        return answer_address(connection.answer_url, told)
    return connection.application_sid or ""


def room_for_context(connection: Connection) -> int:
    """Return how many characters are left for a context; raises InvalidInput where not even an empty one fits."""
    left = MOST_TOLD - _length(connection, "x" * LONGEST_ID, {})
    if left < 0:
        raise InvalidInput(
            f"the address is too long: with it, a call's instructions take {MOST_TOLD - left:,} of {MOST_TOLD:,} "
            "characters",
            hint="what differs from call to call belongs into --context",
        )
    return left


def refuse_too_long(connection: Connection, user_id: str | None, customer_context: Mapping[str, Any]) -> None:
    """Raise InvalidInput when a call could not be told all that it must be: the longest ids are assumed."""
    length = _length(connection, user_id, customer_context)
    if length > MOST_TOLD:
        size = len(_compact(customer_context))
        raise InvalidInput(
            f"the customer context is too long: with it, a call's instructions take {length:,} of "
            f"{MOST_TOLD:,} characters",
            hint=f"the context takes {size:,} as JSON; keep a key in it, and let the agent look up the rest",
        )


def _length(connection: Connection, user_id: str | None, customer_context: Mapping[str, Any]) -> int:
    longest = "x" * LONGEST_ID
    told = facts(
        agent_id=longest,
        user_id=user_id,
        schedule_id=longest,
        execution_id=longest,
        call_id=longest,
        attempt=1_000_000,
        scheduled_time="2026-03-02T08:00:00Z",
        customer_context=customer_context,
    )
    # One without a way may be given one later.
    return len(instructions(connection if connection.way else Connection(stream_url="wss://agent.example"), told))


def _compact(context: Mapping[str, Any]) -> str:
    text = json.dumps(context, ensure_ascii=False, separators=(",", ":"))
    return _NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _quoted(text: str) -> str:
    # Between single quotes, JSON's own quotes stand as they are, where `&quot;` would take six characters for each.
    return "'" + escape(text, quote=False).replace("'", "&#39;") + "'"
