"""Every gate is asked every time, and what they say together is one decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hyponema_cli.core import caps, window
from hyponema_cli.core.call import ExecutionState, ScheduleState
from hyponema_cli.core.decide import JUST_AFTER, Defer, Dial, Skip, decide
from hyponema_cli.core.gates import GATES, LOOK_AGAIN, PACE_AHEAD, Caller, Facts, Hours, LiveSession, Suppression

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
"""Monday, 09:30 in Madrid."""
DEADLINE = NOW + timedelta(minutes=15)
CLEAR = Facts(
    schedule_status=ScheduleState.ACTIVE,
    recurring=True,
    manual=False,
    calls_left=None,
    deadline_at=DEADLINE,
    caller=Caller("+34910000001", "simulated"),
    live=False,
)
MADRID, TOKYO = ZoneInfo("Europe/Madrid"), ZoneInfo("Asia/Tokyo")


def minutes(count: float) -> datetime:
    return NOW + timedelta(minutes=count)


def suppressed_until(until: datetime | None) -> dict[str, Any]:
    return {"suppression": Suppression("+34600000001", "asked not to be called", until)}


def talking_until(expires_at: datetime, **others: Any) -> dict[str, Any]:
    return {"session": LiveSession("ses_1", "web", expires_at), **others}


def open_at(text: str, *zones: ZoneInfo) -> dict[str, Any]:
    return {"hours": Hours(window.parse(text), "workspace", zones, "user")}


def dialled(text: str, *ago: float) -> dict[str, Any]:
    return {"caps": caps.parse(text), "recent_dials": tuple(minutes(-each) for each in ago)}


def spent(count: int, day_ends_at: datetime) -> dict[str, Any]:
    return {"daily_budget": 10, "dialled_today": count, "day_ends_at": day_ends_at}


LATER = timedelta(microseconds=1)

# facts that differ from a clear line | the decision | its reason | until when
CASES: list[tuple[dict[str, Any], type, str | None, datetime | None]] = [
    ({}, Dial, None, None),
    # schedule_active
    ({"schedule_status": ScheduleState.PAUSED}, Skip, "paused", None),
    ({"schedule_status": ScheduleState.PAUSED, "recurring": False}, Defer, "paused", NOW + LOOK_AGAIN),
    ({"schedule_status": ScheduleState.PAUSED, "manual": True}, Dial, None, None),
    ({"schedule_status": ScheduleState.CANCELED}, Skip, "schedule_canceled", None),
    ({"schedule_status": ScheduleState.CANCELED, "manual": True}, Skip, "schedule_canceled", None),
    ({"schedule_status": ScheduleState.COMPLETED, "manual": True}, Dial, None, None),
    ({"calls_left": 0}, Skip, "max_occurrences", None),
    ({"calls_left": 0, "manual": True}, Dial, None, None),
    ({"calls_left": 1}, Dial, None, None),
    # in_time
    ({"deadline_at": NOW}, Dial, None, None),
    ({"deadline_at": NOW - timedelta(seconds=1)}, Skip, "too_late", None),
    ({"deadline_at": NOW - timedelta(seconds=1), "manual": True}, Skip, "too_late", None),
    # database_current
    ({"database_behind": True}, Defer, "database_behind", NOW + LOOK_AGAIN),
    ({"database_behind": True, "manual": True}, Defer, "database_behind", NOW + LOOK_AGAIN),
    # caller_id, carrier_live
    ({"caller": None}, Defer, "no_caller_id", NOW + LOOK_AGAIN),
    ({"caller": Caller("+34910000001", "twilio")}, Defer, "not_live", NOW + LOOK_AGAIN),
    ({"caller": Caller("+34910000001", "twilio"), "live": True}, Dial, None, None),
    ({"carrier_problem": "no such module"}, Defer, "carrier_unusable", NOW + LOOK_AGAIN),
    # suppressed
    (suppressed_until(None), Skip, "suppressed", None),
    ({**suppressed_until(None), "manual": True}, Skip, "suppressed", None),
    (suppressed_until(minutes(5)), Defer, "suppressed", minutes(5)),
    (suppressed_until(DEADLINE), Defer, "suppressed", DEADLINE),
    (suppressed_until(DEADLINE + LATER), Skip, "suppressed", DEADLINE + LATER),
    (suppressed_until(NOW), Dial, None, None),
    # live_session
    (talking_until(minutes(5)), Skip, "live_session", None),
    (talking_until(minutes(5), recurring=False), Defer, "live_session", minutes(5)),
    (talking_until(minutes(5), manual=True), Defer, "live_session", minutes(5)),
    # It may end sooner than it would expire.
    (talking_until(minutes(60), recurring=False), Defer, "live_session", DEADLINE + JUST_AFTER),
    (talking_until(NOW), Dial, None, None),
    # line_busy, overlap
    ({"busy_call_id": "call_1"}, Defer, "line_busy", NOW + LOOK_AGAIN),
    ({"busy_call_id": "call_1", "manual": True}, Defer, "line_busy", NOW + LOOK_AGAIN),
    ({"open_execution_id": "exe_1"}, Skip, "overlap", None),
    ({"open_execution_id": "exe_1", "manual": True}, Dial, None, None),
    # calling_window
    (open_at("09:00-20:00", MADRID), Dial, None, None),
    (open_at("09:40-20:00", MADRID), Defer, "outside_calling_window", minutes(10)),
    (open_at("09:45-20:00", MADRID), Defer, "outside_calling_window", DEADLINE),
    (open_at("09:46-20:00", MADRID), Skip, "outside_calling_window", minutes(16)),
    (open_at("09:00-09:30", MADRID), Skip, "outside_calling_window", minutes(24 * 60 - 30)),
    ({**open_at("09:46-20:00", MADRID), "manual": True}, Skip, "outside_calling_window", minutes(16)),
    (open_at("09:00-10:00", MADRID, TOKYO), Skip, "window_never_opens", None),
    (open_at("09:00-18:00", MADRID, TOKYO), Dial, None, None),
    (open_at("09:00-17:30", MADRID, TOKYO), Skip, "outside_calling_window", minutes(23 * 60 + 30)),
    (open_at("00:01-24:00"), Defer, "zone_unknown", NOW + LOOK_AGAIN),
    # call_cap
    (dialled("2/1h", 10), Dial, None, None),
    (dialled("2/1h", 10, 60), Dial, None, None),
    (dialled("2/1h", 10, 50), Defer, "call_cap", minutes(10)),
    (dialled("2/1h", 10, 45), Defer, "call_cap", DEADLINE),
    (dialled("2/1h", 10, 44), Skip, "call_cap", minutes(16)),
    ({**dialled("2/1h", 10, 44), "manual": True}, Skip, "call_cap", minutes(16)),
    (dialled("1/20m, 2/1h", 10, 52), Defer, "call_cap", minutes(10)),
    (dialled("1/20m, 2/1h", 18, 52), Defer, "call_cap", minutes(8)),
    (dialled("1/20m", -30), Skip, "call_cap", minutes(50)),  # the clock was put back
    # pace
    ({"pace": 1.0}, Dial, None, None),
    ({"pace": 1.0, "turn_at": NOW - timedelta(days=1)}, Dial, None, None),
    ({"pace": 1.0, "turn_at": NOW + PACE_AHEAD}, Dial, None, None),
    ({"pace": 1.0, "turn_at": NOW + PACE_AHEAD + LATER}, Defer, "pace", NOW + PACE_AHEAD + LATER),
    # concurrency
    ({"concurrency": 2, "live_calls": 1}, Dial, None, None),
    ({"concurrency": 2, "live_calls": 2}, Defer, "concurrency", NOW + LOOK_AGAIN),
    ({"concurrency": 1, "live_calls": 2}, Defer, "concurrency", NOW + LOOK_AGAIN),
    ({"live_calls": 1000}, Dial, None, None),
    # budget
    (spent(9, minutes(5)), Dial, None, None),
    (spent(10, minutes(5)), Defer, "daily_budget", minutes(5)),
    (spent(11, minutes(16)), Skip, "daily_budget", minutes(16)),
]


def until_of(made: Dial | Defer | Skip) -> datetime | None:
    """Return until when a decision defers, or when the gate that stopped it would have opened."""
    if isinstance(made, Defer):
        return made.until
    return next((answer.until for answer in made.gates if answer.verdict == "stop"), None)


@pytest.mark.parametrize(("differences", "decision", "reason", "until"), CASES)
def test_what_the_facts_lead_to(
    differences: dict[str, Any], decision: type, reason: str | None, until: datetime | None
) -> None:
    made = decide(replace(CLEAR, **differences), NOW)
    assert type(made) is decision
    assert getattr(made, "reason", None) == reason
    assert until_of(made) == until


BUSY = {"busy_call_id": "call_1"}

# facts | the decision | its reason | until when
SEVERAL: list[tuple[dict[str, Any], type, str, datetime | None]] = [
    # What stops a call stops it, whatever else it might wait for.
    ({**BUSY, "open_execution_id": "exe_1"}, Skip, "overlap", None),
    ({**BUSY, **open_at("09:46-20:00", MADRID)}, Skip, "outside_calling_window", minutes(16)),
    ({**suppressed_until(minutes(5)), **dialled("2/1h", 10, 44)}, Skip, "call_cap", minutes(16)),
    # Of several that stop it the first gives the reason: too late is missed, whoever is on the list.
    ({"deadline_at": NOW - timedelta(seconds=1), **suppressed_until(None)}, Skip, "too_late", None),
    ({"schedule_status": ScheduleState.CANCELED, **suppressed_until(None)}, Skip, "schedule_canceled", None),
    ({**talking_until(minutes(5)), **suppressed_until(None)}, Skip, "suppressed", None),
    # Of several that are waited for, the first gives the reason, and the last to open the time.
    ({**BUSY, **open_at("09:40-20:00", MADRID)}, Defer, "line_busy", minutes(10)),
    ({**suppressed_until(minutes(9)), **open_at("09:40-20:00", MADRID)}, Defer, "suppressed", minutes(10)),
    ({**talking_until(minutes(12), recurring=False), **dialled("2/1h", 10, 50)}, Defer, "live_session", minutes(12)),
    ({"concurrency": 1, "live_calls": 1, "pace": 1.0, "turn_at": minutes(1)}, Defer, "pace", minutes(1)),
    ({"database_behind": True, **spent(10, minutes(5))}, Defer, "database_behind", minutes(5)),
]


@pytest.mark.parametrize(("differences", "decision", "reason", "until"), SEVERAL)
def test_what_several_gates_at_once_lead_to(
    differences: dict[str, Any], decision: type, reason: str, until: datetime | None
) -> None:
    made = decide(replace(CLEAR, **differences), NOW)
    assert type(made) is decision
    assert not isinstance(made, Dial)
    assert made.reason == reason
    if isinstance(made, Defer):
        assert made.until == until
    else:
        assert [answer.until for answer in made.gates if answer.reason == reason] == [until]


@pytest.mark.parametrize(
    ("differences", "status"),
    [
        ({"deadline_at": NOW - timedelta(seconds=1)}, ExecutionState.MISSED),
        ({"schedule_status": ScheduleState.CANCELED}, ExecutionState.CANCELED),
        (suppressed_until(None), ExecutionState.SKIPPED),
        (talking_until(minutes(5)), ExecutionState.SKIPPED),
        (open_at("11:00-12:00", MADRID), ExecutionState.SKIPPED),
    ],
)
def test_what_becomes_of_a_call_that_is_not_made(differences: dict[str, Any], status: ExecutionState) -> None:
    made = decide(replace(CLEAR, **differences), NOW)
    assert isinstance(made, Skip)
    assert made.status is status


ALL_PAIRS = [{**one[0], **other[0]} for one, other in product(CASES, CASES)]


def test_every_gate_answers_every_time() -> None:
    for differences in ALL_PAIRS:
        made = decide(replace(CLEAR, **differences), NOW)
        assert [answer.gate for answer in made.gates] == list(GATES)


def test_a_gate_that_does_not_pass_says_why_and_one_that_waits_says_until_when() -> None:
    for differences in ALL_PAIRS:
        for answer in decide(replace(CLEAR, **differences), NOW).gates:
            assert (answer.verdict == "pass") == (answer.reason is None)
            if answer.verdict == "wait":
                assert answer.until is not None
                assert answer.until > NOW
            if answer.verdict == "pass":
                assert answer.until is None
            else:
                assert answer.datum
                assert answer.source


def test_a_call_goes_out_only_when_every_gate_passes() -> None:
    for differences in ALL_PAIRS:
        made = decide(replace(CLEAR, **differences), NOW)
        verdicts = {answer.verdict for answer in made.gates}
        expected = Skip if "stop" in verdicts else Defer if "wait" in verdicts else Dial
        assert type(made) is expected


def test_a_deferral_looks_ahead_and_never_past_the_deadline_by_more_than_a_second() -> None:
    for differences in ALL_PAIRS:
        facts = replace(CLEAR, **differences)
        made = decide(facts, NOW)
        if isinstance(made, Defer):
            assert NOW < made.until <= facts.deadline_at + timedelta(seconds=1)


def test_a_stop_that_knows_when_it_opens_says_so_and_that_is_too_late() -> None:
    for differences in ALL_PAIRS:
        facts = replace(CLEAR, **differences)
        for answer in decide(facts, NOW).gates:
            if answer.verdict == "stop" and answer.until is not None:
                assert answer.until > facts.deadline_at


def test_a_deferral_to_the_deadline_is_just_after_it() -> None:
    near, far = (
        decide(replace(CLEAR, busy_call_id="call_1", deadline_at=NOW + wait), NOW)
        for wait in (timedelta(seconds=5), timedelta(minutes=5))
    )
    assert isinstance(near, Defer)
    assert near.until == NOW + timedelta(seconds=6)
    assert isinstance(far, Defer)
    assert far.until == NOW + LOOK_AGAIN
