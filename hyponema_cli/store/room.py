"""How much of a workspace file is unused, and is there room to write it anew without that?"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from hyponema_cli.core.errors import Unusable
from hyponema_cli.store import Store

MARGIN = 4 * 1024 * 1024
"""What is left to others who write to that disk meanwhile."""


def used_bytes(store: Store) -> int:
    """Return how large the file would be without its free pages."""
    pages, free, size = (
        store.execute(f"pragma {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def forecast(store: Store) -> tuple[int, int]:
    """Return what `vacuum` would return, if it only left out the pages that nothing is on."""
    return _pages_bytes(store), used_bytes(store)


def vacuum(store: Store, environ: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """Write the file anew without what is unused; return its size before and after, in bytes.

    Nobody else gets at it meanwhile. Raises Unusable when a disk has no room: what is used is written once to
    SQLite's folder for temporary files, and what it takes the place of to the rollback journal beside the file.
    """
    needed, before = used_bytes(store), _pages_bytes(store)
    _refuse_no_room([(_temporary_folder(environ), needed), (store.path.absolute().parent, min(needed, before))])
    store.execute("pragma temp_store = file")  # else all of it would be held in memory
    try:
        store.execute("vacuum")
        # In a write-ahead log the new file stands in the log until it is checkpointed.
        (is_busy, _, _) = store.execute("pragma wal_checkpoint(truncate)").fetchone()
        if is_busy:
            raise sqlite3.OperationalError("database is locked")
    finally:
        store.execute("pragma temp_store = memory")
    return before, _pages_bytes(store)


def _pages_bytes(store: Store) -> int:
    pages, size = (store.execute(f"pragma {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages * size)


def _temporary_folder(environ: Mapping[str, str]) -> Path:
    """Return where SQLite keeps large temporary files (sqlite.org/tempfiles.html, section 5)."""
    named = (environ.get("SQLITE_TMPDIR"), environ.get("TMPDIR"), "/var/tmp", "/usr/tmp", "/tmp")  # noqa: S108
    for folder in filter(None, named):
        if Path(folder).is_dir() and os.access(folder, os.W_OK | os.X_OK):
            return Path(folder)
    return Path()


def _refuse_no_room(wanted: Iterable[tuple[Path, int]]) -> None:
    """Raise Unusable unless each disk has room for all that is wanted of it."""
    folders: dict[int, tuple[Path, int]] = {}
    for folder, size in wanted:
        disk = folder.stat().st_dev
        first, before = folders.get(disk, (folder, 0))
        folders[disk] = (first, before + size)
    for folder, size in folders.values():
        free = shutil.disk_usage(folder).free
        if free < size + MARGIN:
            raise Unusable(
                f"{folder} has {free:,} bytes left, and {size + MARGIN:,} are needed to write the file anew",
                hint="free some space; TMPDIR can name a folder on another disk",
            )
