"""What does a program's answer say? JSON read with care: whatever is printed, it is an answer or a ValueError.

Of a call, only its id, its instant and, where it was looked for, its numbers must be right: hyp would go wrong by
them. Whatever else cannot be read is not known.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, DecimalException
from typing import Any

from hyponema_cli.carriers.base import (
    LONGEST_DURATION_SECONDS,
    CallView,
    Capabilities,
    PlaceCall,
    Scope,
    clean,
)
from hyponema_cli.core.call import CallState
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.phone import masked, parse

LONGEST_ID = 255
LONGEST_LINE = 200
LONGEST_WAIT_SECONDS = Decimal(24 * 3600)
MOST_CALLS_PER_SECOND = 1_000_000
MOST_AT_ONCE = 64
HIGHEST_PRICE = 1_000_000_000
MOST_DIGITS = 12
"""Of a price, behind the point: 1E-999999999 would fill the memory when it is written out."""

STATES = {
    str(state): state
    for state in (
        CallState.QUEUED,
        CallState.RINGING,
        CallState.IN_PROGRESS,
        CallState.COMPLETED,
        CallState.BUSY,
        CallState.NO_ANSWER,
        CallState.CANCELED,
        CallState.FAILED,
    )
}
"""A word that is not here is no end: the call is asked about again."""
SCOPES: dict[str, Scope] = {each: each for each in ("call", "destination", "sender", "account")}

# With a plus, in any spacing that people write; without one, digits in a row: instants and addresses have gaps, too.
_NUMBERS = re.compile(r"\+\d(?:[ ().-]{0,2}\d){6,14}|\d{7,}", re.ASCII)


def value_of(out: bytes) -> Any:
    """Return what was printed, its numbers exact."""
    try:
        return json.loads(out.decode(), parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, DecimalException, RecursionError):
        raise ValueError("it is not JSON" if out.strip() else "it is empty") from None


def placed(answer: Any, call: PlaceCall, now: datetime) -> CallView:
    """Return a call that was just placed. Its id is enough: with one, it is no doubt."""
    known = {"to_number": call.to_number, "from_number": call.from_number}
    return _view_of({**known, **answer} if isinstance(answer, dict) else answer, now)


def same(answer: Any, carrier_call_id: str) -> CallView:
    """Return the call that was asked about."""
    view = _view_of(answer)
    if view.carrier_call_id != carrier_call_id:
        raise ValueError("it tells of another call")
    return view


def listed(answer: Any) -> list[CallView]:
    """Return the calls of a list, with their numbers in E.164 form: one that is overlooked may be dialled again."""
    if not isinstance(answer, list):
        raise ValueError("it is no array of calls")
    views = [_view_of(each) for each in answer]
    try:
        for view in views:
            parse(view.to_number), parse(view.from_number)
    except InvalidInput:
        raise ValueError("the numbers of a call are not in E.164 form") from None
    return views


def capabilities(answer: Any) -> Capabilities:
    """Return what a program says that it can do."""
    if not isinstance(answer, dict) or answer.get("find") not in ("none", "live", "history"):
        raise ValueError("it does not say find: none, live or history")
    pace = answer.get("calls_per_second", 1)
    number = _number(pace)
    if pace is not None and (number is None or not 0 < number <= MOST_CALLS_PER_SECOND):
        raise ValueError("its calls_per_second is no number of calls")
    return Capabilities(
        find=answer["find"],
        calls_per_second=None if number is None else float(number),
        tells_price=answer.get("tells_price") is True,
        requests_at_once=_at_once(answer.get("requests_at_once", 1)),
    )


def _at_once(number: Any) -> int:
    if type(number) is not int or not 1 <= number <= MOST_AT_ONCE:
        raise ValueError(f"its requests_at_once is no number from 1 to {MOST_AT_ONCE}")
    return number


def found(answer: Any) -> str:
    """Return the line of a check."""
    line = _plain(_text(answer, "found")) if isinstance(answer, dict) else ""
    if not line:
        raise ValueError("it does not say what was found")
    return line[:LONGEST_LINE].rstrip(".")


def scope(out: bytes) -> Scope:
    """Return what a refusal is about; the call, unless it says so itself."""
    return SCOPES.get(_text(_beside(out), "scope"), "call")


def retry_after(out: bytes) -> timedelta | None:
    """Return how long to wait, if that was said."""
    seconds = _number(_beside(out).get("retry_after_seconds"))
    if seconds is None or seconds < 0:
        return None
    return timedelta(seconds=float(min(seconds, LONGEST_WAIT_SECONDS)))


def last_line(tail: bytes) -> str:
    r"""Return the last line that holds something, for people: no phone number in it, and nothing that moves a cursor.

    >>> last_line(b"dialling\nno route to +34600000001\x1b[2J\n")
    'no route to +346…001[2J'
    """
    lines = [line for line in map(_plain, tail.decode("utf-8", "replace").splitlines()) if line]
    return _NUMBERS.sub(_masked, lines[-1])[:LONGEST_LINE] if lines else ""


def _view_of(answer: Any, now: datetime | None = None) -> CallView:
    """Return the call that is told of. One without an instant was made `now`; None: it must have one."""
    if not isinstance(answer, dict):
        raise ValueError("it is no call")
    carrier_call_id = answer.get("carrier_call_id")
    if not isinstance(carrier_call_id, str) or not carrier_call_id.strip():
        raise ValueError("it holds no carrier_call_id")
    if len(carrier_call_id) > LONGEST_ID or not carrier_call_id.isprintable():
        raise ValueError("its carrier_call_id is too long, or cannot be printed")
    created_at = _instant(answer.get("created_at")) or now
    if created_at is None:
        raise ValueError("it does not say when the call was created, as in 2026-03-02T08:00:00Z")
    status, price = _text(answer, "status"), _price(answer.get("price"))
    return CallView(
        carrier_call_id=carrier_call_id,
        state=STATES.get(status),
        raw_status=status,
        to_number=_text(answer, "to_number"),
        from_number=_text(answer, "from_number"),
        created_at=created_at,
        answered_by=_text(answer, "answered_by") or None,
        duration_seconds=_seconds(answer.get("duration_seconds")),
        price=price,
        currency=(_text(answer, "currency") or None) if price is not None else None,
    )


def _beside(out: bytes) -> dict[str, Any]:
    """Return what was printed beside an exit code that says it all; mostly nothing."""
    try:
        value = value_of(out)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    return clean(value) if isinstance(value, str) else ""


def _instant(value: object) -> datetime | None:
    """Return an instant (RFC 3339); None where there is none, or no offset from UTC."""
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
        return instant.astimezone(UTC) if instant is not None and instant.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _number(value: object) -> Decimal | None:
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def _seconds(value: object) -> int | None:
    seconds = _number(value)
    return int(seconds) if seconds is not None and 0 <= seconds <= LONGEST_DURATION_SECONDS else None


def _price(value: object) -> Decimal | None:
    try:
        price = Decimal(value) if isinstance(value, str) else _number(value)
    except DecimalException:
        return None
    if price is None or not price.is_finite() or not 0 <= price < HIGHEST_PRICE:
        return None
    exponent = price.as_tuple().exponent
    return price if isinstance(exponent, int) and abs(exponent) <= MOST_DIGITS else None


def _plain(text: str) -> str:
    """Return text in one line, without anything that could move a cursor or fool an eye."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())


def _masked(found: re.Match[str]) -> str:
    # A national number is too short to show its beginning, too.
    return masked(found[0]) if found[0].startswith("+") else f"…{found[0][-3:]}"


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
