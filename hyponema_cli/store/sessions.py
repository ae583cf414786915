"""Sessions: the conversations that are going on, on any channel."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from hyponema_cli.core.errors import Conflict
from hyponema_cli.core.instant import from_text, maybe_instant, to_text
from hyponema_cli.core.records import Session
from hyponema_cli.store import Store

_COLUMNS = "id, user_id, phone_number, channel, started_at, touched_at, expires_at, ended_at"


def insert(store: Store, it: Session) -> None:
    """Note that a conversation has begun; raises Conflict when the id is taken."""
    try:
        store.execute(
            f"insert into sessions ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, null)",  # noqa: S608 - a constant
            (
                it.id,
                it.user_id,
                it.phone_number,
                it.channel,
                to_text(it.started_at),
                to_text(it.touched_at),
                to_text(it.expires_at),
            ),
        )
    except sqlite3.IntegrityError as error:
        raise Conflict(f"a session {it.id!r} exists already", hint="see: hyp sessions list --status all") from error


def touch(store: Store, session_id: str, now: datetime, expires_at: datetime) -> None:
    """Note that a conversation is still going on."""
    store.execute(
        "update sessions set touched_at = ?, expires_at = ? where id = ?",
        (to_text(now), to_text(expires_at), session_id),
    )


def end(store: Store, session_id: str, now: datetime) -> None:
    """Note that a conversation is over."""
    store.execute("update sessions set ended_at = ? where id = ?", (to_text(now), session_id))


def find(store: Store, session_id: str) -> Session | None:
    """Return the session of that id."""
    row = store.execute(
        f"select {_COLUMNS} from sessions where id = ?",  # noqa: S608 - a constant of this file
        (session_id,),
    ).fetchone()
    return _from_row(row) if row else None


def live_with(store: Store, phone_number: str, user_id: str | None, now: datetime) -> Session | None:
    """Return the session with a person that lasts longest: by its number, or with the user who has the number now."""
    row = store.execute(
        f"""
        select {_COLUMNS} from sessions
        where ended_at is null and expires_at > ?1
          and (phone_number = ?2 or user_id = ?3 or user_id in (select id from users where phone_number = ?2))
        order by expires_at desc limit 1
        """,  # noqa: S608 - a constant of this file
        (to_text(now), phone_number, user_id),
    ).fetchone()
    return _from_row(row) if row else None


def select(store: Store, now: datetime, statuses: Iterable[str], limit: int) -> list[Session]:
    """List the sessions of those statuses (live, expired, ended), the newest first; `limit` 0 is all."""
    filters = {
        "live": "ended_at is null and expires_at > :now",
        "expired": "ended_at is null and expires_at <= :now",
        "ended": "ended_at is not null",
    }
    where = " or ".join(filters[status] for status in statuses)
    rows = store.execute(
        f"select {_COLUMNS} from sessions where {where} "  # noqa: S608 - constants of this file
        f"order by started_at desc, id desc limit {limit or -1:d}",
        {"now": to_text(now)},
    )
    return [_from_row(row) for row in rows]


def ids(store: Store) -> list[str]:
    """Return the latest ids, for suggestions."""
    return [row[0] for row in store.execute("select id from sessions order by started_at desc limit 200")]


def _from_row(row: tuple[Any, ...]) -> Session:
    return Session(
        row[0],
        row[1],
        row[2],
        row[3],
        from_text(row[4]),
        from_text(row[5]),
        from_text(row[6]),
        maybe_instant(row[7]),
    )
