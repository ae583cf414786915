"""Idempotency keys: what was made for a request that may come again, by its token and the key that it bears."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from hyponema_cli.core.instant import to_text
from hyponema_cli.store import Store


class Made(NamedTuple):
    """What a request with a key had asked for, and the id of what was made for it."""

    asked: str
    made: str


def find(store: Store, token: str, key: str, since: datetime) -> Made | None:
    """Return what was made for a key, if that was not before `since`."""
    row = store.execute(
        "select asked, made from idempotency_keys where token = ? and key = ? and created_at >= ?",
        (token, key, to_text(since)),
    ).fetchone()
    return Made(*row) if row else None


def keep(store: Store, token: str, key: str, made: Made, now: datetime, *, drop_before: datetime) -> None:
    """Note what was made for a key; what is older than anybody asks for goes."""
    store.execute("delete from idempotency_keys where created_at < ?", (to_text(drop_before),))
    store.execute(
        "insert into idempotency_keys (token, key, asked, made, created_at) values (?, ?, ?, ?, ?)",
        (token, key, *made, to_text(now)),
    )
