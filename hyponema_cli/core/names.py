"""What may a thing be called? Ids are typed on command lines; names are for people."""

from __future__ import annotations

import re

from hyponema_cli.core.errors import InvalidInput

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
