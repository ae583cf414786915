"""hyp history: what happened, and what comes next."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import islice
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from hyponema_cli.cli import output, values
from hyponema_cli.cli.command import LIST, Session, command, single
from hyponema_cli.core import timewords
from hyponema_cli.core.call import ExecutionState
from hyponema_cli.core.errors import InvalidInput, NotFound
from hyponema_cli.core.instant import maybe_text, to_text
from hyponema_cli.core.records import Call, Event, Execution, ToolCall
from hyponema_cli.engine import find, sessions
from hyponema_cli.engine.materialise import occurrences_ahead
from hyponema_cli.render import json, times
from hyponema_cli.render.tables import Column
from hyponema_cli.store import Store, calls, events, executions, numbers, schedules, settings, tools, users

app = single()


@command(app, "history", LIST)
def history(
    session: Session,
    schedule: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCHEDULE]", help="Only this one: its id, or its exact name; with --events, any id or number."
        ),
    ] = None,
    trail: Annotated[
        bool, typer.Option("--events", help="Show the audit trail: every change of state, by whom and why.")
    ] = False,
    status: Annotated[
        list[str] | None, typer.Option("--status", metavar="STATUS", help="Only these, or all; may be repeated.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Since an instant, a date, or 24h ago as in 24h.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Up to an instant or a date.")] = None,
    conversation: Annotated[
        str | None,
        typer.Option("--session", metavar="SESSION", help="Show which tools an agent used in a session, and how."),
    ] = None,
    agent: Annotated[str | None, typer.Option("--agent", metavar="AGENT", help="Only this agent's.")] = None,
    as_chart: Annotated[
        bool, typer.Option("--chart", help="Draw outcomes by day and answers by hour; of 30 days, if not said.")
    ] = False,
) -> None:
    """Show what happened to every occurrence: called, skipped or missed, and why. The latest comes first.

    For one schedule, JSON is {"schedule_id", "executions"}, in order of time, with the coming one at the end.
    A chart counts whole days: --since 7d is seven of them, of which today is the last.

    \b
    Examples:
      hyp history
      hyp history --status missed,failed --since 24h
      hyp history "Weekly check-in" --json
      hyp history --chart --since 7d --agent "Check-in"
      hyp history exe_01K9Z6T0000000000000000000 --events
      hyp history --session ses_01K9Z6T0000000000000000000
    """
    if conversation is not None:
        if schedule or trail or status or since or until or agent or as_chart:
            raise InvalidInput("--session stands alone", hint=f"hyp history --session {conversation}")
        _show_tool_calls(session, conversation)
        return
    if trail:
        for option, given in (("--chart", as_chart), ("--agent", agent)):
            if given:
                raise InvalidInput(f"{option} and --events cannot be used together", hint=f"leave out {option}")
        _show_events(session, schedule, status, since, until)
        return
    wanted = values.statuses("--status", status or (), tuple(ExecutionState), ())
    if as_chart:
        from hyponema_cli.cli import chart

        chart.show(session, schedule, agent, wanted, since, until)
        return
    with session.store() as store:
        workspace = settings.load(store).timezone
        zone = timewords.stored_zone(workspace) if workspace else ZoneInfo("UTC")
        one = find.schedule(store, schedule) if schedule is not None else None
        found = executions.at_leisure(
            store,
            schedule_id=one.id if one else None,
            agent_id=find.agent(store, agent).id if agent is not None else None,
            statuses=wanted,
            since=values.moment(since, session.clock.now(), zone, end=False),
            until=values.moment(until, session.clock.now(), zone, end=True),
            limit=session.most,
        )
        coming = list(islice(occurrences_ahead(store, one, settings.load(store)), 1)) if one else []
    if one is not None and session.json:
        past = list(found)
        shape = json.history(one.id, session.cut(past), coming if not wanted or "pending" in wanted else ())
        picked = [json.picked(row, session.fields) for row in shape["executions"]]
        output.data(json.document({**shape, "executions": picked}) + "\n")
        session.say_if_cut(past)
    else:
        session.show(found, columns(workspace), json.execution, "Nothing has come due yet.")


def _show_tool_calls(session: Session, word: str) -> None:
    with session.store() as store:
        found = tools.calls_of(store, sessions.named(store, word).id, session.most)
    columns = [
        Column[ToolCall]("at", lambda it: to_text(it.at)),
        Column[ToolCall]("agent", lambda it: it.agent_id, spare=True),
        Column[ToolCall]("tool", lambda it: it.tool),
        Column[ToolCall]("arguments", lambda it: json.line(it.arguments), elastic=True),
        Column[ToolCall]("status", lambda it: it.status),
        Column[ToolCall]("run_at", lambda it: maybe_text(it.run_at)),
        Column[ToolCall]("schedule", lambda it: it.schedule_id),
    ]
    session.show(found, columns, json.tool_call, "No tool was used in this session.")


def _show_events(
    session: Session,
    word: str | None,
    status: list[str] | None,
    since: str | None,
    until: str | None,
) -> None:
    if status:
        raise InvalidInput("--status and --events cannot be used together", hint="events have no status")
    with session.store() as store:
        workspace = settings.load(store).timezone
        zone = timewords.stored_zone(workspace) if workspace else ZoneInfo("UTC")
        found = events.select(
            store,
            about=_ids_of(store, word) if word is not None else (),
            since=values.moment(since, session.clock.now(), zone, end=False),
            until=values.moment(until, session.clock.now(), zone, end=True),
            limit=session.most,
        )
    shown = timewords.parse_zone(os.environ["HYP_TZ"]) if os.environ.get("HYP_TZ") else zone
    columns = [
        Column[Event]("at", lambda it: to_text(it.at), lambda it: times.local(it.at, shown)),
        Column[Event]("actor", lambda it: it.actor),
        Column[Event]("event", lambda it: it.name),
        Column[Event]("reason", lambda it: it.reason, elastic=True),
        Column[Event]("about", lambda it: it.call_id or it.execution_id or it.subject_id or it.schedule_id),
        Column[Event]("schedule", lambda it: it.schedule_id, spare=True),
        Column[Event]("execution", lambda it: it.execution_id, spare=True),
    ]
    session.show(found, columns, json.event, "Nothing has happened yet.")


def _ids_of(store: Store, word: str) -> list[str]:
    """Return the ids that a word stands for: its own, and those of what bears it as a name or a number."""
    found = [each.id for each in schedules.find(store, word)]
    found += [each.id for each in users.find(store, word)] + [each.id for each in numbers.find(store, word)]
    found += filter(None, [calls.execution_of(store, word)])
    if not found and not events.select(store, about=[word], limit=1):
        raise NotFound(f"nothing in the trail is about {word!r}", hint="see: hyp history --events")
    return list(dict.fromkeys([word, *found]))


def _seconds(call: Call) -> str | None:
    return None if call.duration_seconds is None else str(call.duration_seconds)


def columns(workspace: str | None) -> Sequence[Column[Execution]]:
    """Return the columns of a list of executions."""

    def zone_of(it: Execution) -> ZoneInfo:
        try:
            display = os.environ.get("HYP_TZ")
            if display:
                return timewords.parse_zone(display)
            return timewords.stored_zone(it.timezone or workspace or "UTC")
        except InvalidInput:
            return ZoneInfo("UTC")

    return [
        Column("execution", lambda it: it.id),
        Column(
            "schedule",
            lambda it: it.schedule_id,
            lambda it: it.schedule_name or it.schedule_id,
            elastic=True,
            spare=True,
        ),
        Column("calls", lambda it: it.callee_name, elastic=True),
        Column(
            "scheduled", lambda it: to_text(it.scheduled_time), lambda it: times.local(it.scheduled_time, zone_of(it))
        ),
        Column("timezone", lambda it: zone_of(it).key, lambda it: times.place(zone_of(it)), elastic=True, spare=True),
        Column(
            "called",
            lambda it: maybe_text(it.actual_time),
            lambda it: f"{it.actual_time.astimezone(zone_of(it)):%H:%M:%S}" if it.actual_time else None,
            spare=True,
        ),
        Column("status", lambda it: it.status),
        Column("reason", lambda it: it.reason, elastic=True, spare=True),
        Column("attempts", lambda it: str(it.attempts), spare=True),
        Column(
            "duration",
            lambda it: _seconds(it.last_call) if it.last_call else None,
            lambda it: times.duration(it.last_call.duration_seconds) if it.last_call else None,
            spare=True,
        ),
    ]
