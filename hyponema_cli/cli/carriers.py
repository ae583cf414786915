"""hyp carriers: what rings phones."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from hyponema_cli import carriers
from hyponema_cli.cli import output
from hyponema_cli.cli.command import FORM, Session, command, group
from hyponema_cli.core import phone
from hyponema_cli.core.errors import NoDatabase
from hyponema_cli.engine.check import check as ask
from hyponema_cli.render import json
from hyponema_cli.render.tables import Column
from hyponema_cli.store import holds, numbers

app = group("What rings phones: the carriers that are installed, and their accounts.")


@dataclass(frozen=True, slots=True)
class _Account:
    """A carrier, or one of its accounts that a number is on."""

    name: str
    provided_by: str
    numbers: int
    held: str | None
    """Why it is left alone for now."""


@command(app, "list", FORM)
def list_(session: Session) -> None:
    """List the carriers that numbers can be added on, and the accounts in use.

    \b
    Examples:
      hyp carriers list
      hyp carriers list --jsonl
    """
    rented, held = _in_workspace(session)
    known = carriers.installed()
    names = [*known, *(account for account in rented if account not in known)]
    found = [
        _Account(name, known.get(name.partition(":")[0], "not installed"), rented.get(name, 0), held.get(name))
        for name in sorted(names)
    ]
    columns = [
        Column[_Account]("name", lambda it: it.name),
        Column[_Account]("from", lambda it: it.provided_by),
        Column[_Account]("numbers", lambda it: str(it.numbers)),
        Column[_Account]("left alone", lambda it: it.held, elastic=True),
    ]
    session.show(found, columns, asdict, "No carriers installed.")


@command(app, "check")
def check(
    session: Session,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A carrier, or an account, as in twilio:eu.", show_default=False)
    ],
) -> None:
    """Ask a carrier whether calls could be placed now: its credentials, and whether it can be reached.

    Places no call and costs nothing. A good answer lets an account dial again that was left alone after a refusal.
    Ends with 6 when credentials are missing or refused, with 7 when the carrier cannot be reached.

    \b
    Examples:
      hyp carriers check twilio
      hyp carriers check twilio:eu
    """
    carriers.require(name)
    with session.desk() as desk:
        found = ask(desk, name)
    output.say(f"{name}: {found}. Nothing was dialled.")
    if session.json:
        answer: dict[str, Any] = {"name": name, "well": True, "found": found}
        output.data(json.document(answer) + "\n")


def _in_workspace(session: Session) -> tuple[dict[str, int], dict[str, str]]:
    """Return how many numbers each account has, and why accounts are left alone; none without a workspace."""
    try:
        with session.store() as store:
            in_force = holds.in_force(store, session.clock.now())
            return numbers.count_by_account(store), _in_words(in_force)
    except NoDatabase:
        return {}, {}


def _in_words(in_force: list[holds.Hold]) -> dict[str, str]:
    said: dict[str, list[str]] = {}
    for hold in in_force:
        what = f"{phone.masked(hold.from_number)}: " if hold.from_number else ""
        said.setdefault(hold.account, []).append(f"{what}{hold.problem}, until {hold.until:%H:%M:%S} UTC")
    return {account: "; ".join(words) for account, words in said.items()}
