"""How are many things written so that one bad one does not take the others with it? Together, else each by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.report import TickReport

RECORD_PATIENCE = 60
"""How many times a record waits for the lock (five seconds each) before it is given up, and becomes a doubt."""

T = TypeVar("T")


def write_all(
    desk: Desk,
    report: TickReport,
    items: Sequence[T],
    write: Callable[[T], None],
    instead: Callable[[T, Exception], None],
) -> None:
    """Write all items in one transaction. If that fails for one, each in its own, and `instead` for those that fail.

    What happened in the world cannot be rolled back, so we wait long for the lock. Trouble with the database itself
    is raised: it would meet every item alike.
    """
    if not items:
        return
    before = replace(report)
    try:
        with desk.store.transaction(patience=RECORD_PATIENCE):
            for item in items:
                write(item)
    except sqlite3.OperationalError:
        raise
    except Exception:
        report.become(before)
        for item in items:
            _write_one(desk, item, write, instead)


def _write_one(desk: Desk, item: T, write: Callable[[T], None], instead: Callable[[T, Exception], None]) -> None:
    try:
        with desk.store.transaction(patience=RECORD_PATIENCE):
            write(item)
    except Exception as error:
        with desk.store.transaction(patience=RECORD_PATIENCE):
            instead(item, error)
