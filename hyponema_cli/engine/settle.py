"""What became of the calls in flight? Ask their carriers, and draw the consequences.

News is never trusted to arrive: each live call is asked about at growing intervals until it has an end, or until no
call can still be going on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hyponema_cli.carriers.base import CallView, ManyFetcher, NotFound, checked
from hyponema_cli.core.call import (
    LIVE_CALLS,
    CallState,
    ExecutionState,
    advance,
    execution_state_during,
    outcome_of,
)
from hyponema_cli.core.gates import Hours
from hyponema_cli.core.records import Settings
from hyponema_cli.core.retry import GiveUp
from hyponema_cli.engine.batch import RECORD_PATIENCE, write_all
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.facts import hours_of
from hyponema_cli.engine.finish import finish_call, finish_execution
from hyponema_cli.engine.report import TickReport
from hyponema_cli.store import calls, executions

CALLS_A_TRANSACTION = 200
MANY = 4
"""From so many calls of an account on, they are asked about together, if the carrier can do that."""
CLOCK_SKEW = timedelta(minutes=2)
"""How far a carrier's clock may differ from ours."""
SHORTEST_POLL = timedelta(seconds=1)
LONGEST_POLL = timedelta(minutes=1)
POLL_BY_AGE = 5
"""A call is asked about again after a fifth of its age."""
LONGEST_CALL = timedelta(hours=49)
"""Longer than a call can live: Twilio keeps one queued for 24 hours, and lets it last for another 24. A call without
an end by then is closed as such; until then its number stays locked, because somebody may be on the phone."""
QUEUED_PAST_DEADLINE = "queued_past_deadline"
QUEUED_OUTSIDE_WINDOW = "queued_outside_window"
SETTLE_WITHIN = timedelta(seconds=20)
"""A pass asks about calls for this long at most: a carrier that does not answer must not keep others waiting."""
PRICE_LOOKS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=4),
    timedelta(days=1),
)
"""How long after its end a call's price is asked for, until it is told. Twilio's comes within minutes, mostly."""


def settle(desk: Desk, now: datetime, report: TickReport, until: datetime | None = None) -> None:
    """Bring the live calls up to date, and withdraw those that their carrier has held back for too long.

    No carrier is asked any more after `until`, nor after SETTLE_WITHIN; a later pass asks about the rest.
    """
    batch = calls.to_follow(desk.store, now, CALLS_A_TRANSACTION)
    workspace = desk.settings() if batch else Settings()
    asking = _Asking(desk, min(now + SETTLE_WITHIN, until or now + SETTLE_WITHIN))
    while batch:
        known = _ask_together(desk, batch, asking)
        views = []
        for call in batch:
            view = known.get(call.id) or _ask(desk, call, asking)
            views.append(_withdrawn_if_too_late(desk, call, view, workspace, now))
        _note_all(desk, views, workspace, now, report)
        full = len(batch) == CALLS_A_TRANSACTION
        batch = calls.to_follow(desk.store, now, CALLS_A_TRANSACTION) if full else []
    _ask_prices(desk, now, asking)


class _Asking:
    """Who may still be asked in this pass, and until when."""

    def __init__(self, desk: Desk, until: datetime) -> None:
        self._desk = desk
        self._until = until
        self._silent: set[str] = set()

    @property
    def has_time(self) -> bool:
        """False when no carrier is asked any more: those who wait for this pass have waited long enough."""
        return self._desk.clock.now() <= self._until

    def may_ask(self, account: str) -> bool:
        """False for a carrier that did not answer, and for all when the time is over."""
        return account not in self._silent and self.has_time

    def give_up(self, account: str) -> None:
        """Ask a carrier no more: it may cost a time-out each, and one is enough for a pass."""
        self._silent.add(account)


def _note_all(
    desk: Desk,
    views: list[tuple[calls.Followed, CallView | None]],
    workspace: Settings,
    now: datetime,
    report: TickReport,
) -> None:
    """Note what became of a batch of calls; one of which that cannot be written is asked about again."""

    def note(item: tuple[calls.Followed, CallView | None]) -> None:
        call, view = item
        # Another process may have moved it on while we asked.
        state = calls.status_of(desk.store, call.id)
        if state in LIVE_CALLS:
            _note(desk, call._replace(status=state), view, workspace, now, report)

    write_all(desk, report, views, note, lambda item, _: note((item[0], None)))


def _ask_together(
    desk: Desk, batch: Sequence[calls.Followed | calls.Unpriced], asking: _Asking
) -> dict[str, CallView]:
    """Return what the carriers say of many calls at once, by our id; of those left out, nobody was asked."""
    by_account: dict[str, list[calls.Followed | calls.Unpriced]] = {}
    for call in batch:
        by_account.setdefault(call.carrier, []).append(call)
    known: dict[str, CallView] = {}
    for account, theirs in by_account.items():
        if len(theirs) < MANY or not asking.may_ask(account):
            continue
        try:
            carrier = desk.carrier(account)
            if not isinstance(carrier, ManyFetcher):
                continue
            since = min(call.placed_at for call in theirs) - CLOCK_SKEW
            told = carrier.fetch_calls([call.carrier_call_id for call in theirs], since=since)
            views = {view.carrier_call_id: view for view in map(checked, told)}
        except Exception:
            asking.give_up(account)
            continue
        known |= {call.id: views[call.carrier_call_id] for call in theirs if call.carrier_call_id in views}
    return known


def _ask_prices(desk: Desk, now: datetime, asking: _Asking) -> None:
    """Ask what calls cost that are over, until it is told or nobody will tell any more."""
    if not asking.has_time:
        return
    batch = calls.to_price(desk.store, now, CALLS_A_TRANSACTION)
    if not batch:
        return
    known = _ask_together(desk, batch, asking)
    # Those for whom there was no time are left as they are: a look that nobody made must not count.
    views = [(call, known.get(call.id) or _ask(desk, call, asking)) for call in batch if asking.has_time]
    with desk.store.transaction(patience=RECORD_PATIENCE):
        for call, view in views:
            price, currency = priced(view)
            later = call.finished_at + PRICE_LOOKS[call.looks + 1] if call.looks + 1 < len(PRICE_LOOKS) else None
            if later is not None:
                # Asked too late, it waits as long as it would have waited.
                later = max(later, now + PRICE_LOOKS[0])
            calls.price(desk.store, call.id, price, currency, later if price is None else None)


def priced(view: CallView | None) -> tuple[str | None, str | None]:
    """Return a call's price as it is stored, and its currency."""
    if view is None or view.price is None:
        return None, None
    return format(view.price, "f"), view.currency


def _price_look_at(desk: Desk, call: calls.Followed, view: CallView | None, now: datetime) -> datetime | None:
    """Return when to ask what a call cost that is over now; None: it is known, or the carrier never tells."""
    if view is None or view.state is not CallState.COMPLETED or view.price is not None:
        return None
    tells = desk.carrier(call.carrier).capabilities().tells_price
    return now + PRICE_LOOKS[0] if tells else None


def _ask(desk: Desk, call: calls.Followed | calls.Unpriced, asking: _Asking) -> CallView | None:
    """Return what the carrier says of a call; None when it cannot be asked now. Asking may be repeated."""
    if not asking.may_ask(call.carrier):
        return None
    try:
        return checked(desk.carrier(call.carrier).fetch_call(call.carrier_call_id))
    except (NotFound, TypeError, ValueError):
        return None
    except Exception:
        asking.give_up(call.carrier)
        return None


def _withdrawn_if_too_late(
    desk: Desk, call: calls.Followed, view: CallView | None, workspace: Settings, now: datetime
) -> tuple[calls.Followed, CallView | None]:
    """Withdraw a call that still stands in its carrier's queue and may ring no more; return what is known of it now.

    Carriers keep a call for hours when they have no line free, and would ring somebody in the night.
    """
    if view is None or view.state is not CallState.QUEUED or call.status is not CallState.QUEUED:
        # A carrier may be late with its news: what we have seen ring once is not taken out of a queue.
        return call, view
    hours = hours_of(call, workspace)
    if now > call.deadline_at:
        reason = QUEUED_PAST_DEADLINE
    elif hours is not None and not hours.admits(now):
        reason = QUEUED_OUTSIDE_WINDOW
    else:
        return call, view
    try:
        # May be repeated; if it cannot be done now, the next look tries again.
        view = checked(desk.carrier(call.carrier).hang_up(call.carrier_call_id))
    except Exception:
        return call, view
    return call._replace(withdrawn=reason), view


def _note(
    desk: Desk, call: calls.Followed, view: CallView | None, workspace: Settings, now: datetime, report: TickReport
) -> None:
    state = advance(call.status, view.state) if view and view.state else call.status
    if state in LIVE_CALLS:
        if now - call.placed_at > LONGEST_CALL:
            _close_without_end(desk, call, now, report)
            return
        following = now + _poll_after(now - call.placed_at)
        if state is CallState.QUEUED:
            if call.deadline_at >= now:
                following = min(following, call.deadline_at + SHORTEST_POLL)
            following = _not_after_closing(hours_of(call, workspace), now, following)
        if state is call.status and call.withdrawn is None:
            calls.ask_again(desk.store, call.id, following)
            return
        calls.move(desk.store, call.id, state, following, call.withdrawn)
        executions.follow(desk.store, call.execution_id, execution_state_during(state))
        if state is not call.status:
            _log(desk, call, f"call.{state}", now)
        if call.withdrawn is not None:
            _log(desk, call, "call.withdrawn", now, call.withdrawn)
        return
    answered_by = view.answered_by if view else None
    duration = view.duration_seconds if view else None
    withdrawn = call.withdrawn if state is CallState.CANCELED else None
    price, currency = priced(view)
    calls.finish(
        desk.store,
        call.id,
        state,
        now,
        reason=withdrawn,
        answered_by=answered_by,
        duration_seconds=duration,
        price=price,
        currency=currency,
        price_look_at=_price_look_at(desk, call, view, now),
    )
    _log(desk, call, f"call.{state}", now, withdrawn)
    if withdrawn is not None:
        end = GiveUp(ExecutionState.MISSED, withdrawn)
        finish_execution(desk, call.schedule_id, call.execution_id, end, now, report)
        return
    finish_call(
        desk,
        call.schedule_id,
        call.execution_id,
        call.retry,
        workspace.window(call.catch_up_window),
        outcome=outcome_of(state, answered_by),
        attempt=call.number,
        call_id=call.id,
        now=now,
        report=report,
    )


def _not_after_closing(hours: Hours | None, now: datetime, following: datetime) -> datetime:
    """Return when to look again at a queued call: not later than its calling window closes, to the second."""
    if hours is None or hours.admits(following) or not hours.admits(now):
        return following
    open_for, closed_by = 0, int((following - now).total_seconds()) + 1
    while closed_by - open_for > 1:
        middle = (open_for + closed_by) // 2
        if hours.admits(now + timedelta(seconds=middle)):
            open_for = middle
        else:
            closed_by = middle
    return now + timedelta(seconds=closed_by)


def _close_without_end(desk: Desk, call: calls.Followed, now: datetime, report: TickReport) -> None:
    """Give up on a call whose end nobody tells. It is never retried: it may have been a long talk."""
    reason = "end_never_told"
    calls.finish(desk.store, call.id, CallState.FAILED, now, reason=reason)
    _log(desk, call, "call.failed", now, reason)
    end = GiveUp(ExecutionState.FAILED, reason)
    finish_execution(desk, call.schedule_id, call.execution_id, end, now, report)


def _log(desk: Desk, call: calls.Followed, name: str, now: datetime, reason: str | None = None) -> None:
    desk.log(now, name, schedule_id=call.schedule_id, execution_id=call.execution_id, call_id=call.id, reason=reason)


def _poll_after(age: timedelta) -> timedelta:
    """Return how long to wait before a call of that age is asked about again, in whole seconds."""
    seconds = int(age.total_seconds()) // POLL_BY_AGE
    return min(max(timedelta(seconds=seconds), SHORTEST_POLL), LONGEST_POLL)
