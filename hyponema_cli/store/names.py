"""Which ids and names begin with these letters? For completion, which asks at every Tab.

It looks, and does nothing else: no file is made, nobody is waited for, nothing is brought up to date. It reads a few
rows by an index, and gives up rather than go through many that are of no use. It does not open the workspace as
`store` does, which is for those who change it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from hyponema_cli.store.migrations import APPLICATION_ID, SCHEMA_VERSION

MOST = 50
"""Rows of each kind: more cannot be read at a prompt."""
_PATIENCE = 0.05
"""Seconds to wait for a writer; a person is waiting for us."""
_MOST_STEPS = 500_000
"""Of SQLite's machine, some hundredths of a second: then what has been found has to do."""
_LAST_LETTER = chr(0x10FFFF)


class Found(NamedTuple):
    """What begins as was asked, and what to say of it."""

    word: str
    name: str | None
    """What else it can be called by."""
    about: str


_LOOK_UPS = {
    "agents": (
        "select id, name, '' from agents where removed_at is null and id between :first and :last order by id",
        "select name, null, id from agents where removed_at is null and name between :first and :last order by name",
    ),
    "users": (
        "select id, name, phone_number from users"
        " where removed_at is null and id between :first and :last order by id",
        "select name, null, id from users where removed_at is null and name between :first and :last order by name",
    ),
    "phones": (
        "select phone_number, null, name from users where removed_at is null"
        " and phone_number between :first and :last order by phone_number",
    ),
    "suppressed": (
        "select phone_number, null, coalesce(reason, '') from suppressions"
        " where phone_number between :first and :last order by phone_number",
    ),
    "numbers": (
        "select phone_number, null, carrier from numbers"
        " where phone_number between :first and :last order by phone_number",
        "select id, null, phone_number from numbers where id between :first and :last order by id",
    ),
    # The latest first: ids begin with the time at which they were made.
    "schedules": (
        "select id, name, status from schedules where id between :first and :last order by id desc",
        "select name, null, id from schedules where name between :first and :last order by name",
    ),
    "executions": (
        "select id, null, status || ' ' || scheduled_time from executions"
        " where id between :first and :last order by id desc",
    ),
    "calls": (
        "select id, null, status || ' ' || created_at from calls where id between :first and :last order by id desc",
    ),
    "doubts": (
        "select id, null, created_at from calls where status = 'in_doubt' and id between :first and :last"
        " order by next_poll_at, id",
    ),
    # The plus: those that are live have an index of their own; most have ended.
    "sessions": (
        "select id, null, channel from sessions where ended_at is null and +id between :first and :last"
        " order by +id desc",
    ),
    "messages": (
        "select id, null, event || ' ' || status from webhooks where id between :first and :last order by id desc",
    ),
    "accounts": (
        "select distinct carrier, null, '' from numbers where carrier between :first and :last order by carrier",
    ),
}
KINDS = frozenset(_LOOK_UPS)


def beginning(path: Path, kind: str, prefix: str) -> list[Found]:
    """Return what begins with `prefix` in the workspace at `path`.

    Raises sqlite3.Error or OSError for any trouble at all: there is no workspace, it is locked, it is newer.
    """
    with _open(path) as connection:
        return [found for look_up in _LOOK_UPS[kind] for found in _rows(connection, look_up, prefix)]


def _rows(connection: sqlite3.Connection, look_up: str, prefix: str) -> Iterator[Found]:
    rows = connection.execute(f"{look_up} limit {MOST}", {"first": prefix, "last": prefix + _LAST_LETTER})
    connection.set_progress_handler(lambda: True, _MOST_STEPS)
    try:
        yield from (Found(str(word), name, str(about)) for word, name, about in rows)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname != "SQLITE_INTERRUPT":
            raise


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    with path.open("rb") as file:
        is_wal = file.read(20)[18:20] == b"\x02\x02"
    # Whoever opens a write-ahead log makes its files where there are none. Where there are none, nobody has the
    # workspace open: it can be read as something that does not change.
    alone = is_wal and not path.with_name(path.name + "-wal").exists()
    where = f"{path.absolute().as_uri()}?mode=ro&readonly_shm=1" + ("&immutable=1" if alone else "")
    connection = sqlite3.connect(where, uri=True, timeout=_PATIENCE)
    try:
        (owner,) = connection.execute("pragma application_id").fetchone()
        (version,) = connection.execute("pragma user_version").fetchone()
        if owner != APPLICATION_ID or version > SCHEMA_VERSION:
            raise sqlite3.DatabaseError("not a workspace that we know")
        yield connection
    finally:
        connection.close()
