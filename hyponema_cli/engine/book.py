"""How does a schedule come to be, change and end? What the commands, and every other way in, call.

Each function is one transaction. What has come due is recorded before a rule changes, so that no occurrence is lost
between the old rule and the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from hyponema_cli.core.call import LIVE_SCHEDULES, OPEN_EXECUTIONS, ExecutionState, ScheduleState
from hyponema_cli.core.decide import Decision
from hyponema_cli.core.errors import Conflict, InvalidInput, NotFound
from hyponema_cli.core.records import Schedule, Settings, User
from hyponema_cli.core.retry import RetryPolicy
from hyponema_cli.core.schedule import Cron, Occurrence, next_occurrence, occurrences
from hyponema_cli.core.when import When
from hyponema_cli.engine import find
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.dial import dial_due
from hyponema_cli.engine.facts import judged
from hyponema_cli.engine.materialise import (
    LARGEST_MOVE,
    conclude,
    derive_anew,
    materialise_one,
    occurrences_ahead,
    unrecorded,
)
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.request import Request, changed, draft
from hyponema_cli.engine.told import refuse_untellable
from hyponema_cli.store import Store, agents, calls, events, executions, schedules, users


def add(desk: Desk, request: Request, *, created_by: str, dry_run: bool = False) -> tuple[Schedule, bool]:
    """Book a schedule; the second value is False when its `ref` had booked the same one before.

    Raises InvalidInput, NotFound or Ambiguous for what cannot be booked, Conflict for a `ref` of another content.
    """
    now = desk.clock.now().replace(microsecond=0)
    with desk.store.transaction():
        known = known_by(desk.store, read_ref(request.ref))
        if known is not None:
            # Said again, the same words mean what they meant then: "in 15m" is still that instant.
            refuse_other_content(known, booked(desk, request, created_by, known.created_at), request.ref)
            return known, False
        wanted = booked(desk, request, created_by, now)
        if dry_run:
            return wanted, True
        schedules.insert(desk.store, wanted)
        desk.log(now, "schedule.added", schedule_id=wanted.id)
    return wanted, True


def edit(desk: Desk, schedule_id: str, request: Request, *, dry_run: bool = False) -> tuple[Schedule, Schedule]:
    """Change what is given and nothing else; return the schedule before and after."""
    if request.paused is None:
        return _edit(desk, schedule_id, request, dry_run=dry_run)
    with desk.store.transaction():
        before, after = _edit(desk, schedule_id, request, dry_run=dry_run)
        wanted = ScheduleState.PAUSED if request.paused else ScheduleState.ACTIVE
        if dry_run:
            return before, replace(after, status=wanted)
        if wanted is not after.status:
            after = (pause if request.paused else resume)(desk, before.id, None)
    return before, after


def _edit(desk: Desk, schedule_id: str, request: Request, *, dry_run: bool) -> tuple[Schedule, Schedule]:
    now = desk.clock.now().replace(microsecond=0)
    if not dry_run:
        materialise_one(desk, find.schedule(desk.store, schedule_id).id, now)
    with desk.store.transaction():
        before = _live(desk.store, schedule_id, "edited")
        workspace = desk.settings()
        after = changed(desk, before, request, workspace, now)
        if _timing(after, workspace) != _timing(before, workspace) or before.trouble is not None:
            if not dry_run:
                _withdraw_undialled(desk, before, after, workspace, now)
            # "Now" is not after now, and may be what was asked for.
            since = now - timedelta(seconds=1) if request.when else max(now, before.accounted_until)
            after = _with_next(desk, replace(after, accounted_until=since), workspace)
        if not dry_run and after != before:
            if (after.user_id, after.to_number) != (before.user_id, before.to_number):
                _drop_retries(desk, before, now)
            after = replace(after, updated_at=now)
            schedules.update(desk.store, after)
            desk.log(now, "schedule.edited", schedule_id=before.id)
            executions.wake(desk.store, now, schedule_id=before.id)
            if after.on_doubt != before.on_doubt:
                calls.look_again(desk.store, before.id, now)
            conclude(desk, before.id, now)
    return before, after


def pause(desk: Desk, schedule_id: str, reason: str | None) -> Schedule:
    """Stop a schedule from dialling until it is resumed; pausing a paused one only changes the reason."""
    now = desk.clock.now()
    with desk.store.transaction():
        schedule_id = _live(desk.store, schedule_id, "paused").id
        schedules.set_status(desk.store, schedule_id, ScheduleState.PAUSED, reason, now)
        desk.log(now, "schedule.paused", schedule_id=schedule_id, reason=reason)
    return find.schedule(desk.store, schedule_id)


def resume(desk: Desk, schedule_id: str, reason: str | None) -> Schedule:
    """Let a schedule dial again. Slots that came due while it was paused stay skipped: there is no burst."""
    now = desk.clock.now()
    schedule_id = find.schedule(desk.store, schedule_id).id
    materialise_one(desk, schedule_id, now)
    with desk.store.transaction():
        schedule = _live(desk.store, schedule_id, "resumed")
        if schedule.status is ScheduleState.PAUSED:
            if schedule.recurring:
                for execution_id, _ in executions.pending_of(desk.store, schedule_id):
                    gates = judged(desk, execution_id, now).gates
                    executions.finish(desk.store, execution_id, ExecutionState.SKIPPED, "paused", now, gates)
                    desk.log(
                        now,
                        "execution.skipped",
                        schedule_id=schedule_id,
                        execution_id=execution_id,
                        reason="paused",
                    )
            schedules.set_status(desk.store, schedule_id, ScheduleState.ACTIVE, reason, now)
            desk.log(now, "schedule.resumed", schedule_id=schedule_id, reason=reason)
            executions.wake(desk.store, now, schedule_id=schedule_id)
            conclude(desk, schedule_id, now)
    return find.schedule(desk.store, schedule_id)


def cancel(desk: Desk, schedule_id: str, reason: str | None) -> Schedule:
    """End a schedule for good. A call in progress is not cut off; nothing that waits is dialled any more."""
    now = desk.clock.now()
    schedule_id = find.schedule(desk.store, schedule_id).id
    materialise_one(desk, schedule_id, now)
    with desk.store.transaction():
        schedule = find.schedule(desk.store, schedule_id)
        if schedule.status is ScheduleState.CANCELED:
            return schedule
        _live(desk.store, schedule_id, "canceled")
        _cancel_waiting(desk, schedule_id, "schedule_canceled", now)
        schedules.set_status(desk.store, schedule_id, ScheduleState.CANCELED, reason, now)
        desk.log(now, "schedule.canceled", schedule_id=schedule_id, reason=reason)
    return find.schedule(desk.store, schedule_id)


def call_off(desk: Desk, schedule_id: str, at: datetime | None = None) -> tuple[Schedule, datetime]:
    """Take one occurrence out of a schedule that repeats, the next one unless `at` names another; the rule stays.

    Raises NotFound when nothing that may still ring is planned at `at`, Conflict when it is being called already, or
    when the schedule does not repeat.
    """
    now = desk.clock.now()
    schedule_id = find.schedule(desk.store, schedule_id).id
    materialise_one(desk, schedule_id, now)
    with desk.store.transaction():
        schedule = _live(desk.store, schedule_id, "changed")
        if not schedule.recurring:
            raise Conflict(f"{schedule.id} is for one time", hint=f"cancel it: hyp schedules cancel {schedule.id}")
        open_ = executions.select(desk.store, schedule_id=schedule.id, statuses=OPEN_EXECUTIONS, limit=0)
        found = [each for each in open_ if each.kind == "scheduled" and at in (None, each.scheduled_time)]
        if found:
            if found[0].status not in (ExecutionState.PENDING, ExecutionState.WAITING_RETRY):
                raise Conflict(f"{found[0].id} is being called", hint=f"see: hyp why {found[0].id}")
            execution_id, off = found[0].id, found[0].scheduled_time
        else:
            execution_id, off = _record_ahead(desk, schedule, at, now)
        executions.finish(desk.store, execution_id, ExecutionState.CANCELED, "called_off", now)
        desk.log(now, "execution.canceled", schedule_id=schedule.id, execution_id=execution_id, reason="called_off")
        following = unrecorded(desk.store, schedule, desk.settings())
        schedules.set_next(desk.store, schedule.id, schedule.accounted_until, following)
        conclude(desk, schedule.id, now)
    return find.schedule(desk.store, schedule_id), off


def _record_ahead(desk: Desk, schedule: Schedule, at: datetime | None, now: datetime) -> tuple[str, datetime]:
    """Give an occurrence its row before its time; return the row's id and the occurrence's instant."""
    workspace = desk.settings()
    before = at - timedelta(seconds=1) if at is not None else None
    coming = next(occurrences_ahead(desk.store, schedule, workspace, before), None)
    if coming is None or at not in (None, coming.at):
        asked = f"at {at:%Y-%m-%dT%H:%M:%SZ}" if at is not None else "any more"
        raise NotFound(
            f"{schedule.id} does not fire {asked}", hint=f"see when it does: hyp occurrences {schedule.id}"
        )
    execution_id = desk.new_id("exe", now)
    executions.record(
        desk.store,
        execution_id,
        schedule.id,
        coming,
        deadline_at=coming.at + workspace.window(schedule.catch_up_window),
        priority=schedule.priority,
        missed=None,
        now=now,
    )
    return execution_id, coming.at


def run_now(desk: Desk, schedule_id: str) -> tuple[str, TickReport]:
    """Call now, beside the rule: no slot is used up. Every gate is asked; return the execution's id and what became.

    Raises Conflict for a canceled schedule, and for one that is being called already; one that is paused or over may
    still be run by hand.
    """
    execution_id = record_manual(desk, schedule_id)
    return execution_id, dial_recorded(desk, execution_id)


def would_run_now(desk: Desk, schedule_id: str) -> Decision:
    """Return what the gates would say of a call made by hand now. For a rehearsal: it records that call."""
    now = desk.clock.now()
    return judged(desk, record_manual(desk, schedule_id), now)


def dial_recorded(desk: Desk, execution_id: str) -> TickReport:
    """Dial one execution that is due, if every gate lets it; what may not go now waits for the next pass."""
    report = TickReport(desk.clock.now(), due=1)
    dial_due(desk, report, only=execution_id)
    report.finished_at = desk.clock.now()
    return report


def record_manual(desk: Desk, schedule_id: str) -> str:
    """Record that a schedule is to be called now, beside its rule; return the execution, which is due.

    Raises Conflict for a schedule that is canceled, whose agent or user is gone, or which is called at this moment.
    """
    now = desk.clock.now()
    with desk.store.transaction():
        schedule = find.schedule(desk.store, schedule_id)
        if schedule.status is ScheduleState.CANCELED:
            raise Conflict(f"{schedule.id} is canceled and cannot be run", hint="add a new schedule instead")
        for noun, gone in (
            (f"user {schedule.user_id}", schedule.user_id and not users.find(desk.store, schedule.user_id)),
            (f"agent {schedule.agent_id}", not agents.find(desk.store, schedule.agent_id)),
        ):
            if gone:
                raise Conflict(f"{schedule.id} cannot be run: {noun} was removed", hint="add a new schedule instead")
        # Whoever asks again may only not have got the answer; a second call would wait for the line, and then ring.
        if (other := executions.in_hand(desk.store, schedule.id)) is not None:
            raise Conflict(
                f"{schedule.id} is being called already: {other[0]} is {other[1].replace('_', ' ')}",
                hint=f"hyp why {other[0]}; when it is over, the schedule can be run again",
            )
        deadline = now + desk.settings().window(schedule.catch_up_window)
        execution_id = desk.new_id("exe", now)
        executions.record_manual(
            desk.store, execution_id, schedule.id, deadline_at=deadline, priority=schedule.priority, now=now
        )
        desk.log(now, "execution.run_now", schedule_id=schedule.id, execution_id=execution_id)
    return execution_id


def edit_user(desk: Desk, user_id: str, change: Callable[[User], User]) -> tuple[User, list[Schedule]]:
    """Change a user; return them, and those of their schedules that fire next at another instant.

    A schedule that leaves its zone or its time to its user moves with them.
    """
    now = desk.clock.now().replace(microsecond=0)
    with desk.store.transaction():
        before = find.user(desk.store, user_id)
        after = change(before)
        if after == before:
            return before, []

        def write() -> None:
            users.update(desk.store, after, now)
            if after.context != before.context:
                for schedule in schedules.with_context(desk.store, user_id=after.id):
                    for agent in agents.find(desk.store, schedule.agent_id)[:1]:
                        refuse_untellable(desk.store, agent, schedule)
            executions.wake(desk.store, now, user_id=after.id)
            events.add(desk.store, now, desk.actor, "user.edited", subject_id=after.id)

        moved = _move(desk, schedules.of_user(desk.store, before.id), write, now)
        return find.user(desk.store, before.id), moved


def set_workspace_zone(desk: Desk, write: Callable[[], object]) -> list[Schedule]:
    """Change the workspace's zone by `write`; return the schedules that fire next at another instant.

    Raises Conflict, listing them, when live schedules would be left without a zone.
    """
    now = desk.clock.now().replace(microsecond=0)
    with desk.store.transaction():
        moved = _move(desk, schedules.without_zone(desk.store), write, now)
        lost = [each.id for each in moved if each.trouble is not None]
        if lost:
            raise Conflict(
                f"the workspace's timezone cannot go: live schedules need it: {', '.join(lost)}",
                hint=f"give them one first: hyp schedules edit {lost[0]} --tz Europe/Madrid",
            )
    return moved


def read_ref(ref: str | None) -> str | None:
    """Check a key of the caller's."""
    if ref is not None and not ref.strip():
        raise InvalidInput(f"--ref {ref!r} is empty", hint="leave it out, or give a key of your own")
    return ref


def known_by(store: Store, ref: str | None) -> Schedule | None:
    """Return the schedule of a `ref`. An export gives what has none its id for one, so that is understood, too."""
    if ref is None:
        return None
    return schedules.by_ref(store, ref) or schedules.by_id(store, ref)


def booked(desk: Desk, request: Request, created_by: str, now: datetime) -> Schedule:
    """Return the schedule that a request books at `now`, with its next instant; stores nothing.

    Raises InvalidInput, NotFound or Ambiguous for what cannot be booked.
    """
    # "Now" is not after now; a booking accounts for everything before its own second.
    wanted = replace(draft(desk, request, created_by, now), accounted_until=now - timedelta(seconds=1))
    return _with_next(desk, wanted, desk.settings())


def _with_next(desk: Desk, schedule: Schedule, workspace: Settings) -> Schedule:
    """Return the schedule with its next instant; raises InvalidInput when the rule can never fire."""
    following = unrecorded(desk.store, schedule, workspace)
    if following is None:
        start, until = schedule.start_at, schedule.until_at
        if start and until and until < start:
            raise InvalidInput(
                f"--until {until:%Y-%m-%dT%H:%M:%SZ} is before --start {start:%Y-%m-%dT%H:%M:%SZ}",
                hint="both are inclusive",
            )
        raise InvalidInput(
            f"this schedule would never fire: nothing comes after {schedule.accounted_until:%Y-%m-%dT%H:%M:%SZ}",
            hint="look at --start, --until and --max-occurrences; preview it with: hyp occurrences",
        )
    return replace(
        schedule,
        next_run_at=following.at,
        next_slot=following.slot,
        next_note=following.note,
        trouble=None,
    )


def _timing(schedule: Schedule, workspace: Settings) -> tuple[Any, ...]:
    """Return what decides when a schedule fires."""
    return (
        *(getattr(schedule, each.name) for each in fields(When)),
        # An instant is an instant on any clock.
        schedule.zone_name(workspace.timezone)[0] if schedule.run_at is None else None,
        schedule.time_of_day()[0],
        schedule.start_at,
        schedule.until_at,
        schedule.max_occurrences,
    )


def _withdraw_undialled(desk: Desk, before: Schedule, after: Schedule, workspace: Settings, now: datetime) -> None:
    """Take back what came due under the old rule and was not dialled yet, unless the new rule has it too."""
    if not before.recurring and executions.dialling_of(desk.store, before.id):
        raise Conflict(
            f"{before.id} is being called and cannot be moved",
            hint="wait for its end, or add another schedule",
        )
    rule = after.rule(workspace.timezone)
    for execution_id, occurrence in executions.pending_of(desk.store, before.id):
        same = next_occurrence(rule, occurrence.at - timedelta(seconds=1))
        if same is not None and (same.at, same.slot) == (occurrence.at, occurrence.slot):
            continue
        executions.withdraw(desk.store, execution_id, "rescheduled", now)
        desk.log(now, "execution.canceled", schedule_id=before.id, execution_id=execution_id, reason="rescheduled")


def _drop_retries(desk: Desk, before: Schedule, now: datetime) -> None:
    """Another callee must not get the second attempt at the first."""
    if not before.recurring and executions.dialling_of(desk.store, before.id):
        raise Conflict(
            f"{before.id} is being called and cannot be given to somebody else",
            hint="cancel it and add another schedule",
        )
    for execution_id in executions.cancel_waiting(desk.store, before.id, "callee_changed", now, retries_only=True):
        desk.log(now, "execution.canceled", schedule_id=before.id, execution_id=execution_id, reason="callee_changed")


def _cancel_waiting(desk: Desk, schedule_id: str, reason: str, now: datetime) -> None:
    for execution_id in executions.cancel_waiting(desk.store, schedule_id, reason, now):
        desk.log(now, "execution.canceled", schedule_id=schedule_id, execution_id=execution_id, reason=reason)


def _move(desk: Desk, bound: Sequence[Schedule], write: Callable[[], object], now: datetime) -> list[Schedule]:
    """Change by `write` what schedules take their zone or time from; return those that fire next at another instant.

    What was due before has its row under the old clocks.
    """
    workspace = desk.settings()
    old = {each.id: (_timing(each, workspace), _promised(each, workspace, now)) for each in bound}
    for schedule in bound:
        materialise_one(desk, schedule.id, now)
    write()
    workspace, moved = desk.settings(), []
    for schedule_id, (timing, promised) in old.items():
        after = find.schedule(desk.store, schedule_id)
        if after.status not in LIVE_SCHEDULES or (_timing(after, workspace) == timing and after.trouble is None):
            continue
        after = replace(after, accounted_until=max(now, after.accounted_until))
        derive_anew(desk, after, workspace, promised, now)
        again = find.schedule(desk.store, schedule_id)
        if (again.next_run_at, again.status) != (after.next_run_at, after.status):
            desk.log(now, "schedule.moved", schedule_id=schedule_id)
            moved.append(again)
    return moved


def _promised(schedule: Schedule, workspace: Settings, now: datetime) -> list[Occurrence]:
    """Return the slots of a schedule that a change of its clocks could move into the past.

    A repeating rule has none: it names instants. A one-shot has the one that it is for, however far ahead.
    """
    try:
        rule = schedule.rule(workspace.timezone)
    except InvalidInput:
        return []
    if isinstance(rule, Cron) and rule.expression.repeating:
        return []
    coming = occurrences(rule, now)
    if not schedule.recurring:
        return list(coming)
    return list(takewhile(lambda each: each.at <= now + LARGEST_MOVE, coming))


def _live(store: Store, schedule_id: str, what: str) -> Schedule:
    schedule = find.schedule(store, schedule_id)
    if schedule.status not in LIVE_SCHEDULES:
        raise Conflict(f"{schedule_id} is {schedule.status} and cannot be {what}", hint="add a new schedule instead")
    return schedule


# What a schedule was booked as, apart from what has become of it since.


_FATE = {
    "id",
    "status",
    "status_reason",
    "created_by",
    "created_at",
    "updated_at",
    "next_run_at",
    "next_slot",
    "next_note",
    "accounted_until",
    "trouble",
    "callee",
    "agent_name",
    "last_run_at",
    "last_status",
}


_BOOKED_AS = tuple(each.name for each in fields(Schedule) if each.name not in _FATE | {"ref", "retry"})
_SHOWN_AS = {
    "to_number": "phone_number",
    "run_local": "run_at",
    "run_fold": "run_at",
    "catch_up_window": "catch_up_window_seconds",
    "delay": "retry_delay_seconds",
}
"""What people and programs know by another name than ours."""


def refuse_other_content(known: Schedule, wanted: Schedule, ref: str | None) -> None:
    """Raise Conflict unless the two were booked as the same."""
    different = dict.fromkeys(_differences(known, wanted))
    if different:
        raise Conflict(
            f"ref {ref!r} is taken by {known.id}, which differs in {', '.join(different)}",
            hint=f"change that one: hyp schedules edit {known.id}",
        )


def _differences(known: Schedule, wanted: Schedule) -> Iterator[str]:
    """Yield what two schedules differ in, by the names that `schedules edit` and JSON give them."""
    for old, new, names in (
        (known, wanted, _BOOKED_AS),
        (known.retry, wanted.retry, [each.name for each in fields(RetryPolicy)]),
    ):
        yield from (_SHOWN_AS.get(name, name) for name in names if getattr(old, name) != getattr(new, name))
