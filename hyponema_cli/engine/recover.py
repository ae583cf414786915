"""A database was put back from before its last dials. How does it learn of them again? From the dial journal.

Each call that only the journal knows becomes a call of its execution again: followed under the carrier's id where the
journal has it, in doubt where nobody can know, not placed where that is known. So the usual machinery finds out what
became of it, and nobody is called twice. Of several forgotten calls of one execution, or to one callee, all but the
last were over when the last was dialled; how they ended is lost.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hyponema_cli.core.call import (
    CALL_MOVES,
    LIVE_SCHEDULES,
    CallState,
    ExecutionState,
    Outcome,
    ScheduleState,
)
from hyponema_cli.core.instant import from_text
from hyponema_cli.core.records import Call, Schedule, blank_schedule
from hyponema_cli.core.retry import GiveUp
from hyponema_cli.core.schedule import Occurrence
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.finish import finish_execution
from hyponema_cli.engine.record import FIRST_LOOK
from hyponema_cli.engine.report import TickReport
from hyponema_cli.store import agents, calls, events, executions, journal, numbers, schedules, users, webhooks
from hyponema_cli.store.journal import Entry, Fate

Forgotten = list[tuple[Entry, Fate | None]]
END_LOST = "end_lost_in_restore"
_TOLD = {CallState.QUEUED: "started", CallState.IN_DOUBT: "in_doubt"}
"""What webhooks tell of a call that was brought back. Its end, if it has one, tells itself."""


@dataclass(slots=True)
class Recovered:
    """What the journal gave back, as ids of calls."""

    followed: list[str] = field(default_factory=list)
    """Their carrier took them; it is asked what became of them."""
    in_doubt: list[str] = field(default_factory=list)
    not_placed: list[str] = field(default_factory=list)
    """No phone rang: they were refused, or not taken."""
    over: list[str] = field(default_factory=list)
    """Another call followed them, so they have ended; nobody knows how."""
    lost: list[str] = field(default_factory=list)
    """They could not be written; their executions are closed, so that nobody is called again."""
    forgotten: list[str] = field(default_factory=list)
    """Users who were forgotten since the copy was made, and are in it again; their schedules are canceled."""
    copy_from: datetime | None = None
    """When the last thing happened that this file knows of."""

    @property
    def count(self) -> int:
        """How many calls the database had forgotten."""
        return len(self.followed + self.in_doubt + self.not_placed + self.over + self.lost)


def recover(desk: Desk, now: datetime) -> Recovered:
    """Bring back every call that the journal knows and the database does not, in one transaction."""
    recovered = Recovered()
    if not desk.keeps_journal or not journal.is_behind(desk.store):
        return recovered
    with desk.store.transaction():
        recovered.copy_from = next((each.at for each in events.select(desk.store, limit=1)), None)
        forgotten = _without_repeats(journal.lost(desk.store))
        last_to = {entry.to_number: entry.call_id for entry, fate in forgotten if _may_live(fate)}
        last_of = {entry.execution_id: entry.call_id for entry, fate in forgotten if _may_live(fate)}
        for entry, fate in forgotten:
            is_last_of = last_of.get(entry.execution_id) == entry.call_id
            is_last = is_last_of and last_to.get(entry.to_number) == entry.call_id
            try:
                with desk.store.savepoint():
                    execution_id = _bring_back(desk, entry, fate, now, recovered, is_last=is_last)
                    if is_last_of and not is_last:
                        _finish(desk, entry.schedule_id, execution_id, END_LOST, now)
            except sqlite3.IntegrityError as error:
                _write_off(desk, entry, now, str(error))
                recovered.lost.append(entry.call_id)
        recovered.forgotten = _call_no_more(desk, journal.forgotten_since(desk.store), now)
        journal.catch_up(desk.store)
        executions.wake_all(desk.store, now)
        desk.log(now, "database.recovered", reason=f"{recovered.count} calls from the dial journal")
    return recovered


def _call_no_more(desk: Desk, user_ids: Sequence[str], now: datetime) -> list[str]:
    """Cancel what calls users who had been forgotten; return those who are in this file again."""
    again = [each for each in dict.fromkeys(user_ids) if users.is_there(desk.store, each)]
    for user_id in again:
        for schedule_id in schedules.live_ids_of(desk.store, "user_id", user_id):
            reason = "callee_forgotten"
            for execution_id in executions.cancel_waiting(desk.store, schedule_id, reason, now):
                desk.log(now, "execution.canceled", schedule_id=schedule_id, execution_id=execution_id, reason=reason)
            schedules.set_status(desk.store, schedule_id, ScheduleState.CANCELED, reason, now)
            desk.log(now, "schedule.canceled", schedule_id=schedule_id, reason=reason)
    return again


def _without_repeats(forgotten: Forgotten) -> Forgotten:
    """Correct what is known of requests whose attempt was made again: no call had been made by them."""
    latest = {(entry.execution_id, entry.attempt): entry.call_id for entry, _ in forgotten}
    return [
        (entry, fate)
        if latest[entry.execution_id, entry.attempt] == entry.call_id
        else (entry, Fate("not", entry.call_id, reason="attempt_made_again"))
        for entry, fate in forgotten
    ]


def _may_live(fate: Fate | None) -> bool:
    return fate is None or fate.what == "took"


def _bring_back(
    desk: Desk, entry: Entry, fate: Fate | None, now: datetime, recovered: Recovered, *, is_last: bool
) -> str:
    """Write a forgotten call, and return its execution."""
    if not schedules.find(desk.store, entry.schedule_id):
        schedules.insert(desk.store, _stand_in(desk, entry, now))
        desk.log(now, "schedule.stands_in", schedule_id=entry.schedule_id, reason="known from the dial journal only")
    execution_id = _execution_of(desk, entry, now)
    if fate is not None and fate.carrier_call_id and calls.is_ours(desk.store, entry.carrier, fate.carrier_call_id):
        fate = None  # a carrier that gave one id to two calls: which of them it is nobody knows
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
    if status is not CallState.NOT_PLACED:
        _make_way(desk, entry, execution_id, now)
    calls.bring_back(
        desk.store,
        _call_of(entry, fate, execution_id, status, reason, now),
        next_poll_at=now + FIRST_LOOK if status in (CallState.QUEUED, CallState.IN_DOUBT) else None,
    )
    desk.log(
        now,
        "call.recovered",
        schedule_id=entry.schedule_id,
        execution_id=execution_id,
        call_id=entry.call_id,
        reason=status,
    )
    if status is not CallState.NOT_PLACED:
        state = ExecutionState.IN_DOUBT if status is CallState.IN_DOUBT else ExecutionState.DIALING
        executions.bring_back(
            desk.store, execution_id, state, reason, entry.attempt, entry.from_number, from_text(entry.created_at)
        )
        _use_up(desk, entry, execution_id, now)
        # What the older copy has made of it meanwhile, `missed` say, was not so.
        webhooks.take_back(desk.store, execution_id)
    if status in _TOLD:
        desk.tell(now, _TOLD[status], execution_id, entry.call_id)
    if status is CallState.REJECTED:
        _finish(desk, entry.schedule_id, execution_id, Outcome.REJECTED, now)
    kept.append(entry.call_id)
    return execution_id


def _stand_in(desk: Desk, entry: Entry, now: datetime) -> Schedule:
    """Return a schedule that is over, for a call whose own was added after the copy was taken.

    So its line is locked while the call may go on, and it counts in caps. It belongs to the agent that has the
    number, else to any: who talked is not known here. Without any agent the table refuses it.
    """
    agent_id = numbers.agent_of(desk.store, entry.from_number) or next(
        (agent.id for agent in agents.select(desk.store, 1)), ""
    )
    return replace(
        blank_schedule(entry.schedule_id, agent_id, None, entry.to_number, "journal", now),
        kind="once",
        run_at=from_text(entry.scheduled_time),
        status=ScheduleState.CANCELED,
        status_reason="known from the dial journal only",
    )


def _use_up(desk: Desk, entry: Entry, execution_id: str, now: datetime) -> None:
    """See that a one-shot that was dialled has nothing left to call, wherever the copy's rule would have it."""
    (schedule,) = schedules.find(desk.store, entry.schedule_id)
    if schedule.recurring or entry.kind != "scheduled" or schedule.status not in LIVE_SCHEDULES:
        return
    schedules.set_next(desk.store, schedule.id, schedule.accounted_until, None)
    for other_id, _ in executions.pending_of(desk.store, schedule.id):
        if other_id != execution_id:
            reason = "dialled_before_the_restore"
            executions.withdraw(desk.store, other_id, reason, now)
            desk.log(now, "execution.canceled", schedule_id=schedule.id, execution_id=other_id, reason=reason)


def _execution_of(desk: Desk, entry: Entry, now: datetime) -> str:
    """Return the execution of a forgotten call: the one that has its slot, else a new row under its old id."""
    known = executions.known(desk.store, entry.execution_id, entry.schedule_id, _occurrence_of(entry))
    if known is not None:
        return known
    deadline_at = from_text(entry.deadline_at)
    occurrence = _occurrence_of(entry)
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


def _occurrence_of(entry: Entry) -> Occurrence | None:
    return Occurrence(from_text(entry.scheduled_time), entry.slot) if entry.slot is not None else None


def _make_way(desk: Desk, entry: Entry, execution_id: str, now: datetime) -> None:
    """Close what the copy believes to be going on, to that callee or of that execution: it had ended.

    Where the same attempt was made again, it is known how: no call had been made.
    """
    for live in calls.live_of(desk.store, entry.to_number, execution_id):
        made_again = live.execution_id == execution_id and live.number == entry.attempt
        status = CallState.NOT_PLACED if made_again else CallState.FAILED
        reason = "attempt_made_again" if made_again else END_LOST
        calls.finish(desk.store, live.id, status, now, reason=reason)
        desk.log(now, f"call.{status}", execution_id=live.execution_id, call_id=live.id, reason=reason)
        if live.execution_id != execution_id:
            _finish(desk, live.schedule_id, live.execution_id, END_LOST, now)


def _write_off(desk: Desk, entry: Entry, now: datetime, error: str) -> None:
    """Close the execution of a call that cannot be written: better no call than a second one."""
    execution_id = executions.known(desk.store, entry.execution_id, entry.schedule_id, _occurrence_of(entry))
    if execution_id is not None and executions.is_open(desk.store, execution_id):
        _finish(desk, entry.schedule_id, execution_id, "call_not_recovered", now)
    desk.log(now, "call.not_recovered", execution_id=execution_id, call_id=entry.call_id, reason=error)


def _finish(desk: Desk, schedule_id: str, execution_id: str, reason: str, now: datetime) -> None:
    finish_execution(desk, schedule_id, execution_id, GiveUp(ExecutionState.FAILED, reason), now, TickReport(now))


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
