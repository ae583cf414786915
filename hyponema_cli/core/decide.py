"""May this call go out now? The only judge: every caller that wants to know asks `decide`.

Every gate is asked every time, so that whoever reads the record sees all that stood in the way, not the first thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from hyponema_cli.core.call import ExecutionState
from hyponema_cli.core.gates import GATES, Answer, Caller, Facts


@dataclass(frozen=True, slots=True)
class Dial:
    """Every gate passes: dial, showing this caller."""

    caller: Caller
    gates: tuple[Answer, ...]
    verdict: ClassVar[str] = "dial"
    reason: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Defer:
    """Something stands in the way that may go away; ask again at `until`."""

    until: datetime
    reason: str
    gates: tuple[Answer, ...]
    verdict: ClassVar[str] = "wait"


@dataclass(frozen=True, slots=True)
class Skip:
    """This call will not be made. `status` is the final state of its execution."""

    status: ExecutionState
    reason: str
    gates: tuple[Answer, ...]
    verdict: ClassVar[str] = "stop"


Decision = Dial | Defer | Skip

JUST_AFTER = timedelta(seconds=1)

_STATUS_OF_STOP = {"too_late": ExecutionState.MISSED, "schedule_canceled": ExecutionState.CANCELED}


def decide(facts: Facts, now: datetime) -> Decision:
    """Ask every gate, then dial, defer or skip.

    A deferral never reaches past the deadline by more than a second: then it is the deadline that is missed, and the
    gates that were waited for stand beside it in the record.
    """
    gates = tuple([gate(facts, now) for gate in GATES.values()])
    blocked = [answer for answer in gates if answer.verdict != "pass"]
    if not blocked:
        assert facts.caller is not None, "the caller_id gate passed"
        return Dial(facts.caller, gates)
    stops = [answer for answer in blocked if answer.verdict == "stop"]
    if stops:
        return Skip(_STATUS_OF_STOP.get(_word(stops[0]), ExecutionState.SKIPPED), _word(stops[0]), gates)
    until = max(answer.until for answer in blocked if answer.until)
    return Defer(min(until, facts.deadline_at + JUST_AFTER), _word(blocked[0]), gates)


def _word(answer: Answer) -> str:
    assert answer.reason is not None, "a gate that does not pass says why"
    return answer.reason
