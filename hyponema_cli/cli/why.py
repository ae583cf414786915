"""hyp why: why did it ring, why did it not, and when will it?"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.core import timewords
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.explain import REASONS
from hyponema_cli.core.instant import from_text, maybe_text
from hyponema_cli.core.records import Call, Settings
from hyponema_cli.engine.why import Because
from hyponema_cli.engine.why import why as explain
from hyponema_cli.render import json, times
from hyponema_cli.render.safe import visible
from hyponema_cli.render.tables import fields

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
) -> None:
    """Explain a call, past or to come: what every gate says, what would change it, and when it would ring.

    A past call is explained by what was stored then; a coming one by the same rules that dial, as things stand.

    \b
    Examples:
      hyp why "Weekly check-in"
      hyp why +34600000001 --json
      hyp why user-1 --at 2026-11-01T01:30
    """
    with session.desk() as desk:
        workspace = desk.settings()
        answers = explain(desk, word, _moment(session, at, workspace.timezone))
    if session.json:
        first, *others = (_shape(each, workspace) for each in answers)
        output.data(json.document({**first, "others": others}) + "\n")
        return
    output.data(_text(answers[0], workspace))
    if len(answers) > 1:
        output.data("\nAlso:\n" + "".join(f"  {_line(each, workspace)}\n" for each in answers[1:]))


def _moment(session: Session, text: str | None, workspace: str | None) -> datetime | None:
    if text is None:
        return None
    if text.strip().casefold() == "now":
        return session.clock.now()
    zone = timewords.stored_zone(workspace) if workspace else None
    return timewords.parse_bound(text, zone, end=True)


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


def _text(it: Because, workspace: Settings) -> str:
    zone = _zone_of(it, workspace)
    blocked = [gate for gate in it.gates if gate["verdict"] != "pass"]
    passed = [gate for gate in it.gates if gate["verdict"] == "pass"]
    parts = [_line(it, workspace) + "\n"]
    if it.execution is not None and it.execution.calls:
        parts.append(fields([(f"  call {each.number}", _call_said(each, zone)) for each in it.execution.calls]))
    if blocked:
        parts.append("\n" + _gate_lines(blocked, zone))
    if it.changes and it.verdict != "dialled":
        title = (
            "The one change that would let it go out" if len(it.changes) == 1 else "To let it go out, all of these"
        )
        parts.append(f"\n{title}:\n" + "".join(f"  {visible(change)}\n" for change in it.changes))
    if it.verdict not in ("dial", "wait") or it.next_call_at is None:
        parts.append(
            f"\nNext call, as things stand: {times.local_in(it.next_call_at, zone.key if zone else None) or 'none'}\n"
        )
    elif it.verdict == "wait":
        parts.append(f"\nIt would ring: {times.local_in(it.next_call_at, zone.key if zone else None)}\n")
    if passed:
        parts.append("\n" + _gate_lines(passed, zone))
    return "".join(parts)


def _call_said(it: Call, zone: ZoneInfo | None) -> str:
    reason = f" ({it.reason})" if it.reason else ""
    return f"{it.status}{reason}, {times.local(it.created_at, zone)}, {it.id}"


def _gate_lines(gates: Sequence[Mapping[str, Any]], zone: ZoneInfo | None) -> str:
    return fields([(f"  {_SIGNS[gate['verdict']]:<5}  {gate['gate']}", _gate_said(gate, zone)) for gate in gates])


def _gate_said(gate: Mapping[str, Any], zone: ZoneInfo | None) -> str:
    said = REASONS.get(gate["reason"], gate["reason"]) if gate["reason"] else ""
    datum = gate["datum"] or ("" if said else "nothing in the way")
    source = f" [{gate['source']}]" if gate["source"] else ""
    until = f"; opens {times.local(from_text(gate['until']), zone)}" if gate["until"] and gate["reason"] else ""
    return ": ".join(filter(None, (said, datum))) + source + until


def _line(it: Because, workspace: Settings) -> str:
    """Say in a line who is called when, and whether."""
    zone = _zone_of(it, workspace)
    if it.schedule is None:
        said = REASONS.get(it.reason or "", it.reason)
        blocked = any(gate["verdict"] != "pass" for gate in it.gates)
        return visible(f"{it.phone_number}: no call is planned" + (f"; one would meet: {said}" if blocked else "."))
    name = it.schedule.name or it.schedule.id
    whom = f"{it.schedule.callee.name} ({it.phone_number})" if it.schedule.callee else str(it.phone_number)
    when = f", {times.local_in(it.scheduled_time, zone.key if zone else None)}" if it.scheduled_time else ""
    return visible(f"{name} calls {whom}{when}: {_verdict(it)}")


def _verdict(it: Because) -> str:
    reason = f": {REASONS.get(it.reason, it.reason)}" if it.reason else ""
    if it.based_on == "stored":
        assert it.execution is not None, "what is stored is an execution"
        return f"{it.execution.status}{reason}"
    return {
        "dial": "would ring",
        "wait": f"waits{reason}",
        "stop": f"would not ring{reason}",
        "idle": f"nothing comes{reason}",
    }[it.verdict]


def _zone_of(it: Because, workspace: Settings) -> ZoneInfo | None:
    """Return the reader's zone (HYP_TZ), else the schedule's."""
    try:
        display = os.environ.get("HYP_TZ")
        if display:
            return timewords.parse_zone(display)
        return it.schedule.zone(workspace.timezone) if it.schedule else None
    except InvalidInput:
        return None
