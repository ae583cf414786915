"""How does a call go out? Claim it, write the intent, commit; let one request leave; record what came of it.

Between the commit and the record lies the only moment in which hyp may not know whether a phone rings. If the process
dies there, the row says `placing`; it becomes a doubt, and nobody dials that attempt again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hyponema_cli.carriers.base import in_words
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
from hyponema_cli.engine.queues import Queues
from hyponema_cli.engine.record import SEND_WITHIN, Intent, NotPlaced, record_all
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.send import Sender, sending
from hyponema_cli.store import calls, executions, journal

LEAST_LOOK = 16
"""How many due executions a round looks at, even if it may dial one only: others may be deferred or skipped."""
DIAL_WITHIN = timedelta(minutes=1)
"""How long a pass dials. A worker's next pass follows at once, cron's within the minute."""
A_SECOND = timedelta(seconds=1)
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
    lines.open_all()
    with sending(desk, report, lines) as sender:
        _rounds(desk, report, lines, sender, only, within)
    report.carrier_trouble = lines.problems()


def _rounds(
    desk: Desk, report: TickReport, lines: Lines, sender: Sender, only: str | None, within: timedelta
) -> None:
    """Claim and send, round after round, until nobody is left who can be dialled now, or the time is over."""
    deferred: set[str] = set()
    queues = Queues()
    turns: list[datetime] = []
    in_line = 0
    began = now = desk.clock.now()
    behind = report.database_behind = desk.keeps_journal and journal.is_behind(desk.store)
    while now - began <= within and not desk.stopping():
        lines.open_all()
        all_seen = True
        if sender.room:
            with desk.store.transaction():
                # Those who wait for their turn stand in front; the look goes as far behind them.
                claims = _claim(desk, now, sender.room, in_line, report, lines, queues, only, behind=behind)
            in_line = len(claims.in_line)
            deferred |= claims.deferred
            turns = sorted(turn for turn in (*turns, *claims.turns) if turn > now)
            all_seen = claims.all_seen
            if claims.intents:
                _journal(desk, claims.intents, report)
                all_seen = sender.send(claims.intents) and all_seen and not claims.in_line
        if all_seen:
            # Nobody is left but those who wait for their turn, and those whose answers are on their way.
            soon = [turn for turn in turns[:1] if turn - began <= within]
            if not soon and sender.is_idle:
                break
            sender.rest(min([*soon, now + LONGEST_NAP]))
        now = desk.clock.now()
    report.deferred += len(deferred)


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
    queues: Queues,
    only: str | None,
    *,
    behind: bool,
) -> _Claims:
    """Judge what is due at `now`, in one transaction; write the intents of at most `room` that may be dialled."""
    scene = Scene(desk, desk.settings(), lines, now, behind=behind, queues=queues)
    claims, blocked = _Claims(), Counter[str]()
    most = max(room, LEAST_LOOK) + in_line
    found = executions.due(desk.store, now, most, only)
    claims.all_seen = len(found) < most
    queues.new_round({due.id for due in found}, claims.all_seen, now)
    for due in sorted(found, key=lambda due: queues.place(due.id)):
        if len(claims.intents) >= room:
            claims.all_seen = False
            break
        seen = scene.facts_of(due)
        decision = decide(seen, now)
        if isinstance(decision, Defer) and decision.reason == "pace" and seen.caller and seen.turn_at:
            queues.join(seen.caller.carrier, due.id, seen.turn_at)
        else:
            queues.leave(due.id)
        match decision:
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

    The many who wait for room are not all looked at again each time that one of them can go. Who waits for a pace has
    a turn of his own.
    """
    waits = {answer.gate for answer in wait.gates if answer.verdict == "wait"}
    if waits == {"pace"}:
        until = wait.until
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
    callback_url = scene.callback_of(caller.carrier, call_id)
    return Intent(call, due, turn, scene.connection_of(due), scene.pace_of(caller), hours, callback_url=callback_url)


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


def _log(desk: Desk, now: datetime, name: str, due: executions.Due, reason: str | None) -> None:
    desk.log(now, name, schedule_id=due.schedule_id, execution_id=due.id, reason=reason)
