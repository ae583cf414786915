"""What do programs get? The shapes that others rely on: keys may be added, none is removed or changes its type.

Instants are UTC with a Z, durations end in `_seconds`, lists are arrays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hyponema_cli.core.call import ExecutionState, ScheduleState
from hyponema_cli.core.errors import InvalidInput, suggestion
from hyponema_cli.core.health import Reason, Vitals
from hyponema_cli.core.instant import maybe_text, to_text
from hyponema_cli.core.promise import Promise
from hyponema_cli.core.records import (
    Agent,
    Call,
    Event,
    Execution,
    Number,
    Schedule,
    Session,
    Settings,
    Suppressed,
    ToolCall,
    User,
)
from hyponema_cli.core.schedule import Occurrence, next_occurrence
from hyponema_cli.core.tally import SERIES, Rate, Tally, quantile
from hyponema_cli.core.token import Token
from hyponema_cli.render.safe import visible_json

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from hyponema_cli.engine.why import Outlook
    from hyponema_cli.render.metrics import Family

_BEFORE_ALL = datetime(1900, 1, 1, tzinfo=UTC)


_in_a_line = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def document(value: object) -> str:
    """Write a JSON document for people and programs: indented, UTF-8, nothing that moves a cursor."""
    return visible_json(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def array(items: Iterable[object]) -> Iterator[str]:
    """Write a document of many items, an item at a time."""
    before = "[\n  "
    for item in items:
        yield before + document(item).replace("\n", "\n  ")  # in a text of JSON a newline is written out
        before = ",\n  "
    yield "[]" if before[0] == "[" else "\n]"


def line(value: object) -> str:
    """Write a value in one line."""
    return visible_json(_in_a_line(value))


def picked(shape: Mapping[str, Any], wanted: Sequence[str]) -> Mapping[str, Any]:
    """Return the wanted fields of a shape, in that order; all, where none is named. Raises InvalidInput."""
    for name in wanted:
        if name not in shape:
            raise InvalidInput(f"--fields {name!r} is not a field", hint=suggestion(name, shape))
    return {name: shape[name] for name in wanted} if wanted else shape


def agent(it: Agent) -> dict[str, Any]:
    """An agent."""
    return {
        "id": it.id,
        "name": it.name,
        "answer_url": it.answer_url,
        "stream_url": it.stream_url,
        "application_sid": it.application_sid,
        "ring_timeout_seconds": it.ring_timeout_seconds,
        "time_limit_seconds": it.time_limit_seconds,
        "machine_detection": it.machine_detection,
        "call_reason": it.call_reason,
        "created_at": to_text(it.created_at),
        "updated_at": to_text(it.updated_at),
    }


def user(it: User) -> dict[str, Any]:
    """A user."""
    return {
        "id": it.id,
        "name": it.name,
        "phone_number": it.phone_number,
        "timezone": it.timezone,
        "local_time": it.local_time,
        "calling_window": it.calling_window,
        "context": dict(it.context),
        "created_at": to_text(it.created_at),
        "updated_at": to_text(it.updated_at),
    }


def number(it: Number) -> dict[str, Any]:
    """A number."""
    return {
        "id": it.id,
        "phone_number": it.phone_number,
        "carrier": it.carrier,
        "label": it.label,
        "agent_id": it.agent_id,
        "created_at": to_text(it.created_at),
        "updated_at": to_text(it.updated_at),
    }


def schedule(it: Schedule, workspace: Settings) -> dict[str, Any]:
    """A schedule, with the zone, the time of day and the calling window in force and whose they are."""
    zone, zone_of = it.zone_name(workspace.timezone)
    window, window_of = it.window_of(workspace.calling_window)
    at, time_of = it.time_of_day()
    return {
        "id": it.id,
        "kind": it.kind,
        "single_shot": not it.recurring,
        "agent_id": it.agent_id,
        "user_id": it.user_id,
        "phone_number": it.phone_number,
        "weekdays": list(it.weekdays) if it.weekdays else None,
        "local_time": at.isoformat() if at and it.kind == "weekly" else None,
        "local_time_from": time_of if it.kind == "weekly" else None,
        "cron_expression": it.cron_expression,
        "run_at": _run_at(it, workspace.timezone),
        "timezone": zone,
        "timezone_from": zone_of,
        "enabled": it.status is not ScheduleState.PAUSED,
        "status": it.status,
        "status_reason": it.status_reason,
        "name": it.name,
        "description": it.description,
        "customer_context": dict(it.customer_context),
        "metadata": dict(it.metadata),
        "max_occurrences": it.max_occurrences,
        "start_at": maybe_text(it.start_at),
        "until_at": maybe_text(it.until_at),
        "max_attempts": it.retry.max_attempts,
        "retry_delay_seconds": int(it.retry.delay.total_seconds()),
        "backoff": it.retry.backoff,
        "retry_on": sorted(it.retry.retry_on),
        "catch_up_window_seconds": int(it.catch_up_window.total_seconds()) if it.catch_up_window else None,
        "calling_window": window,
        "calling_window_from": window_of,
        "on_doubt": "hold" if it.on_doubt is None else "redial-after",
        "redial_after_seconds": None if it.on_doubt is None else int(it.on_doubt.total_seconds()),
        "webhook_url": it.webhook_url,
        "webhook_events": list(it.webhook_events),
        "priority": it.priority,
        "ref": it.ref,
        "last_run_at": maybe_text(it.last_run_at),
        "next_run_at": maybe_text(it.next_run_at),
        "trouble": it.trouble,
        "last_status": it.last_status,
        "created_by": it.created_by,
        "created_at": to_text(it.created_at),
        "updated_at": to_text(it.updated_at),
    }


def execution(it: Execution) -> dict[str, Any]:
    """An execution: the guides' keys first, then ours."""
    last = it.last_call
    return {
        "execution_id": it.id,
        "schedule_id": it.schedule_id,
        "scheduled_time": to_text(it.scheduled_time),
        "actual_time": maybe_text(it.actual_time),
        "call_id": last.id if last else None,
        "status": it.status,
        "duration": last.duration_seconds if last else None,
        "error": _error_of(it),
        "reason": it.reason,
        "kind": it.kind,
        "note": it.note,
        "attempts": it.attempts,
        "due_at": to_text(it.due_at),
        "deadline_at": to_text(it.deadline_at),
        "finished_at": maybe_text(it.finished_at),
        "from_number": it.from_number,
        "gates": [dict(answer) for answer in it.gates],
        "calls": [call(each) for each in it.calls],
    }


def coming(schedule_id: str, occurrence: Occurrence) -> dict[str, Any]:
    """The occurrence that comes next, in the shape of an execution: it has no row yet, so no id and no deadline."""
    pending = Execution(
        id="",
        schedule_id=schedule_id,
        kind="scheduled",
        slot=occurrence.slot,
        scheduled_time=occurrence.at,
        due_at=occurrence.at,
        deadline_at=occurrence.at,
        status=ExecutionState.PENDING,
        reason=None,
        note=occurrence.note,
        attempts=0,
        from_number=None,
        actual_time=None,
        finished_at=None,
        created_at=occurrence.at,
    )
    return {**execution(pending), "execution_id": None, "deadline_at": None}


def history(schedule_id: str, latest_first: Sequence[Execution], following: Iterable[Occurrence]) -> dict[str, Any]:
    """What became of a schedule, in order of time, and what comes next: the guides' shape."""
    rows = [execution(each) for each in reversed(latest_first)]
    return {"schedule_id": schedule_id, "executions": rows + [coming(schedule_id, each) for each in following]}


def firing(at: datetime, zone: ZoneInfo, note: str | None, seen: Outlook | None) -> dict[str, str | None]:
    """When a rule fires, and what the gates say of it; a rule that is not stored has no gates."""
    return {
        "scheduled_time": to_text(at),
        "local_time": at.astimezone(zone).isoformat(),
        "timezone": zone.key,
        "note": note,
        **(outlook(seen) if seen else {}),
    }


def outlook(it: Outlook) -> dict[str, str | None]:
    """What the gates say of a firing, as things stand."""
    return {"verdict": it.decision.verdict, "reason": it.decision.reason, "rings_at": maybe_text(it.rings_at)}


def call(it: Call) -> dict[str, Any]:
    """A call."""
    return {
        "call_id": it.id,
        "number": it.number,
        "status": it.status,
        "carrier": it.carrier,
        "carrier_call_id": it.carrier_call_id,
        "from_number": it.from_number,
        "to_number": it.to_number,
        "reason": it.reason,
        "error": it.error,
        "answered_by": it.answered_by,
        "created_at": to_text(it.created_at),
        "placed_at": maybe_text(it.placed_at),
        "finished_at": maybe_text(it.finished_at),
        "duration": it.duration_seconds,
        "price": it.price,
        "currency": it.currency,
    }


def session(it: Session, now: datetime) -> dict[str, Any]:
    """A session, as it stands now."""
    return {
        "id": it.id,
        "user_id": it.user_id,
        "phone_number": it.phone_number,
        "channel": it.channel,
        "status": it.status(now),
        "started_at": to_text(it.started_at),
        "touched_at": to_text(it.touched_at),
        "expires_at": to_text(it.expires_at),
        "ended_at": maybe_text(it.ended_at),
    }


def tool_call(it: ToolCall) -> dict[str, Any]:
    """What an agent asked of a tool, and what it was answered."""
    return {
        "id": it.id,
        "at": to_text(it.at),
        "session_id": it.session_id,
        "agent_id": it.agent_id,
        "tool": it.tool,
        "arguments": it.arguments,
        "status": it.status,
        "answer": dict(it.answer),
        "run_at": maybe_text(it.run_at),
        "schedule_id": it.schedule_id,
    }


def promise(it: Promise, now: datetime) -> dict[str, Any]:
    """A call that was promised, and what became of it."""
    kept, reason = it.kept(now)
    return {
        "id": it.id,
        "run_at": to_text(it.run_at),
        "kept": kept,
        "reason": reason,
        "called_at": maybe_text(it.called_at),
        "promised_at": to_text(it.promised_at),
        "agent_id": it.agent_id,
        "user_id": it.user_id,
        "phone_number": it.phone_number,
        "session_id": it.session_id,
        "schedule_id": it.schedule_id,
        "execution_id": it.execution_id,
    }


def suppression(it: Suppressed) -> dict[str, Any]:
    """A suppressed number."""
    return {
        "phone_number": it.phone_number,
        "reason": it.reason,
        "created_by": it.created_by,
        "created_at": to_text(it.created_at),
        "expires_at": maybe_text(it.expires_at),
    }


def token(it: Token) -> dict[str, Any]:
    """A token, without its secret."""
    return {"id": it.id, "name": it.name, "scopes": sorted(it.scopes), "created_at": to_text(it.created_at)}


def event(it: Event) -> dict[str, Any]:
    """A line of the audit trail."""
    return {
        "at": to_text(it.at),
        "actor": it.actor,
        "event": it.name,
        "schedule_id": it.schedule_id,
        "execution_id": it.execution_id,
        "call_id": it.call_id,
        "subject_id": it.subject_id,
        "reason": it.reason,
        "detail": it.detail,
    }


def health_status(why: Sequence[Reason]) -> str:
    """Say in the guides' word how a workspace is."""
    return "unhealthy" if why else "healthy"


def health(it: Vitals, why: Sequence[Reason]) -> dict[str, Any]:
    """A workspace's health: the guides' keys first, then ours."""
    return {
        "status": health_status(why),
        "scheduled_calls_pending": it.pending,
        "scheduled_calls_total": it.total,
        "last_execution": maybe_text(it.last_execution),
        "failed_executions_today": it.failed_today,
        "reasons": [reason.code for reason in why],
        "heartbeat_age_seconds": _seconds(it.heartbeat_age),
        "oldest_due_age_seconds": _seconds(it.oldest_due_age),
        "doubts": it.doubts,
        "held_carriers": list(it.held_carriers),
        "database_behind": it.database_behind,
        "webhook_backlog": it.webhook_backlog,
        "webhooks_dead": it.webhooks_dead,
    }


def metrics(told: Iterable[Family]) -> list[dict[str, Any]]:
    """What Prometheus is told."""
    return [
        {
            "name": each.name,
            "type": each.kind,
            "help": each.about,
            "samples": [{"labels": dict(labels), "value": value} for labels, value in each.samples],
        }
        for each in told
    ]


def tally(it: Tally, begin: datetime, end: datetime, timezone: str) -> dict[str, Any]:
    """Return the numbers of a period; `until` is exclusive, the dates are inclusive."""
    return {
        "since": to_text(begin),
        "until": to_text(end),
        "timezone": timezone,
        "outcomes": {name: it.outcomes[name] for name in SERIES},
        "calls": {"made": it.made, "over": it.rate.over, "answered": it.rate.answered, "answer_rate": _rate(it.rate)},
        "start_lateness_seconds": {"median": quantile(it.lateness, 0.5), "p95": quantile(it.lateness, 0.95)},
        "by_time": [
            {
                "first_date": str(bar.slice.first),
                "last_date": str(bar.slice.last),
                **{name: bar.counts[name] for name in SERIES},
            }
            for bar in it.bars
        ],
        "by_local_hour": [
            {"hour": hour, "over": rate.over, "answered": rate.answered, "answer_rate": _rate(rate)}
            for hour, rate in sorted(it.by_hour.items())
        ],
        "calls_without_timezone": it.without_zone,
    }


def _rate(it: Rate) -> float | None:
    return round(it.answered / it.over, 4) if it.over else None


def _seconds(age: timedelta | None) -> int | None:
    return None if age is None else int(age.total_seconds())


def counts(report: Any) -> dict[str, Any]:
    """A tick's report; what is out of order is there only when it is."""
    found = {name: maybe_text(value) if name.endswith("_at") else value for name, value in asdict(report).items()}
    return {
        name: value for name, value in found.items() if value or name not in ("database_behind", "carrier_trouble")
    }


def did(report: Any) -> str:
    """Say what a tick did, in a line; nothing when it did nothing that shows."""
    counted = {name: count for name, count in asdict(report).items() if type(count) is int and name != "due"}
    said = [f"{count} {name.replace('_', ' ')}" for name, count in counted.items() if count]
    if report.database_behind:
        said.append("this database is older than its last dials, and nothing is dialled until: hyp reconcile")
    said += [f"carrier {account} cannot be used: {why}" for account, why in report.carrier_trouble.items()]
    return ", ".join(said)


def _error_of(it: Execution) -> str | None:
    """Say in a word or a line what went wrong; None when nothing did."""
    if it.status in ("completed", "pending", "dialing", "in_progress"):
        return None
    last = it.last_call
    return (last.error if last else None) or it.reason


def _run_at(it: Schedule, workspace_timezone: str | None) -> str | None:
    if it.recurring:
        return None
    if it.run_at is not None:
        return to_text(it.run_at)
    try:
        occurrence = next_occurrence(it.rule(workspace_timezone), _BEFORE_ALL)
    except InvalidInput:
        return None
    return to_text(occurrence.at) if occurrence else None
