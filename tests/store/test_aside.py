"""A long list is what it was at one moment, and while somebody reads it, nobody is kept from writing."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from hyponema_cli.core.call import ScheduleState
from hyponema_cli.core.errors import Unusable
from hyponema_cli.core.records import Agent
from hyponema_cli.store import agents, aside, executions, schedules
from tests.world import World

EVERY = tuple(ScheduleState)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two agents' schedules in every state, with runs, a retry and what is still to come."""
    world = World(tmp_path)
    now = world.clock.now()
    agents.insert(world.store, Agent("agent-2", "Other", None, "wss://agent.example/2", None, now, now))
    for number in range(11):
        agent = "agent-1" if number % 3 else "agent-2"
        world.add(
            {"weekdays": "mon", "at": f"09:{number:02}"}, user=None, to=f"+3460000010{number % 10}", agent=agent
        )
    world.add({"cron": "* * * * *"}, max_attempts=3)
    world.run_until("2026-03-02 08:20")
    some = schedules.select(world.store, statuses=EVERY)
    world.store.execute("update schedules set status = 'paused' where id = ?", (some[1].id,))
    yield world
    world.close()


@pytest.fixture(autouse=True)
def in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "_A_PIECE", 3)
    monkeypatch.setattr(aside, "_IN_MEMORY", 2000)


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_it_is_the_list_that_select_gives(world: World, limit: int) -> None:
    for statuses in (EVERY, ("active",), ("paused", "active")):
        for asked in ({}, {"agent_id": "agent-2"}, {"user_id": "ana"}, {"user_id": "nobody"}):
            found = list(schedules.at_leisure(world.store, statuses=statuses, limit=limit, **asked))
            assert found == schedules.select(world.store, statuses=statuses, limit=limit, **asked)
    assert len(executions.select(world.store)) > 20
    (one,) = {each.schedule_id for each in executions.select(world.store, agent_id="agent-1", limit=1)}
    for asked in ({}, {"agent_id": "agent-2"}, {"schedule_id": one}, {"schedule_id": "nothing"}):
        for states in ((), ("completed", "skipped")):
            found_runs = list(executions.at_leisure(world.store, statuses=states, limit=limit, **asked))
            assert found_runs == executions.select(world.store, statuses=states, limit=limit, **asked)


def test_what_is_written_while_a_list_is_read_is_not_kept_waiting_and_not_in_the_list(world: World) -> None:
    before, runs = schedules.select(world.store, statuses=EVERY), executions.select(world.store)
    other = world.another_desk().store
    other.wait_at_most(0)
    listed = schedules.at_leisure(world.store, statuses=EVERY)
    ran = executions.at_leisure(world.store)
    seen, seen_run = next(listed), next(ran)
    with other.transaction():
        other.execute("update schedules set name = 'changed', status = 'paused'")
        other.execute("update executions set reason = 'changed'")
    assert [seen, *listed] == before
    assert [seen_run, *ran] == runs


def test_a_list_that_is_put_aside_is_read_in_one_transaction(world: World) -> None:
    before = schedules.select(world.store, statuses=EVERY)
    other = world.another_desk().store
    other.wait_at_most(0)
    tried = list[str]()

    def meddle(statement: str) -> None:
        if "where s.id in" in statement:
            try:
                other.execute("update schedules set name = 'changed'")
            except Exception as error:
                tried.append(str(error))

    world.store.connection.set_trace_callback(meddle)
    listed = schedules.at_leisure(world.store, statuses=EVERY)
    world.store.connection.set_trace_callback(None)
    assert list(listed) == before
    assert len(tried) in (0, 4), "in a write-ahead log a writer is not kept waiting; in a rollback journal it is"


class FullDisk(BytesIO):
    """A file that takes nothing."""

    def __init__(self, _: int) -> None:
        super().__init__()

    def write(self, _: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_without_room_for_a_long_list_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.SpooledTemporaryFile", FullDisk)
    with pytest.raises(Unusable, match=r"a long list cannot be kept in a temporary file: No space left on device"):
        schedules.at_leisure(world.store, statuses=EVERY)
    assert not world.store.in_transaction()
