"""How is a workspace file opened, and what holds while it is open?

- Only `create` makes a file. `open_store` on a missing one raises NoDatabase and leaves nothing behind.
- Every write is a transaction that took the write lock at its start (`begin immediate`): a deferred one that reads,
  then writes, fails at once with SQLITE_BUSY_SNAPSHOT when another process wrote in between, whatever the time-out.
- `synchronous=FULL`: an intent to dial must survive a power cut, or the restarted machine would dial again.
- WAL only with SQLite 3.51.3 or later (older ones can corrupt a WAL with two writers) and on a local disk; else the
  rollback journal, truncated: with FULL the truncation is synced too, so that a commit cannot come undone.

SQL stands in this folder only, beside the function that runs it. Rows leave as frozen values of `core.records`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from hyponema_cli.core.errors import Busy, HypError, NewerSchema, NoDatabase, Unusable
from hyponema_cli.core.instant import maybe_instant, to_text
from hyponema_cli.store.migrations import APPLICATION_ID, SCHEMA_VERSION, migrate

BUSY_SECONDS = 5.0
"""How long a command waits for another process's transaction; ours last milliseconds."""

_WAL_IS_SAFE_FROM = (3, 51, 3)
_NETWORK_DISKS = ("nfs", "cifs", "smb", "9p", "fuse", "afs", "ceph", "gluster", "lustre", "drvfs", "vboxsf")


class Store:
    """An open workspace file. Not to be used by two threads at once."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.connection = connection
        self.execute = connection.execute
        self.keeps_trail = True
        self._audit_lines: list[tuple[object, ...]] = []
        self._committed_lines: list[tuple[object, ...]] = []
        self.on_trail: Callable[[Sequence[tuple[object, ...]]], None] | None = None
        """Called with the lines of the audit trail that a transaction has kept, in the form of `audit`."""

    @contextmanager
    def transaction(self, *, patience: int = 1) -> Iterator[None]:
        """Hold the write lock; commit at the end, roll back on any exception. Joins one that is already open.

        `patience` is how many times BUSY_SECONDS are waited for the lock, and again for the commit: in a rollback
        journal one open reader is enough to hold up a commit.
        """
        if self.in_transaction():
            yield
            return
        self._insist("begin immediate", patience)
        try:
            yield
            self._write_audit_lines()
            self._insist("commit", patience)
            self._tell_trail()
        except BaseException:
            self._audit_lines.clear()
            self._committed_lines.clear()
            if self.in_transaction():
                self.execute("rollback")
            raise

    def is_as_we_know_it(self) -> bool:
        """False when a newer hyp has changed the schema since the file was opened: to be looked at before writing."""
        (version,) = self.execute("pragma user_version").fetchone()
        return bool(version == SCHEMA_VERSION)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See the file as it is at one moment, in however many queries. Joins a transaction that is open."""
        if self.in_transaction():
            yield
            return
        self.execute("begin")
        try:
            yield
        finally:
            if self.in_transaction():  # a disk that cannot be read makes SQLite end it by itself
                self.execute("rollback")

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Hold the write lock, and undo at the end all that was done: to see what a change would make of things.

        As a part of a transaction that is open, it undoes what was done in this part.
        """
        if not self.in_transaction():
            self._insist("begin immediate", patience=1)
            end = "rollback"
        else:
            self.execute("savepoint rehearsal")
            end = "rollback to rehearsal; release rehearsal"
        lines = len(self._audit_lines)
        try:
            yield
        finally:
            del self._audit_lines[lines:]
            for statement in end.split("; "):
                self.execute(statement)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what is done inside when it raises, and nothing else of the transaction that is open."""
        self.execute("savepoint part")
        lines = len(self._audit_lines)
        try:
            yield
        except BaseException:
            del self._audit_lines[lines:]
            if self.in_transaction():  # a full disk makes SQLite roll back the whole of it, by itself
                self.execute("rollback to part")
                self.execute("release part")
            raise
        self.execute("release part")

    def wait_at_most(self, seconds: float) -> None:
        """Wait for another process's transaction for so long, and not for BUSY_SECONDS."""
        self.execute(f"pragma busy_timeout = {int(seconds * 1000)}")

    def _insist(self, statement: str, patience: int) -> None:
        """Run a statement; while the database is locked, up to `patience` times."""
        for tries_left in reversed(range(patience)):
            try:
                self.execute(statement)
                return
            except sqlite3.OperationalError as error:
                if not tries_left or not is_busy(error):
                    raise

    def copy_in_memory(self) -> Store:
        """Return a copy that lives in memory and keeps no trail of what happens to it."""
        connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=256)
        self.connection.backup(connection)
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma temp_store = memory")
        copy = Store(self.path, connection)
        copy.keeps_trail = False
        return copy

    def audit(self, line: tuple[object, ...]) -> None:
        """Keep a line of the audit trail until the transaction that is open commits; they are written in one go."""
        if not self.keeps_trail:
            return
        self._audit_lines.append(line)
        if not self.in_transaction():
            self._write_audit_lines()
            self._tell_trail()

    def _tell_trail(self) -> None:
        told, self._committed_lines = self._committed_lines, []
        if told and self.on_trail is not None:
            self.on_trail(told)

    def _write_audit_lines(self) -> None:
        if self._audit_lines:
            self.connection.executemany(
                """
                insert into events (at, actor, name, schedule_id, execution_id, call_id, subject_id, reason, detail)
                values (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                self._audit_lines,
            )
            if self.on_trail is not None:
                self._committed_lines += self._audit_lines
            self._audit_lines.clear()

    def in_transaction(self) -> bool:
        """True while this process holds the write lock through us."""
        return self.connection.in_transaction

    def has_work(self, now: datetime, zone_edition: str) -> bool:
        """True when a pass at `now` would find something to do. All that an idle tick asks; index look-ups only."""
        (work,) = self.execute(
            """
            select exists (select 1 from schedules where next_run_at <= :now)
                or exists (select 1 from executions where status in ('pending', 'waiting_retry') and due_at <= :now)
                or exists (select 1 from calls where status in ('queued', 'ringing', 'in_progress')
                                                 and next_poll_at <= :now)
                or exists (select 1 from calls where status = 'placing')
                or exists (select 1 from calls where status = 'in_doubt' and next_poll_at <= :now)
                or exists (select 1 from calls where finished_at is not null and next_poll_at is not null
                                                 and next_poll_at <= :now)
                or not exists (select 1 from settings where key = 'zone_edition' and value >= :edition)
            """,
            {"now": to_text(now), "edition": zone_edition},
        ).fetchone()
        return bool(work)

    def next_work_at(self) -> datetime | None:
        """Return the instant at which a pass will next find something to do; None when nothing is planned."""
        (earliest,) = self.execute(
            """
            select min(at) from (
              select min(next_run_at) as at from schedules where next_run_at is not null
              union all select min(due_at) from executions where status in ('pending', 'waiting_retry')
              union all select min(next_poll_at) from calls where status in ('queued', 'ringing', 'in_progress')
              union all select min(next_poll_at) from calls where status = 'in_doubt'
              union all select min(next_poll_at) from calls where finished_at is not null and next_poll_at is not null
            )
            """
        ).fetchone()
        return maybe_instant(earliest)

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()


def create(path: Path) -> tuple[Store, bool]:
    """Open the workspace at `path`, making it if it is not there. The second value says whether it was made."""
    if path.exists() and not path.is_file():
        raise Unusable(f"{path} is not a plain file", hint="name a file to make, as in --db calls.db")
    is_new = not path.exists() or path.stat().st_size == 0
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if is_new:
        from hyponema_cli.store import journal

        journal.set_aside(path)
        # It will hold names, phone numbers and what is said to people: for its owner only.
        path.touch(mode=0o600)
        path.chmod(0o600)
    return _open(path, adopt=True), is_new


def open_store(path: Path) -> Store:
    """Open the workspace at `path`.

    Raises NoDatabase when there is none, NewerSchema when a newer hyp wrote it, Unusable when it is something else.
    """
    _refuse_missing(path)
    return _open(path, adopt=False)


def look_at(path: Path) -> Store:
    """Open the workspace at `path` as it stands: an older one is not brought up to date, and no write gets through.

    Raises what `open_store` raises.
    """
    _refuse_missing(path)
    return _open(path, adopt=False, as_it_stands=True)


def _refuse_missing(path: Path) -> None:
    if path.is_dir():
        raise Unusable(
            f"{path} is a folder, not a workspace file", hint=f"name a file in it: --db {path / 'calls.db'}"
        )
    if path.exists() and not path.is_file():
        raise Unusable(f"{path} is not a plain file", hint="name the file of a workspace: hyp --db PATH")
    if not path.is_file():
        raise NoDatabase(f"no database at {path}", hint=f"make one: hyp --db {path} init")


def _open(path: Path, *, adopt: bool, as_it_stands: bool = False) -> Store:
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
    except sqlite3.Error as error:
        raise as_hyp_error(error, path) from error
    try:
        version = _refuse_foreign(connection, path, adopt=adopt)
        if as_it_stands:
            connection.execute("pragma query_only = on")
        else:
            _prepare(connection, path, version)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise as_hyp_error(error, path) from error
        raise
    return Store(path, connection)


def _refuse_foreign(connection: sqlite3.Connection, path: Path, *, adopt: bool) -> int:
    """Return the schema of a file that is ours to use."""
    (owner,) = connection.execute("pragma application_id").fetchone()
    (version,) = connection.execute("pragma user_version").fetchone()
    if owner != APPLICATION_ID and not (adopt and _is_empty(connection)):
        raise Unusable(
            f"{path} is not a hyp workspace",
            hint=f"is it the right file? to make a new one: hyp --db {path}.new init",
        )
    if version > SCHEMA_VERSION:
        raise NewerSchema(
            f"{path} has schema {version}; this hyp knows {SCHEMA_VERSION}",
            hint="upgrade hyp: pip install -U hyponema-cli",
        )
    return int(version)


def _prepare(connection: sqlite3.Connection, path: Path, version: int) -> None:
    connection.execute("pragma foreign_keys = on")
    connection.execute("pragma synchronous = full")
    # An update that could break a unique index keeps a statement journal: as a file it costs 200 us each time,
    # ten times the update itself (measured).
    connection.execute("pragma temp_store = memory")
    # 16 MiB: a large pass keeps what it changes in memory until its commit.
    connection.execute("pragma cache_size = -16384")
    wanted = "wal" if wal_is_safe(sqlite3.sqlite_version_info, path) else "truncate"
    if connection.execute("pragma journal_mode").fetchone()[0] != wanted:
        connection.execute(f"pragma journal_mode = {wanted}")
    if version < SCHEMA_VERSION:
        migrate(connection, lambda: _keep_before(path))


def _keep_before(path: Path) -> None:
    from hyponema_cli.store import backup

    backup.keep_before(path, SCHEMA_VERSION)


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("select 1 from sqlite_master limit 1").fetchone() is None


def wal_is_safe(sqlite_version: tuple[int, ...], path: Path) -> bool:
    """True when two processes may share a write-ahead log here (sqlite.org/wal.html, "the WAL-reset bug")."""
    return sqlite_version >= _WAL_IS_SAFE_FROM and on_local_disk(path)


def on_local_disk(path: Path) -> bool:
    """True when Linux says that the file's disk is local; anything unknown counts as remote."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    whole = str(path.resolve())
    best, kind = "", ""
    for line in mounts:
        left, _, right = line.partition(" - ")
        point = left.split()[4].encode("ascii", "replace").decode("unicode_escape")
        inside = whole == point or whole.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, right.split()[0]
    return bool(kind) and not kind.startswith(_NETWORK_DISKS)


def is_busy(error: BaseException) -> bool:
    """True for SQLite's word that somebody else holds the database."""
    return isinstance(error, sqlite3.OperationalError) and ("locked" in str(error) or "busy" in str(error))


def as_hyp_error(error: sqlite3.Error, path: Path | None = None) -> HypError:
    """Say what SQLite's error means to an operator."""
    where = str(path) if path else "the database"
    text = str(error)
    if is_busy(error):
        return Busy(
            f"{where} was locked by another process for {BUSY_SECONDS:g} s",
            hint=f"try again; see who holds it: fuser {path or 'FILE'}",
        )
    if "unable to open" in text or "readonly" in text or "read-only" in text:
        return Unusable(
            f"{where} cannot be opened or written: {text}", hint="check the owner and mode of the file and its folder"
        )
    if "full" in text:
        return Unusable(
            f"{where} cannot grow: the disk is full",
            hint="free some space; a call that could not be recorded shows up in: hyp reconcile",
        )
    if "disk I/O" in text:
        return Unusable(
            f"{where} cannot be written: {text}", hint="check the disk, its quota and its file-size limit"
        )
    if "not a database" in text:
        return Unusable(
            f"{where} is not a usable SQLite file: {text}",
            hint="was another path meant? If it was a workspace, restore it from a backup",
        )
    if "malformed" in text:
        return Unusable(f"{where} is not a usable SQLite file: {text}", hint="restore it from a backup")
    return Unusable(f"{where}: {text}")
