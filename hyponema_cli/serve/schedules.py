"""What do the routes about schedules do? What the commands do: they call the same functions of the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from hyponema_cli.core import phone, timewords
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.records import Schedule
from hyponema_cli.engine import body, book, find
from hyponema_cli.engine import health as vitals
from hyponema_cli.engine import history as past
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.materialise import occurrences_ahead
from hyponema_cli.engine.request import Request
from hyponema_cli.engine.why import Inquiry
from hyponema_cli.render import json
from hyponema_cli.store import executions

RUN_KEYS = ("execution_id", "scheduled_time", "actual_time", "call_id", "status", "duration", "error")
"""What guide B's history tells of an execution."""


def read(said: Any, *, change: bool = False) -> Request:
    """Read the body of a request."""
    request = body.read(said, change=change)
    if change and request.ref is not None:
        raise InvalidInput("the ref of a schedule cannot be changed", hint="add a new schedule instead")
    to = phone.parse(request.to) if request.to is not None else None
    return replace(request, to=to, when=replace(request.when, grace=body.GRACE))


def add(request: Request, created_by: str, recurring: bool | None, desk: Desk) -> str:
    """Book a schedule that repeats, or one that does not, or (None) any; return its id."""
    found, _ = book.add(desk, request, created_by=created_by)
    if recurring is not None and found.recurring != recurring:
        other = "/api/scheduled-calls" + ("" if recurring else "/recurring")
        raise InvalidInput(
            "this is for one time, and not recurring" if recurring else "this repeats, and is not for one time",
            hint=f"POST {other}",
        )
    return found.id


def one(schedule_id: str, desk: Desk) -> dict[str, Any]:
    """Show a schedule."""
    return json.schedule(find.schedule(desk.store, schedule_id), desk.settings())


def list_(
    status: str | None, agent: str | None, user: str | None, limit: int, offset: int, desk: Desk
) -> tuple[list[dict[str, Any]], bool]:
    """List schedules by agent, then next firing; the second value is True when there are more."""
    words = [status] if status else []
    found = list(find.schedules_of(desk.store, "status", words, agent, user, limit=limit + 1, offset=offset))
    workspace = desk.settings()
    return [json.schedule(each, workspace) for each in found[:limit]], len(found) > limit


def edit(schedule_id: str, request: Request, desk: Desk) -> dict[str, Any]:
    """Change what is given, and nothing else."""
    return json.schedule(book.edit(desk, schedule_id, request)[1], desk.settings())


def end(
    act: Callable[[Desk, str, str | None], Schedule], schedule_id: str, reason: str | None, desk: Desk
) -> dict[str, Any]:
    """Pause, resume or cancel a schedule."""
    return json.schedule(act(desk, schedule_id, reason), desk.settings())


pause, resume, cancel = (partial(end, act) for act in (book.pause, book.resume, book.cancel))


def execute(desk: Desk, execution_id: str, is_new: bool) -> dict[str, Any]:
    """Dial what was recorded to be called now; tell what became of it, or, of a repetition, what it has come to."""
    if is_new:
        book.dial_recorded(desk, execution_id)
    execution = executions.get(desk.store, execution_id)
    assert execution is not None, "it was just recorded"
    return json.execution(execution)


def history(schedule_id: str, desk: Desk) -> dict[str, Any]:
    """Tell what became of every occurrence, as guide B does."""
    shape = json.history(*past.of_schedule(desk, schedule_id))
    return {**shape, "executions": [{key: run[key] for key in RUN_KEYS} for run in shape["executions"]]}


def occurrences(
    schedule_id: str, after: str | None, until: str | None, limit: int, desk: Desk
) -> list[dict[str, Any]]:
    """Tell when a schedule fires next, and what every gate says of it as things stand."""
    found = find.schedule(desk.store, schedule_id)
    workspace, now = desk.settings(), desk.clock.now()
    zone = found.zone(workspace.timezone) or ZoneInfo("UTC")
    begin = timewords.parse_bound(after, zone, end=False) if after is not None else None
    last = timewords.parse_bound(until, zone, end=True) if until is not None else None
    inquiry, shapes = Inquiry(desk, workspace, now), list[dict[str, Any]]()
    for each in islice(occurrences_ahead(desk.store, found, workspace, begin), limit):
        if last is not None and each.at > last:
            break
        shapes.append(json.firing(each.at, zone, each.note, inquiry.outlook(found, each)))
    return shapes


def health(desk: Desk) -> dict[str, Any]:
    """Tell whether the queue is driven and nothing is wrong."""
    return json.health(*vitals.judged(desk.store, desk.clock.now()))
