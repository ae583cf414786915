"""hyp numbers: what a call shows, and where the number is rented."""

from __future__ import annotations

from typing import Annotated

import typer

from hyponema_cli.cli import output, values
from hyponema_cli.cli.command import LIST, WRITE, Session, command, group
from hyponema_cli.cli.users import read_phone
from hyponema_cli.core.gates import SIMULATED
from hyponema_cli.core.records import Number
from hyponema_cli.engine import find
from hyponema_cli.engine import numbers as engine
from hyponema_cli.render import json
from hyponema_cli.render.tables import Column
from hyponema_cli.store import numbers, settings

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
    with session.desk() as desk:
        added = engine.add(desk, read_phone(number), carrier, label)
        live = settings.load(desk.store).live
    _say_if_not_live(added, live=live)
    sentence = f"{session.did('Added')} {added.phone_number} on {carrier}."
    sentence += f" Next: hyp numbers attach {added.phone_number} AGENT"
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


@command(app, "edit", WRITE)
def edit(
    session: Session,
    number: Word,
    carrier: Annotated[
        str | None, typer.Option("--carrier", metavar="NAME", help="Where it is rented now; see: hyp carriers list")
    ] = None,
    label: Annotated[str | None, typer.Option("--label", help="A word for people.")] = None,
    clear: Annotated[
        list[str] | None,
        typer.Option("--clear", metavar="FIELD", help=f"Unset a field: {', '.join(engine.CLEARABLE)}."),
    ] = None,
) -> None:
    """Change what is given, and nothing else. The calls to come go out by the new carrier.

    To another carrier it goes when no call that shows it is going on or in doubt.

    \b
    Examples:
      hyp numbers edit +34910000001 --carrier twilio
      hyp numbers edit +34910000001 --label "Front desk" --dry-run
    """
    with session.desk() as desk:
        cleared = values.fields_to_clear(clear, engine.CLEARABLE)
        before, after = engine.edit(desk, number, carrier, label, cleared)
        live = settings.load(desk.store).live
    if after == before:
        said = f"Nothing to change in {after.phone_number}."
    else:
        _say_if_not_live(after, live=live)
        now_on = f"which {session.says('is', 'would be')} on {after.carrier}"
        said = f"{session.did('Changed')} {after.phone_number}, {now_on}."
    session.done(said, json.number(after))


def _say_if_not_live(number: Number, *, live: bool) -> None:
    if number.carrier != SIMULATED and not live:
        output.say("this workspace dials with the simulated carrier only, until: hyp config set live true")


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
    with session.desk() as desk:
        found = engine.attach(desk, number, agent, move=move)
    session.done(
        f"{found.phone_number} {session.says('is', 'would be')} attached to {found.agent_id}.", json.number(found)
    )


@command(app, "detach", WRITE)
def detach(session: Session, number: Word) -> None:
    """Take a number from its agent, unless live schedules would be left without a number to show.

    \b
    Examples:
      hyp numbers detach +34910000001
      hyp numbers detach +34910000001 --dry-run
    """
    with session.desk() as desk:
        found = engine.detach(desk, number)
    session.done(f"{found.phone_number} {session.says('is', 'would be')} attached to nobody.", json.number(found))


@command(app, "release", WRITE)
def release(session: Session, number: Word) -> None:
    """Remove a number from hyp, unless live schedules need it. It stays rented at the carrier.

    \b
    Examples:
      hyp numbers release +34910000001
      hyp numbers release +34910000001 --dry-run
    """
    with session.desk() as desk:
        found = engine.release(desk, number)
    session.done(f"{session.did('Released')} {found.phone_number}.", json.number(found))
