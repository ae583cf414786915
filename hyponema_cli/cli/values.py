"""How are options that several commands share read? Ids, `key=value` pairs, JSON, statuses."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hyponema_cli.core import document, timewords
from hyponema_cli.core.errors import InvalidInput, suggestion
from hyponema_cli.core.names import name as name
from hyponema_cli.core.names import own_id as own_id
from hyponema_cli.core.names import statuses as statuses

_DAY = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}")
"""What a day or an instant begins with."""


def pairs(option: str, given: Iterable[str], document: str | None = None) -> dict[str, Any]:
    """Read `key=value` pairs on top of a JSON object."""
    values: dict[str, Any] = {}
    if document is not None:
        values.update(json_object(f"{option}-json", document))
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise InvalidInput(f"{option} {pair!r} is not key=value", hint=f"as in {option} order_id=ORD-456")
        values[key.strip()] = value
    return values


def json_object(option: str, text: str) -> Mapping[str, Any]:
    """Read a JSON object."""
    return document.parse_object(option, text, f'as in {option} \'{{"order_id": "ORD-456"}}\'')


def one_of(what: str, word: str, known: Collection[str]) -> str:
    """Read a word of a few."""
    if word in known:
        return word
    raise InvalidInput(f"{what} {word!r} is not known", hint=suggestion(word, known))


def fields_to_clear(given: Iterable[str] | None, known: Collection[str]) -> list[str]:
    """Read `--clear`: the names of fields to unset."""
    words = [word.replace("-", "_") for word in comma_list(given) or ()]
    for word in words:
        if word not in known:
            raise InvalidInput(f"--clear {word!r} cannot be unset", hint=suggestion(word, sorted(known)))
    return words


def comma_list(given: Iterable[str] | None) -> list[str] | None:
    """Read words that are separated by commas or given several times; None when none was given."""
    words = [word.strip() for text in given or () for word in text.split(",") if word.strip()]
    return words or None


def moment(text: str | None, now: datetime, zone: ZoneInfo, *, end: bool) -> datetime | None:
    """Read a bound: an instant, a date, or how long ago."""
    if text is None:
        return None
    words = text.strip()
    if words[:1].isdigit() and words[-1:] in tuple("smhdw"):
        return now - timewords.parse_duration(words)
    if not _DAY.match(words):
        # Not seconds, which a number alone is elsewhere: who types 30 here means days, or minutes.
        what = "has no unit" if words.isdigit() else "is neither a time nor how long ago"
        raise InvalidInput(f"{text!r} {what}", hint="how long ago, as in 24h or 7d; or a day, as in 2026-12-01")
    return timewords.parse_bound(words, zone, end=end)
