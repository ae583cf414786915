"""How does a call go out? Claim it, write the intent, commit; send one request; record what came of it.

Between the commit and the record lies the only moment in which hyp may not know whether a phone rings. If the process
dies there, the row says `placing`; it becomes a doubt, and nobody dials that attempt again.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial

from hyponema_cli.carriers.base import (
    CallView,
    NotSent,
    OutcomeUnknown,
    PlaceCall,
    Rejected,
    Throttled,
    checked,
    clean,
    in_words,
)
from hyponema_cli.core.call import FOLLOWED_CALLS, CallState, ExecutionState, Outcome
from hyponema_cli.core.decide import JUST_AFTER, Defer, Dial, Skip, decide
from hyponema_cli.core.errors import HypError
from hyponema_cli.core.gates import SIMULATED, Caller, Facts
from hyponema_cli.core.gates import Answer as GateAnswer
from hyponema_cli.core.records import Call, Settings
from hyponema_cli.core.retry import GiveUp, Retry, RetryPolicy, decide_retry
from hyponema_cli.engine.batch import write_all
from hyponema_cli.engine.desk import Desk, jitter_of
from hyponema_cli.engine.materialise import conclude
from hyponema_cli.engine.report import TickReport
from hyponema_cli.store import calls, executions, numbers

MOST_INTENTS_A_COMMIT = 256
SHARED_COMMIT = timedelta(milliseconds=200)
"""Intents share a commit as long as they are sent within this time: if we die, no more than that are in doubt. The
first round takes one; each next one twice as many, or a quarter of it when the carrier was slow."""
LEAST_LOOK = 16
"""How many due executions a round looks at, even if it may dial one only: others may be deferred or skipped."""
DIAL_WITHIN = timedelta(minutes=1)
"""How long a pass dials. A worker's next pass follows at once, cron's within the minute."""
SEND_WITHIN = timedelta(seconds=30)
"""An intent older than this is not carried out: the machine was asleep, or a request before it hung."""
FIRST_BACK_OFF = timedelta(seconds=5)
FIRST_LOOK = timedelta(seconds=1)
"""How soon after it was placed a call is asked about."""
LONGEST_BACK_OFF = timedelta(minutes=5)
NO_WAIT = timedelta(0)
FIRST_DOUBT_LOOK = timedelta(seconds=5)
"""How soon the carrier is asked for a call in doubt."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A call that is committed as `placing` and not yet sent."""

    call: Call
    schedule_id: str
    give_up_at: datetime
    """The deadline of its execution."""


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


def dial_due(desk: Desk, report: TickReport, only: str | None = None) -> None:
    """Decide every execution that is due, and dial those that may; `only` names a single one.

    A round reads the clock once. A slow carrier makes many rounds, each with its own time; after DIAL_WITHIN the rest
    is left to the next pass, and so is what comes due, or is given back, while this one is at work.
    """
    if desk.store.in_transaction():
        raise RuntimeError("an intent must be committed before it is carried out: no transaction may be open here")
    lines = Lines(desk)
    room = 1
    began = now = desk.clock.now()
    while now - began <= DIAL_WITHIN:
        lines.open_all()
        with desk.store.transaction():
            looked_at, intents = _claim(desk, began, now, room, report, lines, only)
        if not looked_at:
            return
        quick = _send_all(desk, intents, report, lines)
        room = min(room * 2, MOST_INTENTS_A_COMMIT) if quick else max(room // 4, 1)
        now = desk.clock.now()


class Lines:
    """The carriers that a pass can use, and why not the others.

    They are opened before the write lock is taken, because a plugin may take its time, and only those that a call
    could need: from a workspace that is not armed, the simulated one.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._paced: dict[str, bool] = {}
        self._problems: dict[str, str] = {}

    def open_all(self) -> None:
        """Open the carriers of all attached numbers that are not open yet."""
        live = self._desk.settings().live
        for account in numbers.accounts(self._desk.store):
            if account in self._paced or account in self._problems or not (live or account == SIMULATED):
                continue
            try:
                capabilities = self._desk.carrier(account).capabilities()
                self._paced[account] = capabilities.calls_per_second is not None
            except HypError as error:
                self._problems[account] = error.message
            except Exception as error:
                self._problems[account] = f"{type(error).__name__}: {in_words(error)}"

    def give_up(self, account: str, problem: str) -> None:
        """Use a carrier no more in this pass."""
        self._problems[account] = problem

    def problem(self, account: str) -> str | None:
        """Say why a carrier cannot be used; None when it can, or when nobody tried."""
        return self._problems.get(account)

    def is_paced(self, account: str) -> bool:
        """True when a carrier takes its calls one at a time."""
        return self._paced.get(account, True)


def _claim(
    desk: Desk, due_at: datetime, now: datetime, room: int, report: TickReport, lines: Lines, only: str | None
) -> tuple[int, list[Intent]]:
    """Judge what was due at `due_at`, in one transaction; write the intents of at most `room` that may be dialled."""
    workspace = desk.settings()
    looked_at, intents = 0, list[Intent]()
    taken: dict[str, str] = {}
    # Read once for all calls of an agent; nothing can change it while we hold the write lock.
    caller_of = cache(partial(numbers.caller_of, desk.store))
    for due in executions.due(desk.store, due_at, max(room, LEAST_LOOK), only):
        if len(intents) >= room:
            break
        looked_at += 1
        facts = _facts(
            desk, due, workspace, lines, caller_of(due.agent_id, due.from_number), taken.get(due.to_number)
        )
        match decide(facts, now):
            case Dial(caller, gates):
                number = executions.claim(desk.store, due.id, caller.number, gates)
                intent = _intend(desk, due, caller, number, now)
                intents.append(intent)
                taken[due.to_number] = intent.call.id
                if lines.is_paced(caller.carrier):
                    room = 1
            case Defer(until, reason, gates):
                executions.defer(desk.store, due.id, until, reason, gates)
                desk.log(now, "execution.deferred", schedule_id=due.schedule_id, execution_id=due.id, reason=reason)
                report.deferred += 1
            case Skip(status, reason, gates):
                finish_execution(desk, due.schedule_id, due.id, GiveUp(status, reason), now, report, gates=gates)
    return looked_at, intents


def _facts(
    desk: Desk,
    due: executions.Due,
    workspace: Settings,
    lines: Lines,
    caller: Caller | None,
    taken_by: str | None,
) -> Facts:
    """Gather what the gates look at. `taken_by` is the call of this very transaction on the callee's line."""
    earlier = due.open_execution_id
    if earlier is not None and not executions.is_open(desk.store, earlier):
        earlier = None  # it was closed in this transaction, after we read it
    return Facts(
        schedule_status=due.schedule_status,
        recurring=due.recurring,
        manual=due.manual,
        calls_left=due.calls_left,
        deadline_at=due.deadline_at,
        caller=caller,
        live=workspace.live,
        carrier_problem=lines.problem(caller.carrier) if caller else None,
        busy_call_id=taken_by or due.busy_call_id,
        open_execution_id=earlier,
    )


def _intend(desk: Desk, due: executions.Due, caller: Caller, number: int, now: datetime) -> Intent:
    call = Call(
        id=desk.new_id("call", now),
        execution_id=due.id,
        number=number,
        carrier=caller.carrier,
        carrier_call_id=None,
        from_number=caller.number,
        to_number=due.to_number,
        status=CallState.PLACING,
        reason=None,
        error=None,
        answered_by=None,
        deadline_at=min(due.deadline_at, now + SEND_WITHIN),
        created_at=now,
        placed_at=None,
        finished_at=None,
        duration_seconds=None,
    )
    calls.intend(desk.store, call)
    desk.log(now, "call.placing", schedule_id=due.schedule_id, execution_id=due.id, call_id=call.id)
    return Intent(call, due.schedule_id, due.deadline_at)


def _send_all(desk: Desk, intents: list[Intent], report: TickReport, lines: Lines) -> bool:
    """Send the intents one by one, and record them all, even when we are told to stop in between.

    A carrier that turns slow gets no more of them: what is left is put back, and False is returned.
    """
    began = desk.clock.now()
    answers: list[tuple[Intent, Answer]] = []
    quick = True
    try:
        for intent in intents:
            answers.append(
                (intent, _send(desk, intent.call, lines) if quick else NotPlaced("put_back", wait=NO_WAIT))
            )
            quick = quick and desk.clock.now() - began <= SHARED_COMMIT
    except BaseException:
        # Stopped inside a request: that one is a doubt. Those behind it were never sent.
        for intent in intents[len(answers) : len(answers) + 1]:
            answers.append((intent, Doubt("interrupted")))
        answers.extend((intent, NotPlaced("stopped", wait=NO_WAIT)) for intent in intents[len(answers) :])
        raise
    finally:
        _record_all(desk, answers, report)
    return quick


def _send(desk: Desk, call: Call, lines: Lines) -> Answer:
    """Send one request, unless it is too late for it; say what is known of its fate."""
    problem = lines.problem(call.carrier)
    if problem is not None:
        return NotPlaced("carrier_unusable", problem)
    if desk.clock.now() > call.deadline_at:
        return NotPlaced("too_late_to_send", wait=NO_WAIT)
    request = PlaceCall(call.id, call.to_number, call.from_number, call.execution_id, call.number)
    try:
        # Open already, unless the workspace was armed this very moment. A plugin that fails to load has not dialled.
        carrier = desk.carrier(call.carrier)
    except Exception as error:
        lines.give_up(call.carrier, in_words(error))
        return NotPlaced("carrier_unusable", in_words(error))
    try:
        view = checked(carrier.place_call(request))
    except NotSent as error:
        # The next request would fare no better, after as long a wait: not again in this pass.
        lines.give_up(call.carrier, f"it cannot be reached: {in_words(error)}")
        return NotPlaced("not_sent", in_words(error))
    except Throttled as error:
        return NotPlaced("throttled", in_words(error), _sane_wait(error.retry_after))
    except Rejected as error:
        if error.scope == "account":
            # The account is refused, so every call would be: stop this carrier, and do not burn the list.
            lines.give_up(call.carrier, f"the account is refused: {in_words(error)}")
            return NotPlaced("account_refused", in_words(error), LONGEST_BACK_OFF)
        return Refused(clean(error.code or error.scope), in_words(error))
    except OutcomeUnknown as error:
        return Doubt("no_clean_answer", in_words(error))
    except Exception as error:  # whatever else a plugin raises, it may have dialled before
        return Doubt("carrier_error", f"{type(error).__name__}: {in_words(error)}")
    if not view.carrier_call_id:
        return Doubt("no_id")
    return Accepted(view, desk.clock.now())


def _record_all(desk: Desk, answers: list[tuple[Intent, Answer]], report: TickReport) -> None:
    """Record what came of a batch of requests; an answer that cannot be written is a doubt."""

    def write(item: tuple[Intent, Answer]) -> None:
        _record(desk, *item, report)

    def doubt(item: tuple[Intent, Answer], error: Exception) -> None:
        trouble = f"{type(error).__name__}: {in_words(error)}"
        _record_doubt(desk, item[0], "unrecordable", trouble, desk.clock.now(), report)

    write_all(desk, report, answers, write, doubt)


def _record(desk: Desk, intent: Intent, answer: Answer, report: TickReport) -> None:
    call, now = intent.call, desk.clock.now()
    match answer:
        case Accepted(view, at):
            _record_accepted(desk, intent, view, at, report)
        case NotPlaced(reason, error, wait):
            calls.finish(desk.store, call.id, CallState.NOT_PLACED, now, reason=reason, error=error)
            if wait is None:
                wait = _back_off(calls.not_placed(desk.store, call.execution_id))
            # Not past its deadline: an execution that cannot be called any more must not stay open. Without a wait it
            # keeps its place in the line.
            until = min(now + wait, intent.give_up_at + JUST_AFTER) if wait else None
            executions.give_back(desk.store, call.execution_id, until, reason)
            _log_call(desk, intent, "call.not_placed", now, reason)
            report.deferred += reason != "put_back"
        case Refused(reason, error):
            calls.finish(desk.store, call.id, CallState.REJECTED, now, reason=reason, error=error)
            executions.dialled(desk.store, call.execution_id, now)
            _log_call(desk, intent, "call.rejected", now, reason)
            end = GiveUp(ExecutionState.FAILED, Outcome.REJECTED)
            finish_execution(desk, intent.schedule_id, call.execution_id, end, now, report)
        case Doubt(reason, error):
            _record_doubt(desk, intent, reason, error, now, report)


def _record_accepted(desk: Desk, intent: Intent, view: CallView, at: datetime, report: TickReport) -> None:
    call = intent.call
    # A carrier may report an end at once; the next look settles it, in one place for all ends.
    status = view.state if view.state in FOLLOWED_CALLS else CallState.QUEUED
    assert status is not None, "membership rules None out"
    try:
        calls.accept(desk.store, call.id, status, view.carrier_call_id, at, next_poll_at=at + FIRST_LOOK)
    except sqlite3.IntegrityError:
        # An id that another of our calls bears: whatever happened, we cannot tell the two apart.
        _record_doubt(desk, intent, "id_of_another_call", view.carrier_call_id, at, report)
        return
    executions.dialled(desk.store, call.execution_id, at)
    if at - call.created_at > SEND_WITHIN:
        # So slow that somebody may have thought us dead and doubted the call.
        executions.follow(desk.store, call.execution_id, ExecutionState.DIALING)
    _log_call(desk, intent, "call.placed", at, None)
    report.placed += 1


def _record_doubt(
    desk: Desk, intent: Intent, reason: str, error: str | None, now: datetime, report: TickReport
) -> None:
    calls.doubt(desk.store, intent.call.id, reason, error, now + FIRST_DOUBT_LOOK)
    executions.doubt(desk.store, intent.call.execution_id, reason, now)
    _log_call(desk, intent, "call.in_doubt", now, reason)
    report.in_doubt += 1


def finish_call(
    desk: Desk,
    schedule_id: str,
    execution_id: str,
    policy: RetryPolicy,
    window: timedelta,
    *,
    outcome: Outcome,
    attempt: int,
    call_id: str,
    now: datetime,
    report: TickReport,
) -> None:
    """Decide what follows a call that is over: another attempt, or the end of its execution."""
    match decide_retry(policy, outcome=outcome, attempt=attempt, now=now, jitter=jitter_of(call_id)):
        case Retry(at):
            executions.wait_for_retry(desk.store, execution_id, at, at + window, outcome)
            desk.log(
                now, "execution.waiting_retry", schedule_id=schedule_id, execution_id=execution_id, reason=outcome
            )
            report.retried += 1
        case GiveUp() as end:
            finish_execution(desk, schedule_id, execution_id, end, now, report)


def finish_execution(
    desk: Desk,
    schedule_id: str,
    execution_id: str,
    end: GiveUp,
    now: datetime,
    report: TickReport,
    *,
    gates: tuple[GateAnswer, ...] = (),
) -> None:
    """Close an execution, and its schedule when nothing is left of it."""
    executions.finish(desk.store, execution_id, end.status, end.reason, now, gates)
    desk.log(now, f"execution.{end.status}", schedule_id=schedule_id, execution_id=execution_id, reason=end.reason)
    report.count(end.status)
    conclude(desk, schedule_id, now)


def _log_call(desk: Desk, intent: Intent, name: str, now: datetime, reason: str | None) -> None:
    call = intent.call
    desk.log(
        now, name, schedule_id=intent.schedule_id, execution_id=call.execution_id, call_id=call.id, reason=reason
    )


def _sane_wait(wait: object) -> timedelta | None:
    """Return what a carrier asks us to wait, if that is a duration and at least the shortest back-off."""
    return max(wait, FIRST_BACK_OFF) if isinstance(wait, timedelta) and wait <= timedelta(days=1) else None


def _back_off(tries: int) -> timedelta:
    """Return the wait after the `tries`-th request of an execution that the carrier did not take."""
    doublings: int = 2 ** min(tries - 1, 16)
    return min(FIRST_BACK_OFF * doublings, LONGEST_BACK_OFF)
