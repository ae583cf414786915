"""Was a call made of which we lost the answer? Ask the carrier for it, at growing intervals; never guess.

A doubt is looked up by both numbers and the time. Exactly one call that fits, and is not ours already, is adopted and
followed like any other. None: we look again, because nobody says how soon a carrier lists a new call; after the last
look it stays in doubt until a person says what happened. Several: a person, too. It is never redialled by itself.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from hyponema_cli.carriers.base import CallView, checked, in_words
from hyponema_cli.core.call import FOLLOWED_CALLS, CallState, ExecutionState
from hyponema_cli.core.errors import Conflict, NotFound, suggestion
from hyponema_cli.core.records import Settings
from hyponema_cli.core.retry import GiveUp
from hyponema_cli.engine.batch import RECORD_PATIENCE
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.finish import finish_execution
from hyponema_cli.engine.record import FIRST_DOUBT_LOOK, FIRST_LOOK, SEND_WITHIN
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.settle import CLOCK_SKEW
from hyponema_cli.store import calls, executions

LOOKS = (
    FIRST_DOUBT_LOOK,
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
)
"""The waits before the first look and after each look but the last."""
LOOK_WITHIN = timedelta(seconds=60)
"""Since a pass began: a carrier that does not answer for its doubts must not keep others from being dialled."""
ORPHANED_AFTER = timedelta(seconds=90)
"""An intent that is `placing` for longer than a request can take (30 s to be sent, 20 s for itself, a margin) has
lost its process: it may have been sent, and is in doubt."""
SETTLED_NEARBY = timedelta(days=1)
"""How far from a doubt a call that a person settled, and nobody saw, can make the carrier's list ambiguous."""


def reconcile(
    desk: Desk, now: datetime, report: TickReport, *, all_doubts: bool = False, until: datetime | None = None
) -> dict[str, list[CallView] | None]:
    """Find intents that have lost their process, and look up the doubts for which a look is due, or all of them.

    Returns what each look found; None where the carrier could not be asked. After `until`, or LOOK_WITHIN, the others
    wait for the next pass; one is looked up in any case, and all of them if that was asked for.
    """
    until = min(until or now + LOOK_WITHIN, now + LOOK_WITHIN)
    if calls.orphans(desk.store, now - ORPHANED_AFTER):
        _doubt_orphans(desk, now, report)
    looks: dict[str, list[CallView] | None] = {}
    doubts = calls.in_doubt(desk.store, None if all_doubts else now)
    workspace = desk.settings() if doubts else Settings()
    for doubt in doubts:
        found = looks[doubt.id] = _find(desk, doubt)
        try:
            with desk.store.transaction(patience=RECORD_PATIENCE):
                if calls.status_of(desk.store, doubt.id) is CallState.IN_DOUBT:
                    _settle(desk, doubt, found, workspace, now)
        except sqlite3.OperationalError:
            raise
        except Exception as error:
            # One that cannot be written must not keep the others, and all that is due, from their turn.
            with desk.store.transaction(patience=RECORD_PATIENCE):
                _look_again(desk, doubt, now, "could_not_look", f"{type(error).__name__}: {in_words(error)}")
        if not all_doubts and desk.clock.now() >= until:
            break
    return looks


def resolve(desk: Desk, call_id: str, *, placed: bool) -> str:
    """Settle a doubt by what a person says, that the call was placed or was not; return the id of its execution.

    Placed: nothing is dialled. The carrier is asked for the call once more: found, it is followed to its end like any
    other; else its execution is completed, and its line free. Not placed: its execution is due again, if it is still
    in time. Raises NotFound for an unknown call, Conflict for one that is not in doubt.
    """
    return settle(desk, call_id, placed=placed, views=look_up(desk, call_id) if placed else None)


def look_up(desk: Desk, call_id: str) -> list[CallView] | None:
    """Ask the carrier of a call in doubt for what could be it; None when there is nothing to ask, or no answer."""
    found = [each for each in calls.in_doubt(desk.store) if each.id == call_id]
    return _find(desk, found[0]) if found else None


def settle(desk: Desk, call_id: str, *, placed: bool, views: list[CallView] | None) -> str:
    """Carry out what `resolve` says, with what the carrier has said already."""
    now = desk.clock.now()
    with desk.store.transaction():
        doubts = {doubt.id: doubt for doubt in calls.in_doubt(desk.store)}
        if call_id not in doubts:
            _refuse(desk, call_id, list(doubts))
        doubt = doubts[call_id]
        one = _the_one(desk, doubt, views)
        if one is not None:
            _log(desk, doubt, "call.resolved", now, "placed")
            _adopt(desk, doubt, one, now)
            return doubt.execution_id
        state = CallState.COMPLETED if placed else CallState.NOT_PLACED
        calls.finish(desk.store, doubt.id, state, now, reason="resolved_by_operator")
        _log(desk, doubt, "call.resolved", now, "placed" if placed else "not_placed")
        if placed:
            end = GiveUp(ExecutionState.COMPLETED, "resolved_by_operator")
            finish_execution(desk, doubt.schedule_id, doubt.execution_id, end, now, TickReport(now))
        else:
            executions.give_back(desk.store, doubt.execution_id, now, "resolved_by_operator")
    return doubt.execution_id


def _doubt_orphans(desk: Desk, now: datetime, report: TickReport) -> None:
    with desk.store.transaction():
        for call_id, execution_id, intended_at in calls.orphans(desk.store, now - ORPHANED_AFTER):
            calls.doubt(desk.store, call_id, "process_lost", None, now)
            # If the carrier was asked, it was at once; we have only noticed now.
            executions.doubt(desk.store, execution_id, "process_lost", intended_at)
            desk.log(now, "call.in_doubt", execution_id=execution_id, call_id=call_id, reason="process_lost")
            report.in_doubt += 1


def looked_for(doubt: calls.Doubtful) -> tuple[datetime, datetime]:
    """Return between which instants, on the carrier's clock, a call must have been made to be the one in doubt."""
    return doubt.created_at - CLOCK_SKEW, doubt.created_at + SEND_WITHIN + CLOCK_SKEW


def _find(desk: Desk, doubt: calls.Doubtful) -> list[CallView] | None:
    """Return the calls that could be the one in doubt; None when the carrier could not be asked."""
    since, until = looked_for(doubt)
    try:
        carrier = desk.carrier(doubt.carrier)
        if doubt.carrier_call_id is not None:
            return [checked(carrier.fetch_call(doubt.carrier_call_id))]
        if carrier.capabilities().find == "none":
            return None
        found = carrier.find_calls(to_number=doubt.to_number, from_number=doubt.from_number, since=since)
        views = [checked(view) for view in found]
    except Exception:
        return None
    return [
        view
        for view in views
        if since <= view.created_at <= until and not calls.is_ours(desk.store, doubt.carrier, view.carrier_call_id)
    ]


def _the_one(desk: Desk, doubt: calls.Doubtful, found: list[CallView] | None) -> CallView | None:
    """Return the call that can only be the one in doubt; None when there is none, or a choice.

    A call that was settled without being seen may be the one that the carrier lists now: then even one is a choice.
    Of a call whose id the carrier has told us itself there is none.
    """
    if found and doubt.carrier_call_id is not None:
        return found[0]
    if not found or len(found) > 1 or calls.settled_unseen(desk.store, doubt, SETTLED_NEARBY):
        return None
    return found[0]


def _settle(
    desk: Desk, doubt: calls.Doubtful, found: list[CallView] | None, workspace: Settings, now: datetime
) -> None:
    one = _the_one(desk, doubt, found)
    if one is not None:
        _adopt(desk, doubt, one, now)
        return
    outcome = "could_not_look" if found is None else "several" if found else "none"
    again_at = redial_at(doubt)
    seen_nowhere = doubt.found == outcome == "none" or (found is None and not _can_look(desk, doubt.carrier))
    if again_at is not None and now >= again_at and seen_nowhere:
        _redial(desk, doubt, workspace.window(doubt.catch_up_window), now, outcome)
        return
    _look_again(desk, doubt, now, outcome, outcome)


def _look_again(desk: Desk, doubt: calls.Doubtful, now: datetime, outcome: str, said: str) -> None:
    """Note what a look came to, and plan the next one, if any is to follow."""
    looks = doubt.looks + 1
    following = now + LOOKS[looks] if looks < len(LOOKS) else None
    again_at = redial_at(doubt)
    if again_at is not None and outcome != "several":
        # Somebody waits for this one: it is looked for until it is dialled again, at its time and not before.
        following = min(following or now + LOOKS[-1], max(again_at, now + LOOKS[1]))
    if doubt.carrier_call_id is not None:
        following = following or now + LOOKS[-1]
    calls.looked(desk.store, doubt.id, looks, following, outcome)
    _log(desk, doubt, "call.looked_for", now, said)


def _can_look(desk: Desk, account: str) -> bool:
    """True unless the carrier says that it lists no calls; one that cannot be asked may list them later."""
    try:
        return desk.carrier(account).capabilities().find != "none"
    except Exception:
        return True


def redial_at(doubt: calls.Doubtful) -> datetime | None:
    """Return when a doubt is dialled again by itself: never, unless its schedule asks for it, and then once.

    A call of which its carrier has told was made, and only its end is not known yet.
    """
    if doubt.redial_after is None or doubt.redialled_before or doubt.carrier_call_id is not None:
        return None
    return doubt.created_at + doubt.redial_after


def _redial(desk: Desk, doubt: calls.Doubtful, window: timedelta, now: datetime, found: str) -> None:
    """Dial again from a doubt, as its schedule was told to: whoever asked for this prefers two calls to none.

    The carrier was asked twice and did not show it, or lists no calls at all. The doubtful call counts as a dial for
    every cap. The new attempt passes all gates, inside a window of its own.
    """
    calls.finish(desk.store, doubt.id, CallState.FAILED, now, reason="redialled_from_doubt")
    executions.wait_for_retry(desk.store, doubt.execution_id, now, now + window, "redialled_from_doubt")
    _log(desk, doubt, "call.redialled_from_doubt", now, f"found {found}")


def _adopt(desk: Desk, doubt: calls.Doubtful, view: CallView, now: datetime) -> None:
    status = view.state if view.state in FOLLOWED_CALLS else CallState.QUEUED
    assert status is not None, "membership rules None out"
    calls.accept(desk.store, doubt.id, status, view.carrier_call_id, view.created_at, next_poll_at=now + FIRST_LOOK)
    executions.follow(desk.store, doubt.execution_id, ExecutionState.DIALING)
    _log(desk, doubt, "call.adopted", now, view.carrier_call_id)


def _refuse(desk: Desk, call_id: str, doubtful: list[str]) -> None:
    state = calls.find_status(desk.store, call_id)
    if state is None:
        raise NotFound(f"no call {call_id!r}", hint=suggestion(call_id, doubtful, otherwise="see: hyp reconcile"))
    raise Conflict(f"{call_id} is {state}, not in doubt", hint="see what is: hyp reconcile")


def _log(desk: Desk, doubt: calls.Doubtful, name: str, now: datetime, reason: str) -> None:
    desk.log(
        now, name, schedule_id=doubt.schedule_id, execution_id=doubt.execution_id, call_id=doubt.id, reason=reason
    )
