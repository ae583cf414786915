"""What became of the calls in flight? Ask their carriers, and draw the consequences.

News is never trusted to arrive: each live call is asked about at growing intervals until it has an end, or until no
call can still be going on.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hyponema_cli.carriers.base import CallView
from hyponema_cli.core.call import (
    LIVE_CALLS,
    CallState,
    ExecutionState,
    advance,
    execution_state_during,
    outcome_of,
)
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.dial import finish_call
from hyponema_cli.engine.report import TickReport
from hyponema_cli.store import calls, executions

CALLS_A_TRANSACTION = 200
ORPHANED_AFTER = timedelta(seconds=90)
"""An intent that is `placing` for longer than a request can take (30 s to be sent, 20 s for itself, a margin) has
lost its process: it may have been sent, and is in doubt."""
SHORTEST_POLL = timedelta(seconds=1)
LONGEST_POLL = timedelta(minutes=1)
POLL_BY_AGE = 5
"""A call is asked about again after a fifth of its age."""
LONGEST_CALL = timedelta(hours=6)
"""Longer than carriers let a call last (Twilio: four hours). A call without an end by then is closed as such."""


def settle(desk: Desk, now: datetime, report: TickReport) -> None:
    """Turn lost intents into doubts, and bring the live calls up to date."""
    with desk.store.transaction():
        for call_id, execution_id in calls.orphans(desk.store, now - ORPHANED_AFTER):
            calls.doubt(desk.store, call_id, "process_lost", None)
            executions.follow(desk.store, execution_id, ExecutionState.IN_DOUBT, None)
            desk.log(now, "call.in_doubt", execution_id=execution_id, call_id=call_id, reason="process_lost")
            report.in_doubt += 1
    workspace = desk.settings()
    while batch := calls.to_follow(desk.store, now, CALLS_A_TRANSACTION):
        views = [(call, _ask(desk, call)) for call in batch]
        with desk.store.transaction():
            for call, view in views:
                # Another process may have settled it while we asked.
                if calls.status_of(desk.store, call.id) in LIVE_CALLS:
                    _note(desk, call, view, call.catch_up_window or workspace.catch_up_window, now, report)


def _ask(desk: Desk, call: calls.Followed) -> CallView | None:
    """Return what the carrier says of a call; None when it cannot be asked now. Asking may be repeated."""
    try:
        return desk.carrier(call.carrier).fetch_call(call.carrier_call_id)
    except Exception:
        return None


def _note(
    desk: Desk, call: calls.Followed, view: CallView | None, window: timedelta, now: datetime, report: TickReport
) -> None:
    seen = view.state if view else None
    state = advance(call.status, seen) if seen else call.status
    reason = None
    if state in LIVE_CALLS and now - call.placed_at > LONGEST_CALL:
        state, reason = CallState.FAILED, "end_never_told"
    if state in LIVE_CALLS:
        calls.move(desk.store, call.id, state, now + _poll_after(now - call.placed_at))
        executions.follow(desk.store, call.execution_id, execution_state_during(state), None)
        return
    answered_by = view.answered_by if view else None
    calls.finish(
        desk.store,
        call.id,
        state,
        now,
        reason=reason,
        answered_by=answered_by,
        duration_seconds=view.duration_seconds if view else None,
    )
    desk.log(
        now,
        f"call.{state}",
        schedule_id=call.schedule_id,
        execution_id=call.execution_id,
        call_id=call.id,
        reason=reason,
    )
    finish_call(
        desk,
        call.schedule_id,
        call.execution_id,
        call.retry,
        window,
        outcome=outcome_of(state, answered_by),
        attempt=call.number,
        call_id=call.id,
        now=now,
        report=report,
    )


def _poll_after(age: timedelta) -> timedelta:
    """Return how long to wait before a call of that age is asked about again, in whole seconds."""
    seconds = int(age.total_seconds()) // POLL_BY_AGE
    return min(max(timedelta(seconds=seconds), SHORTEST_POLL), LONGEST_POLL)
