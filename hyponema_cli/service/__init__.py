"""How does a program book calls, without a command line? By the methods of `ScheduledCallService`.

They have no rules of their own: what is asked for becomes the same Request as on the command line, and goes to the
same functions of the engine. They never block the event loop; a thread of its own has the file open (`clerk`).
"""

from __future__ import annotations

import asyncio
import builtins
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import time
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack, cast

from hyponema_cli.clock import Clock, SystemClock
from hyponema_cli.config import workspace_path
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.records import Schedule
from hyponema_cli.engine import book, find
from hyponema_cli.engine import health as vitals
from hyponema_cli.engine import history as past
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.request import Request
from hyponema_cli.render import json
from hyponema_cli.service.clerk import ACTOR, Clerk
from hyponema_cli.service.views import Execution, Health, History, ScheduledCall, plain
from hyponema_cli.service.words import (
    Changes,
    MoreFields,
    RetryPolicy,
    When,
    request_of,
    row_of,
    speaking_of_arguments,
)
from hyponema_cli.store import executions

T = TypeVar("T")


class ScheduledCallService:
    """Books calls in a workspace, and tells of them. Who dials is `hyp tick` or `hyp run-worker`, as ever.

    `db` names the file, or `workspace` a named one; else HYP_DB, HYP_WORKSPACE and the default decide, as for `hyp`.
    The file must be there: `hyp init` makes one. It is opened when it is first needed.

    - Use it with `async with`, or `await service.close()` at the end: what waits is done first.
    - Thousands of calls may wait at once (`asyncio.gather`): those that come together share a transaction, and each
      has its own result or its own error. Several processes may use one file.
    - A task that is canceled while it waits has booked its call, or it has not; give a `ref`, and asking again is
      safe.
    - It may be used from any event loop and thread, but not carried across a fork once it was used.

    A time without an offset is a reading of the clocks in `timezone`, else in the user's zone, else in the
    workspace's; never in this machine's. So `datetime.now()` is a trap: it reads this machine's clocks, and 14:30
    here is taken for 14:30 *there*. Now, and all that is counted from it, is `datetime.now(UTC)`; or say "now". A
    time up to a minute ago is called now; an earlier one is refused, unless `allow_past` is given.

    Errors are HypErrors, with a `message`, a `hint` and a `kind`; whatever raised one has stored nothing.
    """

    def __init__(
        self,
        *,
        db: str | os.PathLike[str] | None = None,
        workspace: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Name the workspace; `clock` is for tests."""
        try:
            self._path = workspace_path(os.fspath(db) if db is not None else None, workspace, os.environ)
        except InvalidInput as error:
            raise InvalidInput(
                error.message.replace("--", ""), hint=error.hint and error.hint.replace("--", "")
            ) from error
        self._clerk = Clerk(self._path, clock or SystemClock())
        # A request to a carrier takes seconds, and nobody who books should wait for it.
        self._dialler = Clerk(self._path, clock or SystemClock())

    async def __aenter__(self) -> Self:
        """Open the file; raises NoDatabase when there is none."""
        await self._ask(lambda desk: None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do what waits, and let go of the file."""
        await self.close()

    async def close(self) -> None:
        """Do what waits, and let go of the file. What is asked for later raises Conflict."""
        endings = [self._clerk.close(), self._dialler.close()]
        await asyncio.gather(*map(asyncio.wrap_future, endings))

    async def schedule_call(
        self,
        *,
        scheduled_time: When,
        phone_number: str | None = None,
        agent_id: str | None = None,
        timezone: str | None = None,
        name: str | None = None,
        description: str | None = None,
        customer_context: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        retry_policy: RetryPolicy | None = None,
        webhook_url: str | None = None,
        webhook_events: Sequence[str] | None = None,
        ref: str | None = None,
        allow_past: bool = False,
        **more: Unpack[MoreFields],
    ) -> ScheduledCall:
        """Book one call.

        `scheduled_time` is a datetime, ISO text, or "now". An offset wins; without one it is a time in `timezone`.
        `phone_number`, or `user_id`, is who is called; `agent_id` may be left out where there is one agent.

        With a `ref`, a key of your own, asking again gives the same call; Conflict if it was another one.

        Raises InvalidInput, NotFound or Ambiguous for what cannot be booked, Conflict, Busy and NoDatabase.
        """
        given = _given(locals())
        return await self._book(given)

    async def schedule_recurring_call(
        self,
        *,
        cron_expression: str | None = None,
        weekdays: Sequence[int | str] | str | None = None,
        local_time: time | str | None = None,
        phone_number: str | None = None,
        agent_id: str | None = None,
        timezone: str | None = None,
        max_occurrences: int | None = None,
        name: str | None = None,
        description: str | None = None,
        customer_context: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        retry_policy: RetryPolicy | None = None,
        webhook_url: str | None = None,
        webhook_events: Sequence[str] | None = None,
        ref: str | None = None,
        **more: Unpack[MoreFields],
    ) -> ScheduledCall:
        """Book a call again and again: by `cron_expression`, or by `weekdays` (1 is Monday) and `local_time`.

        `max_occurrences` None: until it is canceled. The rest is as for `schedule_call`.
        """
        given = _given(locals())
        return await self._book(given)

    async def schedule_calls(self, calls: Iterable[Mapping[str, Any]]) -> builtins.list[ScheduledCall]:
        """Book many calls in one transaction, all or none; return them in their order.

        Each is a dict with the names of the arguments, those of `schedule_recurring_call` included. An error names
        the one that it is about, as in calls[2].
        """
        requests = []
        for number, each in enumerate(calls):
            with speaking_of_arguments(f"calls[{number}]: "):
                requests.append(row_of(each))
        return await self._ask(partial(_book_all, requests))

    async def get(self, schedule_id: str) -> ScheduledCall:
        """Return a schedule by its id, or by its exact name; so can the methods below. Raises NotFound."""
        return await self._ask(lambda desk: _view(desk, find.schedule(desk.store, schedule_id)))

    async def list(
        self,
        *,
        status: str | Sequence[str] | None = None,
        agent_id: str | None = None,
        user_id: str | None = None,
        limit: int | None = None,
    ) -> builtins.list[ScheduledCall]:
        """List schedules by agent, then next firing; all of them, unless there is a `limit`.

        `status` None: those that are active or paused; "all": also those that are over.
        """
        words = [status] if isinstance(status, str) else status or ()
        if limit is not None and limit < 1:
            raise InvalidInput(f"limit {limit} must be 1 or more", hint="leave it out for all")
        return await self._ask(partial(_list, words, agent_id, user_id, limit or 0))

    async def update(self, schedule_id: str, **changes: Unpack[Changes]) -> ScheduledCall:
        """Change what is given, and nothing else; return what it is then.

        Context and metadata are merged, key by key; a None unsets a field, and `enabled` pauses or resumes.
        """
        with speaking_of_arguments():
            request = request_of(changes, change=True)
        return await self._ask(lambda desk: _view(desk, book.edit(desk, schedule_id, request)[1]))

    async def cancel(self, schedule_id: str, *, reason: str | None = None) -> ScheduledCall:
        """End a schedule for good; its history stays. A call in progress is not cut off."""
        return await self._ask(lambda desk: _view(desk, book.cancel(desk, schedule_id, reason)))

    async def pause(self, schedule_id: str, *, reason: str | None = None) -> ScheduledCall:
        """Stop a schedule from dialling until it is resumed. What comes due meanwhile is skipped, not saved up."""
        return await self._ask(lambda desk: _view(desk, book.pause(desk, schedule_id, reason)))

    async def resume(self, schedule_id: str, *, reason: str | None = None) -> ScheduledCall:
        """Let a paused schedule dial again, from its next time on."""
        return await self._ask(lambda desk: _view(desk, book.resume(desk, schedule_id, reason)))

    async def execute_now(self, schedule_id: str) -> Execution:
        """Call now, beside the rule: the next regular call still happens. Every gate is asked.

        Returns the execution: `dialing` when the carrier took the call, `pending` with a `reason` when it has to
        wait; `history` tells how it ends. This waits for the carrier, and keeps nobody from booking meanwhile.
        Raises Conflict while the schedule is being called already.
        """
        return await self._ask(partial(_execute_now, schedule_id), clerk=self._dialler)

    async def history(self, schedule_id: str) -> History:
        """Return what became of every occurrence, in order of time, with the coming one as `pending` at the end."""
        return await self._ask(partial(_history, schedule_id))

    async def health(self) -> Health:
        """Return whether the queue is driven and nothing is wrong, by the rules of `hyp health`."""
        return await self._ask(_health)

    async def _book(self, given: Mapping[str, Any]) -> ScheduledCall:
        with speaking_of_arguments():
            request = request_of(given)
        return await self._ask(partial(_book, request), together=True)

    async def _ask(self, act: Callable[[Desk], T], *, together: bool = False, clerk: Clerk | None = None) -> T:
        with speaking_of_arguments():
            return await asyncio.wrap_future((clerk or self._clerk).ask(act, together=together))


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return what a method was given, from its local names: None says nothing."""
    given = {**arguments, **arguments["more"]}
    return {name: value for name, value in given.items() if name not in ("self", "more") and value is not None}


def _book(request: Request, desk: Desk) -> ScheduledCall:
    return _view(desk, book.add(desk, request, created_by=ACTOR)[0])


def _book_all(requests: Sequence[Request], desk: Desk) -> list[ScheduledCall]:
    booked = []
    with desk.store.transaction():
        for number, request in enumerate(requests):
            with speaking_of_arguments(f"calls[{number}]: "):
                booked.append(_book(request, desk))
    return booked


def _view(desk: Desk, schedule: Schedule) -> ScheduledCall:
    return ScheduledCall.of(json.schedule(schedule, desk.settings()))


def _list(
    status: Sequence[str], agent_id: str | None, user_id: str | None, limit: int, desk: Desk
) -> list[ScheduledCall]:
    found = find.schedules_of(desk.store, "status", status, agent_id, user_id, limit=limit)
    workspace = desk.settings()
    return [ScheduledCall.of(json.schedule(each, workspace)) for each in found]


def _execute_now(schedule_id: str, desk: Desk) -> Execution:
    execution_id, _ = book.run_now(desk, schedule_id)
    execution = executions.get(desk.store, execution_id)
    assert execution is not None, "it was just recorded"
    return cast(Execution, plain(json.execution(execution)))


def _history(schedule_id: str, desk: Desk) -> History:
    return cast(History, plain(json.history(*past.of_schedule(desk, schedule_id))))


def _health(desk: Desk) -> Health:
    return cast(Health, plain(json.health(*vitals.judged(desk.store, desk.clock.now()))))
