"""What monitors ask for is counted as rows change, and the counts are always those that counting would give."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlite_utils import Database, Migrations

from hyponema_cli.core.call import FINAL_EXECUTIONS, ScheduleState
from hyponema_cli.store import Store, create, open_store, vitals
from hyponema_cli.store.migrations import (
    APPLICATION_ID,
    m0001_the_spine,
    m0002_the_gates,
    m0003_the_carriers,
    m0004_the_outbox,
)
from tests.store.test_migrations import ROWS
from tests.world import World

SCHEDULE = dict(next(row for table, row in ROWS if table == "schedules"))


def counted(store: Store) -> dict[str, int]:
    rows = store.execute("select status, count(*) from schedules group by status").fetchall()
    return {**dict.fromkeys(ScheduleState, 0), **dict(rows)}


@settings(max_examples=25, deadline=None)
@given(
    some.lists(
        some.tuples(some.integers(0, 3), some.sampled_from([*ScheduleState, None, "undo"])), min_size=1, max_size=12
    )
)
def test_the_counts_of_schedules_follow_every_insert_change_delete_and_rollback(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str | None]]
) -> None:
    store, _ = create(tmp_path_factory.mktemp("counts") / "w.db")
    file = Database(store.connection)
    for table, row in ROWS[:2]:
        file[table].insert(row)
    for number, status in steps:
        store.execute("begin immediate")
        if status is None:
            store.execute("delete from schedules where id = ?", (f"sch_{number}",))
        else:
            row = {**SCHEDULE, "id": f"sch_{number}", "status": "paused" if status == "undo" else status}
            file["schedules"].upsert(row, pk="id")
        store.execute("rollback" if status == "undo" else "commit")
        assert vitals.schedule_counts(store) == counted(store)
    store.close()


def test_an_older_file_is_counted_once_when_it_is_brought_to_todays_schema(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "older.db", isolation_level=None)
    steps = Migrations("hyp")
    for step in (m0001_the_spine, m0002_the_gates, m0003_the_carriers, m0004_the_outbox):
        steps()(step)
    file = Database(connection)
    steps.apply(file)
    for table, row in ROWS[:4]:
        file[table].insert(row)
    over = {"id": "exe_0", "status": "missed", "reason": "too_late", "finished_at": "2026-03-01T08:00:00Z"}
    file["executions"].insert({**ROWS[3][1], **over, "slot": "x", "scheduled_time": "2026-03-01T08:00:00Z"})
    file["schedules"].insert({**SCHEDULE, "id": "sch_2", "status": "paused"})
    connection.execute(f"pragma application_id = {APPLICATION_ID}")
    connection.execute("pragma user_version = 4")
    connection.close()
    store = open_store(tmp_path / "older.db")
    assert vitals.schedule_counts(store) == counted(store)
    assert {status for status, count in vitals.ended_counts(store).items() if count} == {"missed"}
    store.close()


def test_ends_are_counted_by_how_they_ended_and_are_never_taken_back(world: World) -> None:
    world.add({"delay": "1m"})
    world.add({"delay": "1m"}, user=None, to="+34600000002")
    world.clock.set(world.clock.now() + timedelta(hours=1))
    world.tick()  # long too late: both are missed
    world.add({"delay": "1m"})
    world.run_until(world.clock.now() + timedelta(minutes=3))
    counts = vitals.ended_counts(world.store)
    assert counts == {**dict.fromkeys(FINAL_EXECUTIONS, 0), "missed": 2, "completed": 1}
    world.store.execute("delete from calls")
    world.store.execute("delete from executions")
    assert vitals.ended_counts(world.store) == counts
