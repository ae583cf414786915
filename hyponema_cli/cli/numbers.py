"""hyp numbers: what a call shows, and where the number is rented."""

from __future__ import annotations

from typing import Annotated

import typer

from hyponema_cli import carriers
from hyponema_cli.cli import output
from hyponema_cli.cli.agents import refuse_while_live
from hyponema_cli.cli.command import LIST, WRITE, Session, command, group
from hyponema_cli.cli.users import read_phone
from hyponema_cli.core.errors import Conflict
from hyponema_cli.core.gates import SIMULATED
from hyponema_cli.core.records import Number
from hyponema_cli.engine import find
from hyponema_cli.engine.desk import Desk
from hyponema_cli.render import json
from hyponema_cli.render.tables import Column
from hyponema_cli.store import events, executions, numbers, schedules, settings

app = group("The phone numbers that calls show: each on a carrier, attached to at most one agent.")

Word = Annotated[str, typer.Argument(metavar="NUMBER", help="Its id or its E.164 form.", show_default=False)]


@command(app, "add", WRITE)
def add(
    session: Session,
    number: Annotated[str, typer.Argument(metavar="+E164", help="The number.", show_default=False)],
    carrier: Annotated[
        str, typer.Option("--carrier", metavar="NAME", help="Where it is rented; see: hyp carriers list")
    ] = SIMULATED,
    label: Annotated[str | None, typer.Option("--label", help="A word for people.")] = None,
) -> None:
    """Add a number on a carrier. Prints its id.

    \b
    Examples:
      hyp numbers add +34910000001 --carrier simulated
      hyp numbers add "+1 212 555 0100" --carrier twilio --label "New York"
    """
    carriers.require(carrier)
    with session.desk() as desk:
        now = desk.clock.now()
        added = Number(desk.new_id("num", now), read_phone(number), carrier, label, None, now, now)
        with desk.store.transaction():
            numbers.insert(desk.store, added)
            events.add(desk.store, now, desk.actor, "number.added", subject_id=added.id)
            live = settings.load(desk.store).live
    if carrier != SIMULATED and not live:
        output.say("this workspace dials with the simulated carrier only, until: hyp config set live true")
    sentence = f"Added {added.phone_number} on {carrier}. Next: hyp numbers attach {added.phone_number} AGENT"
    session.created(added.id, sentence, json.number(added))


@command(app, "list", LIST)
def list_(session: Session) -> None:
    """List the numbers.

    \b
    Examples:
      hyp numbers list
      hyp numbers list --json | jq -r '.[] | select(.agent_id == null).phone_number'
    """
    with session.store() as store:
        found = numbers.select(store, session.most)
    columns = [
        Column[Number]("id", lambda number: number.id),
        Column[Number]("number", lambda number: number.phone_number),
        Column[Number]("carrier", lambda number: number.carrier),
        Column[Number]("agent", lambda number: number.agent_id, elastic=True),
        Column[Number]("label", lambda number: number.label, elastic=True),
    ]
    session.show(found, columns, json.number, "No numbers yet. Add one: hyp numbers add +34910000001")


@command(app, "show")
def show(session: Session, number: Word) -> None:
    """Show one number.

    \b
    Examples:
      hyp numbers show +34910000001
      hyp numbers show +34910000001 --json | jq -r .agent_id
    """
    with session.store() as store:
        found = find.number(store, number)
    session.show_one(
        [
            ("id", found.id),
            ("number", found.phone_number),
            ("carrier", found.carrier),
            ("agent", found.agent_id or "none"),
            ("label", found.label),
        ],
        json.number(found),
    )


@command(app, "attach", WRITE)
def attach(
    session: Session,
    number: Word,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="The agent whose calls show it.", show_default=False)],
    move: Annotated[bool, typer.Option("--move", help="Take it from the agent that has it.")] = False,
) -> None:
    """Give a number to an agent: its calls show it. An agent with several shows the one it had first.

    \b
    Examples:
      hyp numbers attach +34910000001 agent-123
      hyp numbers attach +34910000001 agent-124 --move
    """
    with session.desk() as desk, desk.store.transaction():
        found = find.number(desk.store, number)
        owner = find.agent(desk.store, agent)
        if found.agent_id not in (None, owner.id):
            if not move:
                raise Conflict(
                    f"{found.phone_number} is attached to {found.agent_id}",
                    hint=f"move it: hyp numbers attach {found.phone_number} {owner.id} --move",
                )
            _refuse_last_number(desk, found)
        if found.agent_id != owner.id:
            if found.carrier != SIMULATED and owner.connection.way is None:
                raise Conflict(
                    f"agent {owner.id!r} has no way to get its calls from {found.carrier}",
                    hint=f"give it one: hyp agents edit {owner.id} --stream-url wss://agent.example/session",
                )
            _attach(desk, found, owner.id, "number.attached")
        found = find.number(desk.store, found.id)
    session.done(f"{found.phone_number} is attached to {owner.id}.", json.number(found))


@command(app, "detach", WRITE)
def detach(session: Session, number: Word) -> None:
    """Take a number from its agent, unless live schedules would be left without a number to show.

    \b
    Examples:
      hyp numbers detach +34910000001
      hyp numbers detach +34910000001 --dry-run
    """
    with session.desk() as desk, desk.store.transaction():
        found = find.number(desk.store, number)
        if found.agent_id is not None:
            _refuse_last_number(desk, found)
            _attach(desk, found, None, "number.detached")
        found = find.number(desk.store, found.id)
    session.done(f"{found.phone_number} is attached to nobody.", json.number(found))


@command(app, "release", WRITE)
def release(session: Session, number: Word) -> None:
    """Remove a number from hyp, unless live schedules need it. It stays rented at the carrier.

    \b
    Examples:
      hyp numbers release +34910000001
      hyp numbers release +34910000001 --dry-run
    """
    with session.desk() as desk, desk.store.transaction():
        found = find.number(desk.store, number)
        if found.agent_id is not None:
            _refuse_last_number(desk, found)
        numbers.delete(desk.store, found.id)
        events.add(desk.store, desk.clock.now(), desk.actor, "number.released", subject_id=found.id)
    session.done(f"Released {found.phone_number}.", json.number(found))


def _attach(desk: Desk, number: Number, agent_id: str | None, event: str) -> None:
    now = desk.clock.now()
    numbers.attach(desk.store, number.id, agent_id, now)
    events.add(desk.store, now, desk.actor, event, subject_id=number.id, detail={"agent_id": agent_id})
    executions.wake(desk.store, now, agent_id=agent_id)


def _refuse_last_number(desk: Desk, number: Number) -> None:
    assert number.agent_id is not None, "asked only for a number that is attached"
    if len(numbers.of_agent(desk.store, number.agent_id)) == 1:
        live = schedules.live_ids_of(desk.store, "agent_id", number.agent_id)
        hint = f"attach another number to {number.agent_id} first, or cancel: hyp schedules cancel ID"
        refuse_while_live(f"the last number of {number.agent_id}", live, hint)
