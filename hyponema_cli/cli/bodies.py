"""Where does a request body come from? A file, or standard input when `-` says so; never by itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hyponema_cli.core import document
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.engine import body
from hyponema_cli.engine.request import Request

LARGEST = 1 << 20
"""Bytes. A body is a page or two; more is the wrong file."""


def read(source: str, *, change: bool = False) -> Request:
    """Read the request body in a file."""
    name = "standard input" if source == "-" else source
    if source == "-":
        octets = sys.stdin.buffer.read(LARGEST + 1) if sys.stdin is not None else b""
    else:
        with Path(source).open("rb") as file:
            octets = file.read(LARGEST + 1)
    if len(octets) > LARGEST:
        raise InvalidInput(f"{name} is too large for one request body", hint="several: hyp schedules import FILE")
    try:
        value = document.parse(octets.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{name} is not UTF-8: {error.reason} at byte {error.start}", hint="JSON is UTF-8"
        ) from error
    except ValueError as error:
        raise InvalidInput(
            f"{name} is not JSON: {error}", hint="is it one object, whole, and nothing else?"
        ) from error
    if isinstance(value, list):
        raise InvalidInput(f"{name} holds a list", hint="one object here; a list: hyp schedules import FILE")
    return body.read(value, change=change)


@contextmanager
def speaking_of_fields(source: str | None) -> Iterator[None]:
    """Let errors name the fields of the body, where there is one, instead of options that nobody typed."""
    try:
        yield
    except InvalidInput as error:
        raise (body.in_fields(error) if source is not None else error) from error
