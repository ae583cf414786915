"""Is somebody who was not reached called again, and when?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hyponema_cli.core.call import ExecutionState, Outcome
from hyponema_cli.core.retry import (
    DEFAULT_RETRY_ON,
    LONGEST_DELAY,
    RETRYABLE,
    Backoff,
    GiveUp,
    Retry,
    RetryPolicy,
    decide_retry,
    delay_after,
)
from hyponema_cli.core.timewords import LONGEST_DURATION
from tests.core.helpers import table, utc
from tests.strategies import SECOND, examples

NOW = utc("2026-03-01T09:00Z")
MINUTE = timedelta(minutes=1)
EVERYTHING = frozenset(RETRYABLE)


def after(outcome: Outcome, *, attempt: int = 1, **policy: Any) -> Retry | GiveUp:
    return decide_retry(RetryPolicy(**policy), outcome=outcome, attempt=attempt, now=NOW, jitter=0)


def test_the_default_policy_calls_once() -> None:
    assert after(Outcome.NO_ANSWER) == GiveUp(ExecutionState.EXHAUSTED, "no_answer")


def test_somebody_who_did_not_answer_is_called_again_after_the_delay() -> None:
    assert after(Outcome.NO_ANSWER, max_attempts=2, delay=5 * MINUTE) == Retry(utc("2026-03-01T09:05Z"))


def test_the_last_attempt_is_the_last() -> None:
    assert [type(after(Outcome.BUSY, max_attempts=3, attempt=attempt)) for attempt in (1, 2, 3, 4)] == [
        Retry,
        Retry,
        GiveUp,
        GiveUp,
    ]


def test_the_outcomes_that_are_retried_unless_told_otherwise_are_those_of_nobody_reached() -> None:
    assert {"no_answer", "busy", "timeout"} == DEFAULT_RETRY_ON
    assert {"no_answer", "busy", "timeout", "failed", "voicemail"} == EVERYTHING


@pytest.mark.parametrize(
    ("outcome", "status", "reason"),
    table("""
        answered  | completed | answered
        voicemail | completed | voicemail
        no_answer | failed    | no_answer
        busy      | failed    | busy
        timeout   | failed    | timeout
        failed    | failed    | failed
        rejected  | failed    | rejected
        canceled  | canceled  | canceled_at_carrier
    """),
)
def test_an_outcome_that_is_not_retried_ends_the_execution(outcome: str, status: str, reason: str) -> None:
    ended = after(Outcome(outcome), max_attempts=9, retry_on=frozenset())
    assert ended == GiveUp(ExecutionState(status), reason)


@pytest.mark.parametrize("outcome", RETRYABLE)
def test_every_outcome_that_may_be_retried_is_until_the_budget_is_used_up(outcome: Outcome) -> None:
    assert isinstance(after(outcome, max_attempts=2, retry_on=EVERYTHING), Retry)
    assert after(outcome, max_attempts=2, attempt=2, retry_on=EVERYTHING) == GiveUp(ExecutionState.EXHAUSTED, outcome)


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.REJECTED, Outcome.CANCELED])
def test_an_answer_a_refusal_and_a_cancellation_are_never_called_again(outcome: Outcome) -> None:
    assert isinstance(after(outcome, max_attempts=9, retry_on=EVERYTHING), GiveUp)


def test_a_fixed_delay_stays_and_an_exponential_one_doubles_up_to_a_day() -> None:
    """Written out, to give a feeling for the waits."""

    def waits(backoff: Backoff) -> list[str]:
        policy = RetryPolicy(delay=5 * MINUTE, backoff=backoff)
        return [str(delay_after(policy, attempt, 0)) for attempt in (1, 2, 3, 4, 5, 8, 9, 10, 100)]

    assert waits(Backoff.FIXED) == ["0:05:00"] * 9
    assert waits(Backoff.EXPONENTIAL) == [
        "0:05:00",
        "0:10:00",
        "0:20:00",
        "0:40:00",
        "1:20:00",
        "10:40:00",
        "21:20:00",
        "1 day, 0:00:00",
        "1 day, 0:00:00",
    ]


def test_jitter_adds_up_to_a_tenth_to_an_exponential_delay_only() -> None:
    exponential = RetryPolicy(delay=10 * MINUTE, backoff=Backoff.EXPONENTIAL)
    assert [delay_after(exponential, 1, jitter) for jitter in (0, 0.5, 0.999)] == [
        timedelta(seconds=600),
        timedelta(seconds=630),
        timedelta(seconds=659),
    ]
    assert delay_after(RetryPolicy(delay=10 * MINUTE), 1, 0.999) == 10 * MINUTE


def delays() -> st.SearchStrategy[timedelta]:
    """Every delay that an operator can type."""
    return st.integers(0, LONGEST_DURATION // SECOND).map(lambda seconds: seconds * SECOND)


@examples(200)
@given(delays(), st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
@example(timedelta(hours=6), 40, 0.0)
def test_an_exponential_delay_is_a_whole_number_of_seconds_near_a_day_at_most(
    delay: timedelta, attempt: int, jitter: float
) -> None:
    wait = delay_after(RetryPolicy(delay=delay, backoff=Backoff.EXPONENTIAL), attempt, jitter)
    assert timedelta(0) <= wait <= max(LONGEST_DELAY, delay) * 1.1
    assert wait % SECOND == timedelta(0)


@examples(100)
@given(st.integers(0, 3600), st.integers(1, 20))
def test_an_exponential_delay_never_shrinks(seconds: int, attempt: int) -> None:
    policy = RetryPolicy(delay=seconds * SECOND, backoff=Backoff.EXPONENTIAL)
    assert delay_after(policy, attempt, 0) <= delay_after(policy, attempt + 1, 0)
