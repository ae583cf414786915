"""Several occurrences of one schedule are due at once. Which is called, and what becomes of the others?"""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.core import cron
from hyponema_cli.core.catchup import DEFAULT_WINDOW, OVERTAKEN, TOO_LATE, CatchUp, plan_catch_up
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.schedule import Cron, Occurrence, occurrences
from tests.core.helpers import table, utc
from tests.strategies import SECOND, examples

MINUTE = timedelta(minutes=1)
NOW = utc("2026-03-01T09:00Z")


def due(*minutes_ago: float) -> list[Occurrence]:
    instants = (NOW - minutes * MINUTE for minutes in minutes_ago)
    return [Occurrence(at, to_text(at)) for at in instants]


def test_a_call_is_welcome_for_a_quarter_of_an_hour() -> None:
    assert timedelta(minutes=15) == DEFAULT_WINDOW


def test_nothing_due_is_nothing_to_do() -> None:
    assert plan_catch_up([], DEFAULT_WINDOW, NOW) == CatchUp(None, ())


@pytest.mark.parametrize(
    ("minutes_ago", "called", "missed"),
    table("""
        0         | 0    |
        15        | 15   |
        16        | none | 16 too_late
        5 0       | 0    | 5 overtaken
        20 5      | 5    | 20 too_late
        40 15 14  | 14   | 40 too_late, 15 overtaken
        40 30 16  | none | 40 too_late, 30 too_late, 16 too_late
    """),
)
def test_the_newest_is_called_if_it_is_in_time_and_the_others_say_why_not(
    minutes_ago: str, called: str, missed: str
) -> None:
    plan = plan_catch_up(due(*map(float, minutes_ago.split())), 15 * MINUTE, NOW)
    assert (f"{(NOW - plan.call.at) // MINUTE}" if plan.call else "none") == called
    assert ", ".join(f"{(NOW - each.at) // MINUTE} {reason}" for each, reason in plan.missed) == missed


def test_the_window_ends_on_its_last_second() -> None:
    (occurrence,) = due(15)
    assert plan_catch_up([occurrence], 15 * MINUTE, NOW).call == occurrence
    assert plan_catch_up([occurrence], 15 * MINUTE, NOW + SECOND).call is None


def test_two_days_of_downtime_on_a_rule_for_every_minute_is_one_call() -> None:
    rule = Cron(cron.parse("* * * * *"), ZoneInfo("Europe/Madrid"), until=NOW)
    overdue = list(occurrences(rule, NOW - 2880 * MINUTE))
    plan = plan_catch_up(overdue, DEFAULT_WINDOW, NOW)
    reasons = [reason for _, reason in plan.missed]
    assert plan.call is not None
    assert plan.call.at == NOW
    assert (reasons.count(TOO_LATE), reasons.count(OVERTAKEN)) == (2864, 15)


@examples(200)
@given(st.sets(st.integers(0, 7200)), st.integers(0, 3600))
def test_every_due_occurrence_is_called_or_missed_with_a_reason(seconds_ago: set[int], window: int) -> None:
    overdue = due(*(seconds / 60 for seconds in sorted(seconds_ago, reverse=True)))
    plan = plan_catch_up(overdue, window * SECOND, NOW)
    assert [*(each for each, _ in plan.missed), *filter(None, [plan.call])] == overdue
    assert all((reason == TOO_LATE) == (NOW - each.at > window * SECOND) for each, reason in plan.missed)
