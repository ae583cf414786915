"""hyp tokens: who may use `hyp serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from hyponema_cli.cli.command import LIST, WRITE, Session, command, group
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.token import Token, read_scopes
from hyponema_cli.engine import tokens as engine
from hyponema_cli.render import json
from hyponema_cli.render.tables import Column
from hyponema_cli.store import tokens

app = group("The tokens that programs show to hyp serve.")


@command(app, "add", WRITE)
def add(
    session: Session,
    name: Annotated[str, typer.Argument(help="Whose it is, in a word of yours.", show_default=False)],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="read|write|dial",
            help="What it allows: to ask, to add and change, to call now. Several, or with commas. [default: read]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make a token. Prints it, this once: only a digest is kept.

    \b
    Examples:
      hyp tokens add dashboard
      token=$(hyp tokens add crm --scope read,write)
      hyp tokens add ops --scope read --scope write --scope dial
    """
    with session.desk() as desk:
        made, text = engine.add(desk, name, read_scopes(scope or ["read"]))
    sentence = f"{'Would make' if session.dry_run else 'Made'} token {made.name!r} for {_scopes(made)}."
    if not session.dry_run:
        sentence += " It is not shown again."
    session.created(text, sentence, {**json.token(made), "token": None if session.dry_run else text})


@command(app, "list", LIST)
def list_(session: Session) -> None:
    """List the tokens; their secrets are not known any more.

    \b
    Examples:
      hyp tokens list
      hyp tokens list --json
    """
    with session.store() as store:
        found = tokens.select(store, session.most)
    columns = [
        Column[Token]("id", lambda it: it.id),
        Column[Token]("name", lambda it: it.name, elastic=True),
        Column[Token]("scopes", _scopes),
        Column[Token]("created", lambda it: to_text(it.created_at)),
    ]
    session.show(found, columns, json.token, "No tokens yet. Make one: hyp tokens add NAME --scope read,write")


@command(app, "revoke", WRITE)
def revoke(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="TOKEN", help="Its name, or its id.", show_default=False)],
) -> None:
    """Take a token back: within a second, nobody gets in with it.

    \b
    Examples:
      hyp tokens revoke crm
      hyp tokens revoke crm --dry-run
    """
    with session.desk() as desk:
        gone = engine.revoke(desk, name)
    session.done(f"{session.did('Revoked')} token {gone.name!r}.", json.token(gone))


def _scopes(it: Token) -> str:
    return ",".join(sorted(it.scopes))
