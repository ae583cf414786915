"""A database was put back from before its last dials. How does it learn of them again? From the dial journal.

Each call that only the journal knows becomes a call of its execution again: followed under the carrier's id where the
journal has it, in doubt where nobody can know, not placed where that is known. So the usual machinery finds out what
became of it, and nobody is called twice. Of several forgotten calls of one execution, or to one callee, all but the
last were over when the last was dialled; how they ended is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hyponema_cli.core.call import CALL_MOVES, CallState, ExecutionState, Outcome
from hyponema_cli.core.instant import from_text
from hyponema_cli.core.records import Call
from hyponema_cli.core.retry import GiveUp
from hyponema_cli.core.schedule import Occurrence
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.dial import FIRST_LOOK, finish_execution
from hyponema_cli.engine.report import TickReport
from hyponema_cli.store import calls, executions, journal, schedules
from hyponema_cli.store.journal import Entry, Fate

END_LOST = "end_lost_in_restore"


@dataclass(slots=True)
class Recovered:
    """What the journal gave back, as ids of calls."""

    followed: list[str] = field(default_factory=list)
    """Their carrier took them; it is asked what became of them."""
    in_doubt: list[str] = field(default_factory=list)
    not_placed: list[str] = field(default_factory=list)
    over: list[str] = field(default_factory=list)
    """Another call followed them, so they have ended; nobody knows how."""
    without_schedule: list[str] = field(default_factory=list)
    """Made for schedules that were added after the copy was taken: nothing here would dial them again."""

    @property
    def count(self) -> int:
        """How many calls the database had forgotten."""
        return len(self.followed + self.in_doubt + self.not_placed + self.over + self.without_schedule)


def recover(desk: Desk, now: datetime) -> Recovered:
    """Bring back every call that the journal knows and the database does not; all of them, or none."""
    recovered = Recovered()
    if not desk.keeps_journal or not journal.is_behind(desk.store):
        return recovered
    with desk.store.transaction():
        forgotten = journal.lost(desk.store)
        last_to = {entry.to_number: entry.call_id for entry, fate in forgotten if _may_live(fate)}
        last_of = {entry.execution_id: entry.call_id for entry, fate in forgotten if _may_live(fate)}
        for entry, fate in forgotten:
            is_last_of = last_of.get(entry.execution_id) == entry.call_id
            is_last = is_last_of and last_to.get(entry.to_number) == entry.call_id
            execution_id = _bring_back(desk, entry, fate, now, recovered, is_last=is_last)
            if is_last_of and not is_last and execution_id is not None:
                end = GiveUp(ExecutionState.FAILED, END_LOST)
                finish_execution(desk, entry.schedule_id, execution_id, end, now, TickReport(now))
        journal.catch_up(desk.store)
        desk.log(now, "database.recovered", reason=f"{recovered.count} calls from the dial journal")
    return recovered


def _may_live(fate: Fate | None) -> bool:
    return fate is None or fate.what == "took"


def _bring_back(
    desk: Desk, entry: Entry, fate: Fate | None, now: datetime, recovered: Recovered, *, is_last: bool
) -> str | None:
    """Write a forgotten call, and return its execution; None when there is no schedule for it here."""
    if not schedules.find(desk.store, entry.schedule_id):
        recovered.without_schedule.append(entry.call_id)
        desk.log(now, "call.without_schedule", call_id=entry.call_id, reason=f"{entry.schedule_id} is not known here")
        return None
    execution_id = _execution_of(desk, entry, now)
    dialled_at = from_text(entry.created_at)
    if fate is not None and fate.what == "refused":
        status, reason, kept = CallState.REJECTED, fate.reason, recovered.not_placed
    elif fate is not None and fate.what == "not":
        status, reason, kept = CallState.NOT_PLACED, fate.reason, recovered.not_placed
    elif not is_last:
        status, reason, kept = CallState.FAILED, END_LOST, recovered.over
    elif fate is not None:
        status, reason, kept = CallState.QUEUED, None, recovered.followed
    else:
        status, reason, kept = CallState.IN_DOUBT, "database_restored", recovered.in_doubt
    if _may_live(fate) and is_last:
        _end_whatever_holds_the_line(desk, entry, execution_id, now)
    calls.bring_back(
        desk.store,
        _call_of(entry, fate, execution_id, status, reason, now),
        next_poll_at=now + FIRST_LOOK if status in (CallState.QUEUED, CallState.IN_DOUBT) else None,
    )
    if status is not CallState.NOT_PLACED:
        state = ExecutionState.IN_DOUBT if status is CallState.IN_DOUBT else ExecutionState.DIALING
        executions.bring_back(desk.store, execution_id, state, reason, entry.attempt, entry.from_number, dialled_at)
    if status is CallState.REJECTED:
        end = GiveUp(ExecutionState.FAILED, Outcome.REJECTED)
        finish_execution(desk, entry.schedule_id, execution_id, end, now, TickReport(now))
    kept.append(entry.call_id)
    desk.log(
        now,
        "call.recovered",
        schedule_id=entry.schedule_id,
        execution_id=execution_id,
        call_id=entry.call_id,
        reason=status,
    )
    return execution_id


def _execution_of(desk: Desk, entry: Entry, now: datetime) -> str:
    """Return the execution of a forgotten call: the one that has its slot, else a new row under its old id."""
    occurrence = Occurrence(from_text(entry.scheduled_time), entry.slot) if entry.slot is not None else None
    known = executions.known(desk.store, entry.execution_id, entry.schedule_id, occurrence)
    if known is not None:
        return known
    deadline_at = from_text(entry.deadline_at)
    if occurrence is None:
        executions.record_manual(
            desk.store,
            entry.execution_id,
            entry.schedule_id,
            deadline_at=deadline_at,
            priority=0,
            now=from_text(entry.scheduled_time),
        )
    else:
        executions.record(
            desk.store,
            entry.execution_id,
            entry.schedule_id,
            occurrence,
            deadline_at=deadline_at,
            priority=0,
            missed=None,
            now=now,
        )
    return entry.execution_id


def _end_whatever_holds_the_line(desk: Desk, entry: Entry, execution_id: str, now: datetime) -> None:
    """Close the call that the copy believes to be going on to that callee, or of that execution: it had ended."""
    for call_id, of_execution, schedule_id in calls.live_of(desk.store, entry.to_number, execution_id):
        calls.finish(desk.store, call_id, CallState.FAILED, now, reason=END_LOST)
        desk.log(now, "call.failed", execution_id=of_execution, call_id=call_id, reason=END_LOST)
        if of_execution != execution_id:
            end = GiveUp(ExecutionState.FAILED, END_LOST)
            finish_execution(desk, schedule_id, of_execution, end, now, TickReport(now))


def _call_of(
    entry: Entry, fate: Fate | None, execution_id: str, status: CallState, reason: str | None, now: datetime
) -> Call:
    is_over = not CALL_MOVES[status]
    took = fate is not None and fate.what == "took"
    return Call(
        id=entry.call_id,
        execution_id=execution_id,
        number=entry.attempt,
        carrier=entry.carrier,
        carrier_call_id=fate.carrier_call_id if fate else None,
        from_number=entry.from_number,
        to_number=entry.to_number,
        status=status,
        reason=reason,
        error=None,
        answered_by=None,
        deadline_at=from_text(entry.deadline_at),
        created_at=from_text(entry.created_at),
        placed_at=from_text(entry.created_at) if took else None,
        finished_at=now if is_over else None,
        duration_seconds=None,
    )
