"""A file that an older hyp wrote is brought to today's schema, and keeps all that stood in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from hyponema_cli.store import calls, open_store, schedules, users
from hyponema_cli.store.migrations import APPLICATION_ID, SCHEMA_VERSION, m0001_the_spine

NOW = "2026-03-02T08:00:00Z"
CALL = {
    "execution_id": "exe_1",
    "number": 1,
    "carrier": "simulated",
    "from_number": "+34910000001",
    "to_number": "+34600000001",
    "deadline_at": NOW,
    "created_at": NOW,
}
ROWS: list[tuple[str, dict[str, object]]] = [
    ("agents", {"id": "agent-1", "name": "Check-in", "created_at": NOW, "updated_at": NOW}),
    (
        "users",
        {
            "id": "ana",
            "name": "Ana",
            "phone_number": "+34600000001",
            "timezone": "Europe/Madrid",
            "created_at": NOW,
            "updated_at": NOW,
        },
    ),
    (
        "schedules",
        {
            "id": "sch_1",
            "agent_id": "agent-1",
            "user_id": "ana",
            "kind": "once",
            "run_at": NOW,
            "status": "active",
            "max_attempts": 1,
            "retry_delay_seconds": 600,
            "backoff": "fixed",
            "retry_on": "",
            "created_by": "operator",
            "created_at": NOW,
            "updated_at": NOW,
            "accounted_until": NOW,
        },
    ),
    (
        "executions",
        {
            "id": "exe_1",
            "schedule_id": "sch_1",
            "kind": "scheduled",
            "slot": NOW,
            "scheduled_time": NOW,
            "due_at": NOW,
            "deadline_at": NOW,
            "status": "in_progress",
            "attempts": 1,
            "created_at": NOW,
        },
    ),
    ("calls", {**CALL, "id": "call_0", "status": "not_placed", "reason": "throttled", "finished_at": NOW}),
    (
        "calls",
        {
            **CALL,
            "id": "call_1",
            "status": "in_progress",
            "carrier_call_id": "SIM1",
            "placed_at": NOW,
            "next_poll_at": NOW,
        },
    ),
    ("events", {"at": NOW, "actor": "tick", "name": "call.placed", "execution_id": "exe_1"}),
]


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A workspace of the first schema, with a call in progress."""
    path = tmp_path / "older.db"
    connection = sqlite3.connect(path, isolation_level=None)
    first = Migrations("hyp")
    first()(m0001_the_spine)
    file = Database(connection)
    first.apply(file)
    for table, row in ROWS:
        file[table].insert(row)
    connection.execute(f"pragma application_id = {APPLICATION_ID}")
    connection.execute("pragma user_version = 1")
    connection.close()
    return path


def test_nothing_is_lost(older: Path) -> None:
    store = open_store(older)
    assert store.execute("pragma user_version").fetchone() == (SCHEMA_VERSION,)
    attempts = list(map(calls.from_row, calls.rows_of_executions(store, ["exe_1"])["exe_1"]))
    assert [(each.id, each.status, each.carrier_call_id, each.reason) for each in attempts] == [
        ("call_0", "not_placed", None, "throttled"),
        ("call_1", "in_progress", "SIM1", None),
    ]
    (ana,), (schedule,) = users.find(store, "ana"), schedules.find(store, "sch_1")
    assert (ana.timezone, ana.calling_window) == ("Europe/Madrid", None)
    assert (schedule.on_doubt, schedule.calling_window) == (None, None)
    assert store.execute("select count(*) from events").fetchone() == (1,)
    assert store.execute("pragma integrity_check").fetchone() == ("ok",)
    assert store.execute("pragma foreign_key_check").fetchall() == []
    store.close()


def test_the_promises_of_the_ledger_hold_in_it(older: Path) -> None:
    store = open_store(older)
    with pytest.raises(sqlite3.IntegrityError, match=r"calls\.to_number"):
        Database(store.connection)["calls"].insert({**CALL, "id": "call_2", "number": 2, "status": "placing"})
    for statement in ("delete from events", "update events set reason = 'x'"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            store.execute(statement)
    store.close()
