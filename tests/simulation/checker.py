"""Is the record of a history what was promised? In the manner of Jepsen's checker for Chronos.

It compares what the network knows (the truth), what the database says, and what was asked for. Each check is a
function named by the promise, which yields a sentence for everything that breaks it; `CHECKS` lists them. What the
gates promise is judged in `gate_checks.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import combinations
from typing import NamedTuple

from hyponema_cli.core.call import CallState
from tests.simulation import gate_checks
from tests.simulation.evidence import (
    BY_OPERATOR,
    END_LOST,
    MADE_AGAIN,
    REDIALLED,
    by,
    execution_of,
    is_lost,
    made_by,
    plan_of,
    row_beside,
    was_doubtful_at,
)
from tests.simulation.history import Record
from tests.simulation.ledger import LIVE, OVER, CallRow
from tests.simulation.network import Asked
from tests.simulation.plans import SECOND, Plan, Walls

LONGEST_WAIT = timedelta(minutes=2)
"""Until a call in flight is asked about again."""
LONGEST_PASS = timedelta(seconds=65)
"""How long the last pass may have dialled, at a slow pace, after it asked about the calls in flight."""
NEVER = timedelta(days=99)


class Complaint(NamedTuple):
    """What is wrong, and which check found it."""

    check: str
    sentence: str


Check = Callable[[Record], Iterator[str]]


def complaints(record: Record) -> list[Complaint]:
    """Return everything that is wrong with a history."""
    return [Complaint(check.__name__, sentence) for check in CHECKS for sentence in check(record)]


def every_process_ends_as_it_should(record: Record) -> Iterator[str]:
    """No pass ends with a bug, whatever the carrier says and whoever else is at it."""
    yield from record.troubles


def every_request_was_committed_before(record: Record) -> Iterator[str]:
    """A request has its own row, committed before it was sent, which says the same."""
    for call_id, count in Counter(asked.request.call_id for asked in record.asked).items():
        if count > 1:
            yield f"{call_id} was sent {count} times"
    numbers = {plan.ref: plan.numbers for plan in record.plans}
    for asked in record.asked:
        row, execution, request = asked.witness.row, asked.witness.execution, asked.request
        if row is None or execution is None:
            yield f"{asked} had no committed row"
            continue
        if not asked.witness.journaled:
            yield f"{asked} was sent, and the dial journal knew nothing of it"
        said = (request.to_number, request.from_number, request.execution_id, request.attempt)
        written = (row.to_number, row.from_number, row.execution_id, row.number)
        if said != written:
            yield f"{asked} says {said}, its row says {written}"
        # A machine that slept, woke and had its clock put back may have doubted it already; the line is locked still.
        if row.status not in ("placing", "in_doubt"):
            yield f"{asked} was sent when its row was {row.status}"
        ref = str(asked.witness.ref)
        if request.to_number not in numbers[ref]:
            yield f"{asked} went to a number that {ref} never had"
        if request.call_id not in record.closed.calls and not is_lost(record, asked):
            yield f"{asked} has lost its row"


def one_call_an_attempt(record: Record) -> Iterator[str]:
    """An attempt makes one call, an execution no more than it has attempts."""
    for (execution_id, number), made in made_by(record, lambda it: (execution_of(record, it), it.request.attempt)):
        if len(made) > 1:
            yield f"attempt {number} of {execution_id} made {len(made)} calls: {_list(made)}"
    for execution_id, made in made_by(record, lambda it: execution_of(record, it)):
        plan = plan_of(record, made[0])
        # One that was redialled from a doubt has one more: nobody knows whether the doubt was a call at all.
        most = plan.max_attempts + sum(_is_redialled(record, asked) for asked in made) if plan else None
        if most is not None and len(made) > most:
            yield f"{execution_id} made {len(made)} calls of at most {most}: {_list(made)}"


def no_more_calls_than_asked_for(record: Record) -> Iterator[str]:
    """No more occurrences of a schedule are called than it was to have."""
    for _, made in made_by(record, lambda it: _slot_of(record, it)[0]):
        plan = plan_of(record, made[0])
        if plan is None:
            continue
        most = plan.request.max_occurrences
        called = {execution_of(record, asked) for asked in made if _slot_of(record, asked)[1] is not None}
        if most is not None and not plan.edited and len(called) > most:
            yield f"{plan.ref} called {len(called)} times of at most {most}: {sorted(called)}"


def one_call_at_a_time(record: Record) -> Iterator[str]:
    """No phone has two of our calls at once, and no execution."""
    for name in ("to_number", "execution_id"):
        for whose, made in made_by(record, lambda it, name=name: getattr(it.request, name)):  # type: ignore[misc]
            for one, other in combinations(made, 2):
                assert one.made is not None and other.made is not None
                if _was_let_go(record, one, other):
                    continue
                if one.made.made_at < other.made.ended_at and other.made.made_at < one.made.ended_at:
                    yield f"{whose} had two calls at once: {one} and {other}"


def nothing_is_dialled_on_a_guess(record: Record) -> Iterator[str]:
    """After an answer that nobody could read, the execution and the callee wait until it is known what happened."""
    for earlier, later in combinations(record.asked, 2):
        same_line = earlier.request.to_number == later.request.to_number
        if not same_line and earlier.request.execution_id != later.request.execution_id:
            continue
        if is_lost(record, earlier):
            continue
        row = row_beside(later, earlier.request.call_id)
        if row is None:
            yield f"{later} was sent, and the row of {earlier} was not there"
        elif row.status in LIVE:
            yield f"{later} was sent while the row of {earlier} was {row.status}"
        elif was_doubtful_at(earlier, later) and not _is_cleared(record, earlier, row):
            yield f"{later} was sent on a guess about {earlier}, whose row was {row.status} ({row.reason})"


def nothing_is_dialled_after_an_answer(record: Record) -> Iterator[str]:
    """Who was reached, or refused for good, is not called again for the same execution."""
    for execution_id, asked in by(record.asked, lambda it: execution_of(record, it)):
        for earlier, later in combinations(asked, 2):
            if _was_let_go(record, earlier, later):
                continue
            if earlier.answer == "rejected" and not earlier.unheard and later.made:
                yield f"{later} was sent for {execution_id}, which was refused by {earlier}"
            if earlier.made and earlier.made.was_answered and later.made:
                yield f"{later} was sent for {execution_id}, which had been answered by {earlier}"
            plan = plan_of(record, earlier)
            busy = earlier.made is not None and earlier.made.end is CallState.BUSY
            if plan is not None and later.made and busy and "busy" not in plan.retry_on:
                yield f"{later} was sent for {execution_id} after a busy line, which {plan.ref} does not retry"


def one_execution_a_slot(record: Record) -> Iterator[str]:
    """A slot is called by one execution only, and recorded by one."""
    executions = record.closed.executions.values()
    for (schedule_id, slot), rows in by(executions, lambda it: (it.schedule_id, it.slot)):
        recorded = [row.id for row in rows if row.kind == "scheduled"]
        if slot is not None and len(recorded) > 1:
            yield f"slot {slot} of {schedule_id} has {len(recorded)} executions: {recorded}"
    for (schedule_id, slot), made in made_by(record, lambda it: _slot_of(record, it)):
        callers = {execution_of(record, asked) for asked in made}
        if slot is not None and len(callers) > 1:
            yield f"slot {slot} of {schedule_id} was called by {sorted(callers)}"


def every_planned_occurrence_has_its_row(record: Record) -> Iterator[str]:
    """What should have come due has a row; what has a row should have come due; one booking is one schedule."""
    rows = dict(by(record.closed.executions.values(), lambda it: it.schedule_id))
    schedules = dict(by(record.closed.schedules.values(), lambda it: it.ref))
    walls = Walls(record.begun_at - timedelta(hours=1), record.latest)
    for plan in record.plans:
        booked = schedules.get(plan.ref, [])
        if len(booked) > 1 or (plan.confirmed and not booked):
            yield f"{plan.ref} was booked, and there are {len(booked)} schedules of that name"
        for schedule in booked:
            if schedule.created_at not in plan.booked_at:
                yield f"{plan.ref} was booked at {schedule.created_at}, when nobody asked for it"
            own = rows.get(schedule.id, [])
            recorded = {row.scheduled_time for row in own if row.kind == "scheduled"}
            if not plan.edited:
                yield from _compare(record, plan, walls.rings(plan, schedule.created_at), recorded, schedule.status)
            by_hand = sum(row.kind == "manual" for row in own)
            if by_hand > plan.runs:
                yield f"{plan.ref} was run by hand {plan.runs} times, and has {by_hand} such executions"


def _compare(
    record: Record, plan: Plan, rings: list[datetime], recorded: set[datetime], status: str
) -> Iterator[str]:
    for extra in sorted(recorded - set(rings)):
        yield f"{plan.ref} has an execution for {extra}, when it should not ring"
    end = min([record.closed_at, *plan.canceled_at])
    if plan.request.max_occurrences is not None and status != "canceled":
        # Used up: nothing that comes after its last execution counts.
        end = min(end, max(recorded, default=end))
    for lost in sorted(at for at in rings if at <= end and at not in recorded):
        # What a copy had forgotten of a rule that is used up since is not recorded again.
        is_forgotten = bool(record.forgotten_until)
        used_up = plan.request.max_occurrences is not None and (is_forgotten or not any(at > lost for at in recorded))
        if not used_up:
            yield f"{plan.ref} has no execution for {lost}"


def every_execution_says_why(record: Record) -> Iterator[str]:
    """An execution that made no call says why not, and is over or waits for something."""
    callers = {execution_of(record, asked) for asked in record.asked if asked.made}
    for snapshot in (record.quiet, record.closed):
        for row in snapshot.executions.values():
            if row.id in callers:
                continue
            if row.status in OVER and row.reason is None:
                yield f"{row.id} is {row.status} without a call and without a reason"
            if row.status in ("pending", "waiting_retry") and row.reason is None and row.due_at <= snapshot.at:
                yield f"{row.id} was due at {row.due_at}, and nobody says why it was not called"


def quiet_leaves_nothing_in_the_air(record: Record) -> Iterator[str]:
    """Once nothing goes wrong any more, what is open has a call, a doubt, or something to wait for."""
    live = {row.execution_id: row for row in record.quiet.calls.values() if row.status in LIVE}
    for row in live.values():
        if row.status == "placing":
            yield f"{row.id} is still placing"
        elif row.status != "in_doubt":
            wait = (row.asked_about_at or record.quiet.at + NEVER) - record.quiet.at
            if not -LONGEST_PASS <= wait <= LONGEST_WAIT:
                yield f"{row.id} is {row.status}, and its carrier is asked about it at {row.asked_about_at}"
    for execution in record.quiet.executions.values():
        has_call = execution.id in live
        if (execution.status in ("dialing", "in_progress", "in_doubt")) != has_call:
            yield f"{execution.id} is {execution.status}, and {'has' if has_call else 'has no'} live call"


def closing_leaves_nothing_open(record: Record) -> Iterator[str]:
    """When all is canceled, over and settled, no row is open."""
    for row in record.closed.calls.values():
        if row.status in LIVE:
            yield f"{row.id} is {row.status} at the end"
    for execution in record.closed.executions.values():
        if execution.status not in OVER:
            yield f"{execution.id} is {execution.status} ({execution.reason}) at the end"
    for schedule in record.closed.schedules.values():
        if schedule.status in ("active", "paused"):
            yield f"{schedule.id} is {schedule.status} at the end"


def the_ledger_tells_the_truth(record: Record) -> Iterator[str]:
    """A row that says that a call was made has that very call, and its end; one that says that none was, has none."""
    requests = {asked.request.call_id: asked for asked in record.asked}
    for row in record.closed.calls.values():
        made = requests[row.id].made if row.id in requests else None
        if row.status == "not_placed" or row.status == "rejected":
            if made is not None:
                yield f"{row.id} is {row.status} ({row.reason}), and {made.id} was made"
        elif row.reason in (REDIALLED, END_LOST):
            # Given up, whatever it was; an id that it has is its own.
            if row.carrier_call_id is not None and (made is None or row.carrier_call_id != made.id):
                yield f"{row.id} is given up as {row.carrier_call_id}; its call is {made.id if made else 'none'}"
        elif row.reason == BY_OPERATOR:
            if made is None:
                yield f"{row.id} is {row.status} by the operator's word, and no call was made"
        elif made is None or row.carrier_call_id != made.id:
            yield f"{row.id} is {row.status} as {row.carrier_call_id}; its call is {made.id if made else 'none'}"
        elif row.status not in LIVE and row.status != made.end and row.reason != "end_never_told":
            yield f"{row.id} is {row.status}; {made.id} ended as {made.end}"


def nobody_is_called_too_late(record: Record) -> Iterator[str]:
    """No request is sent after its execution's deadline, or its own."""
    for asked in record.asked:
        row, execution = asked.witness.row, asked.witness.execution
        if execution is not None and asked.sent_at > execution.deadline_at:
            yield f"{asked} was sent at {asked.sent_at}, after {execution.deadline_at}"
        # Stored to the second.
        if row is not None and asked.sent_at >= row.deadline_at + SECOND:
            yield f"{asked} was sent at {asked.sent_at}, after its own deadline {row.deadline_at}"


def every_end_is_told_once_and_last(record: Record) -> Iterator[str]:
    """Who listens hears of each start that was committed, then of the end: once, as it is, and of no other."""
    if not record.is_heard:
        return
    ledger = record.closed
    told = dict(by(ledger.messages, lambda it: it.execution_id))
    placed = Counter(
        event.execution_id
        for event in ledger.events
        if event.name in ("call.placed", "call.adopted") or (event.name, event.reason) == ("call.recovered", "queued")
    )
    for row in ledger.executions.values():
        events = [message.event for message in told.get(row.id, [])]
        ends = [message.about for message in told.get(row.id, []) if message.event not in ("started", "in_doubt")]
        if events.count("started") != placed[row.id]:
            yield f"{row.id} started {placed[row.id]} calls, and was told as {events}"
        if row.status in OVER and (not ends or ends[-1] != row.status or events[-1] in ("started", "in_doubt")):
            yield f"{row.id} is {row.status}, and was told as {events}"
        # What a copy had forgotten it may have taken for something else before it learned better.
        if len(ends) > 1 and not record.forgotten_until:
            yield f"{row.id} was told to have ended {len(ends)} times: {events}"


CHECKS: tuple[Check, ...] = (
    every_process_ends_as_it_should,
    every_request_was_committed_before,
    one_call_an_attempt,
    no_more_calls_than_asked_for,
    one_call_at_a_time,
    nothing_is_dialled_on_a_guess,
    nothing_is_dialled_after_an_answer,
    one_execution_a_slot,
    every_planned_occurrence_has_its_row,
    every_execution_says_why,
    quiet_leaves_nothing_in_the_air,
    closing_leaves_nothing_open,
    the_ledger_tells_the_truth,
    nobody_is_called_too_late,
    every_end_is_told_once_and_last,
    *gate_checks.CHECKS,
)


def _is_redialled(record: Record, asked: Asked) -> bool:
    """True when somebody saw that a doubt was given up: a later request, or whoever looked last."""
    call_id = asked.request.call_id
    seen = [row_beside(later, call_id) for later in record.asked if later.number > asked.number]
    return any(
        row is not None and row.reason in (REDIALLED, END_LOST) for row in (record.closed.calls.get(call_id), *seen)
    )


def _was_let_go(record: Record, earlier: Asked, later: Asked) -> bool:
    """True when a doubt may have been given up, because its schedule prefers two calls to none, or is lost.

    `gate_checks` judges whether it was to be given up then.
    """
    row = row_beside(later, earlier.request.call_id)
    return is_lost(record, earlier) or (row is not None and row.reason == REDIALLED)


def _is_cleared(record: Record, asked: Asked, row: CallRow) -> bool:
    """True when it had been found out: the carrier showed the very call, or an operator spoke.

    Or when it was given up, on the word of its schedule, or because a later call says that it is over.
    """
    if row.reason in (REDIALLED, END_LOST) or (row.reason == MADE_AGAIN and asked.made is None):
        return True
    if asked.made is not None and row.carrier_call_id == asked.made.id:
        return True
    return row.reason == BY_OPERATOR and row.id in record.resolved


def _slot_of(record: Record, asked: Asked) -> tuple[str, str | None]:
    execution = asked.witness.execution or record.closed.executions.get(asked.request.execution_id)
    return (execution.schedule_id, execution.slot) if execution else ("", None)


def _list(asked: list[Asked]) -> str:
    return "; ".join(map(str, asked))
