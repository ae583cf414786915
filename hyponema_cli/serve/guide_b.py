"""Which routes does guide B have? `/api/scheduled-calls` and `/api/scheduler/health`, on the main workspace."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from hyponema_cli.engine import book
from hyponema_cli.serve import schedules
from hyponema_cli.serve.callers import MOST_ROWS, Caller, Dialler, Reader, Writer, created
from hyponema_cli.serve.schemas import BOOKING, EXECUTION, HEALTH, HISTORY, SCHEDULE, list_of, told

routes = APIRouter(prefix="/api", tags=["guide B"])
_CALLS = "/scheduled-calls"
_ONE = _CALLS + "/{schedule_id}"

Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="How many at most.")]
Offset = Annotated[int, Query(ge=0, le=1_000_000_000, description="How many to pass over.")]
Status = Annotated[
    str | None, Query(description="active, paused, completed, exhausted, canceled or all; by default what is live.")
]
Reason = Annotated[str | None, Query(max_length=500, description="Why; kept with the schedule.")]

SINGLE = {
    "agent_id": "agent-123",
    "phone_number": "+1234567890",
    "scheduled_time": "2027-02-01 14:30:00",
    "timezone": "America/New_York",
    "name": "Follow-up call for John",
}
RECURRING = {
    "agent_id": "agent-123",
    "phone_number": "+1234567890",
    "cron_expression": "0 9 * * MON",
    "timezone": "America/New_York",
    "name": "Weekly check-in",
    "max_occurrences": 12,
}


@routes.post(_CALLS, **told(SCHEDULE, takes=BOOKING, example=SINGLE, status=201, creates=True))
async def schedule_call(caller: Writer) -> JSONResponse:
    """Book one call."""
    return await book_one(caller, recurring=False, under="/api/scheduled-calls")


@routes.post(f"{_CALLS}/recurring", **told(SCHEDULE, takes=BOOKING, example=RECURRING, status=201, creates=True))
async def schedule_recurring_call(caller: Writer) -> JSONResponse:
    """Book a call again and again."""
    return await book_one(caller, recurring=True, under="/api/scheduled-calls")


@routes.get(_CALLS, **told(list_of(SCHEDULE)))
async def list_scheduled_calls(
    caller: Reader,
    request: Request,
    status: Status = None,
    agent_id: str | None = None,
    user_id: str | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> JSONResponse:
    """List schedules by agent, then next firing; `Link` names the next page if there is one."""
    return await list_page(caller, request, status, agent_id, user_id, limit, offset)


@routes.get(_ONE, **told(SCHEDULE))
async def show_scheduled_call(caller: Reader, schedule_id: str) -> JSONResponse:
    """Show one schedule."""
    return JSONResponse(await caller.ask(partial(schedules.one, schedule_id)))


@routes.put(_ONE, **told(SCHEDULE, takes=BOOKING, example={"scheduled_time": "2027-02-02 10:00:00"}))
async def update_scheduled_call(caller: Writer, schedule_id: str) -> JSONResponse:
    """Change what is given, and nothing else: a null unsets, context and metadata are merged."""
    request = schedules.read(await caller.body(), change=True)
    return JSONResponse(await caller.ask(partial(schedules.edit, schedule_id, request)))


@routes.delete(_ONE, **told(SCHEDULE))
async def cancel_scheduled_call(caller: Writer, schedule_id: str, reason: Reason = None) -> JSONResponse:
    """End a schedule for good; its history stays, and it can still be shown."""
    return JSONResponse(await caller.ask(partial(schedules.cancel, schedule_id, reason)))


@routes.post(f"{_ONE}/pause", **told(SCHEDULE))
async def pause_scheduled_call(caller: Writer, schedule_id: str, reason: Reason = None) -> JSONResponse:
    """Stop a schedule from dialling until it is resumed."""
    return JSONResponse(await caller.ask(partial(schedules.pause, schedule_id, reason)))


@routes.post(f"{_ONE}/resume", **told(SCHEDULE))
async def resume_scheduled_call(caller: Writer, schedule_id: str, reason: Reason = None) -> JSONResponse:
    """Let a paused schedule dial again, from its next time on."""
    return JSONResponse(await caller.ask(partial(schedules.resume, schedule_id, reason)))


@routes.post(f"{_ONE}/execute", **told(EXECUTION, status=202, creates=True))
async def execute_now(caller: Dialler, schedule_id: str) -> JSONResponse:
    """Call now, beside the rule. Every gate is asked: `status` and `reason` say what became of it."""

    def record(desk: Any) -> str:
        return book.record_manual(desk, schedule_id)

    shape, is_new = await caller.create(record, schedules.execute, together=False, dials=True)
    return created(shape, f"/api/scheduled-calls/{shape['schedule_id']}/history", is_new=is_new, status=202)


@routes.get(f"{_ONE}/history", **told(HISTORY))
async def show_history(caller: Reader, schedule_id: str) -> JSONResponse:
    """Tell what became of every occurrence; the coming one is `pending`, at the end."""
    return JSONResponse(await caller.ask(partial(schedules.history, schedule_id), looks=True))


@routes.get("/scheduler/health", **told(HEALTH))
async def show_health(caller: Reader) -> JSONResponse:
    """Tell whether the queue is driven and nothing is wrong."""
    return JSONResponse(await caller.room.ask_shared("health", schedules.health))


async def book_one(caller: Caller, *, recurring: bool | None, under: str) -> JSONResponse:
    """Book what the body asks for."""
    request = schedules.read(await caller.body())
    make = partial(schedules.add, request, caller.actor, recurring)
    shape, is_new = await caller.create(make, lambda desk, made, _: schedules.one(made, desk))
    return created(shape, f"{under}/{shape['id']}", is_new=is_new)


async def list_page(
    caller: Caller,
    request: Request,
    status: str | None,
    agent_id: str | None,
    user_id: str | None,
    limit: int,
    offset: int,
) -> JSONResponse:
    """List one page of schedules."""
    rows, has_more = await caller.ask(partial(schedules.list_, status, agent_id, user_id, limit, offset), looks=True)
    if not has_more:
        return JSONResponse(rows)
    following = request.url.include_query_params(offset=offset + limit)
    return JSONResponse(rows, headers={"Link": f'<{following.path}?{following.query}>; rel="next"'})
