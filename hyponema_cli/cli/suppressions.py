"""hyp suppressions: the numbers that must not be dialled."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from hyponema_cli.cli import output
from hyponema_cli.cli.command import LIST, WRITE, Session, command, group
from hyponema_cli.core import timewords
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.instant import maybe_text, to_text
from hyponema_cli.core.records import Suppressed
from hyponema_cli.engine import suppressions as engine
from hyponema_cli.render import json
from hyponema_cli.render.tables import Column
from hyponema_cli.store import suppressions

app = group("The phone numbers that must not be dialled, whatever asks for it.")

Who = Annotated[
    list[str], typer.Argument(metavar="+E164|USER...", help="Numbers, or users for theirs.", show_default=False)
]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept with it.")]


@command(app, "add", WRITE)
def add(
    session: Session,
    who: Who,
    reason: Reason = None,
    lasting: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="For how long, as in 60d. [default: for good]")
    ] = None,
) -> None:
    """Let nobody dial these numbers. Prints them. Said again, the newer reason and duration count.

    \b
    Examples:
      hyp suppressions add +34600000001 --reason "asked not to be called"
      hyp suppressions add user-1 --for 60d --reason "refused an offer"
    """
    with session.desk() as desk, desk.store.transaction():
        span = _read_span(lasting)
        put = [engine.add(desk, each, reason=reason, lasting=span, created_by="operator") for each in who]
    for each in put:
        end = f" until {to_text(each.expires_at)}" if each.expires_at else ""
        output.say(f"{each.phone_number} {session.says('is not', 'would not be')} dialled any more{end}.")
    session.changed([json.suppression(each) for each in put])
    if not session.json and not session.dry_run:
        output.data("".join(each.phone_number + "\n" for each in put))


@command(app, "list", LIST)
def list_(session: Session) -> None:
    """List the suppressed numbers.

    \b
    Examples:
      hyp suppressions list --limit 0 --ids
      hyp suppressions list --jsonl --fields phone_number,reason
    """
    with session.store() as store:
        found = suppressions.select(store, session.clock.now(), session.most)
    columns = [
        Column[Suppressed]("phone", lambda it: it.phone_number),
        Column[Suppressed]("reason", lambda it: it.reason, elastic=True),
        Column[Suppressed]("since", lambda it: to_text(it.created_at)),
        Column[Suppressed](
            "until", lambda it: maybe_text(it.expires_at), lambda it: maybe_text(it.expires_at) or "–"
        ),
        Column[Suppressed]("by", lambda it: it.created_by, spare=True),
    ]
    session.show(found, columns, json.suppression, "No number is suppressed.")


@command(app, "remove", WRITE)
def remove(session: Session, who: Who, reason: Reason = None) -> None:
    """Let these numbers be dialled again.

    \b
    Examples:
      hyp suppressions remove +34600000001 --reason "asked to be called again"
      hyp suppressions remove user-1 --dry-run
    """
    with session.desk() as desk, desk.store.transaction():
        removed = [engine.remove(desk, each, reason=reason) for each in who]
    for number in removed:
        output.say(f"{number} {session.says('may', 'might')} be dialled again.")
    session.changed([{"phone_number": number} for number in removed])


def _read_span(text: str | None) -> timedelta | None:
    if text is None:
        return None
    span = timewords.parse_duration(text)
    if not span:
        raise InvalidInput(f"--for {text} is no time at all", hint="as in --for 60d; leave it out for good")
    return span
