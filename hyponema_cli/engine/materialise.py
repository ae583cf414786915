"""Which occurrences have come due? Each gets its row, in the transaction that moves its schedule on.

So a crash leaves either both or neither: no occurrence is lost between the two, and the unique slot makes sure that
none is recorded twice, whoever else is at it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice, takewhile

from hyponema_cli.core import cron
from hyponema_cli.core.call import LIVE_SCHEDULES
from hyponema_cli.core.catchup import OVERTAKEN, plan_catch_up
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.records import Schedule, Settings
from hyponema_cli.core.schedule import Note, Occurrence, Rule, next_occurrence, occurrences
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.report import TickReport
from hyponema_cli.store import Store, executions, schedules, settings

SCHEDULES_A_TRANSACTION = 500
REDERIVED_A_TRANSACTION = 100
OCCURRENCES_A_TRANSACTION = 1000
"""How many occurrences are recorded before the write lock is given to others: about a tenth of a second."""


def materialise(desk: Desk, now: datetime, report: TickReport, until: datetime | None = None) -> None:
    """Record every occurrence that is due at `now`; after `until`, the rest is left to the next pass.

    What newer time zone data ask for is done whole, however long it takes: a part of it would be of no use.
    """
    if is_newer(desk.zone_edition, settings.zone_edition(desk.store)):
        rederive_all(desk, now)
    if not schedules.any_due(desk.store, now):
        return
    workspace = desk.settings()
    while True:
        with desk.store.transaction():
            due = schedules.due(desk.store, now, SCHEDULES_A_TRANSACTION)
            recorded = 0
            for schedule in due:
                if recorded >= OCCURRENCES_A_TRANSACTION:
                    break
                recorded += _record_due(desk, schedule, workspace, now, report, OCCURRENCES_A_TRANSACTION - recorded)
        if len(due) < SCHEDULES_A_TRANSACTION and recorded < OCCURRENCES_A_TRANSACTION:
            return
        if until is not None and desk.clock.now() >= until:
            return


def materialise_one(desk: Desk, schedule_id: str, now: datetime) -> None:
    """Record what is due of one schedule, under its rule as it stands. Joins the transaction that is open, if any."""
    report = TickReport(now)
    while True:
        with desk.store.transaction():
            schedule = schedules.find(desk.store, schedule_id)[0]
            if schedule.next_run_at is None or schedule.next_run_at > now:
                return
            _record_due(desk, schedule, desk.settings(), now, report, OCCURRENCES_A_TRANSACTION)


def is_newer(edition: str, known: str | None) -> bool:
    """True when instants derived from edition `known` are to be derived anew. Editions sort as text.

    Never from a newer one to an older: of two processes with different editions each would undo the other's work.
    """
    return known is None or edition > known


def unrecorded(store: Store, schedule: Schedule, workspace: Settings) -> Occurrence | None:
    """Return the next occurrence of a schedule that has no row yet.

    An occurrence to come can have a row already: it was called off; or, after its rule, its zone or the zone data
    have changed, its slot was called at another instant. Raises InvalidInput when the rule cannot be read.
    """
    rule = schedule.rule(workspace.timezone)
    if schedules.calls_left(store, schedule) == 0:
        return None
    return _without_row(store, schedule, rule, next_occurrence(rule, schedule.accounted_until))


def _without_row(store: Store, schedule: Schedule, rule: Rule, first: Occurrence | None) -> Occurrence | None:
    """Return the first occurrence that has no row yet, from `first` on."""
    while first is not None and executions.has_row(store, schedule.id, first):
        first = next_occurrence(rule, first.at)
    return first


def occurrences_ahead(
    store: Store, schedule: Schedule, workspace: Settings, after: datetime | None = None
) -> Iterator[Occurrence]:
    """Yield the occurrences that a schedule will fire at, if every one reaches a dial: what the preview shows.

    `after`, where given, is an instant to begin behind. Raises InvalidInput when the rule cannot be read.
    """
    if schedule.status not in LIVE_SCHEDULES or schedule.trouble is not None:
        return
    left = schedules.calls_left(store, schedule)
    rule = schedule.rule(workspace.timezone)
    begin = schedule.accounted_until if after is None else max(after, schedule.accounted_until)
    yield from islice(
        (each for each in occurrences(rule, begin) if not executions.has_row(store, schedule.id, each)), left
    )


def rederive_all(desk: Desk, now: datetime) -> None:
    """Compute every cached instant anew: the time zone data are newer, or nobody has said which edition they are.

    A page at a time, by id; if we die in between, the whole walk is done again, which changes nothing.
    """
    workspace, after = desk.settings(), ""
    while True:
        with desk.store.transaction():
            page = schedules.live_after(desk.store, after, REDERIVED_A_TRANSACTION)
            for schedule in page:
                _rederive(desk, schedule, workspace, now)
            if not page:
                settings.put_zone_edition(desk.store, desk.zone_edition)
                return
            after = page[-1].id


def _rederive(desk: Desk, schedule: Schedule, workspace: Settings, now: datetime) -> None:
    repeats = schedule.cron_expression is not None and cron.parse(schedule.cron_expression).repeating
    if schedule.next_run_at is None or schedule.next_slot is None or repeats:
        # A repeating rule names instants: whatever the clocks do, none of them moves.
        promised = []
    else:
        promised = [Occurrence(schedule.next_run_at, schedule.next_slot)]
    derive_anew(desk, schedule, workspace, promised, now)


LARGEST_MOVE = timedelta(hours=27)
"""No two zones are further apart; a slot cannot move by more."""


def derive_anew(
    desk: Desk, schedule: Schedule, workspace: Settings, promised: Sequence[Occurrence], now: datetime
) -> None:
    """Derive the next instant of a schedule whose clocks have changed.

    `promised` are occurrences that were to come on the old clocks. One whose slot has passed already on the new ones
    can be called no more, and gets its row as missed; so does a one-shot that was moved past its end.
    """
    try:
        following = unrecorded(desk.store, schedule, workspace)
        unbounded = replace(schedule.rule(workspace.timezone), start=None, until=None)
    except InvalidInput as error:
        set_aside(desk, schedule, now, error)
        return
    recent = occurrences(unbounded, now - LARGEST_MOVE) if promised else iter(())
    passed = {each.slot for each in takewhile(lambda each: each.at <= now, recent)}
    for occurrence in promised:
        if occurrence.slot in passed and (following is None or following.slot != occurrence.slot):
            _miss(desk, schedule, occurrence, "moved_into_the_past", now)
        elif following is None and not schedule.recurring:
            _miss(desk, schedule, occurrence, "moved_past_its_end", now)
    schedules.set_next(desk.store, schedule.id, schedule.accounted_until, following)
    if following is None:
        conclude(desk, schedule.id, now)


def _miss(desk: Desk, schedule: Schedule, occurrence: Occurrence, reason: str, now: datetime) -> None:
    if not executions.has_row(desk.store, schedule.id, occurrence):
        record(desk, schedule, occurrence, timedelta(0), now, TickReport(now), missed=reason)


def _record_due(
    desk: Desk, schedule: Schedule, workspace: Settings, now: datetime, report: TickReport, most: int
) -> int:
    """Record at most `most` due occurrences of a schedule and move it on; return how many."""
    try:
        due, following = _due_of(desk, schedule, workspace, now, most)
    except InvalidInput as error:
        set_aside(desk, schedule, now, error)
        return 1
    window = workspace.window(schedule.catch_up_window)
    plan = plan_catch_up(due, window, now)
    more_are_due = following is not None and following.at <= now
    rows = list(plan.missed)
    if plan.call is not None:
        # Still more to come in the next step: then this one is not the newest, and will not be called either.
        rows.append((plan.call, OVERTAKEN if more_are_due else ""))
    for occurrence, reason in rows:
        record(desk, schedule, occurrence, window, now, report, missed=reason or None)
    schedules.set_next(desk.store, schedule.id, due[-1].at if due else schedule.accounted_until, following)
    if following is None:
        conclude(desk, schedule.id, now)
    return len(rows) + 1


def record(
    desk: Desk,
    schedule: Schedule,
    occurrence: Occurrence,
    window: timedelta,
    now: datetime,
    report: TickReport,
    *,
    missed: str | None,
) -> None:
    """Write the row of an occurrence; `missed` is the reason why it will not be called."""
    execution_id = desk.new_id("exe", now)
    if executions.record(
        desk.store,
        execution_id,
        schedule.id,
        occurrence,
        deadline_at=occurrence.at + window,
        priority=schedule.priority,
        missed=missed,
        now=now,
    ):
        report.due += 1
        report.missed += missed is not None
        event = "execution.missed" if missed else "execution.due"
        desk.log(now, event, schedule_id=schedule.id, execution_id=execution_id, reason=missed)
    else:
        desk.log(now, "execution.recorded_before", schedule_id=schedule.id, reason=occurrence.slot)


def _due_of(
    desk: Desk, schedule: Schedule, workspace: Settings, now: datetime, most: int
) -> tuple[list[Occurrence], Occurrence | None]:
    """Return the occurrences of a schedule that are due at `now`, oldest first, and the one that follows them."""
    if schedules.calls_left(desk.store, schedule) == 0:
        return [], None
    rule = schedule.rule(workspace.timezone)
    assert schedule.next_run_at is not None, "only schedules with a next instant come due"
    assert schedule.next_slot is not None, "the table's CHECK"
    note = Note(schedule.next_note) if schedule.next_note else None
    following: Occurrence | None = Occurrence(schedule.next_run_at, schedule.next_slot, note)
    due: list[Occurrence] = []
    while following is not None and following.at <= now and len(due) < most:
        due.append(following)
        following = next_occurrence(rule, following.at)
    if following is not None and following.at > now:
        # What is to come has a row already where it was called off.
        following = _without_row(desk.store, schedule, rule, following)
    return due, following


def set_aside(desk: Desk, schedule: Schedule, now: datetime, error: InvalidInput) -> None:
    """Mark a rule that cannot be read any more (its user lost the zone), so that it does not stop the others."""
    desk.log(now, "schedule.unreadable", schedule_id=schedule.id, reason=error.message)
    schedules.set_next(desk.store, schedule.id, schedule.accounted_until, None, trouble=error.message)


def conclude(desk: Desk, schedule_id: str, now: datetime) -> None:
    """Close a schedule if nothing is left of it."""
    status = schedules.conclude(desk.store, schedule_id, now)
    if status is not None:
        desk.log(now, f"schedule.{status}", schedule_id=schedule_id)
