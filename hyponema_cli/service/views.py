"""What does a program get? A schedule as an object; history and health as the documents that `--json` prints.

The names are those of the JSON. Instants of an object are aware datetimes in UTC; those of a document are texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypedDict

from hyponema_cli.core.instant import from_text, to_text

_INSTANTS = frozenset({"run_at", "start_at", "until_at", "last_run_at", "next_run_at", "created_at", "updated_at"})

_LISTS = frozenset({"weekdays", "retry_on", "webhook_events"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledCall:
    """A schedule as it was when it was asked for: who calls whom, when, and how that went.

    Its attributes are what `hyp schedules show --json` prints, by the same names.
    """

    id: str
    kind: str
    """once, weekly or cron."""
    single_shot: bool
    agent_id: str
    user_id: str | None
    phone_number: str
    weekdays: tuple[int, ...] | None
    local_time: str | None
    local_time_from: str | None
    """Whose time of day that is: the schedule's or its user's."""
    cron_expression: str | None
    run_at: datetime | None
    """When a one-shot is for; `next_run_at` is None once that has come due."""
    timezone: str | None
    """The zone in force."""
    timezone_from: str | None
    """Whose zone that is: the schedule's, its user's or the workspace's."""
    enabled: bool
    status: str
    """active, paused, completed, exhausted or canceled."""
    status_reason: str | None
    name: str | None
    description: str | None
    customer_context: Mapping[str, Any]
    metadata: Mapping[str, Any]
    max_occurrences: int | None
    start_at: datetime | None
    until_at: datetime | None
    max_attempts: int
    retry_delay_seconds: int
    backoff: str
    retry_on: tuple[str, ...]
    catch_up_window_seconds: int | None
    calling_window: str | None
    calling_window_from: str | None
    on_doubt: str
    redial_after_seconds: int | None
    webhook_url: str | None
    webhook_events: tuple[str, ...]
    priority: int
    ref: str | None
    last_run_at: datetime | None
    next_run_at: datetime | None
    trouble: str | None
    """Why the rule cannot be read as things stand: it has lost its zone, or its time of day."""
    last_status: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, shape: Mapping[str, Any]) -> ScheduledCall:
        """Read what is printed of a schedule."""
        return cls(**{name: _value(name, value) for name, value in shape.items()})

    def as_dict(self) -> dict[str, Any]:
        """Return what `hyp schedules show --json` prints of it."""
        return {each.name: _printed(getattr(self, each.name)) for each in fields(self)}


class Call(TypedDict):
    """One dial attempt of an execution."""

    call_id: str
    number: int
    status: str
    carrier: str
    carrier_call_id: str | None
    from_number: str
    to_number: str
    reason: str | None
    error: str | None
    answered_by: str | None
    created_at: str
    placed_at: str | None
    finished_at: str | None
    duration: int | None
    price: str | None
    currency: str | None


class Execution(TypedDict):
    """What became of one occurrence, or of a manual run."""

    execution_id: str | None
    """None for the one that comes next: it has no row yet."""
    schedule_id: str
    scheduled_time: str
    actual_time: str | None
    call_id: str | None
    status: str
    duration: int | None
    error: str | None
    reason: str | None
    kind: str
    note: str | None
    attempts: int
    due_at: str
    deadline_at: str | None
    finished_at: str | None
    from_number: str | None
    gates: list[dict[str, Any]]
    calls: list[Call]


class History(TypedDict):
    """What `hyp history SCHEDULE --json` prints: in order of time, what comes next at the end as `pending`."""

    schedule_id: str
    executions: list[Execution]


class Health(TypedDict):
    """What `hyp health --json` prints."""

    status: str
    """healthy or unhealthy."""
    scheduled_calls_pending: int
    scheduled_calls_total: int
    last_execution: str | None
    failed_executions_today: int
    reasons: list[str]
    heartbeat_age_seconds: int | None
    oldest_due_age_seconds: int | None
    doubts: int
    held_carriers: list[str]
    database_behind: bool | None
    webhook_backlog: int
    webhooks_dead: int


def plain(shape: Any) -> Any:
    """Return what is printed as it is read again: words of ours become texts like others."""
    if isinstance(shape, str):
        return str(shape)
    if isinstance(shape, list):
        return [plain(each) for each in shape]
    return {name: plain(each) for name, each in shape.items()} if isinstance(shape, dict) else shape


def _value(name: str, printed: Any) -> Any:
    if name in _INSTANTS and printed is not None:
        return from_text(printed)
    return tuple(map(plain, printed)) if name in _LISTS and printed is not None else plain(printed)


def _printed(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_text(value)
    return list(value) if isinstance(value, tuple) else value
