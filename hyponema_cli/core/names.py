"""What may a thing be called? Ids are typed on command lines; names are for people; statuses are words of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hyponema_cli.core.errors import InvalidInput, suggestion

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,63}", re.ASCII)


def own_id(text: str) -> str:
    """Check an id that the operator brings: it is typed on command lines, so it needs no quoting."""
    if _ID.fullmatch(text) is None:
        raise InvalidInput(f"id {text!r} cannot be used", hint="up to 64 letters, digits, and . _ : @ -")
    return text


def name(text: str) -> str:
    """Check a name: anything but nothing."""
    if not text.strip():
        raise InvalidInput(f"name {text!r} is empty", hint="what do people call it?")
    return text


def statuses(option: str, given: Iterable[str], known: Iterable[str], default: Iterable[str]) -> list[str]:
    """Read statuses, separated by commas or given several times; `all` is every one."""
    words = [word.strip() for text in given for word in text.split(",") if word.strip()]
    if not words:
        return list(default)
    everything = list(known)
    for word in words:
        if word not in everything and word != "all":
            raise InvalidInput(f"{option} {word!r} is not known", hint=suggestion(word, [*everything, "all"]))
    return everything if "all" in words else words


def likes_of(word: str) -> tuple[str, str, str]:
    """Return a word as an id that we made would be spelt, and from where to where names begin as it does."""
    prefix, _, rest = word.partition("_")
    begin = word[: max(len(word) // 2, 1)]
    return f"{prefix.lower()}_{rest.upper()}", begin, begin + "\U0010ffff"
