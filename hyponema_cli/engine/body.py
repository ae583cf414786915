"""What does a request body ask for? The bodies of both guides, and what hyp prints, read into a Request.

Values in, a Request out: nothing is looked up here, and whether it can be booked is for `book` to say. An unknown
field, a value of another type, and fields that contradict each other are refused by name.

- Guide A: `agent_id, user_id, single_shot, weekdays, local_time, timezone, run_at, enabled, max_attempts,
  retry_delay_seconds`. Its `run_at` is UTC, also without a Z.
- Guide B: `agent_id, phone_number, scheduled_time, cron_expression, timezone, name, description, customer_context,
  metadata, retry_policy, webhook_url, webhook_events, max_occurrences`. Its `scheduled_time` is a reading of the
  clock on the wall, unless it has an offset.
- hyp's own: the same names, the rest of the options, and fields that only tell (`PRINTED`), which are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from hyponema_cli.core import document
from hyponema_cli.core.document import shown
from hyponema_cli.core.errors import InvalidInput, suggestion
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine.request import Request

TEXTS = (
    "agent_id", "user_id", "phone_number", "local_time", "timezone", "run_at", "scheduled_time", "fold",
    "cron_expression", "name", "description", "start_at", "until_at", "backoff", "calling_window", "on_doubt",
    "webhook_url", "status", "ref",
)  # fmt: skip
WHOLE_NUMBERS = (
    "max_attempts", "retry_delay_seconds", "max_occurrences", "catch_up_window_seconds", "redial_after_seconds",
    "priority",
)  # fmt: skip
TRUTHS = ("single_shot", "enabled")
LISTS = ("weekdays", "retry_on", "webhook_events")
OBJECTS = ("customer_context", "metadata", "retry_policy")
REJECTED = ("rejected_because", "rejected_place", "rejected_row")
"""What an import writes beside the fields of a row that it did not take: why, where it stood, and itself if it has no
fields."""
PRINTED = frozenset(
    {
        "id", "kind", "local_time_from", "timezone_from", "status_reason", "calling_window_from", "last_run_at",
        "next_run_at", "trouble", "last_status", "created_by", "created_at", "updated_at", "occurrences", "outlook",
        "dry_run", *REJECTED,
    }
)  # fmt: skip
"""What hyp prints of a schedule, and nobody can ask for."""
GRACE = timedelta(minutes=1)
"""How long ago a time may be that a program asks for, and still mean now: it was read before the request went its
way, and maybe from another clock."""
POLICY = ("max_retries", "retry_delay", "exponential_backoff", "retry_on")
FIELDS = (*TEXTS, *WHOLE_NUMBERS, *TRUTHS, *LISTS, *OBJECTS)

_CLEARS = {
    "timezone": "timezone",
    "name": "name",
    "description": "description",
    "max_occurrences": "max_occurrences",
    "start_at": "start",
    "until_at": "until",
    "catch_up_window_seconds": "catch_up_window",
    "calling_window": "window",
    "webhook_url": "webhook_url",
    "webhook_events": "webhook_events",
}
"""What a null in a change unsets."""
_OF_OTHERS = {"local_time": "local_time_from", "timezone": "timezone_from", "calling_window": "calling_window_from"}
"""Fields that hyp prints as they are in force, and the field beside each that tells whose they are."""
_WAYS = {
    "weekly": ("weekdays", "local_time"),
    "cron": ("cron_expression",),
    "once": ("run_at", "scheduled_time"),
}
_OFFSET = re.compile(r"([Zz]|[+-]\d{2}(:?\d{2})?)$", re.ASCII)

_SAID_AS = {
    "--weekdays": "weekdays",
    "--cron": "cron_expression",
    "--fold": "fold",
    "--tz": "timezone",
    "--user": "user_id",
    "--to": "phone_number",
    "--name": "name",
    "--max-occurrences": "max_occurrences",
    "--max-attempts": "max_attempts",
    "--max-retries": "retry_policy.max_retries",
    "--retry-on": "retry_on",
    "--backoff": "backoff",
    "--catch-up-window": "catch_up_window_seconds",
    "--start": "start_at",
    "--until": "until_at",
    "--on-doubt": "on_doubt",
    "--webhook-event": "webhook_events",
    "--priority": "priority",
    "--ref": "ref",
}


def read(body: object, *, change: bool = False) -> Request:
    """Read a body. In a change a null unsets its field; in a new schedule it says nothing.

    >>> read({"phone_number": "+34600000001", "cron_expression": "0 9 * * MON"}).when.cron
    '0 9 * * MON'

    Raises InvalidInput, naming the field.
    """
    if not isinstance(body, Mapping):
        raise InvalidInput(f"{shown(body)} is not a JSON object", hint='as in {"agent_id": "agent-123", …}')
    for name in body:
        if name not in FIELDS and name not in PRINTED:
            raise unknown("field", name, FIELDS)
    given = {name: value for name, value in body.items() if value is not None and name not in PRINTED}
    for name, whose in _OF_OTHERS.items():
        if name in given and body.get(whose) in ("user", "workspace"):
            del given[name]
    of = _Reader(given)
    policy = _Reader(of.object("retry_policy", POLICY), "retry_policy.")
    retry_delay = _agreeing(of.seconds("retry_delay_seconds"), policy.seconds("retry_delay"), "retry_delay_seconds")
    cleared = [name for name in _CLEARS if name in body and body[name] is None] if change else []
    return Request(
        agent=of.text("agent_id"),
        user=of.text("user_id"),
        to=of.text("phone_number"),
        when=_when(of),
        timezone=of.text("timezone"),
        name=of.text("name"),
        description=of.text("description"),
        context=of.object("customer_context"),
        metadata=of.object("metadata"),
        max_occurrences=of.whole("max_occurrences"),
        start=of.text("start_at"),
        until=of.text("until_at"),
        max_attempts=of.whole("max_attempts"),
        max_retries=policy.whole("max_retries"),
        retry_delay=retry_delay,
        backoff=_agreeing(of.text("backoff"), _backoff(policy.truth("exponential_backoff")), "backoff"),
        retry_on=_agreeing(of.words("retry_on"), policy.words("retry_on"), "retry_on"),
        catch_up_window=of.seconds("catch_up_window_seconds"),
        window=of.text("calling_window"),
        on_doubt=_on_doubt(of.text("on_doubt"), of.seconds("redial_after_seconds")),
        webhook_url=of.text("webhook_url"),
        webhook_events=of.words("webhook_events"),
        priority=of.whole("priority"),
        ref=of.text("ref"),
        paused=_paused(of, change=change),
        clear=tuple(_CLEARS[name] for name in cleared),
    )


def typed(cells: Mapping[str, str]) -> dict[str, Any]:
    """Return the body that a row of texts stands for: numbers and truths read, `context.KEY` put together.

    An empty text says nothing. Raises InvalidInput, naming the field.
    """
    body: dict[str, Any] = {}
    for name, text in cells.items():
        if not text:
            continue
        outer, dot, key = name.partition(".")
        if dot:
            _put(body, "customer_context" if outer == "context" else outer, key, text)
        elif name in OBJECTS:
            for key, value in document.parse_object(name, text, 'as in {"order_id": "ORD-456"}').items():
                _put(body, name, key, value)
        else:
            body[name] = _FROM_TEXT[name](name, text) if name in _FROM_TEXT else text
    return body


def typed_so_far(cells: Mapping[str, str]) -> dict[str, Any]:
    """Return what `typed` would, with the text itself where one cannot be read: for whoever mends it."""
    body: dict[str, Any] = {}
    for name, text in cells.items():
        try:
            found = typed({name: text})
            for outer, value in found.items():
                if isinstance(value, dict):
                    for key, inner in value.items():
                        _put(body, outer, key, inner)
                else:
                    body[outer] = value
        except InvalidInput:
            body[name] = text
    return body


def in_fields(error: InvalidInput) -> InvalidInput:
    """Return an error that speaks of options as one that speaks of the fields of a body."""
    said = re.sub(r"--[a-z-]+", lambda found: _SAID_AS.get(found[0], found[0]), error.message)
    return InvalidInput(said.replace("--at ", ""), hint=error.hint)


def reworded(hint: str | None, words: Iterable[tuple[str, str]]) -> str | None:
    """Return a hint in the words of those who type no options: each pattern becomes what stands beside it, in order.

    A command that is to be typed stays as it is.
    """
    if hint is None:
        return None
    ours, command, rest = hint.partition("hyp ")
    for option, said in words:
        ours = re.sub(option, said, ours)
    return ours + command + rest


def unknown(what: str, name: object, known: Sequence[str]) -> InvalidInput:
    """Say that there is no such field, and which was meant."""
    hint = suggestion(str(name), known, otherwise=f"known are: {', '.join(sorted(known))}")
    return InvalidInput(f"unknown {what} {shown(name)}", hint=hint)


class _Reader:
    """The fields of an object, each read as what it must be; None when it says nothing."""

    def __init__(self, given: Mapping[str, Any], path: str = "") -> None:
        self.given = given
        self.path = path

    def text(self, name: str) -> str | None:
        value = self.given.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self._no(name, "must be a text", 'in quotes, as in "2026-12-01 14:30"')
        return printable(self.path + name, value)

    def whole(self, name: str) -> int | None:
        value = self.given.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._no(name, "must be a whole number", "without quotes, as in 3")
        return value

    def seconds(self, name: str) -> str | None:
        value = self.given.get(name)
        if isinstance(value, str):
            return value  # a duration, such as 5m
        seconds = self.whole(name)
        if seconds is not None and seconds < 0:
            raise self._no(name, "must be 0 or more", "in seconds")
        return None if seconds is None else str(seconds)

    def truth(self, name: str) -> bool | None:
        value = self.given.get(name)
        if value is not None and not isinstance(value, bool):
            raise self._no(name, "must be true or false", "without quotes")
        return value

    def words(self, name: str) -> list[str] | None:
        value = self.given.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self._no(name, "must be a list of words", 'as in ["busy", "no_answer"]')
        return value

    def object(self, name: str, known: Sequence[str] = ()) -> dict[str, Any]:
        value = self.given.get(name)
        if value is None:
            return {}
        found = document.checked_object(name, value, 'as in {"order_id": "ORD-456"}')
        for each in found if known else ():
            if each not in known:
                raise unknown(f"field of {name}", each, known)
        return found

    def _no(self, name: str, what: str, hint: str) -> InvalidInput:
        return InvalidInput(f"{self.path}{name} {shown(self.given[name])} {what}", hint=hint)


def printable(what: str, text: str) -> str:
    """Return a text that can be stored; raises InvalidInput for half a character, and for one that ends a text."""
    if not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text):
        raise InvalidInput(f"{what} {shown(text)} holds half a character", hint="a lone surrogate is no text")
    if "\0" in text:
        raise InvalidInput(f"{what} {shown(text)} holds a NUL character", hint="leave it out")
    return text


def _when(of: _Reader) -> WhenWords:
    ways = {kind: [name for name in names if name in of.given] for kind, names in _WAYS.items()}
    said = [names[0] for names in ways.values() if names]
    if len(ways["once"]) > 1:
        said = ways["once"]
    if len(said) > 1:
        raise InvalidInput(f"{said[0]} and {said[1]} cannot be used together", hint=_HOW)
    single = of.truth("single_shot")
    if said and single is not None and single != bool(ways["once"]):
        raise InvalidInput(f"single_shot {str(single).lower()} and {said[0]} contradict each other", hint=_HOW)
    at = of.text("local_time") or of.text("scheduled_time")
    run_at = of.text("run_at")
    if run_at is not None:
        at = _utc(run_at, of)
    return WhenWords(weekdays=_weekdays(of), at=at, cron=of.text("cron_expression"), fold=of.text("fold"))


_HOW = (
    "weekdays with local_time, or cron_expression, or scheduled_time, or run_at; single_shot is true for the last two"
)


def _utc(run_at: str, of: _Reader) -> str:
    """A `run_at` is UTC; beside a timezone, a naive one could be meant either way, and nothing is guessed."""
    words = run_at.strip()
    if words.casefold() == "now" or _OFFSET.search(words[10:]):
        return words
    if "timezone" in of.given:
        raise InvalidInput(
            f"run_at {run_at!r} could be UTC or on the clocks of {of.given['timezone']}",
            hint="write a Z behind it for UTC; a time on those clocks is a scheduled_time",
        )
    return words + "Z"


def _weekdays(of: _Reader) -> str | None:
    value = of.given.get("weekdays")
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, list) or any(isinstance(day, bool) or not isinstance(day, int | str) for day in value):
        raise InvalidInput(f"weekdays {shown(value)} must be a list of ISO weekdays", hint="as in [1, 3, 5]")
    return ",".join(map(str, value))


def _paused(of: _Reader, *, change: bool) -> bool | None:
    enabled, status = of.truth("enabled"), of.text("status")
    if status is None:
        return None if enabled is None else not enabled
    if status not in ("active", "paused"):
        said = "nobody can change" if change else "cannot be added"
        raise InvalidInput(f"status {status!r}: a schedule that has ended {said}", hint="status is active or paused")
    if enabled is not None and enabled != (status == "active"):
        raise InvalidInput(
            f"enabled {str(enabled).lower()} and status {status!r} contradict each other",
            hint="one of them is enough",
        )
    return status == "paused"


def _backoff(exponential: bool | None) -> str | None:
    return None if exponential is None else "exponential" if exponential else "fixed"


def _on_doubt(policy: str | None, after: str | None) -> str | None:
    if after is None or (policy is not None and policy.strip() != "redial-after"):
        return policy
    return f"redial-after {after}"


def _agreeing(flat: Any, nested: Any, name: str) -> Any:
    """Return what two spellings of one thing say."""
    if flat is not None and nested is not None and flat != nested:
        raise InvalidInput(
            f"{name} {shown(flat)} and retry_policy {shown(nested)} disagree", hint="one of them is enough"
        )
    return flat if flat is not None else nested


def _put(body: dict[str, Any], name: str, key: str, value: Any) -> None:
    inner = body.setdefault(name, {})
    if key in inner:
        raise InvalidInput(f"{name} {key!r} is said twice", hint=f"in {name} and in a column of its own")
    if name == "retry_policy" and isinstance(value, str) and key in _POLICY_FROM_TEXT:
        value = _POLICY_FROM_TEXT[key](f"{name}.{key}", value)
    inner[key] = value


def _whole_of(name: str, text: str) -> int:
    if re.fullmatch(r"[+-]?[0-9]{1,18}", text, re.ASCII) is None:
        raise InvalidInput(f"{name} {text!r} must be a whole number", hint="as in 3")
    return int(text)


def _seconds_of(name: str, text: str) -> int | str:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text, re.ASCII) else text


def _truth_of(name: str, text: str) -> bool:
    for value, words in ((True, ("true", "yes", "1")), (False, ("false", "no", "0"))):
        if text.casefold() in words:
            return value
    raise InvalidInput(f"{name} {text!r} must be true or false", hint="also yes and no, 1 and 0")


def _list_of(name: str, text: str) -> list[str]:
    if text == "[]":
        return []  # an empty cell says nothing
    return [each.strip() for each in text.split(",") if each.strip()]


_FROM_TEXT: dict[str, Callable[[str, str], Any]] = {
    **dict.fromkeys(WHOLE_NUMBERS, _whole_of),
    "retry_delay_seconds": _seconds_of,
    "catch_up_window_seconds": _seconds_of,
    "redial_after_seconds": _seconds_of,
    **dict.fromkeys(TRUTHS, _truth_of),
    "retry_on": _list_of,
    "webhook_events": _list_of,
}
_POLICY_FROM_TEXT: dict[str, Callable[[str, str], Any]] = {
    "max_retries": _whole_of,
    "retry_delay": _seconds_of,
    "exponential_backoff": _truth_of,
    "retry_on": _list_of,
}
