"""Was a promise kept? What became of a call that an agent promised to somebody, in one word.

A promise is to call, not to be answered: it is kept when a carrier took the call. It is on time up to ON_TIME after
the instant that was read to the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hyponema_cli.core.call import FINAL_EXECUTIONS, ExecutionState, ScheduleState

ON_TIME = timedelta(minutes=5)


class Kept(StrEnum):
    """What became of a promise."""

    ON_TIME = "kept_on_time"
    LATE = "kept_late"
    BROKEN = "broken"
    IN_DOUBT = "in_doubt"
    """Nobody knows whether the call was made."""
    WITHDRAWN = "withdrawn"
    """Somebody took it back before it was due."""
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Promise:
    """A call that was promised, and what is known of it."""

    id: str
    """The proposal that was confirmed."""
    session_id: str
    agent_id: str
    phone_number: str
    user_id: str | None
    promised_at: datetime
    run_at: datetime
    """When the person was told that they would be called."""
    schedule_id: str
    schedule_status: ScheduleState
    next_run_at: datetime | None
    deadline_at: datetime
    """Up to when the call may still go out."""
    execution_id: str | None = None
    execution_status: ExecutionState | None = None
    reason: str | None = None
    called_at: datetime | None = None
    """When a carrier first took a call of it."""
    taken_back_at: datetime | None = None
    """When the caller agreed to another time, or to none."""

    def kept(self, now: datetime) -> tuple[Kept, str | None]:
        """Say what became of it, and why, where that is not plain.

        >>> from datetime import UTC
        >>> at = datetime(2026, 11, 26, 9, tzinfo=UTC)
        >>> over = ScheduleState.COMPLETED
        >>> some = Promise("prop_1", "ses_1", "agent-1", "+34600000001", None, at, at, "sch_1", over, None, at)
        >>> some.kept(at + timedelta(hours=1))
        (<Kept.BROKEN: 'broken'>, 'never_due')
        """
        if self.called_at is not None:
            return (Kept.ON_TIME if self.called_at - self.run_at <= ON_TIME else Kept.LATE), None
        if self.taken_back_at is not None:
            return Kept.WITHDRAWN, "the caller"
        match self.execution_status:
            case ExecutionState.IN_DOUBT:
                return Kept.IN_DOUBT, self.reason
            case ExecutionState.CANCELED:
                return Kept.WITHDRAWN, self.reason
            case None:
                return self._without_execution(now)
        if self.execution_status in FINAL_EXECUTIONS:
            return Kept.BROKEN, self.reason
        return Kept.PENDING, self.reason

    def _without_execution(self, now: datetime) -> tuple[Kept, str | None]:
        if self.schedule_status is ScheduleState.CANCELED:
            return Kept.WITHDRAWN, "schedule_canceled"
        if self.next_run_at is not None and self.next_run_at != self.run_at:
            return Kept.WITHDRAWN, "rescheduled"
        if now <= self.deadline_at:
            return Kept.PENDING, None
        # Due, too late by now, and no pass has even looked at it.
        return Kept.BROKEN, "never_due" if self.next_run_at is None else "no_pass"
