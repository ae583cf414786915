"""What the tests of the core share: tables that read as documentation, instants in one word, refusals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from hyponema_cli.core.errors import InvalidInput


def table(text: str) -> list[tuple[str, ...]]:
    """Read rows of cells between bars, for `parametrize`.

    >>> table('''
    ...     0 9 * * *   | every day
    ...     0 9 * * mon | Mondays
    ... ''')
    [('0 9 * * *', 'every day'), ('0 9 * * mon', 'Mondays')]
    """
    return [tuple(cell.strip() for cell in line.split("|")) for line in text.strip().splitlines()]


def utc(text: str) -> datetime:
    """Read an instant that a test writes out: `2026-03-29T01:00Z`."""
    instant = datetime.fromisoformat(text)
    assert instant.tzinfo is not None, "an instant has an offset"
    return instant


def refusal(read: Callable[[str], object], text: str, *, named: str | None = None) -> str:
    """Return the message and the hint with which `text` is refused.

    The message names the value, as it was typed or as `named`, and there is a hint.
    """
    with pytest.raises(InvalidInput) as caught:
        read(text)
    assert (named or repr(text)) in caught.value.message
    assert caught.value.hint
    return f"{caught.value.message}; hint: {caught.value.hint}"
