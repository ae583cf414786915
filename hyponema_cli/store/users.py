"""Users: who is called."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from hyponema_cli.core.errors import Conflict
from hyponema_cli.core.instant import from_text, to_text
from hyponema_cli.core.names import likes_of
from hyponema_cli.core.records import User
from hyponema_cli.store import Store
from hyponema_cli.store.aside import put_aside

COLUMNS = "id, name, phone_number, timezone, local_time, context, created_at, updated_at, calling_window"


def insert(store: Store, user: User) -> None:
    """Add a user; raises Conflict when the id is taken, also by one that was removed."""
    try:
        store.execute(
            f"insert into users ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant of this file
            to_row(user),
        )
    except sqlite3.IntegrityError as error:
        raise Conflict(f"a user {user.id!r} exists already", hint=f"hyp users show {user.id}") from error


def update(store: Store, user: User, now: datetime) -> None:
    """Write a user's changed fields. A number that they give up stays known as theirs: a cap counts it on."""
    store.execute(
        """
        insert into former_numbers select id, phone_number from users where id = ? and phone_number <> ?
        on conflict do nothing
        """,
        (user.id, user.phone_number),
    )
    store.execute(
        """
        update users set name = ?, phone_number = ?, timezone = ?, local_time = ?, context = ?, updated_at = ?,
          calling_window = ?
        where id = ?
        """,
        (
            user.name,
            user.phone_number,
            user.timezone,
            user.local_time,
            json.dumps(user.context),
            to_text(now),
            user.calling_window,
            user.id,
        ),
    )


def former_numbers(store: Store, phone_number: str, user_id: str | None) -> list[str]:
    """Return the numbers that a person had before: the user, and whoever has the number now."""
    rows = store.execute(
        """
        select f.phone_number from former_numbers f
        where f.user_id = ?2 or f.user_id in (select id from users where phone_number = ?1)
        """,
        (phone_number, user_id),
    )
    return [row[0] for row in rows]


def find(store: Store, word: str) -> list[User]:
    """Return the user with that id, else every user with that exact name or phone number."""
    return _select(store, "id = ?", (word,)) or _select(store, "(name = ? or phone_number = ?)", (word, word))


def by_id(store: Store, user_id: str) -> list[User]:
    """Return the user of that id, if they are there."""
    return _select(store, "id = ?", (user_id,))


def by_number(store: Store, phone_number: str) -> list[User]:
    """Return the users of that number."""
    return _select(store, "phone_number = ?", (phone_number,))


def is_taken(store: Store, user_id: str) -> bool:
    """True when a user bears that id, or one who was removed."""
    return store.execute("select 1 from users where id = ?", (user_id,)).fetchone() is not None


def walk(store: Store) -> Iterator[User]:
    """Yield all users by id; nothing is locked, and who is changed meanwhile may be in it or not."""
    after = ""
    while page := _select(store, "id > ?", (after,), 1000, order="id"):
        yield from page
        after = page[-1].id


def is_there(store: Store, user_id: str) -> bool:
    """True when there is a user of that id who was not removed."""
    row = store.execute("select 1 from users where id = ? and removed_at is null", (user_id,)).fetchone()
    return row is not None


def select(store: Store, limit: int) -> list[User]:
    """List users by name; `limit` 0 is all."""
    return _select(store, "true", (), limit)


def at_leisure(store: Store, limit: int) -> Iterator[User]:
    """Yield what `select` lists, however long, as it is now; nothing is held when the first is asked for."""
    chosen = f"select id from users where removed_at is null order by name, id limit {limit or -1:d}"  # noqa: S608

    def read(ids: Sequence[str]) -> list[tuple[Any, ...]]:
        holes = ", ".join("?" * len(ids))
        return store.execute(
            f"select {COLUMNS} from users where id in ({holes}) order by name, id",  # noqa: S608 - constants
            ids,
        ).fetchall()

    return map(from_row, put_aside(store, chosen, (), read))


def words(store: Store, word: str) -> list[str]:
    """Return the ids and names that could have been meant by a word, for suggestions."""
    rows = store.execute(
        """
        select id, name from (select id, name from users where removed_at is null limit 1000)
        union select id, name from users where (id = ?1 or id = ?2) and removed_at is null
        union select * from (
          select id, name from users where name >= ?3 and name < ?4 and removed_at is null order by name limit 1000)
        """,
        (word, *likes_of(word)),
    )
    return [each for row in rows for each in row]


def remove(store: Store, user_id: str, now: datetime) -> None:
    """Take a user out of the lists; one that history needs keeps their row."""
    if store.execute("select 1 from schedules where user_id = ? limit 1", (user_id,)).fetchone():
        store.execute("update users set removed_at = ? where id = ?", (to_text(now), user_id))
    else:
        store.execute("delete from former_numbers where user_id = ?", (user_id,))
        store.execute("update sessions set user_id = null where user_id = ?", (user_id,))
        store.execute("delete from users where id = ?", (user_id,))


def _select(store: Store, where: str, values: tuple[str, ...], limit: int = 0, order: str = "name, id") -> list[User]:
    rows = store.execute(
        f"select {COLUMNS} from users where removed_at is null and {where} "  # noqa: S608 - constants of this file
        f"order by {order} limit {limit or -1:d}",
        values,
    )
    return list(map(from_row, rows))


def to_row(user: User) -> tuple[Any, ...]:
    """Return the values of COLUMNS."""
    return (
        user.id,
        user.name,
        user.phone_number,
        user.timezone,
        user.local_time,
        json.dumps(user.context),
        to_text(user.created_at),
        to_text(user.updated_at),
        user.calling_window,
    )


def from_row(row: Sequence[Any]) -> User:
    """Read the values of COLUMNS."""
    return User(
        row[0], row[1], row[2], row[3], row[4], json.loads(row[5]), from_text(row[6]), from_text(row[7]), row[8]
    )
