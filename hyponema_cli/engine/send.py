"""How do requests go out, and who waits for their answers? One by one, or several at once; each is sent once.

Whoever dials hands over intents that are committed, and hears nothing more: what came of each is recorded here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

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
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.inflight import InFlight
from hyponema_cli.engine.lines import Lines
from hyponema_cli.engine.record import (
    FIRST_BACK_OFF,
    LONGEST_BACK_OFF,
    NO_WAIT,
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
from hyponema_cli.store import holds

MOST_INTENTS_A_COMMIT = 512
SHARED_COMMIT = timedelta(milliseconds=200)
"""Intents share a commit as long as they are sent within this time: if we die, no more than that are in doubt. The
first round takes one; each next one four times as many, or a quarter of it when the carrier was slow."""
GROWTH = 4
NAP_SECONDS = 0.1
LONGEST_MEANT = timedelta(weeks=1)
"""No carrier means a longer wait than this: its plugin has misread it."""


class Sender(ABC):
    """Sends intents and records what came of them."""

    def __init__(self, desk: Desk, report: TickReport, lines: Lines) -> None:
        self._desk = desk
        self._report = report
        self._lines = lines

    @property
    @abstractmethod
    def room(self) -> int:
        """How many intents may be written now; none, while all hands are full."""

    @property
    @abstractmethod
    def is_idle(self) -> bool:
        """True when no answer is waited for."""

    @abstractmethod
    def send(self, intents: list[Intent]) -> bool:
        """Send intents in their order; False when some were given back, to be decided again at once."""

    @abstractmethod
    def rest(self, until: datetime) -> None:
        """Let time pass until then, or until an answer has come."""

    @abstractmethod
    def finish(self) -> None:
        """Wait for what is under way, and record it."""

    @abstractmethod
    def abandon(self) -> None:
        """Record what is under way as far as it is known: we are being stopped."""


@contextmanager
def sending(desk: Desk, report: TickReport, lines: Lines) -> Iterator[Sender]:
    """Give out a sender, and see that nothing that it has sent stays unrecorded. The carriers are open by now."""
    at_once = desk.requests_at_once > 1 and lines.take_several
    sender: Sender = AtOnce(desk, report, lines) if at_once else OneByOne(desk, report, lines)
    try:
        yield sender
        sender.finish()
    except BaseException:
        sender.abandon()
        raise


class OneByOne(Sender):
    """Sends an intent when the one before it is answered. As many share a commit as a carrier takes in short time."""

    def __init__(self, desk: Desk, report: TickReport, lines: Lines) -> None:
        super().__init__(desk, report, lines)
        self._room = 1

    @property
    def room(self) -> int:
        """As many as the carrier was quick enough for."""
        return self._room

    @property
    def is_idle(self) -> bool:
        """Always, between two batches."""
        return True

    def send(self, intents: list[Intent]) -> bool:
        """Send the intents one by one, and record them all, even when we are told to stop in between.

        A carrier that turns slow gets no more of them: what is left is put back.
        """
        desk, lines = self._desk, self._lines
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
            record_all(desk, answers, self._report)
        self._room = min(self._room * GROWTH, MOST_INTENTS_A_COMMIT) if quick else max(self._room // GROWTH, 1)
        return not any(isinstance(answer, NotPlaced) and answer.wait == NO_WAIT for _, answer in answers)

    def rest(self, until: datetime) -> None:
        """Wait."""
        self._desk.clock.wait_until(until)

    def finish(self) -> None:
        """Nothing is under way."""

    def abandon(self) -> None:
        """Nothing is under way."""


class AtOnce(Sender):
    """Sends up to so many intents at once; a carrier that takes only one at a time gets them one by one."""

    def __init__(self, desk: Desk, report: TickReport, lines: Lines) -> None:
        super().__init__(desk, report, lines)
        self._away = InFlight(desk.requests_at_once)

    @property
    def room(self) -> int:
        """As many as have hands free."""
        return self._away.room

    @property
    def is_idle(self) -> bool:
        """True when every answer has come."""
        return not self._away.count

    def send(self, intents: list[Intent]) -> bool:
        """Let each leave when its turn has come; True, because none is given back before its answer."""
        left = list(intents)
        try:
            while left:
                self._wait_for_turn(left[0])
                intent = left.pop(0)
                if self._lines.at_once(intent.call.carrier) > 1:
                    self._away.start(intent, self._send)
                else:
                    record_all(self._desk, [(intent, self._send_here(intent))], self._report)
        except BaseException:
            stopped: list[tuple[Intent, Answer]] = [(each, NotPlaced("stopped", wait=NO_WAIT)) for each in left]
            record_all(self._desk, stopped, self._report)
            raise
        return True

    def rest(self, until: datetime) -> None:
        """Wait, and record what comes back meanwhile."""
        left = (until - self._desk.clock.now()).total_seconds()
        if self.is_idle:
            self._desk.clock.wait_until(until)
        else:
            record_all(self._desk, self._away.landed(max(min(left, NAP_SECONDS), 0.0)), self._report)

    def finish(self) -> None:
        """Wait for the answers that are on their way; what does not come in time is a doubt."""
        ends_at = self._desk.clock.now() + self._desk.drain_within
        while not self.is_idle and self._desk.clock.now() < ends_at:
            record_all(self._desk, self._away.landed(NAP_SECONDS), self._report)
        record_all(self._desk, self._away.abandon("stopped"), self._report)

    def abandon(self) -> None:
        """Record the answers that have come; the others are doubts."""
        record_all(self._desk, self._away.abandon("interrupted"), self._report)

    def _send(self, intent: Intent) -> Answer:
        return _send(self._desk, intent, self._lines)

    def _send_here(self, intent: Intent) -> Answer:
        try:
            return self._send(intent)
        except BaseException:
            record_all(self._desk, [(intent, Doubt("interrupted"))], self._report)
            raise

    def _wait_for_turn(self, intent: Intent) -> None:
        """Wait until the carrier's pace, and its number of hands, let the next request leave."""
        account = intent.call.carrier
        while 1 < self._lines.at_once(account) <= self._away.of(account):
            record_all(self._desk, self._away.landed(NAP_SECONDS), self._report)
        if intent.pace is not None:
            self._desk.clock.wait_until(max(intent.send_at, self._lines.free_at(account, intent.pace)))
            self._lines.sent(account, self._desk.clock.now())


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
        intent.callback_url,
    )


def _sane_wait(wait: object) -> timedelta | None:
    """Return what a carrier asks us to wait: the shortest back-off at least, a day at most; None for nonsense."""
    if not isinstance(wait, timedelta) or wait > LONGEST_MEANT:
        return None
    return min(max(wait, FIRST_BACK_OFF), holds.LONGEST)
