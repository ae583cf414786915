"""What may stop or delay a call? One function a gate; each looks at the facts and answers for itself.

A gate never queries: the facts were read in the transaction that will claim the execution. Its answer is `pass`,
`wait` (ask again at `until`) or `stop`, with a reason that programs can compare and the datum that it looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from hyponema_cli.core import instant
from hyponema_cli.core.call import ScheduleState

Verdict = Literal["pass", "wait", "stop"]

LOOK_AGAIN = timedelta(seconds=15)
"""How soon a gate that waits for an event without a known time is asked again."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The number that a call shows, and the carrier that it is rented from."""

    number: str
    carrier: str


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
    carrier_problem: str | None = None
    """Why the caller's carrier cannot be used at all, in its own words."""
    busy_call_id: str | None = None
    """A call, or a doubt, on the callee's number."""
    open_execution_id: str | None = None
    """An earlier scheduled execution of the same schedule that is not over."""


class Answer(NamedTuple):
    """What one gate says."""

    gate: str
    verdict: Verdict
    reason: str | None = None
    datum: str | None = None
    until: datetime | None = None

    def to_json(self) -> dict[str, str | None]:
        """Return the form in which it is stored and shown."""
        return {
            "gate": self.gate,
            "verdict": self.verdict,
            "reason": self.reason,
            "datum": self.datum,
            "until": instant.maybe_text(self.until),
        }


Gate = Callable[[Facts, datetime], Answer]

_ACTIVE = Answer("schedule_active", "pass", datum="active")
_NO_OVERLAP = Answer("overlap", "pass")
_LINE_FREE = Answer("line_busy", "pass")


def schedule_active(facts: Facts, now: datetime) -> Answer:
    """A rule that is paused, canceled or used up calls nobody. Paused, a one-shot waits while it is in time."""
    match facts.schedule_status:
        case ScheduleState.PAUSED if facts.manual:
            return Answer("schedule_active", "pass", datum="paused, but run by hand")
        case ScheduleState.PAUSED:
            if facts.recurring:
                return Answer("schedule_active", "stop", "paused", "paused")
            return Answer("schedule_active", "wait", "paused", "paused", now + LOOK_AGAIN)
        case ScheduleState.CANCELED:
            return Answer("schedule_active", "stop", "schedule_canceled", "canceled")
        case _ if facts.calls_left is not None and facts.calls_left < 1 and not facts.manual:
            return Answer("schedule_active", "stop", "max_occurrences", "all its calls were made")
        case _:
            return _ACTIVE


def in_time(facts: Facts, now: datetime) -> Answer:
    """Nobody is called later than the catch-up window allows."""
    deadline = f"deadline {instant.to_text(facts.deadline_at)}"
    if now > facts.deadline_at:
        return Answer("in_time", "stop", "too_late", deadline)
    return Answer("in_time", "pass", datum=deadline)


def caller_id(facts: Facts, now: datetime) -> Answer:
    """A call needs a number to show; one may still be attached while the call is in time."""
    if facts.caller is None:
        return Answer("caller_id", "wait", "no_caller_id", "the agent has no number", now + LOOK_AGAIN)
    return Answer("caller_id", "pass", datum=facts.caller.number)


def carrier_live(facts: Facts, now: datetime) -> Answer:
    """The carrier works, and the workspace is armed: without that, only the simulated carrier dials."""
    if facts.caller is None:
        return Answer("carrier_live", "pass")
    if facts.carrier_problem is not None:
        return Answer("carrier_live", "wait", "carrier_unusable", facts.carrier_problem, now + LOOK_AGAIN)
    if facts.live or facts.caller.carrier == SIMULATED:
        return Answer("carrier_live", "pass", datum=facts.caller.carrier)
    return Answer("carrier_live", "wait", "not_live", facts.caller.carrier, now + LOOK_AGAIN)


def line_busy(facts: Facts, now: datetime) -> Answer:
    """One phone, one call: a call or a doubt on the number is waited for."""
    if facts.busy_call_id is not None:
        return Answer("line_busy", "wait", "line_busy", facts.busy_call_id, now + LOOK_AGAIN)
    return _LINE_FREE


def overlap(facts: Facts, now: datetime) -> Answer:
    """While an execution of a schedule is open, the next is skipped. A manual run is nobody's next."""
    if facts.open_execution_id is not None and not facts.manual:
        return Answer("overlap", "stop", "overlap", facts.open_execution_id)
    return _NO_OVERLAP


SIMULATED = "simulated"

GATES: Mapping[str, Gate] = {
    gate.__name__: gate for gate in (schedule_active, in_time, caller_id, carrier_live, line_busy, overlap)
}
"""Every gate, in the order in which people read them."""
