"""Where are the rows of an import that are not stored yet? In a temporary file, which SQLite deletes by itself.

So all rows can be judged before one is stored, without the write lock and whatever their number; what was judged is
then stored by one statement, in one transaction. Many schedules differ in nothing but whom they call: what they share
is kept once, as a rule.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from hyponema_cli.core.errors import Busy
from hyponema_cli.core.instant import maybe_text, to_text
from hyponema_cli.core.records import Schedule, User
from hyponema_cli.core.schedule import Occurrence
from hyponema_cli.core.when import When
from hyponema_cli.store import Store, users
from hyponema_cli.store.schedules import NAMES, to_row

OWN = ("id", "user_id", "to_number", "name", "description", "customer_context", "metadata", "ref")
"""What every schedule has for itself."""
SHARED = tuple(name for name in NAMES if name not in OWN)
_AGAIN = "the other change is stored; try again"
_MATTER = ("agent.edited", "agent.removed", "user.edited", "user.removed", "user.forgotten", "setting.changed",
           "number.added", "number.edited", "number.released")  # fmt: skip
"""What in the trail tells that a row might now be judged otherwise."""

Row = tuple[int, int, str, str | None, str | None, str | None, str | None, str, str, str | None]
"""Line, rule, and the values of OWN."""


@contextmanager
def room(store: Store) -> Iterator[None]:
    """Make room for schedules and users that are not stored yet."""
    # A million of them do not belong into memory, where temporary tables otherwise are.
    store.execute("pragma temp_store = file")
    store.execute(f"create temp table staged_rules (rule integer primary key, {', '.join(SHARED)})")
    store.execute(f"create temp table staged (line integer, rule integer, {', '.join(OWN)})")
    store.execute(f"create temp table staged_users (line integer, {users.COLUMNS})")
    store.execute("create unique index temp.staged_users_by_id on staged_users (id)")
    store.execute("create index temp.staged_users_by_number on staged_users (phone_number)")
    try:
        yield
    finally:
        # With it goes all that is in a temporary table.
        store.execute("pragma temp_store = memory")


def index_refs(store: Store) -> None:
    """Make staged schedules findable by their ref; for rows that have one."""
    store.execute("create unique index if not exists temp.staged_by_ref on staged (ref) where ref is not null")


def shared_of(schedule: Schedule) -> tuple[Any, ...]:
    """Return what a schedule may share with others, as it is stored."""
    row = to_row(schedule)
    return tuple(row[name] for name in SHARED)


_INSTANT = tuple(map(SHARED.index, ("run_at", "run_local", "run_fold", "next_run_at", "next_slot", "next_note")))


def at_another_time(shared: tuple[Any, ...], when: When, following: Occurrence) -> tuple[Any, ...]:
    """Return what a one-shot may share with others, with another instant in it."""
    values = list(shared)
    instant = (
        maybe_text(when.run_at),
        when.run_local.isoformat() if when.run_local else None,
        when.run_fold,
        to_text(following.at),
        following.slot,
        following.note,
    )
    for at, value in zip(_INSTANT, instant, strict=True):
        values[at] = value
    return tuple(values)


def own_of(schedule: Schedule) -> tuple[Any, ...]:
    """Return what a schedule has for itself, as it is stored."""
    row = to_row(schedule)
    return tuple(row[name] for name in OWN)


def put(store: Store, rules: Sequence[tuple[Any, ...]], rows: Sequence[Row]) -> None:
    """Stage rules, each behind its number, and schedules."""
    # A transaction of its own that touches no table of the workspace, and so locks none.
    store.execute("begin")
    _fill(store, "staged_rules", len(SHARED) + 1, rules)
    _fill(store, "staged", len(OWN) + 2, rows)
    store.execute("commit")


def _fill(store: Store, table: str, width: int, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        store.connection.executemany(f"insert into {table} values ({', '.join('?' * width)})", rows)  # noqa: S608


def known_refs(store: Store, refs: Sequence[str]) -> set[str]:
    """Return those refs that a stored schedule bears, as its ref or its id."""
    rows = store.execute(
        """
        select r.value from json_each(?) r where exists (select 1 from schedules where ref = r.value)
          or exists (select 1 from schedules where id = r.value)
        """,
        (json.dumps(refs),),
    )
    return {row[0] for row in rows}


def of_refs(store: Store, refs: Sequence[str]) -> Mapping[str, Row]:
    """Return the staged schedules of these refs."""
    rows = store.execute("select s.* from json_each(?) r join staged s on s.ref = r.value", (json.dumps(refs),))
    return {row[-1]: row for row in rows}


def last_line_of_trail(store: Store) -> int:
    """Return where the audit trail ends now."""
    (last,) = store.execute("select coalesce(max(id), 0) from events").fetchone()
    return int(last)


def store_schedules(store: Store, since: int, actor: str, now: datetime) -> None:
    """Store what is staged, in the transaction that is open.

    Raises Busy when what they were judged by has changed since that line of the trail.
    """
    _refuse_changed(store, since)
    columns = ", ".join(f"r.{name}" if name in SHARED else f"s.{name}" for name in NAMES)
    try:
        store.execute(
            f"insert into schedules ({', '.join(NAMES)}) "  # noqa: S608 - constants
            f"select {columns} from staged s join staged_rules r on r.rule = s.rule order by s.rowid"
        )
    except sqlite3.IntegrityError as error:
        raise Busy("somebody else stored a schedule under a ref of this file meanwhile", hint=_AGAIN) from error
    store.execute(
        """
        insert into events (at, actor, name, schedule_id)
        select ?, ?, 'schedule.added', id from staged order by rowid
        """,
        (to_text(now), actor),
    )


def put_user(store: Store, line: int, user: User) -> None:
    """Stage a user."""
    row = (line, *users.to_row(user))
    store.execute(f"insert into staged_users values ({', '.join('?' * len(row))})", row)  # noqa: S608 - constants


def users_by(store: Store, column: str, value: str) -> list[tuple[int, User]]:
    """Return the staged users of an `id` or a `phone_number`, each with their line."""
    assert column in ("id", "phone_number")
    rows = store.execute(f"select * from staged_users where {column} = ? order by line", (value,))  # noqa: S608
    return [(row[0], users.from_row(row[1:])) for row in rows]


def store_users(store: Store, actor: str, now: datetime) -> None:
    """Store the users who are staged, in the transaction that is open; raises Busy when one is there meanwhile."""
    try:
        store.execute(
            f"insert into users ({users.COLUMNS}) "  # noqa: S608 - constants
            f"select {users.COLUMNS} from staged_users order by rowid"
        )
    except sqlite3.IntegrityError as error:
        raise Busy("somebody else added a user of this file meanwhile", hint=_AGAIN) from error
    store.execute(
        """
        insert into events (at, actor, name, subject_id)
        select ?, ?, 'user.added', id from staged_users order by rowid
        """,
        (to_text(now), actor),
    )


def _refuse_changed(store: Store, since: int) -> None:
    row = store.execute(
        f"select name from events where id > ? and name in ({', '.join('?' * len(_MATTER))}) limit 1",  # noqa: S608
        (since, *_MATTER),
    ).fetchone()
    if row is not None:
        noun = row[0].partition(".")[0]
        raise Busy(f"somebody changed {'an' if noun == 'agent' else 'a'} {noun} while the file was read", hint=_AGAIN)
