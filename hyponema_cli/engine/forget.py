"""How is a person forgotten? Everywhere that hyp keeps anything of them, and in an order that may stop at any point.

1. Nothing of theirs may be going on; their schedules are canceled, so that nothing begins.
2. What stands beside the workspace: the dial journal, the simulated carrier's memory, copies kept before migrations.
3. The workspace itself, in one transaction. Until then it knows who they were, so whoever is stopped begins again.
4. The file is written anew: what was deleted at any time before may still stand in its unused parts.

A stand-in takes the place of their number, so that rows stay whole and what they were called stays together. The
trail says who forgot which user, and when; the dial journal too, so that a copy of the database that is put back does
not begin to call them again.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from hyponema_cli.carriers import simulated
from hyponema_cli.core import phone
from hyponema_cli.core.call import CallState, ExecutionState, Outcome, ScheduleState
from hyponema_cli.core.errors import Ambiguous, Conflict, HypError, NotFound
from hyponema_cli.core.explain import REASONS
from hyponema_cli.core.gates import GATES, WAITS, Verdict
from hyponema_cli.core.traces import FORGOTTEN, Traces
from hyponema_cli.engine import book, find
from hyponema_cli.engine.desk import Desk
from hyponema_cli.ids import stand_in_number
from hyponema_cli.store import Store, as_hyp_error, backup, events, journal, room
from hyponema_cli.store import forget as store_forget
from hyponema_cli.store.forget import Erased, Person

_OWNERS = ("schedule", "user", "workspace", "number", "agent", "carrier", "session", "call", "execution")
CODES = frozenset(
    [*REASONS, *CallState, *ExecutionState, *Outcome, *ScheduleState, *GATES, *WAITS, *get_args(Verdict), *_OWNERS]
)
"""Words of hyp's own in what is stored, which mean no one even if somebody is called like that."""
REASON = "callee_forgotten"
PATIENCE = 6
"""How many times the lock is waited for, five seconds each."""
_TO_NUMBER = 1 + journal.Entry._fields.index("to_number")
_SCHEDULE = 1 + journal.Entry._fields.index("schedule_id")


@dataclass(slots=True)
class Forgotten:
    """What was forgotten, or would be."""

    person: Person
    erased: Erased
    canceled: list[str] = field(default_factory=list)
    """The schedules that were live."""
    journal_lines: int = 0
    simulated_calls: int = 0
    copies: list[str] = field(default_factory=list)
    """The copies from before migrations that were deleted."""
    was_forgotten_before: bool = False
    left: HypError | None = None
    """Why the file could not be written anew: its unused parts may still hold something of them."""


def whom(store: Store, word: str) -> Person:
    """Return the person that a word means: a user, also a removed one, or the number of somebody who is no user.

    Raises NotFound or Ambiguous.
    """
    known = store_forget.user_of(store, word)
    if known is not None:
        return store_forget.person_of(store, word, known[1])
    if not word.lstrip().startswith("+"):
        user = find.user(store, word)
        return store_forget.person_of(store, user.id, user.phone_number)
    number = phone.parse(word)
    owners = store_forget.owners_of(store, number)
    if len(owners) > 1:
        raise Ambiguous(
            f"{number} is, or was, the number of {', '.join(owners)}", hint="name the user to be forgotten"
        )
    if owners:
        known = store_forget.user_of(store, owners[0])
        return store_forget.person_of(store, owners[0], known[1] if known else number)
    person = store_forget.person_of(store, None, number)
    erased = store_forget.count(store, person, also_suppressions=True)
    if not (erased.schedules or erased.calls or erased.sessions or erased.suppressions_removed):
        raise NotFound(f"nothing is known of {number}", hint="see: hyp users list")
    return person


def look(desk: Desk, person: Person, *, also_suppressions: bool) -> Forgotten:
    """Return what would be forgotten; changes nothing. Raises Conflict for what must be settled first."""
    _refuse(desk.store, person)
    return Forgotten(
        person,
        store_forget.count(desk.store, person, also_suppressions=also_suppressions),
        store_forget.live_schedules(desk.store, person),
        copies=[each.name for each in backup.kept_before(desk.store.path)],
        was_forgotten_before=_was_forgotten(desk.store, person),
    )


def forget(desk: Desk, person: Person, *, also_suppressions: bool, reason: str | None) -> Forgotten:
    """Forget a person. May be stopped at any time, and done again; also of one who was forgotten before.

    Raises Conflict while a call of theirs is not over, or while the dial journal is ahead of the file.
    """
    found = look(desk, person, also_suppressions=also_suppressions)
    traces = Traces(person.numbers, stand_in_number(), person.names, CODES)
    if not found.was_forgotten_before:
        _cancel(desk, person, found)
        _beside(desk.store.path, person, traces, found)
        found.erased = _erase(desk, person, traces, reason, also_suppressions=also_suppressions)
    found.copies = _remove_copies(desk.store.path)
    _write_anew(desk.store, found)
    return found


def _was_forgotten(store: Store, person: Person) -> bool:
    known = store_forget.user_of(store, person.user_ids[0]) if person.user_ids else None
    return known is not None and known[0] == FORGOTTEN and known[2]


def _refuse(store: Store, person: Person) -> None:
    if journal.is_behind(store):
        raise Conflict(
            "this file is older than its last dials; some may have been theirs",
            hint="bring them back first: hyp reconcile",
        )
    for call_id, status in store_forget.in_the_way(store, person):
        settle = f"hyp reconcile --resolve {call_id} placed|not-placed"
        hint = settle if status == CallState.IN_DOUBT else f"wait for its end: hyp calls show {call_id}"
        raise Conflict(f"{call_id} to them is {status}", hint=hint)


def _cancel(desk: Desk, person: Person, found: Forgotten) -> None:
    """See that nothing calls them any more, before anything that keeps them from being called twice is taken away."""
    with desk.store.transaction(patience=PATIENCE):
        _refuse(desk.store, person)
        found.canceled = store_forget.live_schedules(desk.store, person)
        for schedule_id in found.canceled:
            book.cancel(desk, schedule_id, REASON)


def _beside(workspace: Path, person: Person, traces: Traces, found: Forgotten) -> None:
    """Clean what stands beside the workspace."""
    theirs, shared = frozenset(person.schedule_ids), frozenset(person.shared)

    def change(line: list[Any]) -> list[Any]:
        if line[0] == "dial" and len(line) > _TO_NUMBER and line[_TO_NUMBER] in shared and line[_SCHEDULE] in theirs:
            line = [*line[:_TO_NUMBER], traces.stand_in, *line[_TO_NUMBER + 1 :]]
        return [traces.without(each) if isinstance(each, str) else each for each in line]

    for path in journal.all_of(workspace):
        found.journal_lines += journal.rewrite(path, change, traces.without)
    if person.numbers:
        try:
            found.simulated_calls = simulated.forget(workspace, person.numbers, traces.stand_in)
        except sqlite3.OperationalError as error:
            raise as_hyp_error(error, workspace.with_name(workspace.name + ".simulated")) from error


def _erase(desk: Desk, person: Person, traces: Traces, reason: str | None, *, also_suppressions: bool) -> Erased:
    now = desk.clock.now()
    desk.store.execute("pragma secure_delete = on")
    with desk.store.transaction(patience=PATIENCE):
        _refuse(desk.store, person)
        if set(store_forget.schedules_again(desk.store, person)) != set(person.schedule_ids):
            raise Conflict("a schedule that calls them was added meanwhile", hint="do it again")
        erased = store_forget.erase(desk.store, person, traces, now, also_suppressions=also_suppressions)
        n = journal.take_numbers(desk.store, 1)
        for user_id in person.user_ids or (traces.stand_in,):
            clean = traces.without(reason) if reason is not None else None
            events.add(desk.store, now, desk.actor, "user.forgotten", subject_id=user_id, reason=clean)
    if person.user_ids:
        journal.note_forgotten(desk.store, n, person.user_ids)
    return erased


def _remove_copies(workspace: Path) -> list[str]:
    """Delete the copies that were kept before migrations, and what is left of copies that were never finished."""
    copies = backup.kept_before(workspace)
    for copy in copies:
        copy.unlink(missing_ok=True)
    backup.sweep(workspace.parent, float("inf"))
    return [copy.name for copy in copies]


def _write_anew(store: Store, found: Forgotten) -> None:
    try:
        room.vacuum(store)
    except HypError as error:
        found.left = error
    except sqlite3.OperationalError as error:
        found.left = as_hyp_error(error, store.path)
