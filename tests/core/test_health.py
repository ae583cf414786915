"""What makes a workspace unhealthy, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hyponema_cli.core.health import RULES, Limits, Vitals, reasons
from tests.world import MONDAY

WELL = Vitals(
    now=MONDAY,
    pending=2,
    total=3,
    last_execution=None,
    failed_today=0,
    heartbeat_at=MONDAY,
    heartbeat_of="tick 1 0.1.0",
    heartbeat_obstacle=None,
    oldest_due_at=None,
    doubts=0,
    held_carriers=(),
    database_behind=False,
)
SECOND = timedelta(seconds=1)
ILL = [
    ("no_heartbeat", {"heartbeat_at": None}, "no pass was ever made"),
    ("no_heartbeat", {"heartbeat_at": MONDAY - 181 * SECOND}, "the last pass was 3m1s ago"),
    ("no_heartbeat", {"heartbeat_at": MONDAY + 181 * SECOND}, "ahead of the clock"),
    ("no_heartbeat", {"heartbeat_at": None, "heartbeat_obstacle": "x cannot be written"}, "x cannot be written"),
    ("overdue", {"oldest_due_at": MONDAY - 301 * SECOND}, "due for 5m1s"),
    ("doubts", {"doubts": 1}, "1 in doubt"),
    ("held_carriers", {"held_carriers": ("twilio:eu",)}, "twilio:eu"),
    ("database_behind", {"database_behind": True}, "hyp reconcile"),
    ("journal_unreadable", {"database_behind": None}, "cannot be read"),
]


@pytest.mark.parametrize(("code", "changes", "said"), ILL)
def test_each_reason_is_found_alone_and_said(code: str, changes: dict[str, object], said: str) -> None:
    (reason,) = reasons(replace(WELL, **changes), Limits())  # type: ignore[arg-type]
    assert reason.code == code
    assert said in reason.said


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"failed_today": 1000},
        {"heartbeat_at": MONDAY - 180 * SECOND, "oldest_due_at": MONDAY - 300 * SECOND},
        {"heartbeat_at": MONDAY + 180 * SECOND},
        {"heartbeat_obstacle": "x cannot be written"},
    ],
)
def test_what_is_within_the_limits_and_what_people_do_are_no_reasons(changes: dict[str, object]) -> None:
    assert reasons(replace(WELL, **changes), Limits()) == []  # type: ignore[arg-type]


def test_zero_means_that_nobody_looks() -> None:
    late = replace(WELL, heartbeat_at=None, oldest_due_at=MONDAY - timedelta(days=1))
    assert reasons(late, Limits(timedelta(), timedelta())) == []


def test_every_rule_is_tried_here() -> None:
    assert {code for code, *_ in ILL} == set(RULES)
