"""Suppressions: the phone numbers that must not be dialled."""

from __future__ import annotations

from datetime import datetime

from hyponema_cli.core.instant import from_text, maybe_instant, maybe_text, to_text
from hyponema_cli.core.records import Suppressed
from hyponema_cli.store import Store

_COLUMNS = "phone_number, reason, created_by, created_at, expires_at"


def put(store: Store, it: Suppressed) -> None:
    """Suppress a number; said again, the newer reason and end count."""
    store.execute(
        f"""
        insert into suppressions ({_COLUMNS}) values (?, ?, ?, ?, ?)
        on conflict (phone_number) do update set reason = excluded.reason, expires_at = excluded.expires_at
        """,  # noqa: S608 - a constant of this file
        (it.phone_number, it.reason, it.created_by, to_text(it.created_at), maybe_text(it.expires_at)),
    )


def find(store: Store, phone_number: str) -> Suppressed | None:
    """Return the suppression of a number, also one that has expired."""
    row = store.execute(
        f"select {_COLUMNS} from suppressions where phone_number = ?",  # noqa: S608 - a constant of this file
        (phone_number,),
    ).fetchone()
    return _from_row(row) if row else None


def select(store: Store, now: datetime, limit: int) -> list[Suppressed]:
    """List the suppressions in force by number; `limit` 0 is all."""
    rows = store.execute(
        f"select {_COLUMNS} from suppressions where expires_at is null or expires_at > ? "  # noqa: S608 - constants
        f"order by phone_number limit {limit or -1:d}",
        (to_text(now),),
    )
    return [_from_row(row) for row in rows]


def remove(store: Store, phone_number: str) -> bool:
    """Let a number be dialled again; False when it was not suppressed."""
    return store.execute("delete from suppressions where phone_number = ?", (phone_number,)).rowcount == 1


def _from_row(row: tuple[str, ...]) -> Suppressed:
    return Suppressed(row[0], row[1], row[2], from_text(row[3]), maybe_instant(row[4]))
