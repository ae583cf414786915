"""hyp reconcile: the calls of which nobody knows whether they were made."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Annotated

import typer

from hyponema_cli.carriers.base import CallView
from hyponema_cli.cli import output
from hyponema_cli.cli.command import FORM, WRITE, Session, command, single
from hyponema_cli.cli.exits import Exit
from hyponema_cli.core.errors import InvalidInput, suggestion
from hyponema_cli.core.explain import REASONS
from hyponema_cli.core.instant import maybe_text, to_text
from hyponema_cli.engine import reconcile as engine
from hyponema_cli.engine.recover import Recovered, recover
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.why import WAITING, Inquiry, Outlook
from hyponema_cli.render import json
from hyponema_cli.render.tables import Column
from hyponema_cli.store import calls, executions

app = single()

_VERDICTS = {"placed": True, "not-placed": False}


@command(app, "reconcile", (*FORM, *WRITE))
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
    not-placed lets it be dialled if it is still in time. With --dry-run it is said what would become of it.

    After a database was put back from a backup, this brings its forgotten calls back from the dial journal, the
    file beside it; until then nothing is dialled.

    \b
    Examples:
      hyp reconcile
      hyp reconcile --resolve call_01K9Z6T0000000000000000000 not-placed --dry-run
      hyp reconcile --resolve call_01K9Z6T0000000000000000000 not-placed
    """
    if resolve is not None:
        _resolve(session, *resolve)
        return None
    if session.dry_run:
        raise InvalidInput(
            "--dry-run goes with --resolve",
            hint="without --resolve, hyp reconcile dials nothing: it asks the carriers",
        )
    with session.desk() as desk:
        now = desk.clock.now()
        recovered = recover(desk, now)
        looks = engine.reconcile(desk, now, TickReport(now), all_doubts=True)
        doubts = calls.in_doubt(desk.store)
    _tell_recovered(recovered)
    found = {call_id: views or [] for call_id, views in looks.items()}
    columns = [
        Column[calls.Doubtful]("call", lambda it: it.id),
        Column[calls.Doubtful]("to", lambda it: it.to_number),
        Column[calls.Doubtful]("from", lambda it: it.from_number, spare=True),
        Column[calls.Doubtful]("carrier", lambda it: it.carrier, spare=True),
        Column[calls.Doubtful]("since", lambda it: to_text(it.created_at)),
        Column[calls.Doubtful]("why", lambda it: it.reason),
        Column[calls.Doubtful]("found", lambda it: _found(it, found.get(it.id, [])), elastic=True),
        Column[calls.Doubtful]("looks", lambda it: str(it.looks), spare=True),
        Column[calls.Doubtful]("next look", lambda it: maybe_text(it.next_look_at), spare=True),
    ]
    session.show(doubts, columns, lambda it: _shape(it, found.get(it.id, [])), "No call is in doubt.")
    if doubts and not session.json and output.for_people():
        output.say("hint: look at the carrier's own list, then: hyp reconcile --resolve CALL placed|not-placed")
    return Exit.ATTENTION if doubts else None


def _resolve(session: Session, call_id: str, verdict: str) -> None:
    if verdict not in _VERDICTS:
        hint = suggestion(verdict, _VERDICTS, otherwise="placed or not-placed")
        raise InvalidInput(f"{verdict!r} is not a verdict", hint=hint)
    placed, dry_run = _VERDICTS[verdict], session.dry_run
    with replace(session, dry_run=False).desk() as desk:
        # The carrier is asked first: a rehearsal keeps everybody else from writing.
        views = engine.look_up(desk, call_id) if placed else None
        with desk.store.rehearsal() if dry_run else nullcontext():
            execution = executions.get(desk.store, engine.settle(desk, call_id, placed=placed, views=views))
            assert execution is not None, "a call belongs to an execution"
            shape = json.execution(execution)
            if dry_run:
                sentence = f"{call_id} would be resolved as {verdict}; its execution would be {execution.status}"
                if execution.status in WAITING:
                    seen = Inquiry(desk, desk.settings(), desk.clock.now()).of_waiting(execution)
                    sentence += f"; {_outlook(seen)}"
                    shape["outlook"] = json.outlook(seen)
            else:
                sentence = f"{call_id} is resolved as {verdict}; its execution is {execution.status}"
    session.done(f"{sentence}.", shape)
    if dry_run:
        output.say("Dry run: nothing is stored.")


def _outlook(it: Outlook) -> str:
    reason = it.decision.reason
    why = REASONS.get(reason, reason) if reason else ""
    if it.decision.verdict == "dial":
        return "the next pass would dial it"
    if it.decision.verdict == "wait":
        return f"it would wait: {why}"
    return f"it would not be dialled: {why}"


def _tell_recovered(it: Recovered) -> None:
    for user_id in it.forgotten:
        output.say(
            f"{user_id} was forgotten after this file was copied, and is in it again; their schedules are canceled. "
            f"Forget them again: hyp users forget {user_id}"
        )
    if not it.count:
        return
    parts = (
        (it.followed, "taken by their carrier, and followed again"),
        (it.in_doubt, "in doubt"),
        (it.over, "over, their end lost"),
        (it.not_placed, "not placed"),
        (it.lost, "that cannot be written, their executions closed"),
    )
    said = "; ".join(f"{len(call_ids)} {what}" for call_ids, what in parts if call_ids)
    known = f", its last news of {to_text(it.copy_from)}" if it.copy_from else ""
    output.say(f"This file was older than its last dials{known}. Brought back from the dial journal: {said}.")
    output.say(
        "What was changed since then (schedules, users, suppressed numbers) is not in it: look before you go on."
    )


def _found(it: calls.Doubtful, views: list[CallView]) -> str | None:
    if it.found == "several" and views:
        return "several: " + ", ".join(view.carrier_call_id for view in views)
    return it.found


def _shape(it: calls.Doubtful, views: list[CallView]) -> dict[str, object]:
    since, until = engine.looked_for(it)
    return {
        "call_id": it.id,
        "execution_id": it.execution_id,
        "schedule_id": it.schedule_id,
        "carrier": it.carrier,
        "from_number": it.from_number,
        "to_number": it.to_number,
        "in_doubt_since": to_text(it.created_at),
        "reason": it.reason,
        "error": it.error,
        "looked_for": {
            "to_number": it.to_number,
            "from_number": it.from_number,
            "created_from": to_text(since),
            "created_until": to_text(until),
        },
        "found": it.found,
        "candidates": [
            {
                "carrier_call_id": view.carrier_call_id,
                "status": view.raw_status,
                "created_at": to_text(view.created_at),
            }
            for view in views
        ],
        "looks": it.looks,
        "next_look_at": maybe_text(it.next_look_at),
        "redial_at": maybe_text(engine.redial_at(it)),
    }
