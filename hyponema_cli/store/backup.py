"""How is a workspace copied while others write to it? Batch by batch, checked, and then put in its place at once.

SQLite's online backup, and not `vacuum into`: that reads for as long as it takes to write the whole copy, and in a
rollback journal no commit gets through while somebody reads. The backup lets go of the file after each batch. A
writer that gets in between makes it begin again, at most MOST_RESTARTS times; then writers wait until it is done: one
or two seconds for a gigabyte, of the five that they have. In a write-ahead log readers hold up nobody.

The dial journal is no part of a copy: put back with it, a database would not know that it is an older one.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hyponema_cli.core.errors import Busy, Conflict, InvalidInput, Unusable
from hyponema_cli.store import BUSY_SECONDS, Store, is_busy
from hyponema_cli.store.folder import sync_folder
from hyponema_cli.store.migrations import APPLICATION_ID

BATCH_PAGES = 256
"""A megabyte: it is copied in about a millisecond."""
MOST_RESTARTS = 8
WAIT = 0.01
"""Seconds to wait while a commit is going on."""
BESIDE = (
    *("-journal", "-wal", "-shm", ".dialled", ".dialled.old", ".dialled.new", ".simulated"),
    *(".simulated-journal", ".simulated-wal", ".simulated-shm", ".heartbeat", ".webhook-secret"),
)
"""What stands beside a workspace under its name, and belongs to it."""
ABANDONED_AFTER = 3600.0
"""Seconds after which the unfinished copy of a process that is gone is thrown away."""

OnProgress = Callable[[float], None]
"""Hears how much is done, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy that was found sound."""

    size_bytes: int
    pages: int
    schema: int


def back_up(store: Store, target: Path, *, overwrite: bool, now: float, on_progress: OnProgress) -> Copied:
    """Copy a workspace to a file, which appears whole or not at all. `now` is in seconds of the epoch.

    Raises InvalidInput or Conflict for a place where no copy may go, Unusable when it cannot be written or is not
    sound, Busy when the workspace stays locked.
    """
    target = target.absolute()
    _refuse_place(store.path, target, overwrite=overwrite)
    sweep(target.parent, now - ABANDONED_AFTER)
    return _copy_to(store.connection, target, overwrite=overwrite, on_progress=on_progress, source_path=store.path)


def keep_before(path: Path, schema: int) -> None:
    """Keep a copy of a file that is about to be brought to `schema`; of earlier such copies none is needed any more.

    For whoever holds its write lock. Raises Unusable when it cannot be kept: then the file had better stay as it is.
    """
    kept = path.with_name(f"{path.name}.before-{schema}")
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as source:
        _copy_to(source, kept, overwrite=True, on_progress=lambda part: None, source_path=path)
    for earlier in kept_before(path):
        if earlier != kept:
            earlier.unlink(missing_ok=True)


def kept_before(path: Path) -> list[Path]:
    """Return the copies that were kept before migrations."""
    begin = f"{path.name}.before-"
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    return [each for each in beside if each.name.startswith(begin) and each.name[len(begin) :].isdigit()]


def belongs_to(workspace: Path, target: Path) -> bool:
    """True for the workspace file and all that stands beside it under its name, by whatever path or link."""
    own = [workspace, *(workspace.with_name(workspace.name + end) for end in BESIDE), *kept_before(workspace)]
    places = {each.parent.resolve() / each.name for each in own} | {each.resolve() for each in own}
    if {target.parent.resolve() / target.name, target.resolve()} & places:
        return True
    return target.exists() and any(each.exists() and target.samefile(each) for each in own)


@contextmanager
def private_copy(store: Store, on_progress: OnProgress) -> Iterator[tuple[sqlite3.Connection, int]]:
    """Copy a workspace to a file in TMPDIR without a name: it is gone with this process, however that ends.

    Yields it as a database, and as a descriptor to read it from.
    """
    descriptor, name = tempfile.mkstemp(prefix="hyp-")
    try:
        with closing(sqlite3.connect(name, isolation_level=None)) as copy:
            with _told_of(Path(name).parent, store.path), closing(_open_to_fill(Path(name))) as empty:
                Path(name).unlink()
                _transfer(store.connection, empty, descriptor, on_progress)
            yield copy, descriptor
    finally:
        Path(name).unlink(missing_ok=True)
        os.close(descriptor)


def found_sound(copy: sqlite3.Connection, what: str) -> Copied:
    """Look through a whole copy; raises Unusable when it is damaged, or no workspace."""
    try:
        words = [row[0] for row in copy.execute("pragma integrity_check(1)")]
        (owner,), (schema,) = (
            copy.execute(f"pragma {name}").fetchone() for name in ("application_id", "user_version")
        )
        (pages,), (page_size,) = (copy.execute(f"pragma {name}").fetchone() for name in ("page_count", "page_size"))
    except sqlite3.DatabaseError as error:
        words, owner = [str(error)], None
    if words != ["ok"] or owner != APPLICATION_ID:
        said = words[0] if words != ["ok"] else "it is no workspace"
        raise Unusable(f"{what} is damaged: {' '.join(said.split())}", hint="see what it is: hyp db check")
    return Copied(pages * page_size, pages, schema)


def sweep(folder: Path, older_than: float) -> None:
    """Throw away unfinished copies whose makers are gone, if they were last written before `older_than`."""
    for part in folder.glob(".hyp-*.part"):
        with suppress(OSError):
            descriptor = os.open(part, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # whoever is still at work holds it
                if os.fstat(descriptor).st_mtime < older_than:
                    part.unlink()
            finally:
                os.close(descriptor)


def _copy_to(
    source: sqlite3.Connection, target: Path, *, overwrite: bool, on_progress: OnProgress, source_path: Path
) -> Copied:
    with _told_of(target, source_path):
        descriptor, name = tempfile.mkstemp(prefix=".hyp-", suffix=".part", dir=target.parent)
        part = Path(name)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with closing(_open_to_fill(part)) as empty:
                _transfer(source, empty, descriptor, on_progress)
            with closing(sqlite3.connect(part, isolation_level=None)) as copy:
                copied = found_sound(copy, str(source_path))
            os.fsync(descriptor)
            _move(part, target, overwrite=overwrite)
            sync_folder(target.parent)
        finally:
            part.unlink(missing_ok=True)
            os.close(descriptor)
    return copied


def _move(part: Path, target: Path, *, overwrite: bool) -> None:
    if not overwrite:
        try:
            os.link(part, target)  # unlike a rename, it never takes the place of a file that has come meanwhile
            return
        except FileExistsError:
            raise _is_there(target) from None
        except OSError:  # a disk without hard links
            if os.path.lexists(target):
                raise _is_there(target) from None
    part.replace(target)


def _open_to_fill(path: Path) -> sqlite3.Connection:
    empty = sqlite3.connect(path, isolation_level=None)
    # Until it is whole it is nothing: what a crash leaves is thrown away, and at its end it is synced in one go.
    empty.execute("pragma journal_mode = off")
    empty.execute("pragma synchronous = off")
    return empty


def _transfer(source: sqlite3.Connection, copy: sqlite3.Connection, descriptor: int, on_progress: OnProgress) -> None:
    """Copy page by page to a database that stands in the file of `descriptor`; not to be read through `copy`."""
    readers_block = source.execute("pragma journal_mode").fetchone()[0] != "wal"
    pages = BATCH_PAGES if readers_block else -1
    try:
        source.backup(copy, pages=pages, progress=_Watch(source, on_progress), sleep=WAIT)
    finally:
        if source.in_transaction:
            source.execute("rollback")
    # The copy of a write-ahead log's database says that it has one, too (sqlite.org/fileformat2.html, 1.3.3). It has
    # none, and stands by itself.
    os.pwrite(descriptor, b"\x01\x01", 18)


class _Watch:
    """Looks on after each batch: tells how far it is, and sees to it that it comes to an end."""

    def __init__(self, source: sqlite3.Connection, on_progress: OnProgress) -> None:
        self._source = source
        self._on_progress = on_progress
        self._restarts_left = MOST_RESTARTS
        self._waits = 0
        self._left: int | None = None

    def __call__(self, status: int, left: int, total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            # SQLite's own wait for a lock does not work here: it asks again after WAIT.
            self._waits += 1
            if self._waits * WAIT > BUSY_SECONDS:
                raise sqlite3.OperationalError("database is locked")
            return
        self._waits = 0
        if self._left is not None and left > self._left and not self._source.in_transaction:
            self._restarts_left -= 1
            if self._restarts_left < 0:
                self._keep_writers_out()
        self._left = left
        self._on_progress((total - left) / total if total else 1.0)

    def _keep_writers_out(self) -> None:
        """Read from the source until the copy is done: it begins again once more, and no writer gets in between."""
        self._source.execute("begin")
        self._source.execute("select 1 from sqlite_master").fetchone()


def _refuse_place(workspace: Path, target: Path, *, overwrite: bool) -> None:
    """Raise unless a copy may be put there: not in the place of anything that hyp, or somebody else, still needs."""
    if not target.parent.is_dir():
        raise InvalidInput(f"there is no folder {target.parent}", hint="make it, or name another file")
    if belongs_to(workspace, target):
        raise InvalidInput(
            f"{target} belongs to the workspace itself", hint="name another file, best on another disk"
        )
    try:
        mode = target.lstat().st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        raise InvalidInput(f"{target} is not a plain file", hint="name a file to make, or - for standard output")
    if mode is not None and not overwrite:
        raise _is_there(target)
    for end in ("-journal", "-wal", ".dialled"):
        beside = target.with_name(target.name + end)
        if os.path.lexists(beside):
            # SQLite would take a journal for the copy's own and undo what it says; a dial journal is a workspace's.
            raise Conflict(
                f"{target} would come to stand beside {beside.name}, which belongs to another database of that name",
                hint="name another file",
            )


def _is_there(target: Path) -> Conflict:
    return Conflict(f"{target} is there already", hint="name another file; --force puts the copy in its place")


_ANOTHER_DISK = "look at that disk, or name a file on another"
_FREE_SPACE = "free some space, or name a file on another disk"
_MAY_NOT = "name a file in a folder that you may write to, or ask its owner"
_HINTS = {
    errno.ENOSPC: _FREE_SPACE,
    errno.EDQUOT: _FREE_SPACE,
    errno.EACCES: _MAY_NOT,
    errno.EPERM: _MAY_NOT,
    errno.EROFS: "that disk can only be read; name a file on another",
}


@contextmanager
def _told_of(target: Path, source: Path) -> Iterator[None]:
    """Say what went wrong with which of the two files."""
    try:
        yield
    except sqlite3.Error as error:
        if is_busy(error):
            raise Busy(
                f"{source} stayed locked by another process", hint=f"try again; see who holds it: fuser {source}"
            ) from error
        if "malformed" in str(error) or "not a database" in str(error):
            raise Unusable(f"{source} is damaged: {error}", hint="see what is left of it: hyp db check") from error
        if "full" in str(error):
            raise Unusable(f"{target} cannot be written: the disk is full", hint=_HINTS[errno.ENOSPC]) from error
        raise Unusable(f"{target} cannot be written: {error}", hint=_ANOTHER_DISK) from error
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, _ANOTHER_DISK)
        raise Unusable(f"{target} cannot be written: {error.strerror}", hint=hint) from error
