"""Is this a JSON object that hyp can keep? Context and metadata come from people, and go to agents and receivers.

Nothing that JSON cannot say, nothing said twice, and no deeper than those who read it can follow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hyponema_cli.core.errors import InvalidInput

DEEPEST = 32
"""How deep a context or metadata may be nested: deeper ones meet the limits of those who read them."""


def parse(text: str) -> Any:
    """Read JSON strictly; raises ValueError for what is none, for NaN, and for a key that is said twice."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_float)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def parse_object(what: str, text: str, hint: str) -> dict[str, Any]:
    """Read a JSON object; `what` names it in the InvalidInput that anything else raises."""
    try:
        value = parse(text)
    except ValueError as error:
        shown = text if len(text) < 60 else text[:60] + "…"
        raise InvalidInput(f"{what} {shown!r} is not JSON: {error}", hint=hint) from error
    return checked_object(what, value, hint)


def checked_object(what: str, value: Any, hint: str) -> dict[str, Any]:
    """Return the value if it is an object that can be kept; raises InvalidInput, naming `what`."""
    if not isinstance(value, dict):
        raise InvalidInput(f"{what} {shown(value)} is not a JSON object", hint=hint)
    if _depth(value) > DEEPEST:
        raise InvalidInput(f"{what} is nested more than {DEEPEST} levels deep", hint=hint)
    try:
        json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise InvalidInput(f"{what} holds a number that JSON cannot say", hint=hint) from error
    return value


def shown(value: Any) -> str:
    """Write a value so that it fits into a line."""
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is said twice")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def _float(word: str) -> float:
    number = float(word)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{word} is too large a number")
    return number


def _depth(value: Any) -> int:
    levels, inside = 0, [value]
    while inside:
        levels += 1
        inside = [
            each
            for outer in inside
            for each in (outer.values() if isinstance(outer, Mapping) else outer if isinstance(outer, list) else ())
        ]
    return levels - 1
