"""What may stop or delay a call? One function a gate; each looks at the facts and answers for itself.

A gate never queries: the facts were read in the transaction that will claim the execution. Its answer is `pass`,
`wait` (ask again at `until`) or `stop`, with a reason that programs can compare, the datum that it looked at, and
whose that datum is. A gate that knows when it will open, and that this is too late for the call, does not wait for
the deadline: it stops the call at once, so that the record names what stood in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from hyponema_cli.core import instant
from hyponema_cli.core.call import ScheduleState
from hyponema_cli.core.caps import Cap
from hyponema_cli.core.window import CallingWindow

Verdict = Literal["pass", "wait", "stop"]

SIMULATED = "simulated"

WAITS = (
    "paused",
    "database_behind",
    "no_caller_id",
    "not_connected",
    "carrier_unusable",
    "carrier_held",
    "not_live",
    "suppressed",
    "live_session",
    "line_busy",
    "zone_unknown",
    "outside_calling_window",
    "call_cap",
    "pace",
    "concurrency",
    "daily_budget",
)
"""The reasons for which a gate lets a call wait."""

NOT_TAKEN = ("throttled", "account_refused", "sender_refused")
"""The reasons for which a request was not taken that hold an account, or a number, for a while."""

LOOK_AGAIN = timedelta(seconds=15)
"""How soon a gate that waits for an event without a known time is asked again."""
PACE_AHEAD = timedelta(milliseconds=200)
"""A call whose turn comes within this time may be claimed now; it is sent when its turn has come."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The number that a call shows, and the carrier that it is rented from."""

    number: str
    carrier: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A carrier account, or a number of it, was refused: it is left alone until `until`."""

    problem: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Suppression:
    """A number that must not be dialled; until `until`, or for good."""

    phone_number: str
    reason: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A conversation with the callee that is going on, on any channel."""

    id: str
    channel: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Hours:
    """The calling window in force, whose it is, and the clocks by which it is judged."""

    window: CallingWindow
    owner: str
    """schedule, user or workspace."""
    zones: tuple[ZoneInfo, ...]
    """The callee's zone; all that their number allows, when nobody has said; none, when nobody can tell."""
    zones_from: str
    """user or number."""

    def admits(self, at: datetime) -> bool:
        """True when the window is open at `at`, on every clock that the callee may live by."""
        return self.window.is_always_open or self.window.is_open(at, self.zones)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the gates look at, as it stood at one instant."""

    schedule_status: ScheduleState
    recurring: bool
    manual: bool
    """A run that an operator asked for; no slot of the schedule."""
    calls_left: int | None
    """How many executions of the schedule may still reach a dial, this one among them; None: any number."""
    deadline_at: datetime
    caller: Caller | None
    """None: the agent has no number attached."""
    live: bool
    """The workspace is armed: real carriers may dial."""
    waited_for: str | None = None
    """The reason for which the execution was put off last, if a gate did that."""
    connected: bool = True
    """The agent can be reached by a carrier; the simulated one needs no such thing."""
    carrier_problem: str | None = None
    """Why the caller's carrier cannot be used at all, in its own words."""
    hold: Hold | None = None
    """Why the caller's account, or their number on it, is left alone for a while."""
    database_behind: bool = False
    """The file knows less than was dialled from it: an older copy was put back."""
    suppression: Suppression | None = None
    session: LiveSession | None = None
    busy_call_id: str | None = None
    """A call, or a doubt, on the callee's number."""
    open_execution_id: str | None = None
    """An earlier scheduled execution of the same schedule that is not over."""
    hours: Hours | None = None
    """None: people may be called at any hour."""
    caps: tuple[Cap, ...] = ()
    recent_dials: tuple[datetime, ...] = ()
    """When the callee was dialled within the longest cap, the newest first."""
    pace: float | None = None
    """Calls a second that the caller's carrier account takes; None: as many as come."""
    turn_at: datetime | None = None
    """When the next call of that account has its turn."""
    concurrency: int | None = None
    """How many calls the workspace may have at once; None: any number."""
    live_calls: int = 0
    daily_budget: int | None = None
    """How many calls the workspace may make in a day; None: any number."""
    dialled_today: int = 0
    day_ends_at: datetime | None = None


class Answer(NamedTuple):
    """What one gate says."""

    gate: str
    verdict: Verdict
    reason: str | None = None
    datum: str | None = None
    until: datetime | None = None
    source: str | None = None
    """Whose the datum is: schedule, user, workspace, number, agent, carrier, session, call, execution."""

    def to_json(self) -> dict[str, Any]:
        """Return the form in which it is stored and shown."""
        return {
            "gate": self.gate,
            "verdict": self.verdict,
            "reason": self.reason,
            "datum": self.datum,
            "source": self.source,
            "until": instant.maybe_text(self.until),
        }


Gate = Callable[[Facts, datetime], Answer]

# What most executions hear from most gates; made once, because a pass asks many.
_ACTIVE = Answer("schedule_active", "pass", datum="active", source="schedule")
_CURRENT = Answer("database_current", "pass")
_NOT_SUPPRESSED = Answer("suppressed", "pass")
_NO_SESSION = Answer("live_session", "pass")
_LINE_FREE = Answer("line_busy", "pass")
_NO_OVERLAP = Answer("overlap", "pass")
_ANY_HOUR = Answer("calling_window", "pass", datum="none is set")
_NO_CAP = Answer("call_cap", "pass", datum="none is set")
_NO_PACE = Answer("pace", "pass", datum="none is set")
_ANY_NUMBER = Answer("concurrency", "pass", datum="none is set")
_NO_BUDGET = Answer("budget", "pass", datum="none is set")


def schedule_active(facts: Facts, now: datetime) -> Answer:
    """A rule that is paused, canceled or used up calls nobody. Paused, a one-shot waits while it is in time."""
    match facts.schedule_status:
        case ScheduleState.PAUSED if facts.manual:
            return Answer("schedule_active", "pass", datum="paused, but run by hand", source="schedule")
        case ScheduleState.PAUSED:
            if facts.recurring:
                return Answer("schedule_active", "stop", "paused", "paused", source="schedule")
            return Answer("schedule_active", "wait", "paused", "paused", now + LOOK_AGAIN, "schedule")
        case ScheduleState.CANCELED:
            return Answer("schedule_active", "stop", "schedule_canceled", "canceled", source="schedule")
        case _ if facts.calls_left is not None and facts.calls_left < 1 and not facts.manual:
            return Answer("schedule_active", "stop", "max_occurrences", "all its calls were made", source="schedule")
        case _:
            return _ACTIVE


def in_time(facts: Facts, now: datetime) -> Answer:
    """Nobody is called later than the catch-up window allows."""
    deadline = f"deadline {instant.to_text(facts.deadline_at)}"
    if now > facts.deadline_at:
        # What was waited for may be there just now: too late, and yet the reason why.
        waited = f", after waiting for {facts.waited_for}" if facts.waited_for else ""
        return Answer("in_time", "stop", "too_late", deadline + waited, source="execution")
    return Answer("in_time", "pass", datum=deadline, source="execution")


def database_current(facts: Facts, now: datetime) -> Answer:
    """A database that was put back from before its last dials would make them again: it must be reconciled first."""
    if facts.database_behind:
        datum = "calls were made that this file knows nothing of"
        return Answer("database_current", "wait", "database_behind", datum, now + LOOK_AGAIN, "dial journal")
    return _CURRENT


def caller_id(facts: Facts, now: datetime) -> Answer:
    """A call needs a number to show, and a voice; both may still be given while the call is in time."""
    if facts.caller is None:
        return Answer("caller_id", "wait", "no_caller_id", "the agent has no number", now + LOOK_AGAIN, "agent")
    if not facts.connected and facts.caller.carrier != SIMULATED:
        datum = "no answer URL, media stream or application"
        return Answer("caller_id", "wait", "not_connected", datum, now + LOOK_AGAIN, "agent")
    return Answer("caller_id", "pass", datum=facts.caller.number, source="agent")


def carrier_live(facts: Facts, now: datetime) -> Answer:
    """The carrier works and takes calls, and the workspace is armed: else only the simulated carrier dials."""
    if facts.caller is None:
        return Answer("carrier_live", "pass")
    account = facts.caller.carrier
    if facts.carrier_problem is not None:
        return Answer(
            "carrier_live", "wait", "carrier_unusable", facts.carrier_problem, now + LOOK_AGAIN, f"carrier {account}"
        )
    if facts.hold is not None and facts.hold.until > now:
        # It may be lifted sooner, by `hyp carriers check`, which wakes those who wait.
        return Answer(
            "carrier_live", "wait", "carrier_held", facts.hold.problem, facts.hold.until, f"carrier {account}"
        )
    if facts.live or account == SIMULATED:
        return Answer("carrier_live", "pass", datum=account, source="number")
    return Answer("carrier_live", "wait", "not_live", account, now + LOOK_AGAIN, "workspace")


def suppressed(facts: Facts, now: datetime) -> Answer:
    """A number on the list is not dialled, whoever asks."""
    found = facts.suppression
    if found is None or (found.until is not None and found.until <= now):
        return _NOT_SUPPRESSED
    datum = found.phone_number + (f" ({found.reason})" if found.reason else "")
    if found.until is None:
        return Answer("suppressed", "stop", "suppressed", datum, source="suppressions")
    return _known_until("suppressed", "suppressed", datum, found.until, "suppressions", facts)


def live_session(facts: Facts, now: datetime) -> Answer:
    """Nobody is rung in the middle of a conversation: a regular call is skipped, a single one waits for its end."""
    found = facts.session
    if found is None or found.expires_at <= now:
        return _NO_SESSION
    datum = found.id + (f" on {found.channel}" if found.channel else "")
    if facts.recurring and not facts.manual:
        return Answer("live_session", "stop", "live_session", datum, source="session")
    # It may end earlier than it would expire, and says so then.
    return Answer("live_session", "wait", "live_session", datum, found.expires_at, "session")


def line_busy(facts: Facts, now: datetime) -> Answer:
    """One phone, one call: a call or a doubt on the number is waited for."""
    if facts.busy_call_id is not None:
        return Answer("line_busy", "wait", "line_busy", facts.busy_call_id, now + LOOK_AGAIN, "call")
    return _LINE_FREE


def overlap(facts: Facts, now: datetime) -> Answer:
    """While an execution of a schedule is open, the next is skipped. A manual run is nobody's next."""
    if facts.open_execution_id is not None and not facts.manual:
        return Answer("overlap", "stop", "overlap", facts.open_execution_id, source="execution")
    return _NO_OVERLAP


def calling_window(facts: Facts, now: datetime) -> Answer:
    """People are called in the hours that are theirs, on their own clocks. Not knowing these is not a yes."""
    hours = facts.hours
    if hours is None:
        return _ANY_HOUR
    if hours.window.is_always_open:
        return Answer("calling_window", "pass", datum=hours.window.text, source=hours.owner)
    if not hours.zones:
        datum = f"{hours.window.text}, on clocks that nobody knows"
        return Answer("calling_window", "wait", "zone_unknown", datum, now + LOOK_AGAIN, hours.zones_from)
    datum = f"{hours.window.text} in {_places(hours.zones)}"
    if hours.admits(now):
        return Answer("calling_window", "pass", datum=datum, source=hours.owner)
    opens_at = hours.window.opens_at(now, hours.zones)
    if opens_at is None:
        return Answer("calling_window", "stop", "window_never_opens", datum, source=hours.owner)
    return _known_until("calling_window", "outside_calling_window", datum, opens_at, hours.owner, facts)


def call_cap(facts: Facts, now: datetime) -> Answer:
    """One person is dialled so often and no more, whatever schedule, retry or hand the calls came from."""
    if not facts.caps:
        return _NO_CAP
    dials = facts.recent_dials
    said = ", ".join(f"{cap.dials_within(dials, now)} of {cap.text}" for cap in facts.caps)
    free_at = [at for cap in facts.caps if (at := cap.free_at(dials, now)) is not None]
    if not free_at:
        return Answer("call_cap", "pass", datum=said, source="workspace")
    return _known_until("call_cap", "call_cap", said, max(free_at), "workspace", facts)


def pace(facts: Facts, now: datetime) -> Answer:
    """A carrier account takes so many calls a second; each has its turn, whichever process dials it."""
    if facts.pace is None:
        return _NO_PACE
    datum = f"{facts.pace:g} a second"
    if facts.turn_at is not None and facts.turn_at > now + PACE_AHEAD:
        return Answer("pace", "wait", "pace", datum, facts.turn_at, "carrier")
    return Answer("pace", "pass", datum=datum, source="carrier")


def concurrency(facts: Facts, now: datetime) -> Answer:
    """The workspace has so many calls at once and no more."""
    if facts.concurrency is None:
        return _ANY_NUMBER
    datum = f"{facts.live_calls} of {facts.concurrency}"
    if facts.live_calls >= facts.concurrency:
        return Answer("concurrency", "wait", "concurrency", datum, now + LOOK_AGAIN, "workspace")
    return Answer("concurrency", "pass", datum=datum, source="workspace")


def budget(facts: Facts, now: datetime) -> Answer:
    """The workspace makes so many calls in a day and no more."""
    if facts.daily_budget is None:
        return _NO_BUDGET
    datum = f"{facts.dialled_today} of {facts.daily_budget} today"
    if facts.dialled_today < facts.daily_budget:
        return Answer("budget", "pass", datum=datum, source="workspace")
    assert facts.day_ends_at is not None, "whoever counts a day knows when it ends"
    return _known_until("budget", "daily_budget", datum, facts.day_ends_at, "workspace", facts)


def _known_until(gate: str, reason: str, datum: str, until: datetime, source: str, facts: Facts) -> Answer:
    """Wait for an instant that is known; where that is too late for the call, stop it now."""
    return Answer(gate, "stop" if until > facts.deadline_at else "wait", reason, datum, until, source)


MOST_PLACES = 3


def _places(zones: tuple[ZoneInfo, ...]) -> str:
    more = len(zones) - MOST_PLACES
    return ", ".join(zone.key for zone in zones[:MOST_PLACES]) + (f" and {more} more zones" if more > 0 else "")


GATES: Mapping[str, Gate] = {
    gate.__name__: gate
    for gate in (
        schedule_active,
        in_time,
        database_current,
        caller_id,
        carrier_live,
        suppressed,
        live_session,
        line_busy,
        overlap,
        calling_window,
        call_cap,
        pace,
        concurrency,
        budget,
    )
}
"""Every gate, in the order in which people read them."""
