"""What does a Python call ask for? Its arguments, read into a Request by the reader of request bodies.

What Python has and JSON has not is written as JSON would: a datetime as text, a tuple as a list. Nothing is decided
here, and errors that speak of options are made to speak of arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, TypedDict

from hyponema_cli.core.document import shown
from hyponema_cli.core.errors import HypError, InvalidInput
from hyponema_cli.engine import body
from hyponema_cli.engine.request import Request

When = datetime | str


class RetryPolicy(TypedDict, total=False):
    """How often, and after what, a call is tried again."""

    max_retries: int
    retry_delay: int | str
    """Seconds, or a duration such as 5m."""
    exponential_backoff: bool
    retry_on: Sequence[str]
    """Of no_answer, busy, timeout, failed, voicemail."""


class MoreFields(TypedDict, total=False):
    """What else a schedule can be given; the same as in a request body."""

    user_id: str | None
    fold: str | None
    """first or second: which one, for a time that happens twice when the clocks go back."""
    start_at: datetime | date | str | None
    until_at: datetime | date | str | None
    max_attempts: int | None
    retry_delay_seconds: int | str | None
    backoff: str | None
    retry_on: Sequence[str] | None
    catch_up_window_seconds: int | str | None
    calling_window: str | None
    on_doubt: str | None
    redial_after_seconds: int | str | None
    priority: int | None
    enabled: bool | None


class Changes(MoreFields, total=False):
    """What can be changed of a schedule: what is not given stays as it is."""

    agent_id: str
    phone_number: str
    scheduled_time: When
    allow_past: bool
    cron_expression: str
    weekdays: Sequence[int | str] | str
    local_time: time | str
    timezone: str | None
    name: str | None
    description: str | None
    customer_context: Mapping[str, Any]
    metadata: Mapping[str, Any]
    max_occurrences: int | None
    retry_policy: RetryPolicy
    webhook_url: str | None
    webhook_events: Sequence[str] | None


def request_of(given: Mapping[str, Any], *, change: bool = False) -> Request:
    """Read the arguments of a call. In a change a None unsets its field; in a new schedule it says nothing.

    Raises InvalidInput, naming the argument.
    """
    for name in given:
        if name not in body.FIELDS and name != "allow_past":
            raise body.unknown("argument", name, (*body.FIELDS, "allow_past"))
    if change and given.get("ref") is not None:
        raise InvalidInput("the ref of a schedule cannot be changed", hint="add a new schedule instead")
    return _read(given, change=change)


def row_of(given: Mapping[str, Any]) -> Request:
    """Read a row of a bulk call; what hyp prints of a schedule is taken, too."""
    if not isinstance(given, Mapping):
        raise InvalidInput(f"{shown(given)} is not a dict", hint="one for each call, with the names of the arguments")
    return _read(given, change=False)


def _read(given: Mapping[str, Any], *, change: bool) -> Request:
    try:
        said = {name: _plain(name, value) for name, value in given.items() if name != "allow_past"}
    except RecursionError:
        raise InvalidInput("what is given is nested too deep", hint="does a dict hold itself?") from None
    scheduled = given.get("scheduled_time")
    if isinstance(scheduled, datetime) and scheduled.fold and scheduled.tzinfo is None:
        said.setdefault("fold", "second")
    request = body.read(said, change=change)
    allow_past = given.get("allow_past", False)
    if not isinstance(allow_past, bool):
        raise InvalidInput(f"allow_past {shown(allow_past)} must be True or False", hint="as in allow_past=True")
    return replace(request, when=replace(request.when, allow_past=allow_past, grace=body.GRACE))


@contextmanager
def speaking_of_arguments(prefix: str = "") -> Iterator[None]:
    """Let errors name the arguments of a call instead of options that nobody typed."""
    try:
        yield
    except InvalidInput as error:
        said = body.in_fields(error)
        raise InvalidInput(prefix + said.message, hint=body.reworded(error.hint, _IN_HINTS)) from error
    except HypError as error:
        error.message = prefix + error.message
        error.args = (error.message,)
        raise


# Options in hints, as arguments of a call.
_IN_HINTS = (
    (r"--tz (\S+[^,\s)])", r"timezone='\1'"),
    (r"--allow-past", "allow_past=True"),
    (r"--fold (first|second)", r"fold='\1'"),
    (r"--weekdays mon-fri", "weekdays='mon-fri'"),
    (r"--weekdays ([\d,]+)", r"weekdays=[\1]"),
    (r"--cron ('[^']*')", r"cron_expression=\1"),
    (r"--at (\d\d:\d\d)", r"local_time='\1'"),
    (r"--at ('[^']*')", r"scheduled_time=\1"),
    (r", or --in 15m", ""),
    (r"--user", "user_id"),
    (r"--tz", "timezone"),
)


def _plain(name: str, value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, Mapping):
        return {_key(name, key): _plain(name, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(name, inner) for inner in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise InvalidInput(
        f"{name} holds {shown(value)}, which JSON cannot say",
        hint="texts, numbers, truths, lists and dicts; dates and times become texts",
    )


def _key(name: str, key: object) -> str:
    if not isinstance(key, str):
        raise InvalidInput(f"{name} has the key {shown(key)}, which is no text", hint="the keys of JSON are texts")
    return key
