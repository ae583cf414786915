"""hyp calls: one dial attempt, and what its agent is told of it."""

from __future__ import annotations

from typing import Annotated

import typer

from hyponema_cli.cli.command import Session, command, group
from hyponema_cli.core.instant import maybe_text, to_text
from hyponema_cli.engine import find
from hyponema_cli.engine.told import told
from hyponema_cli.render import json
from hyponema_cli.store import executions

app = group("The calls themselves: each dial attempt, by our id or its carrier's.")


@command(app, "show")
def show(
    session: Session,
    call: Annotated[
        str, typer.Argument(metavar="CALL", help="Its id, or the carrier's, as in CA….", show_default=False)
    ],
) -> None:
    """Show a call, and what its agent is told of it.

    An agent that is connected as an application at the carrier gets no facts along with its call: it asks here, by
    the carrier's id of the call, and finds them under "told", as the other ways pass them along.

    \b
    Examples:
      hyp calls show call_01K9Z6T0000000000000000000
      hyp calls show CA5ef8732a3c49700934481addd5ce1659 --json | jq -r .told.customer_context
    """
    with session.store() as store:
        found = find.call(store, call)
        due = executions.as_if_due(store, found.execution_id, session.clock.now())
        facts = told(due, found.id, found.number)
    price = f"{found.price} {found.currency or ''}".strip() if found.price is not None else None
    session.show_one(
        [
            ("id", found.id),
            ("carrier", f"{found.carrier} {found.carrier_call_id or ''}".strip()),
            ("status", found.status),
            ("reason", found.reason),
            ("error", found.error),
            ("from", found.from_number),
            ("to", found.to_number),
            ("answered by", found.answered_by),
            ("created", to_text(found.created_at)),
            ("placed", maybe_text(found.placed_at)),
            ("finished", maybe_text(found.finished_at)),
            ("seconds", str(found.duration_seconds) if found.duration_seconds is not None else None),
            ("price", price),
            *((f"told {name}", value) for name, value in facts.items()),
        ],
        {**json.call(found), "execution_id": found.execution_id, "schedule_id": due.schedule_id, "told": facts},
    )
