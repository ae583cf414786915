"""Has more been dialled from this workspace than its file knows? The dial journal, a small file beside it, remembers.

A database that is put back from a backup has forgotten its last calls, and would make them again. So each intent is
also noted in `<workspace>.dialled`, after its commit and before its request. Each has a number that counts up, and
the database keeps the last one: a journal that has come further says that the database is an older copy. Its lines
hold all that is needed to bring the forgotten calls back.

The journal must not be put back together with the database: leave it out of backups, and leave it where it is.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

from hyponema_cli.clock import pause
from hyponema_cli.core.errors import Busy, Unusable
from hyponema_cli.store import Store
from hyponema_cli.store.folder import sync_folder

TITLE = "hyp dial journal"
LARGEST = 16 * 1024 * 1024
"""A journal that grows larger, about fifty thousand dials, loses its older half. Only calls that are still in time
could be made again, and those are at its end."""
_TAIL = 256 * 1024
_TRIES, _BETWEEN_TRIES = 500, 0.01
"""A writer holds the journal for a moment; one that stands still holds it for as long as it likes."""
_NUMBERS = re.compile(rb'^\["(?:dial|forgot)",([0-9]{1,18}),[^\n]*\]\n', re.MULTILINE)
"""A line that a crash or a full disk has cut short has no number: nothing was sent after it."""


class Entry(NamedTuple):
    """One intent to dial, as the journal keeps it; instants as text."""

    n: int
    call_id: str
    execution_id: str
    schedule_id: str
    kind: str
    slot: str | None
    scheduled_time: str
    deadline_at: str
    attempt: int
    carrier: str
    from_number: str
    to_number: str
    created_at: str


class Fate(NamedTuple):
    """What became of a request."""

    what: Literal["took", "refused", "not"]
    """The carrier took it; refused it for good; or we know that it did not get it, and it may be made again."""
    call_id: str
    carrier_call_id: str | None = None
    """The carrier's id of a call that it took."""
    reason: str | None = None
    """Why it did not take it."""


def path_of(workspace: Path) -> Path:
    """Return the journal of a workspace file."""
    return workspace.with_name(workspace.name + ".dialled")


def all_of(workspace: Path) -> list[Path]:
    """Return the journal of a workspace file, and the one that was set aside; neither need be there."""
    journal = path_of(workspace)
    return [journal, journal.with_name(journal.name + ".old")]


def set_aside(workspace: Path) -> None:
    """Rename the journal of a database that is gone to `.dialled.old`, because a new one begins at that path.

    It is not deleted: should the old database come back from a backup, its journal can be put back with it.
    """
    with suppress(FileNotFoundError):
        path_of(workspace).replace(path_of(workspace).with_name(path_of(workspace).name + ".old"))


def take_numbers(store: Store, count: int) -> int:
    """Number `count` intents in the transaction that writes them; return the first number."""
    (last,) = store.execute("update journal set dials = dials + ? returning dials", (count,)).fetchone()
    return int(last) - count + 1


def note_intents(store: Store, entries: Sequence[Entry]) -> None:
    """Write intents down, and see them on disk. Raises Unusable when that cannot be: then nothing may be sent."""
    append(store, (["dial", *entry] for entry in entries), synced=True)


def note_fates(store: Store, fates: Iterable[Fate]) -> None:
    """Write down what became of requests. Not waited for: without it, a call that is brought back is in doubt."""
    append(store, fates)


def note_forgotten(store: Store, n: int, user_ids: Iterable[str]) -> None:
    """Write down that users were forgotten: a copy that is put back would bring them back, and call them.

    `n` is a number that `take_numbers` gave, so that such a copy is known to be older.
    """
    append(store, (["forgot", n, user_id] for user_id in user_ids), synced=True)


def is_behind(store: Store) -> bool:
    """True when the journal knows of dials that the database does not."""
    # In this order: a number is committed before it is written down, so a journal that was read first cannot be
    # ahead of a database that is read later, whoever dials in between.
    try:
        owner, last = _head(store), _last_number(store)
    except OSError as error:
        raise Unusable(
            f"{path_of(store.path)} cannot be read: {error.strerror}",
            hint="it keeps a restored database from dialling twice; without it nothing is dialled",
        ) from error
    own, dials = _own(store)
    return last > 0 and (owner != own or last > dials)


def lost(store: Store) -> list[tuple[Entry, Fate | None]]:
    """Return the intents that the database does not know, the oldest first, with what became of them if known."""
    owner, (own, dials) = _head(store), _own(store)
    entries: dict[str, Entry] = {}
    fates: dict[str, Fate] = {}
    for line in _lines(path_of(store.path)):
        match line:
            case ["dial", *fields] if len(fields) == len(Entry._fields):
                entries[fields[1]] = Entry(*fields)
            case [("took" | "refused" | "not") as what, call_id, carrier_call_id, reason]:
                fates[call_id] = Fate(what, call_id, carrier_call_id, reason)
    unknown = [
        entry
        for entry in entries.values()
        if (owner != own or entry.n > dials)
        and store.execute("select 1 from calls where id = ?", (entry.call_id,)).fetchone() is None
    ]
    return [(entry, fates.get(entry.call_id)) for entry in sorted(unknown)]


def forgotten_since(store: Store) -> list[str]:
    """Return the users who were forgotten after this copy of the database was made."""
    owner, (own, dials) = _head(store), _own(store)
    found: list[str] = []
    for line in _lines(path_of(store.path)):
        match line:
            case ["forgot", int(n), str(user_id)] if owner != own or n > dials:
                found.append(user_id)
    return found


def catch_up(store: Store) -> None:
    """Say that the database knows all that the journal does."""
    owner, last = _head(store), _last_number(store)
    store.execute("update journal set id = coalesce(?, id), dials = max(dials, ?)", (owner, last))


def _own(store: Store) -> tuple[str, int]:
    own, dials = store.execute("select id, dials from journal").fetchone()
    return own, dials


def append(store: Store, lines: Iterable[Sequence[Any]], *, synced: bool = False) -> None:
    """Write lines at the end; `synced` sees them on disk. Raises Unusable when they cannot be written."""
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    if not text:
        return
    try:
        with _locked(path_of(store.path)) as journal:
            if journal.tell() == 0:
                text = json.dumps([TITLE, 1, _own(store)[0]]) + "\n" + text
            elif os.pread(journal.fileno(), 1, journal.tell() - 1) != b"\n":
                text = "\n" + text  # behind a line that a full disk or a power cut has cut short
            _write(journal.fileno(), text.encode())
            if synced:
                os.fdatasync(journal.fileno())
            if journal.tell() > LARGEST:
                with suppress(BlockingIOError):  # somebody else writes just now: the next one shortens it
                    fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if _is_at(path_of(store.path), journal.fileno()):  # to turn a lock into another is not one step
                        _shorten(path_of(store.path))
    except OSError as error:
        raise Unusable(
            f"{path_of(store.path)} cannot be written: {error.strerror}",
            hint="it keeps a restored database from dialling twice; without it nothing is dialled",
        ) from error


@contextmanager
def _locked(path: Path) -> Iterator[Any]:
    """Open the journal at its end, safe from being shortened; the lock goes with the file, or with the process."""
    while True:
        journal = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "rb+", buffering=0)
        try:
            # Shared: lines are appended whole, so that writers need not wait for one that stands still.
            fcntl.flock(journal, fcntl.LOCK_SH)
            if _is_at(path, journal.fileno()):  # else it was shortened while we waited, and is another file now
                journal.seek(0, os.SEEK_END)
                yield journal
                return
        finally:
            journal.close()


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _shorten(path: Path) -> None:
    """Drop the older half, but for who was forgotten: that must never be lost."""
    lines = path.read_bytes().splitlines(keepends=True)
    half = len(lines) // 2
    forgot = [line for line in lines[1:half] if line.startswith(b'["forgot",')]
    _put_in_place(path, b"".join([lines[0], *forgot, *lines[half:]]))


def rewrite(path: Path, change: Callable[[list[Any]], list[Any]], clean: Callable[[str], str]) -> int:
    """Change the lines of a journal, while nobody appends to it; return how many were changed.

    `change` gets each line that can be read and returns it as it should be; `clean` gets the text of any other, which
    a crash or a full disk has cut short. The order and the number of lines stay. Raises Busy when somebody writes for
    longer than we wait, Unusable when it cannot be written; then it is as it was.
    """
    try:
        with _alone_with(path) as is_there:
            path.with_name(path.name + ".new").unlink(missing_ok=True)  # of a process that was shortening it
            if not is_there:
                return 0
            before = path.read_bytes().splitlines(keepends=True)
            after = [_changed(line, change, clean) for line in before]
            changed = sum(new != old for new, old in zip(after, before, strict=True))
            if changed:
                _put_in_place(path, b"".join(after))
            return changed
    except OSError as error:
        raise Unusable(f"{path} cannot be written: {error.strerror}", hint="check the disk and its space") from error


def _changed(raw: bytes, change: Callable[[list[Any]], list[Any]], clean: Callable[[str], str]) -> bytes:
    line = _parsed(raw)
    if line is None:
        # What is no text is kept byte by byte.
        return clean(raw.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    changed = change(line)
    if changed == line:
        return raw
    return json.dumps(changed, separators=(",", ":")).encode() + (b"\n" if raw.endswith(b"\n") else b"")


@contextmanager
def _alone_with(path: Path) -> Iterator[bool]:
    """Keep everybody from writing to a journal; False when there is none."""
    for _ in range(_TRIES):
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            yield False
            return
        try:
            if _locks_alone(descriptor) and _is_at(path, descriptor):
                yield True
                return
        finally:
            os.close(descriptor)
        pause(_BETWEEN_TRIES)
    raise Busy(f"{path} is held by another process", hint=f"try again; see who holds it: fuser {path}")


def _locks_alone(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _put_in_place(path: Path, content: bytes) -> None:
    """Write a new file and put it in the place of the old one."""
    new = path.with_name(path.name + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        _write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    new.replace(path)
    sync_folder(path.parent)


def _head(store: Store) -> str | None:
    """Return the id of the database that the journal was begun for; None when there is no journal."""
    try:
        with path_of(store.path).open("rb") as journal:
            title = _parsed(journal.readline(1024))
    except FileNotFoundError:
        return None
    return str(title[2]) if isinstance(title, list) and len(title) == 3 and title[0] == TITLE else ""


def _last_number(store: Store) -> int:
    """Return the number of the last intent in the journal; 0 when there is none."""
    try:
        with path_of(store.path).open("rb") as journal:
            size = journal.seek(0, os.SEEK_END)
            for begin in (max(size - _TAIL, 0), 0):
                journal.seek(begin)
                # Not the last line only: two processes may write theirs in another order than they were numbered.
                numbers = [int(number) for number in _NUMBERS.findall(journal.read())]
                if numbers:
                    return max(numbers)
    except FileNotFoundError:
        pass
    return 0


def _lines(path: Path) -> Iterator[list[Any]]:
    try:
        with path.open("rb") as journal:
            for raw in journal:
                line = _parsed(raw)
                if line:
                    yield line
    except FileNotFoundError:
        return


def _parsed(raw: bytes) -> list[Any] | None:
    """Read a line; one that a crash or a full disk has cut short says nothing."""
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    return line if isinstance(line, list) else None
