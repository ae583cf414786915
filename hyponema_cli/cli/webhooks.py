"""hyp webhooks: what receivers were told, and what waits for them."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from hyponema_cli.cli import output, values
from hyponema_cli.cli.command import LIST, WRITE, Session, command, group
from hyponema_cli.core.errors import NotFound
from hyponema_cli.core.instant import maybe_text, to_text
from hyponema_cli.core.webhook import read_secrets
from hyponema_cli.render import json
from hyponema_cli.render.tables import Column
from hyponema_cli.store import events, webhooks
from hyponema_cli.store.secret import webhook_secret
from hyponema_cli.store.webhooks import Message

app = group("The webhooks: what receivers were told of executions, and what waits for them.")

STATUSES = ("pending", "delivered", "dead")


@command(app, "list", LIST)
def list_(
    session: Session,
    about: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Only this message, execution or schedule.")
    ] = None,
    status: Annotated[
        list[str] | None, typer.Option("--status", metavar="STATUS", help="pending,delivered,dead or all.")
    ] = None,
) -> None:
    """List the messages that wait and those that are dead, the latest first; --status all adds what was delivered.

    \b
    Examples:
      hyp webhooks list
      hyp webhooks list --status dead --json | jq -r '.[].last_error'
    """
    wanted = values.statuses("--status", status or (), STATUSES, ("pending", "dead"))
    with session.store() as store:
        found = webhooks.select(store, wanted, session.most, about)
    columns = [
        Column[Message]("id", lambda it: it.id),
        Column[Message]("event", lambda it: it.event),
        Column[Message]("execution", lambda it: it.execution_id, spare=True),
        Column[Message]("receiver", lambda it: it.url, elastic=True),
        Column[Message]("status", lambda it: it.status),
        Column[Message]("attempts", lambda it: str(it.attempts), spare=True),
        Column[Message]("next try", lambda it: maybe_text(it.next_try_at), spare=True),
        Column[Message]("error", lambda it: it.last_error, elastic=True),
    ]
    session.show(found, columns, _shape, "Nothing waits, and nothing is dead.")


@command(app, "retry", WRITE)
def retry(
    session: Session,
    which: Annotated[
        str,
        typer.Argument(
            metavar="ID|all", help="A message, an execution or a schedule; all: everything dead.", show_default=False
        ),
    ],
) -> None:
    """Tell receivers anew what they have not taken. The next pass does it; its back-off begins again.

    \b
    Examples:
      hyp webhooks retry all
      hyp webhooks retry msg_01K9Z6T0000000000000000000
    """
    with session.desk() as desk, desk.store.transaction():
        now = desk.clock.now()
        count = webhooks.retry(desk.store, which, now)
        if not count and which != "all":
            raise NotFound(f"nothing of {which!r} waits or is dead", hint="see: hyp webhooks list")
        events.add(desk.store, now, desk.actor, "webhook.retried", subject_id=which, reason=f"{count} messages")
    session.done(
        f"{count} message{'' if count == 1 else 's'} {session.says('will', 'would')} be told anew.",
        {"retried": count},
    )


@command(app, "secret")
def secret(session: Session) -> None:
    """Print the secret that the webhooks are signed with; the receiver needs it to know them for ours.

    It is that of HYP_WEBHOOK_SECRET (or _FILE, or a systemd credential); else one that was made for this workspace,
    and stands in a file beside it. The signature is that of Standard Webhooks (standardwebhooks.com).

    \b
    Examples:
      hyp webhooks secret
      hyp webhooks secret > receiver.secret
    """
    with session.store() as store:
        text = webhook_secret(store.path, os.environ)
    read_secrets(text)
    output.data(json.document({"secret": text}) + "\n" if session.json else text + "\n")


def _shape(it: Message) -> dict[str, object]:
    return {
        "id": it.id,
        "event": it.event,
        "execution_id": it.execution_id,
        "schedule_id": it.schedule_id,
        "url": it.url,
        "status": it.status,
        "attempts": it.attempts,
        "next_try_at": maybe_text(it.next_try_at),
        "last_error": it.last_error,
        "created_at": to_text(it.created_at),
        "finished_at": maybe_text(it.finished_at),
    }
