"""Workspaces to measure on: many schedules, made quickly."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from hyponema_cli import zonedata
from hyponema_cli.clock import VirtualClock
from hyponema_cli.core.records import Agent, Number
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine import book
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.request import Request
from hyponema_cli.store import agents, create, numbers, settings
from hyponema_cli.wire import desk_of


def workspace(path: Path, now: datetime, schedules: int, due_at: datetime) -> Desk:
    """Make a workspace with so many weekly schedules, each of another number, that fire next at `due_at`."""
    store, _ = create(path)
    desk = desk_of(store, VirtualClock(now), "benchmark", {})
    with store.transaction():
        settings.put_zone_edition(store, zonedata.version())
        agents.insert(store, Agent("agent-1", "Check-in", None, None, None, now, now))
        number = Number("num-1", "+34910000001", "simulated", None, None, now, now)
        numbers.insert(store, number)
        numbers.attach(store, number.id, "agent-1", now)
    if schedules:
        local = due_at.strftime("%H:%M:%S")
        request = Request(
            to="+34600000000",
            when=WhenWords(weekdays=str(due_at.isoweekday()), at=local),
            timezone="UTC",
        )
        seed, _ = book.add(desk, request, created_by="benchmark")
        _copy(desk, seed.id, schedules - 1)
    return desk


def _copy(desk: Desk, seed: str, count: int) -> None:
    store = desk.store
    names = [row[1] for row in store.execute("pragma table_info(schedules)")]
    others = [name for name in names if name not in ("id", "to_number")]
    with store.transaction():
        store.execute(
            f"""
            with recursive n(i) as (select 1 where ? >= 1 union all select i + 1 from n where i < ?)
            insert into schedules (id, to_number, {", ".join(others)})
            select printf('sch_%026d', i), printf('+346%06d01', i), {", ".join("s." + name for name in others)}
            from n, schedules s where s.id = ?
            """,  # noqa: S608 - column names of our own table
            (count, count, seed),
        )
