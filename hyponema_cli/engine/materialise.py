"""Which occurrences have come due? Each gets its row, in the transaction that moves its schedule on.

So a crash leaves either both or neither: no occurrence is lost between the two, and the unique slot makes sure that
none is recorded twice, whoever else is at it.
"""

from __future__ import annotations

from datetime import datetime

from hyponema_cli.core.catchup import OVERTAKEN, plan_catch_up
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.records import Schedule, Settings
from hyponema_cli.core.schedule import Note, Occurrence, next_occurrence
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.report import TickReport
from hyponema_cli.store import executions, schedules, settings

SCHEDULES_A_TRANSACTION = 500
OCCURRENCES_A_STEP = 1000
"""How many missed occurrences of one schedule are recorded before the write lock is given to others."""


def materialise(desk: Desk, now: datetime, report: TickReport) -> None:
    """Record every occurrence that is due at `now`."""
    if settings.zone_edition(desk.store) != desk.zone_edition:
        rederive_all(desk)
    workspace = desk.settings()
    busy = True
    while busy:
        with desk.store.transaction():
            due = schedules.due(desk.store, now, SCHEDULES_A_TRANSACTION)
            for schedule in due:
                _record_due(desk, schedule, workspace, now, report)
        busy = bool(due)


def materialise_one(desk: Desk, schedule: Schedule, now: datetime, report: TickReport) -> None:
    """Record what is due of one schedule, in the transaction that is open."""
    while schedule.next_run_at is not None and schedule.next_run_at <= now:
        _record_due(desk, schedule, desk.settings(), now, report)
        schedule = schedules.find(desk.store, schedule.id)[0]


def next_of(schedule: Schedule, workspace: Settings, dialled: int | None = None) -> Occurrence | None:
    """Return the first occurrence of a schedule that has no row yet; None when its rule is over.

    `dialled`, where given, is how many executions reached a dial, for `max_occurrences`.
    """
    if schedule.max_occurrences is not None and dialled is not None and dialled >= schedule.max_occurrences:
        return None
    return next_occurrence(schedule.rule(workspace.timezone), schedule.accounted_until)


def rederive(desk: Desk, schedule: Schedule, workspace: Settings) -> None:
    """Compute the cached next instant of a schedule anew, from its wall time and zone as they stand."""
    dialled = schedules.dialled(desk.store, schedule.id) if schedule.max_occurrences is not None else None
    following = next_of(schedule, workspace, dialled)
    if following is None or following.at != schedule.next_run_at or following.slot != schedule.next_slot:
        schedules.set_next(desk.store, schedule.id, schedule.accounted_until, following)


def rederive_all(desk: Desk) -> None:
    """Compute every cached instant anew: the time zone data have changed, or nobody has said which edition they are.

    A page at a time, by id; if we die in between, the whole walk is done again, which changes nothing.
    """
    workspace, after = desk.settings(), ""
    while True:
        with desk.store.transaction():
            page = schedules.live_after(desk.store, after, SCHEDULES_A_TRANSACTION)
            for schedule in page:
                try:
                    rederive(desk, schedule, workspace)
                except InvalidInput as error:
                    _give_up(desk, schedule, desk.clock.now(), error)
            if not page:
                settings.put_zone_edition(desk.store, desk.zone_edition)
                return
            after = page[-1].id


def _record_due(desk: Desk, schedule: Schedule, workspace: Settings, now: datetime, report: TickReport) -> None:
    try:
        due, following = _due_of(desk, schedule, workspace, now)
    except InvalidInput as error:
        _give_up(desk, schedule, now, error)
        return
    window = schedule.catch_up_window if schedule.catch_up_window is not None else workspace.catch_up_window
    plan = plan_catch_up(due, window, now)
    more_are_due = following is not None and following.at <= now
    rows = [(occurrence, reason) for occurrence, reason in plan.missed]
    if plan.call is not None:
        # Still more to come in the next step: then this one is not the newest, and will not be called either.
        rows.append((plan.call, OVERTAKEN if more_are_due else ""))
    for occurrence, reason in rows:
        execution_id = desk.new_id("exe", now)
        if executions.record(
            desk.store,
            execution_id,
            schedule.id,
            occurrence,
            deadline_at=occurrence.at + window,
            priority=schedule.priority,
            missed=reason or None,
            now=now,
        ):
            report.due += 1
            report.missed += bool(reason)
            event = "execution.missed" if reason else "execution.due"
            desk.log(now, event, schedule_id=schedule.id, execution_id=execution_id, reason=reason or None)
    schedules.set_next(desk.store, schedule.id, due[-1].at if due else schedule.accounted_until, following)
    if following is None and plan.call is None:
        _conclude(desk, schedule.id, now)


def _due_of(
    desk: Desk, schedule: Schedule, workspace: Settings, now: datetime
) -> tuple[list[Occurrence], Occurrence | None]:
    """Return the occurrences of a schedule that are due at `now`, oldest first, and the one that follows them."""
    if schedule.max_occurrences is not None:
        dialled = schedules.dialled(desk.store, schedule.id)
        if dialled >= schedule.max_occurrences:
            return [], None
    rule = schedule.rule(workspace.timezone)
    assert schedule.next_run_at is not None, "only schedules with a next instant come due"
    assert schedule.next_slot is not None, "the table's CHECK"
    note = Note(schedule.next_note) if schedule.next_note else None
    following: Occurrence | None = Occurrence(schedule.next_run_at, schedule.next_slot, note)
    due: list[Occurrence] = []
    while following is not None and following.at <= now and len(due) < OCCURRENCES_A_STEP:
        due.append(following)
        following = next_occurrence(rule, following.at)
    return due, following


def _give_up(desk: Desk, schedule: Schedule, now: datetime, error: InvalidInput) -> None:
    """Set aside a rule that cannot be read any more (its user lost the zone), so that it does not stop the others."""
    desk.log(now, "schedule.unreadable", schedule_id=schedule.id, reason=error.message)
    schedules.set_next(desk.store, schedule.id, schedule.accounted_until, None)


def _conclude(desk: Desk, schedule_id: str, now: datetime) -> None:
    status = schedules.conclude(desk.store, schedule_id, now)
    if status is not None:
        desk.log(now, f"schedule.{status}", schedule_id=schedule_id)
