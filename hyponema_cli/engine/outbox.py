"""What is a receiver told of an execution? A snapshot of it as the change left it, put into the outbox beside it.

Written in the transaction of the change, by the one place that writes the audit trail: a change that is rolled back
tells nobody, and one that is kept tells everybody who asked.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from typing import Any

from hyponema_cli.core.instant import maybe_text, to_text
from hyponema_cli.core.records import Execution, Schedule
from hyponema_cli.core.webhook import event_for
from hyponema_cli.ids import NewId
from hyponema_cli.store import Store, executions, schedules, webhooks


def tell(
    store: Store,
    told: str,
    execution_id: str,
    call_id: str | None,
    now: datetime,
    new_id: NewId,
) -> str | None:
    """Put a message about an execution into the outbox, if somebody wants to hear of that.

    Returns what went wrong. A message that cannot be written must not undo the change that it tells of: the ledger
    comes first. Trouble with the database itself is raised, because it would meet the change alike.
    """
    wanted = webhooks.wanted(store, execution_id)
    event = event_for(told, wanted.events) if wanted is not None else None
    if wanted is None or event is None:
        return None
    try:
        with store.savepoint():
            execution = executions.get(store, execution_id)
            assert execution is not None, "it was just joined"
            schedule = schedules.find(store, execution.schedule_id)[0]
            body = json.dumps(
                payload(event, execution, schedule, call_id, now), ensure_ascii=True, separators=(",", ":")
            )
            webhooks.put(store, new_id("msg", now), execution_id, event, wanted, body, now)
    except sqlite3.OperationalError:
        raise
    except Exception as error:
        return f"{event}: {type(error).__name__}"
    return None


def payload(
    event: str, execution: Execution, schedule: Schedule, call_id: str | None, now: datetime
) -> dict[str, Any]:
    """Return what is sent, in the form of Standard Webhooks. `call_id` is the attempt that it is about, if it is."""
    last = execution.last_call
    return {
        "type": f"execution.{event}",
        "timestamp": to_text(now),
        "data": {
            "event": event,
            "schedule_id": schedule.id,
            "schedule_name": schedule.name,
            "ref": schedule.ref,
            "execution_id": execution.id,
            "kind": execution.kind,
            "call_id": call_id or (last.id if last else None),
            "agent_id": schedule.agent_id,
            "user_id": schedule.user_id,
            "phone_number": last.to_number if last else schedule.phone_number,
            "scheduled_time": to_text(execution.scheduled_time),
            "actual_time": maybe_text(execution.actual_time),
            "status": execution.status,
            "reason": execution.reason,
            "error": last.error if last else None,
            "attempts": execution.attempts,
            "duration": last.duration_seconds if last else None,
            "answered_by": last.answered_by if last else None,
            "customer_context": dict(schedule.customer_context),
            "metadata": dict(schedule.metadata),
        },
    }
