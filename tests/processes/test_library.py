"""Programs that book by the library: several processes at one file, a fork, and a program that just ends."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from typing import Any

from hyponema_cli import ScheduledCallService
from tests.cli.conftest import Hyp

BOOK = """
import asyncio, json, sys
from hyponema_cli import ScheduledCallService

first, with_refs = int(sys.argv[1]), sys.argv[2] == "refs"

async def main():
    service = ScheduledCallService()
    print("ready", flush=True)
    sys.stdin.readline()
    calls = await asyncio.gather(*[
        service.schedule_call(
            agent_id="agent-123",
            phone_number=f"+3460{each:07}",
            scheduled_time="2090-12-01 14:30",
            timezone="Europe/Madrid",
            ref=f"ref-{each}" if with_refs else None,
        )
        for each in range(first, first + 250)
    ])
    print(json.dumps([call.id for call in calls]))

asyncio.run(main())
"""

FORK = """
import asyncio, os, sys
from hyponema_cli import Conflict, ScheduledCallService

CALL = dict(agent_id="agent-123", scheduled_time="2090-12-01 14:30", timezone="Europe/Madrid")
service, unused = ScheduledCallService(), ScheduledCallService()
asyncio.run(service.schedule_call(**CALL, phone_number="+34600000001"))
child = os.fork()
if child == 0:
    try:
        asyncio.run(service.schedule_call(**CALL, phone_number="+34600000002"))
    except Conflict as error:
        print(error.message.partition(", ")[2].partition(" in ")[0], "|", error.hint)
    asyncio.run(unused.schedule_call(**CALL, phone_number="+34600000003"))
    asyncio.run(unused.close())
    asyncio.run(service.close())
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
asyncio.run(service.schedule_call(**CALL, phone_number="+34600000004"))
"""


def at_once(hyp: Hyp, firsts: list[int], refs: str) -> list[list[str]]:
    """Let a process for each of `firsts` book 250 calls from there on, all at the same time; return their ids."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", BOOK, str(first), refs],
            env=hyp.env,
            cwd=hyp.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for first in firsts
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    said = [worker.communicate(timeout=60) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * len(workers), said
    return [json.loads(out) for out, _ in said]


def script(hyp: Hyp, text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", text],
        env=hyp.env,
        cwd=hyp.home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_thousand_calls_booked_at_once_by_four_processes_are_all_there_once(hyp: Hyp) -> None:
    ids = [each for theirs in at_once(hyp, [0, 250, 500, 750], "") for each in theirs]
    stored = hyp.query("select id, to_number from schedules order by to_number")
    assert sorted(ids) == sorted(row[0] for row in stored)
    assert [row[1] for row in stored] == [f"+3460{each:07}" for each in range(1000)]
    assert hyp.query("select count(*), count(distinct schedule_id) from events where name = 'schedule.added'") == [
        (1000, 1000)
    ]


def test_what_four_processes_book_under_the_same_refs_is_there_once_and_all_get_the_same(hyp: Hyp) -> None:
    first, *others = at_once(hyp, [0, 0, 0, 0], "refs")
    assert others == [first] * 3
    assert Counter(row[0] for row in hyp.query("select to_number from schedules")) == {
        f"+3460{each:07}": 1 for each in range(250)
    }


def test_a_used_service_is_refused_after_a_fork_and_an_unused_one_is_not(hyp: Hyp) -> None:
    done = script(hyp, FORK)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "and cannot be used | make it after the fork: ScheduledCallService()\n"
    stored = hyp.query("select to_number from schedules order by to_number")
    assert [row[0] for row in stored] == ["+34600000001", "+34600000003", "+34600000004"]


def test_a_program_that_never_closes_its_service_ends_at_once_and_loses_nothing(hyp: Hyp) -> None:
    done = script(hyp, FORK.partition("child = os.fork()")[0])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert hyp.query("select count(*) from schedules") == [(1,)]


def test_what_the_library_prints_is_what_the_command_line_prints(hyp: Hyp) -> None:
    async def story() -> dict[str, Any]:
        async with ScheduledCallService(db=hyp.db) as service:
            call = await service.schedule_recurring_call(
                weekdays=[1, 3, 5], local_time="09:30", agent_id="agent-123", user_id="user-1", name="Check-in"
            )
            return {
                "show": call.as_dict(),
                "list": [each.as_dict() for each in await service.list()],
                "history": await service.history(call.id),
                "health": await service.health(),
            }

    told = asyncio.run(story())
    shown = hyp.ok("schedules", "show", "Check-in", "--json").json
    assert told["show"] == {name: value for name, value in shown.items() if name not in ("occurrences", "outlook")}
    assert told["list"] == hyp.ok("schedules", "list", "--json").json
    assert told["history"] == hyp.ok("history", "Check-in", "--json").json
    assert told["health"] == hyp("health", "--json").json
