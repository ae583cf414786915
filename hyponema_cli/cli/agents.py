"""hyp agents: who talks."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from hyponema_cli.cli import values
from hyponema_cli.cli.command import Session, command, group
from hyponema_cli.core.errors import Conflict, InvalidInput
from hyponema_cli.core.records import Agent
from hyponema_cli.engine import find
from hyponema_cli.engine.request import is_address
from hyponema_cli.render import json
from hyponema_cli.render.tables import Column
from hyponema_cli.store import agents, events, numbers, schedules

app = group("The voice agents that talk, and how a carrier connects a call to each.")

AnswerUrl = Annotated[
    str | None,
    typer.Option("--answer-url", metavar="URL", help="Where the carrier asks what to do when the call is answered."),
]
StreamUrl = Annotated[
    str | None, typer.Option("--stream-url", metavar="URL", help="The WebSocket that gets the call's audio (wss://).")
]
ApplicationSid = Annotated[
    str | None, typer.Option("--application-sid", metavar="SID", help="An application stored at the carrier.")
]
Word = Annotated[str, typer.Argument(metavar="AGENT", help="Its id, or its exact name.", show_default=False)]


@command(app, "add")
def add(
    session: Session,
    name: Annotated[str, typer.Argument(help="What people call it.", show_default=False)],
    own_id: Annotated[str | None, typer.Option("--id", help="Your own id for it; else one is made.")] = None,
    answer_url: AnswerUrl = None,
    stream_url: StreamUrl = None,
    application_sid: ApplicationSid = None,
) -> None:
    """Add an agent. Prints its id.

    \b
    Examples:
      hyp agents add "Check-in" --id agent-123 --stream-url wss://agent.example/session
      hyp agents add "Survey" --answer-url https://agent.example/answer
    """
    with session.desk() as desk:
        now = desk.clock.now()
        agent = Agent(
            id=values.own_id(own_id) if own_id is not None else desk.new_id("agent", now),
            name=values.name(name),
            answer_url=_url("--answer-url", answer_url, ("http", "https")),
            stream_url=_url("--stream-url", stream_url, ("ws", "wss")),
            application_sid=application_sid,
            created_at=now,
            updated_at=now,
        )
        _refuse_two_ways(agent)
        with desk.store.transaction():
            agents.insert(desk.store, agent)
            events.add(desk.store, now, desk.actor, "agent.added", subject_id=agent.id)
    session.created(agent.id, f"Added agent {agent.name!r} ({agent.id}).", json.agent(agent))


@command(app, "list")
def list_(
    session: Session, limit: Annotated[int, typer.Option("--limit", help="How many at most; 0 is all.")] = 50
) -> None:
    """List the agents.

    \b
    Examples:
      hyp agents list
      hyp agents list --json | jq -r '.[].id'
    """
    with session.store() as store:
        found = agents.select(store, values.limit(limit))
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
    """
    with session.store() as store:
        found = find.agent(store, agent)
        attached = [number.phone_number for number in numbers.of_agent(store, found.id)]
        live = schedules.live_ids_of(store, "agent_id", found.id)
    session.show_one(
        [
            ("id", found.id),
            ("name", found.name),
            ("connects by", _connects_by(found) or "nothing yet (only simulated calls work)"),
            ("numbers", ", ".join(attached) or "none (it cannot call: hyp numbers attach)"),
            ("live schedules", str(len(live))),
        ],
        {**json.agent(found), "numbers": attached, "live_schedules": len(live)},
    )


@command(app, "edit")
def edit(
    session: Session,
    agent: Word,
    name: Annotated[str | None, typer.Option("--name", help="Its new name.")] = None,
    answer_url: AnswerUrl = None,
    stream_url: StreamUrl = None,
    application_sid: ApplicationSid = None,
) -> None:
    """Change what is given, and nothing else. A new way to connect replaces the old one.

    \b
    Examples:
      hyp agents edit agent-123 --stream-url wss://agent.example/v2
    """
    with session.desk() as desk, desk.store.transaction():
        now = desk.clock.now()
        before = find.agent(desk.store, agent)
        after = before
        if answer_url or stream_url or application_sid:
            after = replace(
                before,
                answer_url=_url("--answer-url", answer_url, ("http", "https")),
                stream_url=_url("--stream-url", stream_url, ("ws", "wss")),
                application_sid=application_sid,
            )
        if name is not None:
            after = replace(after, name=values.name(name))
        _refuse_two_ways(after)
        if after != before:
            agents.update(desk.store, after, now)
            events.add(desk.store, now, desk.actor, "agent.edited", subject_id=after.id)
        after = find.agent(desk.store, before.id)
    session.done(f"{'Changed' if after != before else 'Nothing to change in'} agent {after.id}.", json.agent(after))


@command(app, "remove")
def remove(session: Session, agent: Word) -> None:
    """Remove an agent that no live schedule needs. Its numbers become free; history keeps its name.

    \b
    Examples:
      hyp agents remove agent-123
    """
    with session.desk() as desk, desk.store.transaction():
        now = desk.clock.now()
        found = find.agent(desk.store, agent)
        refuse_while_live(f"agent {found.id}", schedules.live_ids_of(desk.store, "agent_id", found.id))
        agents.remove(desk.store, found.id, now)
        events.add(desk.store, now, desk.actor, "agent.removed", subject_id=found.id)
    session.done(f"Removed agent {found.name!r} ({found.id}).", json.agent(found))


def refuse_while_live(what: str, live: list[str], hint: str | None = None) -> None:
    """Raise Conflict, listing them, when live schedules need something that is to go."""
    if live:
        shown = ", ".join(live[:5]) + (f" and {len(live) - 5} more" if len(live) > 5 else "")
        needs = "a live schedule needs" if len(live) == 1 else f"{len(live)} live schedules need"
        raise Conflict(
            f"{what} cannot go: {needs} it: {shown}", hint=hint or f"cancel first: hyp schedules cancel {live[0]}"
        )


def _connects_by(agent: Agent) -> str | None:
    return agent.stream_url or agent.answer_url or agent.application_sid


def _refuse_two_ways(agent: Agent) -> None:
    if sum(way is not None for way in (agent.answer_url, agent.stream_url, agent.application_sid)) > 1:
        raise InvalidInput(
            "an agent is connected in one way", hint="give one of --answer-url, --stream-url, --application-sid"
        )


def _url(option: str, url: str | None, schemes: tuple[str, ...]) -> str | None:
    if url is None:
        return None
    if not is_address(url, schemes):
        raise InvalidInput(
            f"{option} {url!r} is not a {schemes[-1]}:// address", hint=f"as in {schemes[-1]}://agent.example/session"
        )
    return url
