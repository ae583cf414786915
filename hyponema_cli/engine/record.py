"""What came of a request? Each answer of a carrier, and none, is written down as one of four, by one table.

| answer | was a call made? | then |
|---|---|---|
| `Accepted` | yes | it is followed to its end |
| `NotPlaced` | no | the execution waits again, with back-off; no attempt is used up |
| `Refused` | no | the execution has failed |
| `Doubt` | cannot know | the number is locked, nothing is redialled |
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from hyponema_cli.carriers.base import CallView, in_words
from hyponema_cli.core import phone
from hyponema_cli.core.call import FOLLOWED_CALLS, CallState, ExecutionState, Outcome
from hyponema_cli.core.connect import Connection
from hyponema_cli.core.decide import JUST_AFTER
from hyponema_cli.core.errors import HypError
from hyponema_cli.core.gates import Hours
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.records import Call
from hyponema_cli.core.retry import GiveUp
from hyponema_cli.engine.batch import write_all
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.finish import finish_execution
from hyponema_cli.engine.report import TickReport
from hyponema_cli.store import calls, events, executions, holds, journal

SEND_WITHIN = timedelta(seconds=30)
"""An intent older than this is not carried out: the machine was asleep, or a request before it hung."""
FIRST_BACK_OFF = timedelta(seconds=5)
FIRST_LOOK = timedelta(seconds=1)
"""How soon after it was placed a call is asked about."""
LONGEST_BACK_OFF = timedelta(minutes=5)
NO_WAIT = timedelta(0)
FIRST_DOUBT_LOOK = timedelta(seconds=5)
"""How soon the carrier is asked for a call in doubt."""


@dataclass(slots=True)
class Intent:
    """A call that is committed as `placing` and not yet sent."""

    call: Call
    due: executions.Due
    send_at: datetime
    """When its turn comes, on a carrier that takes its calls at a pace."""
    connection: Connection
    """How the carrier connects it to its agent."""
    pace: float | None = None
    hours: Hours | None = None
    """The calling window that was open when it was decided."""
    n: int = 0
    """Its number in the dial journal."""
    callback_url: str | None = None
    """Where the carrier may tell what becomes of it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The carrier has the call."""

    view: CallView
    at: datetime


@dataclass(frozen=True, slots=True)
class NotPlaced:
    """No call was made, and none will be for this request."""

    reason: str
    error: str | None = None
    wait: timedelta | None = None
    """When to try again, if somebody said so; None: after a back-off that grows."""
    held: Literal["account", "sender"] | None = None
    """What is left alone for as long: the carrier account, or the number on it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The carrier refused this call for good."""

    reason: str
    error: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """Nobody can know whether a call was made."""

    reason: str
    error: str | None = None


Answer = Accepted | NotPlaced | Refused | Doubt


def record_all(desk: Desk, answers: list[tuple[Intent, Answer]], report: TickReport) -> None:
    """Record what came of a batch of requests; an answer that cannot be written is a doubt."""

    doubted: set[str] = set()

    def write(item: tuple[Intent, Answer]) -> None:
        _record(desk, *item, report, doubted)

    def doubt(item: tuple[Intent, Answer], error: Exception) -> None:
        doubted.add(item[0].call.id)
        trouble = f"{type(error).__name__}: {in_words(error)}"
        _record_doubt(desk, item[0], "unrecordable", trouble, desk.clock.now(), report)

    write_all(desk, report, answers, write, doubt)
    if desk.keeps_journal:
        # What was recorded counts, not what was said: an answer that became a doubt has no fate yet.
        known = [(intent.call.id, answer) for intent, answer in answers if intent.call.id not in doubted]
        fates = [fate for call_id, answer in known if (fate := _fate_of(call_id, answer)) is not None]
        with suppress(HypError):  # what the database has recorded stands; the journal only knows less
            journal.note_fates(desk.store, fates)


def _fate_of(call_id: str, answer: Answer) -> journal.Fate | None:
    """Return what the dial journal should know of an answer; of a doubt there is nothing to know."""
    match answer:
        case Accepted(view):
            return journal.Fate("took", call_id, view.carrier_call_id)
        case Refused(reason):
            return journal.Fate("refused", call_id, reason=reason)
        case NotPlaced(reason):
            return journal.Fate("not", call_id, reason=reason)
        case Doubt():
            return None


def _record(desk: Desk, intent: Intent, answer: Answer, report: TickReport, doubted: set[str]) -> None:
    """Write down one answer; a call that becomes a doubt by it is added to `doubted`."""
    call, now = intent.call, desk.clock.now()
    state = calls.status_of(desk.store, call.id)
    if state not in (CallState.PLACING, CallState.IN_DOUBT):
        _record_late(desk, intent, answer, now)
        return
    match answer:
        case Accepted(view, at):
            if not _record_accepted(desk, intent, view, at, report):
                doubted.add(call.id)
        case NotPlaced(reason, error, wait, held):
            calls.finish(desk.store, call.id, CallState.NOT_PLACED, now, reason=reason, error=error)
            if wait is None:
                wait = _back_off(calls.not_placed(desk.store, call.execution_id))
            # Not past its deadline: an execution that cannot be called any more must not stay open. Without a wait it
            # keeps its place in the line.
            until = min(now + wait, intent.due.deadline_at + JUST_AFTER) if wait else None
            executions.give_back(desk.store, call.execution_id, until, reason)
            _log_call(desk, intent, "call.not_placed", now, reason)
            if held is not None and wait is not None:
                _hold(desk, call, held, f"{reason}: {error}" if error else reason, now + wait)
            report.deferred += reason != "put_back"
        case Refused(reason, error):
            calls.finish(desk.store, call.id, CallState.REJECTED, now, reason=reason, error=error)
            executions.dialled(desk.store, call.execution_id, now)
            _log_call(desk, intent, "call.rejected", now, reason)
            end = GiveUp(ExecutionState.FAILED, Outcome.REJECTED)
            finish_execution(desk, intent.due.schedule_id, call.execution_id, end, now, report)
        case Doubt() if state is CallState.IN_DOUBT:
            pass  # so slow that others doubt it already, and look for it
        case Doubt(reason, error):
            _record_doubt(desk, intent, reason, error, now, report)


def _record_late(desk: Desk, intent: Intent, answer: Answer, now: datetime) -> None:
    """Keep an answer that came so late that its call was doubted, and found or settled, without us.

    What is written there stands. The carrier's id is kept all the same, so that nobody takes that call for another.
    """
    carrier_call_id = answer.view.carrier_call_id if isinstance(answer, Accepted) else None
    if carrier_call_id is not None:
        calls.bind(desk.store, intent.call.id, carrier_call_id)
    said = type(answer).__name__.casefold() + (f" {carrier_call_id}" if carrier_call_id else "")
    _log_call(desk, intent, "call.answered_late", now, said)


def _record_accepted(desk: Desk, intent: Intent, view: CallView, at: datetime, report: TickReport) -> bool:
    """Note that the carrier has the call; False when its id makes that a doubt."""
    call = intent.call
    # A carrier may report an end at once; the next look settles it, in one place for all ends.
    status = view.state if view.state in FOLLOWED_CALLS else CallState.QUEUED
    assert status is not None, "membership rules None out"
    try:
        calls.accept(desk.store, call.id, status, view.carrier_call_id, at, next_poll_at=at + FIRST_LOOK)
    except sqlite3.IntegrityError:
        # An id that another of our calls bears: whatever happened, we cannot tell the two apart.
        _record_doubt(desk, intent, "id_of_another_call", view.carrier_call_id, at, report)
        return False
    executions.dialled(desk.store, call.execution_id, at)
    if at - call.created_at > SEND_WITHIN:
        # So slow that somebody may have thought us dead and doubted the call.
        executions.follow(desk.store, call.execution_id, ExecutionState.DIALING)
    _log_call(desk, intent, "call.placed", at, None)
    report.placed += 1
    return True


def _record_doubt(
    desk: Desk, intent: Intent, reason: str, error: str | None, now: datetime, report: TickReport
) -> None:
    calls.doubt(desk.store, intent.call.id, reason, error, now + FIRST_DOUBT_LOOK)
    executions.doubt(desk.store, intent.call.execution_id, reason, now)
    _log_call(desk, intent, "call.in_doubt", now, reason)
    report.in_doubt += 1


def _hold(desk: Desk, call: Call, held: str, problem: str, until: datetime) -> None:
    number = call.from_number if held == "sender" else None
    now = desk.clock.now()
    holds.put(desk.store, holds.Hold(call.carrier, number, problem, until), now)
    whose = phone.masked(number) if number else "account"
    reason = f"{whose} until {to_text(until)}: {problem}"
    events.add(desk.store, now, desk.actor, "carrier.held", subject_id=call.carrier, reason=reason)


def _log_call(desk: Desk, intent: Intent, name: str, now: datetime, reason: str | None) -> None:
    call = intent.call
    desk.log(
        now, name, schedule_id=intent.due.schedule_id, execution_id=call.execution_id, call_id=call.id, reason=reason
    )


def _back_off(tries: int) -> timedelta:
    """Return the wait after the `tries`-th request of an execution that the carrier did not take."""
    doublings: int = 2 ** min(tries - 1, 16)
    return min(FIRST_BACK_OFF * doublings, LONGEST_BACK_OFF)
