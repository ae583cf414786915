"""How does a service speak where nobody looks on? A line for each thing that happened, for people or programs.

A line never holds a phone number, a name or a context: ids are enough to ask `hyp why` and `hyp calls show`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

from hyponema_cli.render.safe import visible

Format = Literal["text", "json", "journal"]
FORMATS: tuple[Format, ...] = ("text", "json", "journal")

WARNINGS = frozenset(
    {
        "call.in_doubt",
        "call.rejected",
        "call.redialled_from_doubt",
        "carrier.held",
        "execution.exhausted",
        "execution.failed",
        "execution.missed",
        "http.failed",
        "http.trouble",
        "serve.trouble",
        "webhook.dead",
        "worker.trouble",
    }
)
"""What somebody should look at."""
DETAILS = frozenset(
    {
        "call.in_progress",
        "call.looked_for",
        "call.placing",
        "call.ringing",
        "execution.deferred",
        "execution.due",
        "execution.waiting_retry",
        "schedule.moved",
    }
)
"""The steps between; all else is information."""
LEVELS = ("debug", "info", "warning")

_PRIORITY = {"warning": 4, "info": 6, "debug": 7}
"""Of syslog(3), as journald reads it in angle brackets at the start of a line (sd-daemon(3))."""


def level_of(event: str) -> str:
    """Return how much an event matters: warning, info or debug.

    >>> level_of("call.placed"), level_of("call.in_doubt"), level_of("call.ringing")
    ('info', 'warning', 'debug')
    """
    return "warning" if event in WARNINGS else "debug" if event in DETAILS else "info"


def line(form: Format, at: str, event: str, words: Mapping[str, str | None]) -> str:
    """Write one line; `words` are ids and reasons by name, in the order in which they are shown."""
    said = {name: word for name, word in words.items() if word}
    level = level_of(event)
    if form == "json":
        return json.dumps({"at": at, "level": level, "event": event, **said}, ensure_ascii=True)
    text = visible(" ".join([event, *(f"{name}={_quoted(word)}" for name, word in said.items())]))
    # journald keeps the time itself.
    return f"<{_PRIORITY[level]}>{text}" if form == "journal" else f"{at} {level} {text}"


def _quoted(word: str) -> str:
    plain = word.isascii() and not any(character in word for character in ' "=\\\n\r\t')
    return word if plain else json.dumps(word, ensure_ascii=False)
