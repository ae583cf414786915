"""A program that uses the library, for type checkers to read: test_types.py runs one over it.

Each `type: ignore` stands for a mistake that has to be found: the checker complains about one that is not needed.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, assert_type

import hyponema_cli
from hyponema_cli import Execution, Health, History, InvalidInput, RetryPolicy, ScheduledCall, ScheduledCallService


async def right(people: list[str]) -> None:
    async with ScheduledCallService(db=Path("calls.db")) as service:
        assert_type(service, ScheduledCallService)
        policy: RetryPolicy = {"max_retries": 2, "retry_delay": "5m"}
        call = await service.schedule_call(
            agent_id="agent-123",
            phone_number="+34600000001",
            scheduled_time=datetime(2090, 12, 1, tzinfo=UTC),
            customer_context={"at": datetime(2090, 12, 2, tzinfo=UTC)},
            retry_policy=policy,
            webhook_events=("completed",),
            priority=5,
        )
        assert_type(call, ScheduledCall)
        assert_type(call.next_run_at, datetime | None)
        assert_type(call.as_dict(), dict[str, Any])
        weekly = await service.schedule_recurring_call(weekdays=[1, "wed"], local_time=time(9, 30), user_id="user-1")
        assert_type(weekly.weekdays, tuple[int, ...] | None)
        tasks = [service.schedule_call(phone_number=each, scheduled_time="now") for each in people]
        assert_type(await asyncio.gather(*tasks), list[ScheduledCall])
        assert_type(await service.schedule_calls([{"phone_number": each} for each in people]), list[ScheduledCall])
        assert_type(await service.list(status=["active"]), list[ScheduledCall])
        assert_type(await service.update(call.id, name=None, enabled=False), ScheduledCall)
        assert_type(await service.execute_now(call.id), Execution)
        history = await service.history(call.id)
        assert_type(history, History)
        assert_type(history["executions"][0]["duration"], int | None)
        assert_type(await service.health(), Health)
        try:
            await service.get("nobody")
        except InvalidInput as error:
            assert_type(error.hint, str | None)


async def wrong(service: ScheduledCallService) -> None:
    await service.schedule_call(scheduled_time=1764599400)  # type: ignore[arg-type]
    await service.schedule_call(phone_number="+34600000001")  # type: ignore[call-arg]
    await service.schedule_call(scheduled_time="now", agnet_id="agent-123")  # type: ignore[call-arg]
    await service.schedule_call(scheduled_time="now", retry_policy={"max_retry": 1})  # type: ignore[arg-type]
    await service.update("sch_1", ref="k")  # type: ignore[call-arg]
    (await service.health())["stauts"]  # type: ignore[typeddict-item]
    (await service.get("sch_1")).name = "new"  # type: ignore[misc]
    hyponema_cli.ScheduledCallServce()  # type: ignore[attr-defined]
