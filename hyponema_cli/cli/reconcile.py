"""hyp reconcile: the calls of which nobody knows whether they were made."""

from __future__ import annotations

from typing import Annotated

import typer

from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.cli.exits import Exit
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.instant import maybe_text, to_text
from hyponema_cli.engine import reconcile as engine
from hyponema_cli.render import json
from hyponema_cli.render.tables import Column
from hyponema_cli.store import calls, executions

app = single()

_VERDICTS = {"placed": True, "not-placed": False}


@command(app, "reconcile")
def reconcile(
    session: Session,
    resolve: Annotated[
        tuple[str, str] | None,
        typer.Option("--resolve", metavar="CALL placed|not-placed", help="Say what happened to a call in doubt."),
    ] = None,
) -> int | None:
    """Ask the carriers for the calls in doubt, and list those that stay so. Ends with 3 while there are any.

    A call is in doubt when its carrier's answer was lost, or when hyp died while it was asking. Its number is locked
    and nothing is redialled by itself. Look at the carrier's own list, then say what happened: placed closes it,
    not-placed lets it be dialled if it is still in time.

    \b
    Examples:
      hyp reconcile
      hyp reconcile --resolve call_01K9Z6T0000000000000000000 not-placed
    """
    with session.desk() as desk:
        if resolve is not None:
            call_id, verdict = resolve
            if verdict not in _VERDICTS:
                raise InvalidInput(f"{verdict!r} is not a verdict", hint="placed or not-placed")
            execution = executions.get(desk.store, engine.resolve(desk, call_id, placed=_VERDICTS[verdict]))
            assert execution is not None, "a call belongs to an execution"
            output.say(f"{call_id} is resolved as {verdict}; its execution is {execution.status}.")
            if session.json:
                output.data(json.document(json.execution(execution)) + "\n")
            return None
        engine.reconcile(desk, desk.clock.now(), all_doubts=True)
        doubts = calls.in_doubt(desk.store)
    columns = [
        Column[calls.Doubtful]("call", lambda it: it.id),
        Column[calls.Doubtful]("to", lambda it: it.to_number),
        Column[calls.Doubtful]("from", lambda it: it.from_number, spare=True),
        Column[calls.Doubtful]("carrier", lambda it: it.carrier, spare=True),
        Column[calls.Doubtful]("since", lambda it: to_text(it.created_at)),
        Column[calls.Doubtful]("why", lambda it: it.reason),
        Column[calls.Doubtful]("found", lambda it: it.found),
        Column[calls.Doubtful]("looks", lambda it: str(it.looks), spare=True),
        Column[calls.Doubtful]("next look", lambda it: maybe_text(it.next_look_at), spare=True),
    ]
    session.show(doubts, columns, _shape, "No call is in doubt.")
    return Exit.ATTENTION if doubts else None


def _shape(it: calls.Doubtful) -> dict[str, object]:
    return {
        "call_id": it.id,
        "execution_id": it.execution_id,
        "schedule_id": it.schedule_id,
        "carrier": it.carrier,
        "from_number": it.from_number,
        "to_number": it.to_number,
        "in_doubt_since": to_text(it.created_at),
        "reason": it.reason,
        "found": it.found,
        "error": it.error,
        "looks": it.looks,
        "next_look_at": maybe_text(it.next_look_at),
    }
