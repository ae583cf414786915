"""What does a row say? Frozen values, as they leave the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hyponema_cli.core import catchup, cron, timewords
from hyponema_cli.core.call import CallState, ExecutionState, ScheduleState
from hyponema_cli.core.caps import Cap
from hyponema_cli.core.connect import Connection, MachineDetection
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.retry import RetryPolicy
from hyponema_cli.core.schedule import Cron, Once, Rule, Weekly
from hyponema_cli.core.window import CallingWindow, in_force

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """What `hyp config` holds for a workspace."""

    live: bool = False
    timezone: str | None = None
    catch_up_window: timedelta = catchup.DEFAULT_WINDOW
    calling_window: CallingWindow | None = None
    """None: people may be called at any hour."""
    call_cap: tuple[Cap, ...] = ()
    pace: float | None = None
    """Calls a second for each carrier account; None: what the carrier says of itself."""
    concurrency: int | None = None
    daily_budget: int | None = None
    webhook_url: str | None = None
    """Who hears of executions whose schedule names nobody."""
    webhook_events: tuple[str, ...] = ()
    """Of what, where the schedule does not say; empty: everything."""
    webhook_allow_private: bool = False
    """Whether receivers may stand on this machine, or in its network."""
    heartbeat_url: str | None = None
    """Asked after every good pass."""
    callback_url: str | None = None
    """Under which address carriers reach `hyp serve`, to tell what becomes of calls."""

    def window(self, own: timedelta | None) -> timedelta:
        """Return the catch-up window in force: a schedule's own, else the workspace's."""
        return self.catch_up_window if own is None else own


@dataclass(frozen=True, slots=True)
class Agent:
    """The voice agent that talks, and how a carrier connects a call to it."""

    id: str
    name: str
    answer_url: str | None
    stream_url: str | None
    application_sid: str | None
    created_at: datetime
    updated_at: datetime
    ring_timeout_seconds: int | None = None
    time_limit_seconds: int | None = None
    machine_detection: MachineDetection = "off"
    call_reason: str | None = None

    @property
    def connection(self) -> Connection:
        """How a carrier connects a call to it."""
        return Connection(
            self.answer_url,
            self.stream_url,
            self.application_sid,
            self.ring_timeout_seconds,
            self.time_limit_seconds,
            self.machine_detection,
            self.call_reason,
        )


@dataclass(frozen=True, slots=True)
class User:
    """The person called."""

    id: str
    name: str
    phone_number: str
    timezone: str | None
    local_time: str | None
    """HH:MM:SS, the time of day at which this person is usually called."""
    context: JsonObject
    created_at: datetime
    updated_at: datetime
    calling_window: str | None = None
    """The hours in which this person may be called; None: the workspace's."""


@dataclass(frozen=True, slots=True)
class Number:
    """A caller ID on a carrier, attached to at most one agent."""

    id: str
    phone_number: str
    carrier: str
    label: str | None
    agent_id: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Callee:
    """What a schedule takes from its user while it is bound to one."""

    name: str
    phone_number: str
    timezone: str | None
    local_time: str | None
    calling_window: str | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rule: who calls whom, when. `callee` is set when it is bound to a user, `to_number` when to a bare number."""

    id: str
    agent_id: str
    user_id: str | None
    to_number: str | None
    kind: str
    weekdays: tuple[int, ...] | None
    local_time: str | None
    """HH:MM:SS; None: the user's."""
    cron_expression: str | None
    run_at: datetime | None
    """A one-shot given as an instant."""
    run_local: datetime | None
    """A one-shot given as a wall reading (naive), which stays the truth if the zone's rules change."""
    run_fold: int
    timezone: str | None
    """None: the user's, then the workspace's."""
    status: ScheduleState
    status_reason: str | None
    name: str | None
    description: str | None
    customer_context: JsonObject
    metadata: JsonObject
    max_occurrences: int | None
    start_at: datetime | None
    until_at: datetime | None
    retry: RetryPolicy
    catch_up_window: timedelta | None
    """None: the workspace's."""
    webhook_url: str | None
    webhook_events: tuple[str, ...]
    priority: int
    ref: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    next_run_at: datetime | None
    next_slot: str | None
    next_note: str | None
    accounted_until: datetime
    """Every occurrence up to here has its row."""
    calling_window: str | None = None
    """The hours in which it may call; None: its user's, then the workspace's."""
    on_doubt: timedelta | None = None
    """How long after a call in doubt the callee is dialled again; None: never by itself."""
    trouble: str | None = None
    """Why the rule cannot be read as things stand: it has lost its zone, or its time of day."""
    callee: Callee | None = None
    agent_name: str = ""
    last_run_at: datetime | None = None
    last_status: str | None = None

    @property
    def recurring(self) -> bool:
        """True for a rule that can fire more than once."""
        return self.kind != "once"

    @property
    def phone_number(self) -> str:
        """The number that it calls now."""
        number = self.callee.phone_number if self.callee else self.to_number
        assert number is not None, "the table's CHECK allows no schedule without a callee"
        return number

    def zone_name(self, workspace: str | None) -> tuple[str | None, str | None]:
        """Return the zone in force and whose it is: the schedule's, else its user's, else the workspace's."""
        users = self.callee.timezone if self.callee else None
        for name, owner in ((self.timezone, "schedule"), (users, "user"), (workspace, "workspace")):
            if name is not None:
                return name, owner
        return None, None

    def zone(self, workspace: str | None) -> ZoneInfo | None:
        """Return the zone in force; raises InvalidInput when the time zone data have none of that name."""
        name, _ = self.zone_name(workspace)
        return timewords.stored_zone(name) if name is not None else None

    def time_of_day(self) -> tuple[time | None, str | None]:
        """Return the time of day in force and whose it is: the schedule's, else its user's."""
        users = self.callee.local_time if self.callee else None
        for text, owner in ((self.local_time, "schedule"), (users, "user")):
            if text is not None:
                return time.fromisoformat(text), owner
        return None, None

    def window_of(self, workspace: CallingWindow | None) -> tuple[str | None, str | None]:
        """Return the text of the calling window in force, and whose it is."""
        users = self.callee.calling_window if self.callee else None
        found = in_force(self.calling_window, users, workspace)
        return (found[0].text, found[1]) if found else (None, None)

    def rule(self, workspace_timezone: str | None) -> Rule:
        """Return the rule that decides when it fires.

        Raises InvalidInput when it has no zone or no time of day, its own or its user's.
        """
        zone = self.zone(workspace_timezone)
        start, until = self.start_at, self.until_at
        if self.kind == "once" and self.run_at is not None:
            return Once(at=self.run_at, start=start, until=until)
        if zone is None:
            raise InvalidInput(
                "no timezone: neither the schedule, its user nor the workspace has one",
                hint="add --tz Europe/Madrid, or set one for all: hyp config set timezone Europe/Madrid",
            )
        match self.kind:
            case "once":
                return Once(wall=self.run_local, zone=zone, fold=self.run_fold, start=start, until=until)
            case "cron":
                assert self.cron_expression is not None, "the table's CHECK"
                return Cron(cron.parse(self.cron_expression), zone, start, until)
            case _:
                at, _ = self.time_of_day()
                if at is None:
                    raise InvalidInput(
                        "no time of day: neither the schedule nor its user has one",
                        hint="add --at 09:30, or give the user one: hyp users edit USER --local-time 09:30",
                    )
                assert self.weekdays is not None, "the table's CHECK"
                return Weekly(self.weekdays, at, zone, start, until)


def blank_schedule(
    schedule_id: str, agent_id: str, user_id: str | None, to_number: str | None, created_by: str, now: datetime
) -> Schedule:
    """Return a schedule of which no more is said yet than who calls whom."""
    return Schedule(
        id=schedule_id,
        agent_id=agent_id,
        user_id=user_id,
        to_number=to_number,
        kind="",
        weekdays=None,
        local_time=None,
        cron_expression=None,
        run_at=None,
        run_local=None,
        run_fold=0,
        timezone=None,
        status=ScheduleState.ACTIVE,
        status_reason=None,
        name=None,
        description=None,
        customer_context={},
        metadata={},
        max_occurrences=None,
        start_at=None,
        until_at=None,
        retry=RetryPolicy(),
        catch_up_window=None,
        webhook_url=None,
        webhook_events=(),
        priority=0,
        ref=None,
        created_by=created_by,
        created_at=now,
        updated_at=now,
        next_run_at=None,
        next_slot=None,
        next_note=None,
        accounted_until=now,
    )


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation with a person, on any channel: while it lasts, nobody dials them."""

    id: str
    user_id: str | None
    phone_number: str
    channel: str | None
    started_at: datetime
    touched_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    def status(self, now: datetime) -> str:
        """Return live, ended, or expired: nobody has touched it for so long that it must be over."""
        if self.ended_at is not None:
            return "ended"
        return "live" if self.expires_at > now else "expired"


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A phone number that must not be dialled."""

    phone_number: str
    reason: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    """None: for good."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the audit trail."""

    id: int
    at: datetime
    actor: str
    name: str
    schedule_id: str | None
    execution_id: str | None
    call_id: str | None
    subject_id: str | None
    """An agent, user, number, session or setting."""
    reason: str | None
    detail: JsonObject | None


@dataclass(frozen=True, slots=True)
class Call:
    """One dial attempt of an execution."""

    id: str
    execution_id: str
    number: int
    carrier: str
    carrier_call_id: str | None
    from_number: str
    to_number: str
    status: CallState
    reason: str | None
    error: str | None
    answered_by: str | None
    deadline_at: datetime
    """No request may be sent after this."""
    created_at: datetime
    placed_at: datetime | None
    finished_at: datetime | None
    duration_seconds: int | None
    price: str | None = None
    """What it cost, as a decimal number, if the carrier has said so."""
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Execution:
    """The record of one occurrence that came due, or of a manual run."""

    id: str
    schedule_id: str
    kind: str
    slot: str | None
    scheduled_time: datetime
    due_at: datetime
    deadline_at: datetime
    status: ExecutionState
    reason: str | None
    note: str | None
    attempts: int
    from_number: str | None
    actual_time: datetime | None
    finished_at: datetime | None
    created_at: datetime
    gates: tuple[JsonObject, ...] = ()
    calls: tuple[Call, ...] = field(default=())
    schedule_name: str | None = None
    callee_name: str | None = None
    agent_id: str | None = None
    timezone: str | None = None

    @property
    def last_call(self) -> Call | None:
        """The latest attempt, if there was one."""
        return self.calls[-1] if self.calls else None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What an agent asked of a tool during a conversation, and what it was answered."""

    id: str
    session_id: str
    agent_id: str
    tool: str
    arguments: Any
    """As they came; what was no JSON, as a text."""
    status: str
    """The answer's, or the kind of its error."""
    answer: JsonObject
    run_at: datetime | None
    """The instant that was proposed or promised."""
    schedule_id: str | None
    """The schedule that came of it, or that it was about."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was read to a caller, and is done once they have agreed."""

    id: str
    session_id: str
    agent_id: str
    tool: str
    action: str
    """book, move, cancel, move_series or cancel_series."""
    schedule_id: str | None
    """What is moved or canceled."""
    occurrence_at: datetime | None
    """Which occurrence of a schedule that repeats."""
    run_at: datetime | None
    """When the call would be."""
    details: JsonObject
    created_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None = None
    kept_by: str | None = None
    """The schedule that keeps the promise."""
