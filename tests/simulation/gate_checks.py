"""Did the gates hold? Judged by the network's truth and by the chronicle of what was in force; never by the program.

A request is judged at its *claim*: the commit after which its process sent it, under what was in force before that
commit, at the instant that its process had last read from the clock before it took the lock. So a limit that is
tightened, a session that begins or a number that is suppressed after the claim does not count against a request that
was in flight. What was dialled before a limit was set counts towards it, and is itself no offence: a cap of two that
is set after the third call forbids the fourth. A claim is sent within half a minute, or not at all
(`nobody_is_called_too_late`), so it cannot outlive its instant by more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hyponema_cli.core.call import CallState
from tests.simulation.chronicle import UNSURE, Moment, Unsure
from tests.simulation.evidence import (
    REDIALLED,
    by,
    execution_of,
    is_forgotten_by,
    is_lost,
    row_beside,
    was_doubtful_at,
)
from tests.simulation.history import Record
from tests.simulation.house import Opening, zones_of
from tests.simulation.ledger import LIVE, OVER, EventRow
from tests.simulation.network import HOUR, MINUTE, SECOND, Asked, Look

Check = Callable[[Record], Iterator[str]]

DOUBT_IS_LIVE = HOUR
"""How long a doubt counts among the calls that go on, as the docs say."""
A_LITTLE = timedelta(milliseconds=1)
SPANS = {"h": HOUR, "m": MINUTE, "d": 24 * HOUR}


def nobody_is_called_in_a_session(record: Record) -> Iterator[str]:
    """No request goes to somebody who is in a live session, by their number or as a user."""
    for asked, claim in _claimed(record):
        who = _user_of(record, asked, claim)
        for session_id in record.chronicle.about("session"):
            talk = record.chronicle.at(claim.tick, "session", session_id)
            if talk is None or talk.expires_at <= claim.at:
                continue
            user, number = _person(record, talk.who, talk.began)
            if number == asked.request.to_number or (user is not None and user == who):
                yield f"{asked} was claimed at {claim.at} in {session_id} with {talk.who}, until {talk.expires_at}"


def nobody_suppressed_is_called(record: Record) -> Iterator[str]:
    """No request goes to a number that is on the list."""
    for asked, claim in _claimed(record):
        until = record.chronicle.at(claim.tick, "suppressed", asked.request.to_number)
        if until is not None and until > claim.at:
            yield f"{asked} was claimed at {claim.at}, and its number is suppressed until {until}"


def nobody_is_called_outside_their_hours(record: Record) -> Iterator[str]:
    """No request goes out while the calling window in force is closed on any clock that the callee may live by."""
    for asked, claim in _claimed(record):
        hours = _hours(record, asked, claim.tick)
        if isinstance(hours, tuple) and not hours[0].is_open(claim.judged_at, hours[1]):
            yield f"{asked} was claimed at {claim.judged_at}, outside of {hours[0]} in {hours[1]}"


def nobody_is_called_more_often_than_a_cap_allows(record: Record) -> Iterator[str]:
    """Within the span of a cap, a person gets no more dials than it says, whatever they came from.

    A person is the number that is called and, where a user is called, every number that they ever had. A request that
    was not taken, or of which somebody said that it was not made, is no dial. A second is lost to the stored text.
    """
    for asked, claim in _claimed(record):
        words = record.chronicle.at(claim.tick, "call_cap")
        user = _user_of(record, asked, claim)
        if words is None or user is UNSURE:
            continue
        numbers = {asked.request.to_number} | {
            number for _, number in record.chronicle.past(claim.tick, "phone", user) if user is not None
        }
        for cap in words.split(","):
            count, _, span = cap.strip().partition("/")
            within = int(span[:-1]) * SPANS[span[-1]]
            before = [
                each
                for each, then in _dials_before(record, asked, claim)
                if each.request.to_number in numbers and claim.judged_at - then.judged_at + SECOND < within
            ]
            if len(before) >= int(count):
                yield f"{asked} was claimed at {claim.judged_at} under {cap}, after {_list(before)}"


def no_account_is_asked_faster_than_its_pace(record: Record) -> Iterator[str]:
    """Each request of an account has its turn, which comes one interval after the turn of the one before.

    A request may be late for its turn; the next is counted from the turn, not from the lateness. So a turn is not
    before the instant at which its claim was judged, nor before the turn of the claim before it and the interval that
    was in force then; and nothing is sent before its turn. The count begins anew where the clock was set, where the
    pace was changed, and where a database was put back.
    """
    breaks = sorted([*record.stepped, *(restored.tick for restored, _ in record.forgotten_until)])
    for account, claimed in by(_in_order(record), lambda each: each[0].account):
        turn: datetime | None = None
        last, last_pace = 0, 0.0
        for asked, claim in claimed:
            if any(last < tick < asked.number for tick in breaks):
                turn = None
            last = claim.tick
            words = record.chronicle.at(claim.tick, "pace")
            pace = float(words) if words is not None else record.calls_per_second
            if pace is None:
                continue
            if pace != last_pace:
                turn = None  # a turn at another pace is not waited for
            last_pace = pace
            if turn is not None and asked.sent_at < turn - A_LITTLE:
                yield f"{asked} was sent at {asked.sent_at}; {account} had its turn at {turn} ({pace:g} a second)"
            turn = max(turn or claim.judged_at, claim.judged_at) + timedelta(seconds=1 / pace)


def no_more_calls_at_once_than_allowed(record: Record) -> Iterator[str]:
    """As a request is claimed, fewer calls than `concurrency` are alive, or on their way to be.

    Counted by the network's truth: a call counts from its claim to its end. Left out are doubts older than an hour
    (the docs say so), doubts that were given up on the word of their schedule, and calls that are lost.
    """
    for asked, claim in _claimed(record):
        words = record.chronicle.at(claim.tick, "concurrency")
        if words is None:
            continue
        alive = [
            other
            for other, then in _claimed(record)
            if then.tick < claim.tick
            and other.made is not None
            and other.made.ended_at > claim.true
            and other is not asked
            and not _is_given_up(record, other, then, asked, claim)
        ]
        if len(alive) >= int(words):
            yield f"{asked} was claimed under concurrency {words}, while there was {_list(alive)}"


def no_more_dials_a_day_than_the_budget(record: Record) -> Iterator[str]:
    """On one day of the workspace's clocks, no more dials are made than the budget in force says."""
    zone = ZoneInfo(record.zone or "UTC")
    for asked, claim in _claimed(record):
        words = record.chronicle.at(claim.tick, "daily_budget")
        if words is None:
            continue
        day = claim.judged_at.astimezone(zone).date()
        midnight = datetime.combine(day, time(0), zone)
        today = [
            each
            for each, then in _dials_before(record, asked, claim)
            if then.judged_at >= midnight and then.judged_at.astimezone(zone).date() == day
        ]
        if len(today) >= int(words):
            yield f"{asked} was claimed on {day} under a budget of {words}, after {len(today)} dials"


def a_doubt_is_redialled_once_and_only_when_asked(record: Record) -> Iterator[str]:
    """Nobody is dialled again from a doubt unless the schedule says so, nor before its time, nor twice."""
    guesses: dict[str, list[str]] = {}
    for later, claim in _claimed(record):
        for earlier, then in _claimed(record):
            row = row_beside(later, earlier.request.call_id)
            if row is None or row.reason != REDIALLED:
                continue
            after = record.chronicle.between(then.tick, claim.tick, "on_doubt", earlier.witness.ref)
            if UNSURE not in after:
                asked_for = [each for each in after if each is not None]
                if not asked_for:
                    yield f"{later} was sent after {earlier} was given up, and nobody had asked for it"
                elif claim.judged_at + SECOND < then.judged_at + min(asked_for) and not _stepped(record, then, claim):
                    yield f"{later} was claimed at {claim.judged_at}, {min(asked_for)} after {earlier} and no sooner"
            execution_id = execution_of(record, later)
            if was_doubtful_at(earlier, later) and execution_of(record, earlier) == execution_id:
                given_up = guesses.setdefault(execution_id, [])
                if earlier.request.call_id not in given_up:
                    given_up.append(earlier.request.call_id)
    for execution_id, given_up in guesses.items():
        if len(given_up) > 1:
            yield f"{execution_id} was dialled again from several doubts: {given_up}"


def what_is_queued_too_late_is_hung_up(record: Record) -> Iterator[str]:
    """Whoever is told that a call still stands in the queue, when it may ring no more, hangs it up there and then.

    Too late is: after the deadline of its execution, or while the window is closed, when the pass began. Once nothing
    goes wrong any more, no such call is left in any queue. A call that was told to ring before is in no queue,
    whatever is told later; nor is one, perhaps, that was found in a list, where we do not see what was told.
    """
    rang_at: dict[str, int] = {}
    for look in record.looks:
        if look.what == "told" and look.state is not CallState.QUEUED:
            rang_at.setdefault(look.carrier_call_id, look.tick)
    owners = {asked.made.id: asked for asked in record.asked if asked.made is not None}
    hung_up = {(look.caller.process, look.carrier_call_id): look.tick for look in record.looks if look.what != "told"}
    for look in record.looks:
        asked = owners.get(look.carrier_call_id)
        if asked is None or look.what != "told" or look.state is not CallState.QUEUED or look.caller.began is None:
            continue
        if rang_at.get(look.carrier_call_id, look.tick) < look.tick or asked.answer != "accepted":
            continue
        if look.caller.process in record.died or not _is_pass(look):
            continue
        reason = _why_too_late(record, asked, look)
        if reason and hung_up.get((look.caller.process, look.carrier_call_id), 0) < look.tick:
            yield f"the call of {asked} was queued at {look.at}, {reason}, and was left there"
    for row in record.quiet.calls.values():
        asked = owners.get(row.carrier_call_id or "")
        if asked is None or asked.made is None or row.status not in LIVE or asked.request.call_id != row.id:
            continue
        if asked.made.state_at(record.quiet_true) is CallState.QUEUED:
            deadline = record.quiet.executions[row.execution_id].deadline_at
            if row.status != "in_doubt" and deadline < record.healed_at:
                yield f"{row.id} still stands in the queue at {record.quiet.at}; its deadline was {deadline}"


def an_old_database_calls_nobody(record: Record) -> Iterator[str]:
    """A database that was put back and has forgotten calls makes none until they were brought back, and all are.

    Unless their schedule is unknown there.
    """
    for restored, recovered in record.forgotten_until:
        forgotten = [asked for asked in record.asked if is_forgotten_by(asked, restored)]
        if not forgotten:
            continue
        for asked, claim in _claimed(record):
            if claim.tick > restored.tick and (recovered is None or claim.tick < recovered):
                yield f"{asked} was claimed when the database had forgotten {_list(forgotten)}"
        for asked in forgotten:
            if asked.request.call_id not in record.closed.calls and not is_lost(record, asked):
                yield f"{asked} was forgotten, and never brought back"


def what_was_not_called_names_its_gate(record: Record) -> Iterator[str]:
    """Who was skipped, missed or deferred has a reason; when a gate gave it, the stored gates hold it.

    The last word about them is their event. Rows that were missed as they were recorded, and those that `resume`
    skips, never met a gate.
    """
    for snapshot in (record.quiet, record.closed):
        last, decided = _last_words(snapshot.events), _were_due(snapshot.events)
        for row in snapshot.executions.values():
            word = last.get(row.id)
            if row.status in ("skipped", "missed", "failed", "canceled") and row.reason is None:
                yield f"{row.id} is {row.status} without a reason"
            if word is None or word.name not in ("execution.skipped", "execution.missed", "execution.deferred"):
                continue
            if row.reason != word.reason:
                yield f"{row.id} is {row.status} ({row.reason}); its last event says {word.reason}"
            by_hand = row.reason == "paused" and word.actor == "operator"
            at_once = row.id not in decided or row.reason in ("queued_past_deadline", "queued_outside_window")
            if not by_hand and not at_once and row.reason not in row.blocked_by:
                yield f"{row.id} is {row.status} ({row.reason}), and its gates say {sorted(row.blocked_by)}"


def why_names_the_reason(record: Record) -> Iterator[str]:
    """`hyp why` has an answer for every execution, and it is the reason that stands in its row."""
    for told in record.explained:
        row = told.execution
        if told.trouble is not None:
            yield f"why {row.id}, which is {row.status} ({row.reason}), ends with {told.trouble}"
        elif row.status in OVER and told.reason != row.reason:
            yield f"why {row.id} says {told.reason}; it is {row.status} ({row.reason})"
        elif row.status in ("skipped", "missed") and row.blocked_by != told.blocked_by:
            yield f"why {row.id} names {sorted(told.blocked_by)}; its gates say {sorted(row.blocked_by)}"


def the_trail_agrees_with_the_ledger(record: Record) -> Iterator[str]:
    """The last event about each call and each execution says what it is."""
    for snapshot in (record.quiet, record.closed):
        of_calls, of_executions = dict[str, EventRow](), dict[str, EventRow]()
        for event in snapshot.events:
            if event.call_id is not None and event.name not in SAYS_NOTHING:
                of_calls[event.call_id] = event
            if event.execution_id is not None and event.name not in SAYS_NOTHING:
                of_executions[event.execution_id] = event
        for row in snapshot.calls.values():
            said = of_calls.get(row.id)
            if said is None or row.status not in _call_states(said):
                yield f"{row.id} is {row.status} ({row.reason}); the last event about it: {said}"
        for execution in snapshot.executions.values():
            said = of_executions.get(execution.id)
            if said is None or execution.status not in _execution_states(said):
                yield f"{execution.id} is {execution.status} ({execution.reason}); the last event about it: {said}"


CHECKS: tuple[Check, ...] = (
    nobody_is_called_in_a_session,
    nobody_suppressed_is_called,
    nobody_is_called_outside_their_hours,
    nobody_is_called_more_often_than_a_cap_allows,
    no_account_is_asked_faster_than_its_pace,
    no_more_calls_at_once_than_allowed,
    no_more_dials_a_day_than_the_budget,
    a_doubt_is_redialled_once_and_only_when_asked,
    what_is_queued_too_late_is_hung_up,
    an_old_database_calls_nobody,
    what_was_not_called_names_its_gate,
    why_names_the_reason,
    the_trail_agrees_with_the_ledger,
)

SAYS_NOTHING = frozenset({"call.answered_late", "call.without_schedule"})
"""Events that change no state."""
FOLLOWED = frozenset({"queued", "ringing", "in_progress"})
CALL_SAYS = {
    "call.placed": FOLLOWED,
    "call.adopted": FOLLOWED,
    "call.withdrawn": FOLLOWED,
    "call.looked_for": frozenset({"in_doubt"}),
    "call.redialled_from_doubt": frozenset({"failed"}),
}
WAITING = frozenset({"pending", "waiting_retry"})
EXECUTION_SAYS = {
    "execution.due": frozenset({"pending"}),
    "execution.run_now": frozenset({"pending"}),
    "execution.deferred": WAITING,
    "call.placing": frozenset({"dialing"}),
    "call.placed": frozenset({"dialing"}),
    "call.adopted": frozenset({"dialing"}),
    "call.queued": frozenset({"dialing"}),
    "call.ringing": frozenset({"dialing"}),
    "call.in_progress": frozenset({"in_progress"}),
    "call.withdrawn": frozenset({"dialing", "in_progress"}),
    "call.in_doubt": frozenset({"in_doubt"}),
    "call.looked_for": frozenset({"in_doubt"}),
    "call.not_placed": WAITING,
    "call.resolved": WAITING,
    "call.redialled_from_doubt": frozenset({"waiting_retry"}),
}
"""The states in which each event leaves its call and its execution, where its name does not say it."""


def _call_states(event: EventRow) -> frozenset[str]:
    if event.name == "call.recovered":
        return frozenset({str(event.reason)})
    if event.name == "call.resolved":
        return frozenset({"completed", *FOLLOWED} if event.reason == "placed" else {"not_placed"})
    return CALL_SAYS.get(event.name, frozenset({event.name.removeprefix("call.")}))


def _execution_states(event: EventRow) -> frozenset[str]:
    if event.name == "call.recovered":
        return {"in_doubt": frozenset({"in_doubt"}), "queued": frozenset({"dialing"})}.get(
            str(event.reason), frozenset({"pending", "waiting_retry", "dialing", *OVER})
        )
    return EXECUTION_SAYS.get(event.name, frozenset({event.name.removeprefix("execution.")}))


def _last_words(events: tuple[EventRow, ...]) -> dict[str, EventRow]:
    return {event.execution_id: event for event in events if event.execution_id is not None}


def _were_due(events: tuple[EventRow, ...]) -> set[str]:
    return {
        event.execution_id
        for event in events
        if event.execution_id is not None and event.name in ("execution.due", "execution.run_now")
    }


def _claimed(record: Record) -> list[tuple[Asked, Moment]]:
    return [(asked, asked.claimed) for asked in record.asked if asked.claimed is not None]


def _in_order(record: Record) -> list[tuple[Asked, Moment]]:
    # Of several claims in one commit, the earlier id has the earlier turn.
    return sorted(_claimed(record), key=lambda each: (each[1].tick, each[0].request.call_id))


def _dials_before(record: Record, asked: Asked, claim: Moment) -> Iterator[tuple[Asked, Moment]]:
    """Yield the dials that a claim could know of: those that rang, and the doubts that nobody has cleared yet."""
    for each, then in _in_order(record):
        if (then.tick, each.request.call_id) >= (claim.tick, asked.request.call_id):
            return
        if is_lost(record, each):
            continue
        doubted = each.answer == "unclear" or each.unheard
        cleared = record.resolved_at.get(each.request.call_id, claim.tick) < claim.tick
        if each.made is not None or (doubted and not cleared):
            yield each, then


def _is_given_up(record: Record, other: Asked, then: Moment, asked: Asked, claim: Moment) -> bool:
    """True when a call that is alive need not be known to be: an old doubt, or one that was let go."""
    if is_lost(record, other):
        return True
    row = record.closed.calls.get(other.request.call_id)
    if row is not None and row.reason == REDIALLED:
        return True
    is_old = claim.judged_at - then.judged_at + SECOND >= DOUBT_IS_LIVE
    return is_old and (other.answer == "unclear" or other.unheard)


def _user_of(record: Record, asked: Asked, claim: Moment) -> Any:
    """Return the user whom a request calls; None for a number without one, or UNSURE."""
    callee = record.chronicle.at(claim.tick, "callee", asked.witness.ref)
    return callee if callee is UNSURE or (callee is not None and not callee.startswith("+")) else None


def _person(record: Record, who: str, tick: int) -> tuple[str | None, str]:
    """Return the user and the number that somebody meant: a number is that of the only user who has it."""
    phones = {user: record.chronicle.at(tick, "phone", user) for user in record.chronicle.about("phone")}
    if not who.startswith("+"):
        return who, str(phones[who])
    theirs = [str(user) for user, phone in phones.items() if phone == who]
    return (theirs[0] if len(theirs) == 1 else None), who


def _hours(record: Record, asked: Asked, tick: int) -> tuple[Opening, tuple[str, ...]] | Unsure | None:
    """Return the window in force for a request, and the clocks that count; None: any hour."""
    chronicle = record.chronicle
    user = chronicle.at(tick, "callee", asked.witness.ref)
    if isinstance(user, Unsure):
        return user
    if user is not None and user.startswith("+"):
        user = None
    own = chronicle.at(tick, "window", asked.witness.ref)
    theirs = chronicle.at(tick, "window", user) if user is not None else None
    opening = own or theirs or chronicle.at(tick, "calling_window")
    if opening is None:
        return None
    if isinstance(opening, Unsure):
        return opening
    zone = chronicle.at(tick, "zone", user) if user is not None else None
    return opening, (zone,) if zone is not None else zones_of(asked.request.to_number)


def _is_pass(look: Look) -> bool:
    return look.caller.began is not None and look.at - look.caller.began.at < 10 * MINUTE


def _why_too_late(record: Record, asked: Asked, look: Look) -> str | None:
    """Say why a call must not ring any more: as the pass began that looked at it, and still as it looked."""
    assert look.caller.began is not None, "the caller sees to it"
    began, execution = look.caller.began, asked.witness.execution
    if execution is not None and execution.deadline_at < began.at:
        return f"after its deadline {execution.deadline_at}"
    then, now = _hours(record, asked, began.tick), _hours(record, asked, look.tick)
    if then != now or not isinstance(then, tuple):
        return None
    if then[0].is_open(began.at, then[1]) or then[0].is_open(look.at, then[1]):
        return None
    return f"outside of {then[0]} in {then[1]}"


def _stepped(record: Record, then: Moment, claim: Moment) -> bool:
    return any(then.tick < tick < claim.tick for tick in record.stepped)


def _list(asked: list[Asked]) -> str:
    return "; ".join(map(str, asked))
