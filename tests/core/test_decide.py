"""Every gate is asked every time, and what they say together is one decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from hyponema_cli.core.call import ScheduleState
from hyponema_cli.core.decide import Defer, Dial, Skip, decide
from hyponema_cli.core.gates import GATES, LOOK_AGAIN, Caller, Facts

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
CLEAR = Facts(
    schedule_status=ScheduleState.ACTIVE,
    recurring=True,
    manual=False,
    calls_left=None,
    deadline_at=NOW + timedelta(minutes=15),
    caller=Caller("+34910000001", "simulated"),
    live=False,
)

# facts that differ from a clear line | the decision | its reason
CASES: list[tuple[dict[str, Any], type, str | None]] = [
    ({}, Dial, None),
    ({"schedule_status": ScheduleState.PAUSED}, Skip, "paused"),
    ({"schedule_status": ScheduleState.PAUSED, "recurring": False}, Defer, "paused"),
    ({"schedule_status": ScheduleState.PAUSED, "manual": True}, Dial, None),
    ({"schedule_status": ScheduleState.CANCELED}, Skip, "schedule_canceled"),
    ({"schedule_status": ScheduleState.COMPLETED, "manual": True}, Dial, None),
    ({"calls_left": 0}, Skip, "max_occurrences"),
    ({"calls_left": 0, "manual": True}, Dial, None),
    ({"calls_left": 1}, Dial, None),
    ({"deadline_at": NOW}, Dial, None),
    ({"deadline_at": NOW - timedelta(seconds=1)}, Skip, "too_late"),
    ({"caller": None}, Defer, "no_caller_id"),
    ({"caller": Caller("+34910000001", "twilio")}, Defer, "not_live"),
    ({"caller": Caller("+34910000001", "twilio"), "live": True}, Dial, None),
    ({"carrier_problem": "no such module"}, Defer, "carrier_unusable"),
    ({"busy_call_id": "call_1"}, Defer, "line_busy"),
    ({"open_execution_id": "exe_1"}, Skip, "overlap"),
    ({"open_execution_id": "exe_1", "manual": True}, Dial, None),
    ({"busy_call_id": "call_1", "open_execution_id": "exe_1"}, Skip, "overlap"),
]


@pytest.mark.parametrize(("differences", "decision", "reason"), CASES)
def test_what_the_facts_lead_to(differences: dict[str, Any], decision: type, reason: str | None) -> None:
    made = decide(replace(CLEAR, **differences), NOW)
    assert type(made) is decision
    assert getattr(made, "reason", None) == reason


def test_every_gate_answers_every_time() -> None:
    for one, other in product(CASES, CASES):
        made = decide(replace(CLEAR, **{**one[0], **other[0]}), NOW)
        assert [answer.gate for answer in made.gates] == list(GATES)


def test_a_gate_that_does_not_pass_says_why_and_one_that_waits_says_until_when() -> None:
    for differences, _, _ in CASES:
        for answer in decide(replace(CLEAR, **differences), NOW).gates:
            assert (answer.verdict == "pass") == (answer.reason is None)
            assert (answer.verdict == "wait") == (answer.until is not None)


def test_a_deferral_never_reaches_past_the_deadline_by_more_than_a_second() -> None:
    near, far = (
        decide(replace(CLEAR, busy_call_id="call_1", deadline_at=NOW + wait), NOW)
        for wait in (timedelta(seconds=5), timedelta(minutes=5))
    )
    assert isinstance(near, Defer)
    assert near.until == NOW + timedelta(seconds=6)
    assert isinstance(far, Defer)
    assert far.until == NOW + LOOK_AGAIN
