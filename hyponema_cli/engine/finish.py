"""A call is over, or an execution is. What follows?"""

from __future__ import annotations

from datetime import datetime, timedelta

from hyponema_cli.core.call import Outcome
from hyponema_cli.core.gates import Answer
from hyponema_cli.core.retry import GiveUp, Retry, RetryPolicy, decide_retry
from hyponema_cli.engine.desk import Desk, jitter_of
from hyponema_cli.engine.materialise import conclude
from hyponema_cli.engine.report import TickReport
from hyponema_cli.store import executions


def finish_call(
    desk: Desk,
    schedule_id: str,
    execution_id: str,
    policy: RetryPolicy,
    window: timedelta,
    *,
    outcome: Outcome,
    attempt: int,
    call_id: str,
    now: datetime,
    report: TickReport,
) -> None:
    """Decide what follows a call that is over: another attempt, or the end of its execution."""
    match decide_retry(policy, outcome=outcome, attempt=attempt, now=now, jitter=jitter_of(call_id)):
        case Retry(at):
            executions.wait_for_retry(desk.store, execution_id, at, at + window, outcome)
            desk.log(
                now, "execution.waiting_retry", schedule_id=schedule_id, execution_id=execution_id, reason=outcome
            )
            report.retried += 1
        case GiveUp() as end:
            finish_execution(desk, schedule_id, execution_id, end, now, report)


def finish_execution(
    desk: Desk,
    schedule_id: str,
    execution_id: str,
    end: GiveUp,
    now: datetime,
    report: TickReport,
    *,
    gates: tuple[Answer, ...] = (),
) -> None:
    """Close an execution, and its schedule when nothing is left of it."""
    executions.finish(desk.store, execution_id, end.status, end.reason, now, gates)
    desk.log(now, f"execution.{end.status}", schedule_id=schedule_id, execution_id=execution_id, reason=end.reason)
    report.count(end.status)
    conclude(desk, schedule_id, now)
