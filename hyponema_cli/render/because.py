"""In which words is it said why a call was made, was not, or would not be? The same on a terminal and on a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hyponema_cli.core.explain import REASONS
from hyponema_cli.core.instant import from_text
from hyponema_cli.core.records import Call
from hyponema_cli.engine.why import Because
from hyponema_cli.render import times
from hyponema_cli.render.safe import visible


def verdict(it: Because) -> str:
    """Say in a few words whether it rings, or rang, and why not."""
    reason = f": {REASONS.get(it.reason, it.reason)}" if it.reason else ""
    if it.based_on == "stored":
        assert it.execution is not None, "what is stored is an execution"
        return f"{it.execution.status.replace('_', ' ').upper()}{reason}"
    if it.schedule is None:
        blocked = any(gate["verdict"] != "pass" for gate in it.gates)
        return f"A CALL WOULD NOT RING{reason}" if blocked else "NOTHING IN THE WAY"
    return {
        "dial": "WOULD RING",
        "wait": f"WAITS{reason}",
        "stop": f"WOULD NOT RING{reason}",
        "idle": f"NOTHING COMES{reason}",
    }[it.verdict]


def whom_and_when(it: Because, zone: ZoneInfo | None) -> str:
    """Say who is called when."""
    if it.schedule is None:
        return visible(f"No call to {it.phone_number} is planned.")
    name = it.schedule.name or it.schedule.id
    whom = f"{it.schedule.callee.name} ({it.phone_number})" if it.schedule.callee else str(it.phone_number)
    when = f", {times.local_in(it.scheduled_time, key(zone))}" if it.scheduled_time else ""
    return visible(f"{name} calls {whom}{when}")


def gate_said(gate: Mapping[str, Any], zone: ZoneInfo | None) -> str:
    """Say what a gate answers, and since whose word."""
    said = REASONS.get(gate["reason"], gate["reason"]) if gate["reason"] else ""
    datum = gate["datum"] or ("" if said else "nothing in the way")
    source = f" [{gate['source']}]" if gate["source"] else ""
    until = ""
    if gate["until"] and gate["reason"]:
        word = "opens" if gate["gate"] == "calling_window" else "until"
        until = f"; {word} {times.local_in(from_text(gate['until']), key(zone))}"
    return ": ".join(filter(None, (said, datum))) + source + until


def call_said(it: Call, zone: ZoneInfo | None) -> str:
    """Say what became of one attempt."""
    reason = f" ({REASONS.get(it.reason, it.reason)})" if it.reason else ""
    return f"{it.status}{reason}, {times.local(it.created_at, zone)}, {it.id}"


def in_time(at: datetime, now: datetime) -> str:
    """Say how far off an instant is, as long as that is easier to grasp than its date."""
    ahead = at - now
    if not timedelta(minutes=1) <= ahead < timedelta(days=2):
        return ""
    minutes = int(ahead.total_seconds()) // 60
    return f" (in {minutes // 60} h {minutes % 60} min)" if minutes >= 60 else f" (in {minutes} min)"


def key(zone: ZoneInfo | None) -> str | None:
    """Return the name of a zone."""
    return zone.key if zone else None
