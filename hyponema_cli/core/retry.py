"""Is somebody who was not reached called again, and when? One budget an execution, whatever the outcomes were.

`max_attempts` counts the first call too (it is one more than the guides' `max_retries`). Only a final outcome can be
retried: a call in doubt never is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hyponema_cli.core.call import ExecutionState, Outcome

RETRYABLE = (Outcome.NO_ANSWER, Outcome.BUSY, Outcome.TIMEOUT, Outcome.FAILED, Outcome.VOICEMAIL)
DEFAULT_RETRY_ON = frozenset({Outcome.NO_ANSWER, Outcome.BUSY, Outcome.TIMEOUT})
LONGEST_DELAY = timedelta(days=1)
"""Exponential back-off grows no further than this; a longer first delay stays as it is."""
JITTER = 0.1
"""Exponential back-off adds up to a tenth, so that a hundred busy lines do not ring again in one second."""


class Backoff(StrEnum):
    """How the wait grows from one attempt to the next."""

    FIXED = "fixed"
    EXPONENTIAL = "exponential"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to call again. The default calls once."""

    max_attempts: int = 1
    delay: timedelta = timedelta(minutes=10)
    backoff: Backoff = Backoff.FIXED
    retry_on: frozenset[Outcome] = DEFAULT_RETRY_ON


@dataclass(frozen=True, slots=True)
class Retry:
    """Call again at `at`, if every gate lets it."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The execution is over."""

    status: ExecutionState
    reason: str


def decide_retry(
    policy: RetryPolicy, *, outcome: Outcome, attempt: int, now: datetime, jitter: float
) -> Retry | GiveUp:
    """Decide what follows attempt number `attempt` (from 1). `jitter` is drawn by the caller from [0, 1)."""
    if outcome in policy.retry_on:
        if attempt < policy.max_attempts:
            return Retry(now + delay_after(policy, attempt, jitter))
        return GiveUp(ExecutionState.EXHAUSTED, outcome)
    match outcome:
        case Outcome.ANSWERED | Outcome.VOICEMAIL:
            return GiveUp(ExecutionState.COMPLETED, outcome)
        case Outcome.CANCELED:
            return GiveUp(ExecutionState.CANCELED, "canceled_at_carrier")
        case _:
            return GiveUp(ExecutionState.FAILED, outcome)


def delay_after(policy: RetryPolicy, attempt: int, jitter: float) -> timedelta:
    """Return the wait after attempt `attempt`, in whole seconds.

    >>> policy = RetryPolicy(delay=timedelta(minutes=5), backoff=Backoff.EXPONENTIAL)
    >>> [str(delay_after(policy, attempt, 0)) for attempt in (1, 2, 3, 12)]
    ['0:05:00', '0:10:00', '0:20:00', '1 day, 0:00:00']
    """
    if policy.backoff is Backoff.FIXED:
        return policy.delay
    grown = policy.delay
    for _ in range(attempt - 1):
        # Stops at the bound, not at the largest timedelta; a base above the bound does not shrink to it.
        if grown >= LONGEST_DELAY or not grown:
            break
        grown = min(grown * 2, LONGEST_DELAY)
    return timedelta(seconds=int(grown.total_seconds() * (1 + JITTER * jitter)))
