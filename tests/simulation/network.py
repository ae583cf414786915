"""What really happened? A telephone network that answers as badly as real ones do, and remembers the truth.

Each request has a *fate*: what the network does with it, and what it says of it. The two are drawn together, and a
carrier here never lies in clear words: what it accepts was made, what it says that it did not take was not made.
Everything else, a lost reply and a lost request among them, looks alike from outside.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from hyponema_cli.carriers.base import (
    CallView,
    Capabilities,
    CarrierError,
    NotFound,
    NotSent,
    OutcomeUnknown,
    PlaceCall,
    Rejected,
    Throttled,
)
from hyponema_cli.core.call import CallState
from tests.simulation.chronicle import Moment
from tests.simulation.ledger import Witness

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class MachineClock:
    """The clock of the machine: true time, and how wrong it is."""

    def __init__(self, true: datetime) -> None:
        self.true = true
        self.error = timedelta(0)
        self.latest = true
        """The latest instant that it ever showed."""

    def now(self) -> datetime:
        return self.true + self.error

    def wait(self, time: timedelta) -> None:
        """Let time pass, for everybody."""
        self.true += time
        self.latest = max(self.latest, self.now())

    def wait_until(self, instant: datetime) -> None:
        """Let time pass until the clock shows `instant`, if it does not yet."""
        self.wait(max(instant - self.now(), timedelta(0)))

    def step(self, error: timedelta) -> None:
        """Set it so that it is wrong by `error`; no time passes."""
        self.error = error
        self.latest = max(self.latest, self.now())


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad things are in one history, as chances."""

    requests: float
    """Of a request that is not simply accepted."""
    fetches: float
    finds: float
    deaths: float
    """Of a process that dies within one pass or command."""
    disturbances: float
    """Of a pass into which something else comes."""
    find: Literal["none", "live", "history"] = "history"
    calls_per_second: float | None = None
    skew: timedelta = timedelta(0)
    """How far the carrier's clock is from true time."""
    fates: tuple[str, ...] = ()
    """What becomes of the requests that are not simply accepted; empty: anything."""
    hang_ups: float = 0
    """Of a call that is not simply taken out of the carrier's queue when it should be."""
    queued_for: tuple[int, ...] = (0, 1, 3, 600)
    """How many seconds a call may stand in the carrier's queue."""


CALM = Weather(0, 0, 0, 0, 0)

Answer = Literal["accepted", "not_taken", "rejected", "unclear"]


@dataclass(eq=False, slots=True)
class PhoneCall:
    """A call that was really made."""

    id: str
    account: str
    to_number: str
    from_number: str
    made_at: datetime
    """True time, as all instants here."""
    changes: tuple[tuple[datetime, CallState], ...]
    answered_by: str | None
    listed_at: datetime
    """When the carrier's list begins to show it."""
    beside: Asked | None = None
    """Set for a call that is not ours: our request at the time of which it was made."""

    @property
    def ended_at(self) -> datetime:
        return self.changes[-1][0]

    @property
    def end(self) -> CallState:
        return self.changes[-1][1]

    @property
    def was_answered(self) -> bool:
        """True when a person took it."""
        return self.end is CallState.COMPLETED and self.answered_by != "machine_start"

    def state_at(self, when: datetime) -> CallState:
        return [state for since, state in self.changes if since <= when][-1]


class Caller(NamedTuple):
    """The process that asks the network for something."""

    process: int
    committed: Moment | None
    """Its last commit: that of the claim, when it places a call."""
    began: Moment | None
    """When it began the pass, or whatever it is at."""


class Look(NamedTuple):
    """The state of a call that was told to somebody who asked, or what came of taking it out of the queue."""

    tick: int
    caller: Caller
    carrier_call_id: str
    what: Literal["told", "hang_up"]
    state: CallState | None
    at: datetime
    """By the clock of the machine."""


@dataclass(eq=False, slots=True)
class Asked:
    """A request that was sent, whatever became of it."""

    number: int
    """Its place in the order of all that happened on the network."""
    process: int
    account: str
    request: PlaceCall
    sent_at: datetime
    """By the clock of the machine."""
    witness: Witness
    claimed: Moment | None
    """The last commit of its process before it."""
    fate: str = ""
    answer: Answer = "unclear"
    made: PhoneCall | None = None
    returned: int | None = None
    """The place in that order at which its answer came; None: not yet."""
    unheard: bool = False
    """Its process could not write down what it heard."""

    def __str__(self) -> str:
        made = f"made {self.made.id}" if self.made else "not made"
        return f"request {self.number} for {self.request.call_id} to {self.request.to_number} ({self.fate}, {made})"


LOST = (OutcomeUnknown, ConnectionResetError, TimeoutError, CarrierError, ZeroDivisionError)
"""What a plugin may raise when nobody can know."""
WAITS: tuple[Any, ...] = (None, timedelta(0), 90 * SECOND, 20 * MINUTE, timedelta.max, 30, "soon")
"""What carriers say of when to come back; not all of it can be used."""
GARBAGE: tuple[Any, ...] = (None, "CA1", 7, {"sid": "CA1"})

MAKES = {
    "accepted": True,
    "reply_lost": True,
    "late_and_accepted": True,
    "late_and_reply_lost": True,
    "arrives_late": True,
    "without_id": True,
    "id_of_another": True,
    "garbage": True,
    "made_with_a_stranger_beside": True,
    "interrupted": True,
    "request_lost": False,
    "late_and_request_lost": False,
    "interrupted_before": False,
    "not_sent": False,
    "throttled": False,
    "rejected": False,
    "sender_refused": False,
    "account_refused": False,
}
"""Every fate, and whether a phone rings."""
ANSWERS: dict[str, Answer] = {
    "accepted": "accepted",
    "late_and_accepted": "accepted",
    "not_sent": "not_taken",
    "throttled": "not_taken",
    "sender_refused": "not_taken",
    "account_refused": "not_taken",
    "rejected": "rejected",
}
"""What the caller can know afterwards; of any other fate: nothing."""
BAD_FATES = tuple(fate for fate in MAKES if fate != "accepted")


@dataclass
class Network:
    """The carrier's side of every line."""

    random: random.Random
    clock: MachineClock
    weather: Weather
    witness: Callable[[PlaceCall], Witness]
    known_ids: Callable[[], Sequence[str]]
    """The ids that the callers know to be other calls'."""
    next_tick: Callable[[], int]
    """Counts all that happens, on the network and in the database."""
    asked: list[Asked] = field(default_factory=list)
    calls: dict[str, PhoneCall] = field(default_factory=dict)
    fates: list[str] = field(default_factory=list)
    """Fates to be dealt out before any is drawn, for scripted histories."""
    looks: list[Look] = field(default_factory=list)
    healed: bool = False

    def capabilities(self) -> Capabilities:
        return Capabilities(find=self.weather.find, calls_per_second=self.weather.calls_per_second)

    def fails_to_load(self) -> bool:
        """True when a plugin cannot be loaded now."""
        return self._is_bad(self.weather.fetches / 10)

    def place(self, caller: Caller, account: str, request: PlaceCall, meanwhile: Callable[[bool], None]) -> CallView:
        """Take a request."""
        asked = Asked(
            self.next_tick(),
            caller.process,
            account,
            request,
            self.clock.now(),
            self.witness(request),
            caller.committed,
        )
        self.asked.append(asked)
        asked.fate = self._fate()
        long = asked.fate.startswith("late")
        at_once = self.random.random() < 0.5
        if MAKES[asked.fate] and at_once:
            self._make(asked)
        self.clock.wait(self._latency(long))
        meanwhile(long)
        if MAKES[asked.fate] and not at_once:
            self._make(asked)
        asked.returned = self.next_tick()
        asked.answer = ANSWERS.get(asked.fate, "unclear")
        return self._answer(asked)

    def fetch(self, caller: Caller, account: str, call_id: str) -> CallView:
        """Tell what has become of a call; in bad weather not, or what had become of it earlier."""
        view = self._fetched(account, call_id)
        self.looks.append(Look(self.next_tick(), caller, call_id, "told", view.state, self.clock.now()))
        return view

    def _fetched(self, account: str, call_id: str) -> CallView:
        self.clock.wait(self._short_latency())
        if self._is_bad(self.weather.fetches):
            match self.random.randrange(4):
                case 0:
                    raise self.random.choice((*LOST, NotFound))("could not be asked")
                case 1:
                    self.clock.wait(self.random.choice((SECOND, 25 * SECOND)))
                case 2:
                    return self._view(self._known(account, call_id), None)
                case _:
                    call = self._known(account, call_id)
                    return self._view(call, call.state_at(self._between(call.made_at, self.clock.true)))
        call = self._known(account, call_id)
        return self._view(call, call.state_at(self.clock.true))

    def find(self, account: str, to_number: str, from_number: str, since: datetime) -> Sequence[CallView]:
        """List the calls between two numbers, in no order; in bad weather not, and not yet the newest."""
        self.clock.wait(self._short_latency())
        if self._is_bad(self.weather.finds):
            raise self.random.choice(LOST)("no answer")
        now = self.clock.true
        found = [
            self._view(call, call.state_at(now))
            for call in self.calls.values()
            if (call.account, call.to_number, call.from_number) == (account, to_number, from_number)
            and call.made_at <= now
            and (self.healed or call.listed_at <= now)
            and (self.weather.find == "history" or now < call.ended_at)
            and (call.beside is None or self._is_in_doubt(call.beside))
        ]
        self.random.shuffle(found)
        return found

    def hang_up(self, caller: Caller, account: str, call_id: str) -> CallView:
        """End a call; in bad weather not, or not yet, or too late."""
        call = self._known(account, call_id)
        now = self.clock.true
        self.looks.append(Look(self.next_tick(), caller, call_id, "hang_up", call.state_at(now), self.clock.now()))
        if not self._is_bad(self.weather.hang_ups):
            self._end(call, now)
            return self._view(call, call.state_at(now))
        match self.random.randrange(4):
            case 0:
                raise self.random.choice((*LOST, NotFound))("it could not be hung up")
            case 1:
                self._end(call, now)
                raise self.random.choice(LOST)("no answer, and it was hung up")
            case 2:
                # Taken, but it takes its time: it may ring before.
                self._end(call, now + self._between_times(SECOND, MINUTE))
                return self._view(call, call.state_at(now))
            case _:
                return self._view(call, call.state_at(now))

    def _end(self, call: PhoneCall, at: datetime) -> None:
        if at < call.ended_at:
            before = call.state_at(at)
            end = CallState.COMPLETED if before is CallState.IN_PROGRESS else CallState.CANCELED
            call.changes = (*(change for change in call.changes if change[0] <= at), (at, end))

    def request_for(self, call_id: str) -> Asked | None:
        """Return the request that bore one of our call ids."""
        return next((asked for asked in self.asked if asked.request.call_id == call_id), None)

    def _fate(self) -> str:
        if self.fates:
            return self.fates.pop(0)
        if not self._is_bad(self.weather.requests):
            return "accepted"
        return self.random.choice(self.weather.fates or BAD_FATES)

    def _answer(self, asked: Asked) -> CallView:
        match asked.fate:
            case "accepted" | "late_and_accepted":
                return self._own_view(asked)
            case "without_id":
                return CallView("", CallState.QUEUED, "queued", "", "", self.clock.true)
            case "id_of_another":
                known = [each for each in self.known_ids() if each in self.calls]
                if not known:
                    raise OutcomeUnknown("no answer")
                return self._view(self.calls[self.random.choice(known)], CallState.QUEUED)
            case "garbage":
                return self.random.choice(GARBAGE)  # type: ignore[no-any-return]
            case "interrupted" | "interrupted_before":
                raise KeyboardInterrupt
            case "not_sent":
                raise NotSent("no route to host")
            case "throttled":
                raise Throttled("too many requests", self.random.choice(WAITS))
            case "rejected":
                raise Rejected("refused", self.random.choice(("call", "destination")), "21211")
            case "sender_refused":
                raise Rejected("not your number", "sender", "21210")
            case "account_refused":
                raise Rejected("bad credentials", "account", "20003")
            case _:
                raise self.random.choice(LOST)("no answer")

    def _make(self, asked: Asked) -> None:
        delay = self._between_times(5 * SECOND, 4 * MINUTE) if asked.fate == "arrives_late" else timedelta(0)
        made_at = self.clock.true + delay
        asked.made = self._new_call(asked.account, asked.request, made_at)
        if asked.fate == "made_with_a_stranger_beside":
            # Somebody else rings the same person from the same number. A list that shows that one alone would deceive
            # anybody: so it is listed no sooner than ours, over no later, and gone when ours is no doubt any more.
            stranger = self._new_call(asked.account, asked.request, made_at, listed_from=asked.made.listed_at)
            stranger.changes, stranger.answered_by = asked.made.changes, asked.made.answered_by
            stranger.beside = asked

    def _new_call(
        self, account: str, request: PlaceCall, made_at: datetime, listed_from: datetime | None = None
    ) -> PhoneCall:
        end = self.random.choices(
            (CallState.COMPLETED, CallState.BUSY, CallState.NO_ANSWER, CallState.FAILED, CallState.CANCELED),
            (10, 3, 3, 2, 1),
        )[0]
        by = self.random.choice(("human", "human", None, "machine_start")) if end is CallState.COMPLETED else None
        call = PhoneCall(
            f"CA{len(self.calls) + 1:04}",
            account,
            request.to_number,
            request.from_number,
            made_at,
            self._course(made_at, end),
            by,
            (listed_from or made_at) + self.random.choice((0, 0, 3, 20, 300, 7200)) * SECOND,
        )
        self.calls[call.id] = call
        return call

    def _course(self, made_at: datetime, end: CallState) -> tuple[tuple[datetime, CallState], ...]:
        rings_at = made_at + self.random.choice(self.weather.queued_for) * SECOND
        answered_at = rings_at + self.random.randint(1, 40) * SECOND
        course = [(made_at, CallState.QUEUED), (rings_at, CallState.RINGING)]
        if end is not CallState.COMPLETED:
            return (*course, (answered_at, end))
        over_at = answered_at + self.random.choice((3, 30, 90, 600, 9000)) * SECOND
        return (*course, (answered_at, CallState.IN_PROGRESS), (over_at, end))

    def _is_in_doubt(self, asked: Asked) -> bool:
        row = self.witness(asked.request).row
        return row is not None and row.status == "in_doubt"

    def _known(self, account: str, call_id: str) -> PhoneCall:
        call = self.calls.get(call_id)
        if call is None or call.account != account:
            raise NotFound(call_id)
        return call

    def _own_view(self, asked: Asked) -> CallView:
        assert asked.made is not None, "an accepted request was made"
        return self._view(asked.made, asked.made.state_at(self.clock.true))

    def _view(self, call: PhoneCall, state: CallState | None) -> CallView:
        over = state is CallState.COMPLETED
        return CallView(
            call.id,
            state,
            str(state),
            call.to_number,
            call.from_number,
            call.made_at + self.weather.skew,
            answered_by=call.answered_by if over else None,
            duration_seconds=7 if over else None,
        )

    def _is_bad(self, chance: float) -> bool:
        return not self.healed and self.random.random() < chance

    def _latency(self, long: bool) -> timedelta:
        if long:
            return self.random.choice((2, 40, 100, 600, 7200)) * SECOND
        return self._short_latency()

    def _short_latency(self) -> timedelta:
        return timedelta(milliseconds=self.random.choice((1, 20, 80, 400)))

    def _between(self, first: datetime, last: datetime) -> datetime:
        return first + self.random.random() * max(last - first, timedelta(0))

    def _between_times(self, shortest: timedelta, longest: timedelta) -> timedelta:
        return shortest + self.random.random() * (longest - shortest)
