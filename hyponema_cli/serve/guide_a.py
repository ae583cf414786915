"""Which routes does guide A have? `/workspaces/{workspace}/phone-numbers` and `…/schedules`.

A workspace's name stands for its file, and only those that the server was started with are served.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from hyponema_cli.core.document import shown
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.gates import SIMULATED
from hyponema_cli.engine import body, find
from hyponema_cli.engine import numbers as engine
from hyponema_cli.engine.desk import Desk
from hyponema_cli.render import json
from hyponema_cli.serve import schedules
from hyponema_cli.serve.callers import MOST_ROWS, Reader, Writer, created
from hyponema_cli.serve.guide_b import Limit, Offset, Status, book_one, list_page
from hyponema_cli.serve.schemas import BOOKING, NEW_NUMBER, NUMBER, OCCURRENCE, SCHEDULE, list_of, told
from hyponema_cli.store import numbers

routes = APIRouter(prefix="/workspaces/{workspace}", tags=["guide A"])
_NUMBERS = "/phone-numbers"
_SCHEDULES = "/schedules"
_ONE = _SCHEDULES + "/{schedule_id}"

WEEKLY = {
    "agent_id": "agent_...",
    "user_id": "user_...",
    "single_shot": False,
    "weekdays": [1, 3, 5],
    "local_time": "09:30:00",
    "timezone": "Europe/Madrid",
    "max_attempts": 3,
    "retry_delay_seconds": 600,
}


@routes.get(_NUMBERS, **told(list_of(NUMBER)))
async def list_numbers(caller: Reader, workspace: str, limit: Limit = MOST_ROWS) -> JSONResponse:
    """List the numbers."""
    found = await caller.ask(lambda desk: numbers.select(desk.store, limit))
    return JSONResponse([json.number(each) for each in found])


@routes.post(
    _NUMBERS,
    **told(NUMBER, takes=NEW_NUMBER, example={"phone_number": "+34910000001"}, status=201, creates=True),
)
async def add_number(caller: Writer, workspace: str) -> JSONResponse:
    """Add a number on a carrier, and attach it to an agent if one is named."""
    make = partial(_add_number, _texts_of(await caller.body()))
    shape, is_new = await caller.create(make, lambda desk, made, _: json.number(find.number(desk.store, made)))
    return created(shape, f"/workspaces/{workspace}/phone-numbers/{shape['id']}", is_new=is_new)


@routes.get(_NUMBERS + "/{number}", **told(NUMBER))
async def show_number(caller: Reader, workspace: str, number: str) -> JSONResponse:
    """Show one number, by its id or its E.164 form."""
    return JSONResponse(await caller.ask(lambda desk: json.number(find.number(desk.store, number))))


@routes.delete(_NUMBERS + "/{number}", **told(NUMBER))
async def release_number(caller: Writer, workspace: str, number: str) -> JSONResponse:
    """Remove a number, unless live schedules need it. It stays rented at the carrier."""
    return JSONResponse(await caller.ask(lambda desk: json.number(engine.release(desk, number))))


@routes.get(_SCHEDULES, **told(list_of(SCHEDULE)))
async def list_schedules(
    caller: Reader,
    workspace: str,
    request: Request,
    status: Status = None,
    agent_id: str | None = None,
    user_id: str | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> JSONResponse:
    """List schedules by agent, with next firing and last run; `Link` names the next page if there is one."""
    return await list_page(caller, request, status, agent_id, user_id, limit, offset)


@routes.post(_SCHEDULES, **told(SCHEDULE, takes=BOOKING, example=WEEKLY, status=201, creates=True))
async def add_schedule(caller: Writer, workspace: str) -> JSONResponse:
    """Add a schedule of any kind."""
    return await book_one(caller, recurring=None, under=f"/workspaces/{workspace}/schedules")


@routes.get(_ONE, **told(SCHEDULE))
async def show_schedule(caller: Reader, workspace: str, schedule_id: str) -> JSONResponse:
    """Show one schedule."""
    return JSONResponse(await caller.ask(partial(schedules.one, schedule_id)))


@routes.get(_ONE + "/occurrences", **told(list_of(OCCURRENCE)))
async def show_occurrences(
    caller: Reader,
    workspace: str,
    schedule_id: str,
    after: Annotated[str | None, Query(description="Only later than this instant.")] = None,
    until: Annotated[str | None, Query(description="Not later than this instant or date.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 10,
) -> JSONResponse:
    """Preview when it fires: UTC, local time, what the clocks do to it, and what every gate says."""
    asked = partial(schedules.occurrences, schedule_id, after, until, limit)
    return JSONResponse(await caller.ask(asked, looks=True))


def _texts_of(said: Any) -> dict[str, str]:
    """Read the body that asks for a number."""
    known = tuple(NEW_NUMBER["properties"])
    if not isinstance(said, dict):
        raise InvalidInput(f"{shown(said)} is not a JSON object", hint='as in {"phone_number": "+34910000001"}')
    for name, value in said.items():
        if name not in known:
            raise body.unknown("field", name, known)
        if value is not None and not isinstance(value, str):
            raise InvalidInput(f"{name} {shown(value)} must be a text", hint="in quotes")
    given = {name: body.printable(name, value) for name, value in said.items() if value is not None}
    if "phone_number" not in given:
        raise InvalidInput("phone_number is missing", hint='as in {"phone_number": "+34910000001"}')
    return given


def _add_number(given: dict[str, str], desk: Desk) -> str:
    added = engine.add(desk, given["phone_number"], given.get("carrier", SIMULATED), given.get("label"))
    if "agent_id" in given:
        engine.attach(desk, added.id, given["agent_id"])
    return added.id
