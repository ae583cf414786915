"""Turns: when each carrier account takes its next call. Kept in the file, so that a pace holds across processes."""

from __future__ import annotations

from datetime import datetime

from hyponema_cli.store import Store


def next_at(store: Store, account: str) -> datetime | None:
    """Return the instant of the next free turn, to the microsecond; None when the account never had one."""
    row = store.execute("select next_at from turns where account = ?", (account,)).fetchone()
    return datetime.fromisoformat(row[0]) if row else None


def forget(store: Store) -> None:
    """Let every account have its next turn at once."""
    store.execute("delete from turns")


def put(store: Store, account: str, next_at: datetime) -> None:
    """Note that every turn before `next_at` is taken."""
    store.execute(
        "insert into turns values (?, ?) on conflict (account) do update set next_at = excluded.next_at",
        (account, next_at.isoformat()),
    )
