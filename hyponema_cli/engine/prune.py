"""How is the past thrown away? In small transactions, so that nobody waits long, and so that a stop loses nothing.

The audit trail stays. What is deleted is overwritten in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from hyponema_cli.core.errors import Conflict, InvalidInput
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.timewords import duration_text
from hyponema_cli.engine.desk import Desk
from hyponema_cli.store import events, journal, prune
from hyponema_cli.store.prune import Page, Selection

LEAST_KEPT = timedelta(days=30)
"""What is kept whatever the caps are: one that is set tomorrow looks back too."""
PAGE = 250
"""How many executions are looked at before the write lock is given to others: some milliseconds."""
BREATH = timedelta(milliseconds=10)
"""The least pause between two transactions. It is as long as the one before: whoever waits for the lock looks for it
ten times a second, and so finds it free every other time."""


@dataclass(slots=True)
class Pruned:
    """What was deleted, or would be."""

    before: datetime
    executions: int = 0
    calls: int = 0
    sessions: int = 0
    messages: int = 0
    """Webhooks that were delivered or given up."""
    schedules: int = 0
    kept_for_ref: int = 0
    """Schedules that have ended and stay, because their `ref` must not be booked a second time."""

    @property
    def is_nothing(self) -> bool:
        """True when nothing was deleted."""
        return not (self.executions or self.sessions or self.messages or self.schedules)


def refuse_too_recent(desk: Desk, before: datetime) -> None:
    """Raise InvalidInput when what is to go is still needed, Conflict while the dial journal is ahead of the file."""
    now = desk.clock.now()
    caps = desk.settings().call_cap
    kept, why = LEAST_KEPT, f"the last {LEAST_KEPT.days} days are kept"
    for cap in caps:
        if cap.within > kept:
            kept, why = cap.within, f"call_cap {cap.text} counts the dials of the last {duration_text(cap.within)}"
    if before > now - kept:
        raise InvalidInput(
            f"--before {to_text(before)} is too recent: {why}", hint=f"the latest that may be: --before {_days(kept)}"
        )
    if journal.is_behind(desk.store):
        raise Conflict(
            "this file is older than its last dials, and its past may still be needed",
            hint="bring them back first: hyp reconcile",
        )


def _days(kept: timedelta) -> str:
    return f"{-(-kept // timedelta(days=1))}d"


def count(desk: Desk, it: Selection, on_progress: Callable[[float], None]) -> Pruned:
    """Return what would be deleted; deletes nothing."""
    found, after, looked_at = Pruned(it.before), Page(), 0
    total = prune.count_before(desk.store, it.before)
    while True:
        ids, end, length = prune.removable(desk.store, it, after, PAGE)
        found.executions += len(ids)
        found.calls += prune.count_calls(desk.store, ids)
        looked_at += length
        on_progress(looked_at / total if total else 1.0)
        if end is None:
            break
        after = end
    found.sessions = prune.count_sessions(desk.store, it)
    last: int | None = 0
    while last is not None:
        messages, last = prune.count_messages(desk.store, it, last, PAGE)
        found.messages += messages
    if it.schedules:
        found.schedules = sum(len(ids) for ids in _ended_schedules(desk, it))
        found.kept_for_ref = prune.count_kept_for_ref(desk.store, it.before)
    return found


def carry_out(desk: Desk, it: Selection, on_progress: Callable[[float], None]) -> Pruned:
    """Delete what nothing needs any more; may be stopped at any time, and done again."""
    done = Pruned(it.before)
    desk.store.execute("pragma secure_delete = on")
    _remove_executions(desk, it, done, on_progress)
    _remove_sessions(desk, it, done)
    _remove_messages(desk, it, done)
    if it.schedules:
        for ids in _ended_schedules(desk, it):
            with _turn(desk):
                done.schedules += prune.remove_schedules(desk.store, ids)
        done.kept_for_ref = prune.count_kept_for_ref(desk.store, it.before)
    if not done.is_nothing:
        detail = {"executions": done.executions, "calls": done.calls, "sessions": done.sessions}
        detail |= {"webhooks": done.messages}
        detail |= {"schedules": done.schedules} if it.schedules else {}
        _log(desk, "database.pruned", it, detail)
    return done


def _remove_executions(desk: Desk, it: Selection, done: Pruned, on_progress: Callable[[float], None]) -> None:
    total, looked_at, after = prune.count_before(desk.store, it.before), 0, Page()
    while True:
        with _turn(desk):
            ids, end, length = prune.removable(desk.store, it, after, PAGE)
            if ids:
                if not done.executions:
                    # Beforehand as well: a run that is stopped leaves a line too.
                    _log(desk, "database.prune_begun", it, None)
                done.calls += prune.remove(desk.store, ids)
                done.executions += len(ids)
        looked_at += length
        on_progress(looked_at / total if total else 1.0)
        if end is None:
            return
        after = end


def _remove_sessions(desk: Desk, it: Selection, done: Pruned) -> None:
    while True:
        with _turn(desk):
            removed = prune.remove_sessions(desk.store, it, PAGE)
        done.sessions += removed
        if removed < PAGE:
            return


def _remove_messages(desk: Desk, it: Selection, done: Pruned) -> None:
    last: int | None = 0
    while last is not None:
        with _turn(desk):
            removed, last = prune.remove_messages(desk.store, it, last, PAGE)
        done.messages += removed


def _ended_schedules(desk: Desk, it: Selection) -> Iterator[list[str]]:
    after: str | None = ""
    while after is not None:
        ids, after = prune.ended_schedules(desk.store, it, after, PAGE)
        if ids:
            yield ids


@contextmanager
def _turn(desk: Desk) -> Iterator[None]:
    """Hold the write lock for a moment, and leave it to others for as long."""
    began = desk.clock.now()
    with desk.store.transaction():
        yield
    ended = desk.clock.now()
    desk.clock.wait_until(ended + max(ended - began, BREATH))


def _log(desk: Desk, name: str, it: Selection, detail: dict[str, int] | None) -> None:
    with desk.store.transaction():
        reason = f"before {to_text(it.before)}"
        events.add(desk.store, desk.clock.now(), desk.actor, name, reason=reason, detail=detail)
