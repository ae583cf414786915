"""hyp why: why did it ring, why did it not, and when will it?"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.core import timewords
from hyponema_cli.core.call import LIVE_SCHEDULES
from hyponema_cli.core.errors import InvalidInput, suggestion
from hyponema_cli.core.explain import REASONS
from hyponema_cli.core.gates import GATES
from hyponema_cli.core.instant import maybe_text
from hyponema_cli.core.records import Settings
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.why import Because
from hyponema_cli.engine.why import why as explain
from hyponema_cli.render import because, json, times
from hyponema_cli.render.safe import visible
from hyponema_cli.render.tables import fields
from hyponema_cli.store import schedules, users

app = single()

_SIGNS = {"pass": "ok", "wait": "WAITS", "stop": "STOPS"}


@command(app, "why")
def why(
    session: Session,
    word: Annotated[
        str,
        typer.Argument(
            metavar="SCHEDULE|EXECUTION|USER|+E164", help="Ids, exact names, or a number.", show_default=False
        ),
    ],
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="For the call at or before a past instant, or after a coming one."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--gate", metavar="GATE", help="Show only this gate; may be repeated.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show the gates that pass, too.")] = False,
) -> None:
    """Explain a call, past or to come: what every gate says, what would change it, and when it would ring.

    A past call is explained by what was stored then; a coming one by the same rules that dial, as things stand.

    \b
    Examples:
      hyp why "Weekly check-in"
      hyp why +34600000001 --json
      hyp why user-1 --at 2026-11-01T01:30
      hyp why user-1 --gate calling_window --gate call_cap
    """
    answers, workspace = explained(session, word, at, only)
    if session.json:
        output.data(json.document(shape(answers, workspace)) + "\n")
        return
    output.data(_text(answers[0], workspace, session.clock.now(), everything=everything or bool(only)))
    if len(answers) > 1:
        lines = "".join(f"  {_line(each, workspace)}\n" for each in answers[1:])
        output.data(f"\n{len(answers) - 1} more of theirs:\n{lines}")


def explained(
    session: Session, word: str, at: str | None, only: Sequence[str] | None
) -> tuple[Sequence[Because], Settings]:
    """Return why, of each call that is meant, with only the gates that are wanted, and the workspace's settings."""
    wanted = _gates(only)
    with session.desk() as desk:
        workspace = desk.settings()
        answers = explain(desk, word, _moment(desk, word, at, workspace.timezone))
    if wanted:
        answers = [
            replace(each, gates=tuple(gate for gate in each.gates if gate["gate"] in wanted)) for each in answers
        ]
    return answers, workspace


def shape(answers: Sequence[Because], workspace: Settings) -> dict[str, Any]:
    """Return what programs get."""
    first, *others = (_shape(each, workspace) for each in answers)
    return {**first, "others": others}


def _gates(names: Sequence[str] | None) -> set[str]:
    """Read the names of gates; raises InvalidInput for one that is none, with the nearest."""
    for name in names or ():
        if name not in GATES:
            raise InvalidInput(f"--gate {name!r} is not known", hint=suggestion(name, GATES))
    return set(names or ())


def _moment(desk: Desk, word: str, text: str | None, workspace: str | None) -> datetime | None:
    """Read `--at`: an instant, or a time on the clocks of what is asked about."""
    if text is None:
        return None
    if text.strip().casefold() == "now":
        return desk.clock.now()
    found = schedules.find(desk.store, word)
    named = [found[0].zone_name(workspace)[0]] if found else [user.timezone for user in users.find(desk.store, word)]
    zone = next(filter(None, (*named, workspace)), None)
    if zone is None and not text.strip().casefold().endswith("z") and "+" not in text:
        raise InvalidInput(f"{text!r} has no timezone", hint="write an offset, as in 2026-12-01T14:30+01:00")
    return timewords.parse_bound(text, timewords.stored_zone(zone) if zone else None, end=True)


def _shape(it: Because, workspace: Settings) -> dict[str, Any]:
    zone = _zone_of(it, workspace)
    return {
        "subject": {"kind": it.subject, "id": it.subject_id},
        "at": maybe_text(it.at),
        "based_on": it.based_on,
        "schedule_id": it.schedule.id if it.schedule else None,
        "execution_id": it.execution.id if it.execution else None,
        "phone_number": it.phone_number,
        "scheduled_time": maybe_text(it.scheduled_time),
        "status": it.execution.status if it.execution else None,
        "verdict": it.verdict,
        "reason": it.reason,
        "gates": [dict(gate) for gate in it.gates],
        "changes": it.changes,
        "next_call_at": maybe_text(it.next_call_at),
        "next_call_local": it.next_call_at.astimezone(zone).isoformat() if it.next_call_at and zone else None,
        "calls": [json.call(each) for each in it.execution.calls] if it.execution else [],
    }


def _text(it: Because, workspace: Settings, now: datetime, *, everything: bool) -> str:
    zone = _zone_of(it, workspace)
    blocked = [gate for gate in it.gates if gate["verdict"] != "pass"]
    passed = [gate for gate in it.gates if gate["verdict"] == "pass"]
    parts = [because.verdict(it) + "\n", because.whom_and_when(it, zone) + "\n"]
    if it.execution is not None and it.execution.calls:
        parts.append(
            fields([(f"  call {each.number}", because.call_said(each, zone)) for each in it.execution.calls])
        )
    if it.verdict == "idle" and it.execution is not None:
        last = it.execution
        said = f"{last.status}: {REASONS.get(last.reason, last.reason)}" if last.reason else last.status
        when = times.local_in(last.scheduled_time, because.key(zone))
        parts.append(f"\nThe last one, {when}: {said}; see: hyp why {last.id}\n")
    if blocked:
        parts.append("\n" + _gate_lines(blocked, zone))
    if (it.changes and it.verdict != "dialled") or it.remedies:
        alone = len(it.changes) == 1
        parts.append("\nThis would change it:\n" if alone else "\nThese would change it, all together:\n")
        parts += [f"  {visible(change)}\n" for change in it.changes]
    if it.next_call_at is not None and not (it.verdict == "dial" and it.next_call_at == it.scheduled_time):
        title = "It would ring" if it.verdict == "wait" else "Next call, as things stand"
        when = times.local_in(it.next_call_at, because.key(zone))
        parts.append(f"\n{title}: {when}{because.in_time(it.next_call_at, now)}\n")
    elif it.next_call_at is None and it.schedule is not None and it.schedule.status in LIVE_SCHEDULES and blocked:
        parts.append("\nNext call, as things stand: none\n")
    if passed and (everything or (not blocked and it.verdict != "dialled")):
        parts.append("\n" + _gate_lines(passed, zone))
    elif passed:
        parts.append(f"\n{len(passed)} {'other ' if blocked else ''}gates pass (--all shows them)\n")
    return "".join(parts)


def _gate_lines(gates: Sequence[Mapping[str, Any]], zone: ZoneInfo | None) -> str:
    return fields(
        [(f"  {_SIGNS[gate['verdict']]:<5}  {gate['gate']}", because.gate_said(gate, zone)) for gate in gates]
    )


def _line(it: Because, workspace: Settings) -> str:
    """Say in a line who is called when, and whether."""
    return f"{because.whom_and_when(it, _zone_of(it, workspace))}: {because.verdict(it).lower()}"


def _zone_of(it: Because, workspace: Settings) -> ZoneInfo | None:
    """Return the reader's zone (HYP_TZ), else the schedule's."""
    try:
        display = os.environ.get("HYP_TZ")
        if display:
            return timewords.parse_zone(display)
        return it.schedule.zone(workspace.timezone) if it.schedule else None
    except InvalidInput:
        return None
