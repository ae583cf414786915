"""How does a call go out? Claim it, write the intent, commit; send one request; record what came of it.

Between the commit and the record lies the only moment in which hyp may not know whether a phone rings. If the process
dies there, the row says `placing`; it becomes a doubt, and nobody dials that attempt again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from hyponema_cli.carriers.base import (
    NotSent,
    OutcomeUnknown,
    PlaceCall,
    Rejected,
    Throttled,
    checked,
    clean,
    in_words,
)
from hyponema_cli.core.call import CallState
from hyponema_cli.core.decide import JUST_AFTER, Defer, Dial, Skip, decide
from hyponema_cli.core.errors import HypError
from hyponema_cli.core.gates import LOOK_AGAIN, Caller, Facts, Hours
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.records import Call
from hyponema_cli.core.retry import GiveUp
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.facts import DOUBT_MAY_BE_LIVE, Scene
from hyponema_cli.engine.finish import finish_execution
from hyponema_cli.engine.lines import Lines
from hyponema_cli.engine.record import (
    FIRST_BACK_OFF,
    LONGEST_BACK_OFF,
    NO_WAIT,
    SEND_WITHIN,
    Accepted,
    Answer,
    Doubt,
    Intent,
    NotPlaced,
    Refused,
    record_all,
)
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.told import told
from hyponema_cli.store import calls, executions, holds, journal

MOST_INTENTS_A_COMMIT = 512
SHARED_COMMIT = timedelta(milliseconds=200)
"""Intents share a commit as long as they are sent within this time: if we die, no more than that are in doubt. The
first round takes one; each next one four times as many, or a quarter of it when the carrier was slow."""
GROWTH = 4
LEAST_LOOK = 16
"""How many due executions a round looks at, even if it may dial one only: others may be deferred or skipped."""
DIAL_WITHIN = timedelta(minutes=1)
"""How long a pass dials. A worker's next pass follows at once, cron's within the minute."""
A_SECOND = timedelta(seconds=1)
LONGEST_MEANT = timedelta(weeks=1)
"""No carrier means a longer wait than this: its plugin has misread it."""
LONGEST_NAP = timedelta(seconds=1)
"""How long a pass waits for a turn before it looks whether it should stop."""


def dial_due(desk: Desk, report: TickReport, only: str | None = None, within: timedelta = DIAL_WITHIN) -> None:
    """Decide every execution that is due, and dial those that may; `only` names a single one.

    A round reads the clock once. A slow carrier, or one that takes its calls at a pace, makes many rounds, each with
    its own time; after `within` the rest is left to the next pass.
    """
    if desk.store.in_transaction():
        raise RuntimeError("an intent must be committed before it is carried out: no transaction may be open here")
    _make_room(desk, desk.clock.now())
    if not executions.any_due(desk.store, desk.clock.now()):
        return
    lines = Lines(desk)
    deferred: set[str] = set()
    turns: list[datetime] = []
    room, in_line = 1, 0
    began = now = desk.clock.now()
    behind = report.database_behind = desk.keeps_journal and journal.is_behind(desk.store)
    while now - began <= within and not desk.stopping():
        lines.open_all()
        with desk.store.transaction():
            # Those who wait for their turn stand in front; the look goes as far behind them.
            claims = _claim(desk, now, room, in_line, report, lines, only, behind=behind)
        in_line = len(claims.in_line)
        deferred |= claims.deferred
        turns = sorted(turn for turn in (*turns, *claims.turns) if turn > now)
        if claims.intents:
            _journal(desk, claims.intents, report)
            sent = _send_all(desk, claims.intents, report, lines)
            room = min(room * GROWTH, MOST_INTENTS_A_COMMIT) if sent.quick else max(room // GROWTH, 1)
            claims.all_seen &= sent.all_out and not claims.in_line
        if claims.all_seen:
            # Nobody is left but those who wait for their turn.
            if not turns or turns[0] - began > within:
                break
            desk.clock.wait_until(min(turns[0], now + LONGEST_NAP))
        now = desk.clock.now()
    report.deferred += len(deferred)
    report.carrier_trouble = lines.problems()


def _make_room(desk: Desk, now: datetime) -> None:
    """Let as many of those who wait for other calls to end be looked at as can go now."""
    most = desk.settings().concurrency
    if most is not None:
        free = most - calls.count_live(desk.store, now - DOUBT_MAY_BE_LIVE)
        if free > 0:
            with desk.store.transaction():
                executions.wake_for_room(desk.store, now, free)


@dataclass(slots=True)
class _Claims:
    """What a round found, and what it did about it."""

    all_seen: bool = True
    """Nobody is due but those who were looked at."""
    intents: list[Intent] = field(default_factory=list)
    deferred: set[str] = field(default_factory=set)
    in_line: set[str] = field(default_factory=set)
    """Executions that wait for their turn for less than a second: they are left as they are."""
    turns: list[datetime] = field(default_factory=list)
    """When those that wait for a carrier's pace have their turn."""


def _claim(
    desk: Desk,
    now: datetime,
    room: int,
    in_line: int,
    report: TickReport,
    lines: Lines,
    only: str | None,
    *,
    behind: bool,
) -> _Claims:
    """Judge what is due at `now`, in one transaction; write the intents of at most `room` that may be dialled."""
    scene = Scene(desk, desk.settings(), lines, now, behind=behind)
    claims, blocked = _Claims(), Counter[str]()
    most = max(room, LEAST_LOOK) + in_line
    found = executions.due(desk.store, now, most, only)
    claims.all_seen = len(found) < most
    for due in found:
        if len(claims.intents) >= room:
            claims.all_seen = False
            break
        seen = scene.facts_of(due)
        match decide(seen, now):
            case Dial(caller, gates):
                number = executions.claim(desk.store, due.id, caller.number, gates)
                claims.intents.append(_intend(desk, due, caller, number, now, scene, seen.hours))
            case Defer() as wait:
                until = _spread(wait, seen, blocked, now)
                if wait.reason == "pace":
                    claims.turns.append(until)
                if wait.reason == "pace" and until - now < A_SECOND:
                    claims.in_line.add(due.id)
                    continue
                if wait.reason == "carrier_held" and seen.hold and seen.caller:
                    lines.note(seen.caller.carrier, seen.hold.problem)
                executions.defer(desk.store, due.id, until, wait.reason, wait.gates)
                _log(desk, now, "execution.deferred", due, wait.reason)
                claims.deferred.add(due.id)
            case Skip(status, reason, gates):
                finish_execution(desk, due.schedule_id, due.id, GiveUp(status, reason), now, report, gates=gates)
    if claims.intents:
        scene.keep_turns()
        first = journal.take_numbers(desk.store, len(claims.intents)) if desk.keeps_journal else 0
        for n, intent in enumerate(claims.intents, first):
            intent.n = n
    return claims


def _spread(wait: Defer, facts: Facts, blocked: Counter[str], now: datetime) -> datetime:
    """Return when to look again at somebody who waits for others to have gone.

    Each gets a turn of its own, so that the many who wait for a pace, or for room, are not all looked at again each
    time that one of them can go.
    """
    waits = {answer.gate for answer in wait.gates if answer.verdict == "wait"}
    if waits == {"pace"} and facts.pace and facts.turn_at and facts.caller:
        ahead = blocked[facts.caller.carrier]
        blocked[facts.caller.carrier] += 1
        until = facts.turn_at + timedelta(seconds=ahead / facts.pace)
    elif waits <= {"pace", "concurrency"} and facts.concurrency:
        until = wait.until + LOOK_AGAIN * (blocked["concurrency"] // facts.concurrency)
        blocked["concurrency"] += 1
    else:
        # Due times are kept to the second; rounded down, this one would be looked at too soon, again and again.
        until = wait.until if not wait.until.microsecond else wait.until.replace(microsecond=0) + A_SECOND
    return min(until, facts.deadline_at + JUST_AFTER)


def _intend(
    desk: Desk, due: executions.Due, caller: Caller, number: int, now: datetime, scene: Scene, hours: Hours | None
) -> Intent:
    call_id = desk.new_id("call", now)
    turn = scene.claimed(due, caller, call_id)
    call = Call(
        id=call_id,
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
    return Intent(call, due, turn, scene.connection_of(due), scene.pace_of(caller), hours)


def _journal(desk: Desk, intents: list[Intent], report: TickReport) -> None:
    """Note the intents outside the database too, before any is sent; where that fails, none is."""
    if not desk.keeps_journal:
        return
    entries = [
        journal.Entry(
            intent.n,
            intent.call.id,
            intent.call.execution_id,
            intent.due.schedule_id,
            "manual" if intent.due.manual else "scheduled",
            intent.due.slot,
            intent.due.scheduled_time,
            to_text(intent.due.deadline_at),
            intent.call.number,
            intent.call.carrier,
            intent.call.from_number,
            intent.call.to_number,
            to_text(intent.call.created_at),
        )
        for intent in intents
    ]
    try:
        journal.note_intents(desk.store, entries)
    except BaseException as error:
        reason = "journal_unwritable" if isinstance(error, HypError) else "stopped"
        record_all(desk, [(intent, NotPlaced(reason, in_words(error))) for intent in intents], report)
        raise


class _Sent(NamedTuple):
    """How the sending of a batch went."""

    quick: bool
    """All were sent within the time that they share a commit for."""
    all_out: bool
    """None was given back to be decided again at once."""


def _send_all(desk: Desk, intents: list[Intent], report: TickReport, lines: Lines) -> _Sent:
    """Send the intents one by one, and record them all, even when we are told to stop in between.

    A carrier that turns slow gets no more of them: what is left is put back.
    """
    began = desk.clock.now()
    answers: list[tuple[Intent, Answer]] = []
    quick = True
    try:
        for intent in intents:
            answers.append(
                (intent, _send_in_turn(desk, intent, lines) if quick else NotPlaced("put_back", wait=NO_WAIT))
            )
            quick = quick and desk.clock.now() - began <= SHARED_COMMIT
    except BaseException:
        # Stopped inside a request: that one is a doubt. Those behind it were never sent.
        for intent in intents[len(answers) : len(answers) + 1]:
            answers.append((intent, Doubt("interrupted")))
        answers.extend((intent, NotPlaced("stopped", wait=NO_WAIT)) for intent in intents[len(answers) :])
        raise
    finally:
        record_all(desk, answers, report)
    back = any(isinstance(answer, NotPlaced) and answer.wait == NO_WAIT for _, answer in answers)
    return _Sent(quick, not back)


def _send_in_turn(desk: Desk, intent: Intent, lines: Lines) -> Answer:
    """Send a request when its turn has come, and not sooner after the one before than the carrier's pace allows."""
    account = intent.call.carrier
    if intent.pace is not None:
        desk.clock.wait_until(max(intent.send_at, lines.free_at(account, intent.pace)))
        lines.sent(account, desk.clock.now())
    return _send(desk, intent, lines)


def _send(desk: Desk, intent: Intent, lines: Lines) -> Answer:
    """Send one request, unless it is too late for it; say what is known of its fate."""
    call = intent.call
    problem = lines.problem(call.carrier, call.from_number)
    if problem is not None:
        return NotPlaced("carrier_unusable", problem)
    now = desk.clock.now()
    if now > call.deadline_at:
        return NotPlaced("too_late_to_send", wait=NO_WAIT)
    if intent.hours is not None and not intent.hours.admits(now):
        return NotPlaced("window_closed", wait=NO_WAIT)
    try:
        # Open already, unless the workspace was armed this very moment. A plugin that fails to load has not dialled.
        carrier = desk.carrier(call.carrier)
    except Exception as error:
        lines.give_up(call.carrier, in_words(error))
        return NotPlaced("carrier_unusable", in_words(error))
    try:
        view = checked(carrier.place_call(_request_of(intent)))
    except NotSent as error:
        # The next request would fare no better, after as long a wait: not again in this pass.
        lines.give_up(call.carrier, f"it cannot be reached: {in_words(error)}")
        return NotPlaced("not_sent", in_words(error))
    except Throttled as error:
        wait = _sane_wait(error.retry_after)
        if wait is not None:
            # The account takes nothing before that: whoever else is due need not ask.
            lines.give_up(call.carrier, f"it asks to wait: {in_words(error)}")
        return NotPlaced("throttled", in_words(error), wait, held="account" if wait is not None else None)
    except Rejected as error:
        # Every call of that account, or from that number, would be refused: stop it, and do not burn the list.
        if error.scope == "account":
            lines.give_up(call.carrier, f"the account is refused: {in_words(error)}")
            desk.forget_carrier(call.carrier)
            return NotPlaced("account_refused", in_words(error), LONGEST_BACK_OFF, held="account")
        if error.scope == "sender":
            lines.give_up(call.carrier, f"the number is refused: {in_words(error)}", call.from_number)
            return NotPlaced("sender_refused", in_words(error), LONGEST_BACK_OFF, held="sender")
        return Refused(clean(error.code or error.scope), in_words(error))
    except OutcomeUnknown as error:
        return Doubt("no_clean_answer", in_words(error))
    except Exception as error:  # whatever else a plugin raises, it may have dialled before
        return Doubt("carrier_error", f"{type(error).__name__}: {in_words(error)}")
    if not view.carrier_call_id:
        return Doubt("no_id")
    return Accepted(view, desk.clock.now())


def _request_of(intent: Intent) -> PlaceCall:
    call = intent.call
    return PlaceCall(
        call.id,
        call.to_number,
        call.from_number,
        call.execution_id,
        call.number,
        intent.connection,
        told(intent.due, call.id, call.number),
    )


def _log(desk: Desk, now: datetime, name: str, due: executions.Due, reason: str | None) -> None:
    desk.log(now, name, schedule_id=due.schedule_id, execution_id=due.id, reason=reason)


def _sane_wait(wait: object) -> timedelta | None:
    """Return what a carrier asks us to wait: the shortest back-off at least, a day at most; None for nonsense."""
    if not isinstance(wait, timedelta) or wait > LONGEST_MEANT:
        return None
    return min(max(wait, FIRST_BACK_OFF), holds.LONGEST)
