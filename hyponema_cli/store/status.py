"""What is in a workspace file? For people who look after it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hyponema_cli.store import Store, on_local_disk, settings, wal_is_safe


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


class JournalMode(NamedTuple):
    """How a file's changes are kept until they are safe."""

    mode: str
    wanted: str
    """What a file on this disk should have with this SQLite."""
    local_disk: bool
    """Whether the disk is known to be of this machine; locks of others may not hold."""


def journal_mode(store: Store) -> JournalMode:
    """Look at how the file keeps its changes."""
    (mode,) = store.execute("pragma journal_mode").fetchone()
    wanted = "wal" if wal_is_safe(sqlite3.sqlite_version_info, store.path) else "truncate"
    return JournalMode(mode, wanted, on_local_disk(store.path))


def damage(store: Store) -> list[str]:
    """Read the whole file; return what is broken in it, the first few finds."""
    found = [row[0] for row in store.execute("pragma quick_check(5)")]
    return [] if found == ["ok"] else found


def schema_version(store: Store) -> int:
    """Return the file's schema."""
    (version,) = store.execute("pragma user_version").fetchone()
    return int(version)


def try_to_write(store: Store) -> None:
    """Begin a change and take it back; raises sqlite3.OperationalError when the file cannot be written."""
    # The lock alone says nothing: SQLite grants it on a file that may only be read, too.
    store.execute("begin immediate")
    try:
        store.execute("update journal set dials = dials")
    finally:
        if store.in_transaction():
            store.execute("rollback")


def files_of(workspace: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the files that a workspace has: its own, SQLite's and those that hyp keeps beside it."""
    for ending in ("", "-journal", "-wal", "-shm", ".dialled", ".heartbeat", ".webhook-secret", ".simulated"):
        path = workspace.with_name(workspace.name + ending)
        if path.is_file():
            yield path, path.stat()
