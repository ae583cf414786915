"""hyp agents: who talks."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Annotated

import typer

from hyponema_cli.cli import output, values
from hyponema_cli.cli.command import LIST, WRITE, Session, command, group
from hyponema_cli.core import timewords
from hyponema_cli.core import tools as specs
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.records import Agent
from hyponema_cli.engine import agents as engine
from hyponema_cli.engine import find
from hyponema_cli.engine.agents import Words
from hyponema_cli.engine.needs import refuse_while_live
from hyponema_cli.render import json
from hyponema_cli.render.tables import Column
from hyponema_cli.store import agents, events, numbers, schedules
from hyponema_cli.store import tools as stored_tools


def _option(*names: str, metavar: str, help: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(*names, metavar=metavar, help=help, show_default=False)
    return option


app = group("The voice agents that talk, and how a carrier connects a call to each.")


@dataclass(frozen=True, kw_only=True)
class ConnectOptions:
    """How a carrier connects a call to an agent."""

    answer_url: Annotated[
        str | None,
        _option("--answer-url", metavar="URL", help="Where the carrier asks what to do when the call is answered."),
    ] = None
    stream_url: Annotated[
        str | None, _option("--stream-url", metavar="URL", help="The WebSocket that gets the call's audio (wss://).")
    ] = None
    application_sid: Annotated[
        str | None, _option("--application-sid", metavar="SID", help="An application stored at the carrier.")
    ] = None
    ring_timeout: Annotated[
        str | None,
        _option("--ring-timeout", metavar="DURATION", help="How long the phone rings. [default: the carrier's]"),
    ] = None
    time_limit: Annotated[
        str | None,
        _option("--time-limit", metavar="DURATION", help="How long a call may last. [default: the carrier's]"),
    ] = None
    machine_detection: Annotated[
        str | None,
        _option(
            "--machine-detection",
            metavar="off|on|message-end",
            help="Listen for a machine before the agent talks; message-end: to its end. [default: off]",
        ),
    ] = None
    call_reason: Annotated[
        str | None, _option("--call-reason", metavar="TEXT", help="Shown to the callee, where networks carry it.")
    ] = None

    def words(self, name: str | None, clear: tuple[str, ...] = ()) -> Words:
        """Return what was said of an agent."""
        return Words(name=name, clear=clear, **{each.name: getattr(self, each.name) for each in fields(self)})


Word = Annotated[str, typer.Argument(metavar="AGENT", help="Its id, or its exact name.", show_default=False)]


@command(app, "add", WRITE)
def add(
    session: Session,
    name: Annotated[str, typer.Argument(help="What people call it.", show_default=False)],
    connect: ConnectOptions,
    own_id: Annotated[str | None, typer.Option("--id", help="Your own id for it; else one is made.")] = None,
) -> None:
    """Add an agent. Prints its id.

    However it is connected, it is told the same of each call: direction, agent_id, user_id, schedule_id,
    execution_id, call_id, attempt, scheduled_time and customer_context (JSON). An answer URL has them in its query, a
    media stream as parameters; an application asks hyp calls show, by the carrier's id of the call.

    \b
    Examples:
      hyp agents add "Check-in" --id agent-123 --stream-url wss://agent.example/session
      hyp agents add "Survey" --answer-url https://agent.example/answer --ring-timeout 25s --machine-detection on
    """
    with session.desk() as desk:
        agent = engine.add(
            desk, values.own_id(own_id) if own_id is not None else None, connect.words(values.name(name))
        )
    session.created(agent.id, f"{session.did('Added')} agent {agent.name!r} ({agent.id}).", json.agent(agent))


@command(app, "list", LIST)
def list_(session: Session) -> None:
    """List the agents.

    \b
    Examples:
      hyp agents list
      hyp agents list --json | jq -r '.[].id'
    """
    with session.store() as store:
        found = agents.select(store, session.most)
        callers = {agent.id: ", ".join(n.phone_number for n in numbers.of_agent(store, agent.id)) for agent in found}
        columns = [
            Column[Agent]("id", lambda agent: agent.id),
            Column[Agent]("name", lambda agent: agent.name, elastic=True),
            Column[Agent]("connects by", _connects_by, elastic=True),
            Column[Agent]("numbers", lambda agent: callers[agent.id], elastic=True),
        ]
    session.show(found, columns, json.agent, 'No agents yet. Add one: hyp agents add "Check-in" --id agent-123')


@command(app, "show")
def show(session: Session, agent: Word) -> None:
    """Show one agent, its numbers and how many schedules it has.

    \b
    Examples:
      hyp agents show agent-123
      hyp agents show agent-123 --json | jq -r '.numbers[]'
    """
    with session.store() as store:
        found = find.agent(store, agent)
        attached = [number.phone_number for number in numbers.of_agent(store, found.id)]
        live = schedules.count_live_of(store, "agent_id", found.id)
        may = stored_tools.enabled(store, found.id)
    session.show_one(
        [
            ("id", found.id),
            ("name", found.name),
            ("connects by", _connects_by(found) or "nothing yet (only simulated calls work)"),
            ("ring timeout", _span(found.ring_timeout_seconds)),
            ("time limit", _span(found.time_limit_seconds)),
            ("machine detection", found.machine_detection if found.machine_detection != "off" else None),
            ("call reason", found.call_reason),
            ("numbers", ", ".join(attached) or "none (it cannot call: hyp numbers attach)"),
            ("tools", ", ".join(may) or None),
            ("live schedules", str(live)),
        ],
        {**json.agent(found), "numbers": attached, "tools": may, "live_schedules": live},
    )


@command(app, "edit", WRITE)
def edit(
    session: Session,
    agent: Word,
    connect: ConnectOptions,
    name: Annotated[str | None, typer.Option("--name", help="Its new name.")] = None,
    clear: Annotated[
        list[str] | None,
        typer.Option("--clear", metavar="FIELD", help=f"Unset a field: {', '.join(engine.CLEARABLE)}."),
    ] = None,
) -> None:
    """Change what is given, and nothing else. A new way to connect replaces the old one.

    \b
    Examples:
      hyp agents edit agent-123 --stream-url wss://agent.example/v2
      hyp agents edit agent-123 --ring-timeout 25s --clear call_reason
    """
    words = connect.words(
        values.name(name) if name is not None else None, tuple(values.fields_to_clear(clear, engine.CLEARABLE))
    )
    with session.desk() as desk:
        before, after = engine.edit(desk, agent, words)
    session.done(
        f"{session.did('Changed') if after != before else 'Nothing to change in'} agent {after.id}.",
        json.agent(after),
    )


@command(app, "tools", WRITE)
def tools(
    session: Session,
    agent: Word,
    change: Annotated[
        str | None, typer.Argument(metavar="[enable|disable]", help="What to do.", show_default=False)
    ] = None,
    tool: Annotated[
        list[str] | None, typer.Argument(metavar="[TOOL...]", help=f"{' or '.join(specs.NAMES)}.", show_default=False)
    ] = None,
) -> None:
    """List what an agent may do during a conversation, or let it do more or less. At first it may do nothing.

    An agent with schedule_callback can commit to calls, which cost money; one with manage_callback can move and
    cancel every call to the person it talks with, also those that operators have planned.

    \b
    Examples:
      hyp agents tools agent-123
      hyp agents tools agent-123 enable schedule_callback manage_callback
      hyp agents tools agent-123 disable manage_callback
    """
    wanted = [values.one_of("tool", each, specs.NAMES) for each in tool or ()]
    if (change is None) != (not wanted):
        raise InvalidInput("enable or disable what?", hint=f"hyp agents tools {agent} enable {specs.NAMES[0]}")
    allow = None if change is None else values.one_of("change", change, ("enable", "disable")) == "enable"
    with session.desk() as desk:
        found = find.agent(desk.store, agent)
        for each in wanted:
            engine.allow(desk, found.id, each, allow=bool(allow))
        may = stored_tools.enabled(desk.store, found.id)
    said = f"{found.id} {session.says('may', 'might')} use {' and '.join(may) or 'no tool'}."
    if change is None and not session.json:
        output.data("".join(f"{each}\n" for each in may))
        return
    session.done(said, {"agent_id": found.id, "tools": may})


@command(app, "remove", WRITE)
def remove(session: Session, agent: Word) -> None:
    """Remove an agent that no live schedule needs. Its numbers become free; history keeps its name.

    \b
    Examples:
      hyp agents remove agent-123
      hyp agents remove "Check-in" --dry-run
    """
    with session.desk() as desk, desk.store.transaction():
        now = desk.clock.now()
        found = find.agent(desk.store, agent)
        refuse_while_live(f"agent {found.id}", schedules.live_ids_of(desk.store, "agent_id", found.id))
        agents.remove(desk.store, found.id, now)
        events.add(desk.store, now, desk.actor, "agent.removed", subject_id=found.id)
    session.done(f"{session.did('Removed')} agent {found.name!r} ({found.id}).", json.agent(found))


def _connects_by(agent: Agent) -> str | None:
    return agent.connection.way


def _span(seconds: int | None) -> str | None:
    return None if seconds is None else timewords.duration_text(timedelta(seconds=seconds))
