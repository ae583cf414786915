"""Who works on the file for everybody who waits? A thread that has it open, and takes one job after the other.

Bookings that wait together become one transaction: a commit is a wait for the disk, and a thousand callers share it.
Each has a savepoint of its own, so that one that is refused takes nothing from the others. Nobody gets an answer
before the commit.

A job that is canceled before the clerk has taken it up is not done; later, it is.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from hyponema_cli.clock import Clock
from hyponema_cli.core.errors import Conflict
from hyponema_cli.engine.desk import Desk
from hyponema_cli.store import as_hyp_error, is_busy, open_store
from hyponema_cli.wire import desk_of

ACTOR = "library"
"""Who the audit trail says did it."""
MOST_TOGETHER = 250
"""Bookings in one transaction. More gain little, and whoever wants to dial meanwhile waits for its end."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    act: Callable[[Desk], Any]
    together: bool
    answer: Future[Any] = field(default_factory=Future)


_Jobs = SimpleQueue[_Job | None]
"""None is the end."""


class Clerk:
    """A thread with the workspace open. It begins with the first job, and ends with `close`, or with its owner."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._file = _File(path, clock)
        self._jobs: _Jobs = SimpleQueue()
        self._lock = threading.Lock()
        self._process: int | None = None
        self._is_closed = False
        self._ended: Future[None] = Future()

    def ask(self, act: Callable[[Desk], T], *, together: bool = False) -> Future[T]:
        """Let `act` be done; `together`: in one transaction with others that wait, inside a savepoint.

        Raises Conflict after `close`, and in a process that was forked off since the first job.
        """
        if self._process not in (None, os.getpid()):
            # sqlite.org/howtocorrupt.html, section 2.6: an open database must not be carried across a fork.
            raise Conflict(
                f"this service was opened by process {self._process}, and cannot be used in process {os.getpid()}",
                hint="make it after the fork: ScheduledCallService()",
            )
        job = _Job(act, together)
        with self._lock:
            if self._is_closed:
                raise Conflict("this service is closed", hint="make another: ScheduledCallService()")
            if self._process is None:
                self._begin()
            self._jobs.put(job)
        return job.answer

    def close(self) -> Future[None]:
        """End after the jobs that wait, and let go of the file."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                if self._process == os.getpid():
                    self._jobs.put(None)
                else:
                    self._ended.set_result(None)
        return self._ended

    def _begin(self) -> None:
        self._process = os.getpid()
        # Nobody who waits for the end can cancel it.
        self._ended.set_running_or_notify_cancel()
        # A daemon, because a program need not close what it uses to its end; and it does not know its clerk, so that
        # one that is forgotten can end.
        thread = threading.Thread(
            target=_work, args=(self._jobs, self._file, self._ended), name="hyp-library", daemon=True
        )
        thread.start()
        weakref.finalize(self, self._jobs.put, None)


class _File:
    """The workspace file, open while it is in use."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._desk: Desk | None = None
        self._identity: tuple[int, int] | None = None

    def desk(self) -> Desk:
        """Return a desk on the file that bears the name now: what is booked in one that was moved away is lost."""
        identity = self._look()
        if self._desk is None or identity != self._identity or not self._desk.store.is_as_we_know_it():
            self.let_go()
            self._desk, self._identity = desk_of(open_store(self.path), self._clock, ACTOR), identity
        return self._desk

    def let_go(self) -> None:
        """Close the file, if it is open."""
        if self._desk is not None:
            self._desk.store.close()
            self._desk = None

    def said(self, error: BaseException) -> BaseException:
        """Return what to tell somebody whose job ended with an error."""
        if not isinstance(error, sqlite3.Error):
            return error
        if not is_busy(error):
            self.let_go()  # whatever it is, a fresh look may mend it
        known = as_hyp_error(error, self.path)
        known.__cause__ = error
        return known

    def _look(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _work(jobs: _Jobs, file: _File, ended: Future[None]) -> None:
    waiting: deque[_Job | None] = deque()
    try:
        while _take(jobs, waiting, file):
            pass
    finally:
        file.let_go()
        ended.set_result(None)


def _take(jobs: _Jobs, waiting: deque[_Job | None], file: _File) -> bool:
    """Do the next job, or the next bookings together; False at the end."""
    if not waiting:
        waiting.append(jobs.get())
    while not jobs.empty():
        waiting.append(jobs.get())
    job = waiting.popleft()
    if job is None:
        return False
    if not job.together:
        _do(file, job)
        return True
    together = [job]
    while waiting and len(together) < MOST_TOGETHER and waiting[0] is not None and waiting[0].together:
        together.append(waiting.popleft())  # type: ignore[arg-type] # what was just looked at
    _do_together(file, together)
    return True


def _do(file: _File, job: _Job) -> None:
    if not job.answer.set_running_or_notify_cancel():
        return
    try:
        result = job.act(file.desk())
    except BaseException as error:
        job.answer.set_exception(file.said(error))
    else:
        job.answer.set_result(result)


def _do_together(file: _File, jobs: Sequence[_Job]) -> None:
    taken = [job for job in jobs if job.answer.set_running_or_notify_cancel()]
    results: dict[_Job, Any] = {}
    refusals: dict[_Job, Exception] = {}
    try:
        desk = file.desk()
        with desk.store.transaction():
            for job in taken:
                try:
                    with desk.store.savepoint():
                        results[job] = job.act(desk)
                except sqlite3.OperationalError:
                    raise  # trouble with the database itself meets every one alike
                except Exception as error:
                    refusals[job] = error
    except BaseException as error:
        said = file.said(error)
        for job in taken:
            # An error of their own is told to each; nobody else's is.
            job.answer.set_exception(refusals.get(job) or copy(said))
        return
    for job, result in results.items():
        job.answer.set_result(result)
    for job, refusal in refusals.items():
        job.answer.set_exception(refusal)
