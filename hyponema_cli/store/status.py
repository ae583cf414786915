"""What is in a workspace file? For people who look after it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from hyponema_cli.store import Store, settings


@dataclass(frozen=True, slots=True)
class FileStatus:
    """A workspace file, seen from outside."""

    path: str
    size_bytes: int
    schema: int
    sqlite_version: str
    journal_mode: str
    zone_edition: str | None
    rows: dict[str, int]


def inspect(store: Store) -> FileStatus:
    """Look at the file of an open store; counts every table."""
    from sqlite_utils import Database

    tables = Database(store.connection)
    return FileStatus(
        path=str(store.path),
        size_bytes=store.path.stat().st_size,
        schema=store.execute("pragma user_version").fetchone()[0],
        sqlite_version=sqlite3.sqlite_version,
        journal_mode=store.execute("pragma journal_mode").fetchone()[0],
        zone_edition=settings.zone_edition(store),
        rows={
            name: tables[name].count
            for name in ("agents", "users", "numbers", "schedules", "executions", "calls", "events")
        },
    )
