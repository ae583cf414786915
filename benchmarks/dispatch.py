"""How many due executions a second go out? Against APScheduler on its SQLAlchemy store, firing no-op jobs."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.workspace import workspace
from hyponema_cli.clock import VirtualClock
from hyponema_cli.core.records import Session, Suppressed
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.tick import tick
from hyponema_cli.store import sessions, settings, suppressions

COUNT = 5_000
BASELINE_COUNT = 500
ROUNDS = 5
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


EVERY_GATE = {
    "calling_window": "08:00-21:00",
    "call_cap": "3/24h, 7/7d",
    "pace": "1000000",
    "concurrency": "1000000",
    "daily_budget": "1000000",
}
"""Settings that every call passes, so that each gate has something to look at."""


def hyp_rate(chosen: Mapping[str, str]) -> float:
    """Return executions a second of one pass over COUNT due schedules."""
    with tempfile.TemporaryDirectory() as folder:
        desk = workspace(Path(folder) / "w.db", MONDAY, COUNT, MONDAY + timedelta(hours=1))
        assert isinstance(desk.clock, VirtualClock)
        with desk.store.transaction():
            for key, value in chosen.items():
                settings.put(desk.store, key, value)
            if chosen:
                _crowd(desk)
        desk.clock.set(MONDAY + timedelta(hours=1))
        begin = time.perf_counter()
        report = tick(desk)
        taken = time.perf_counter() - begin
        assert report.placed == COUNT, report
        desk.store.close()
    return COUNT / taken


def _crowd(desk: Desk) -> None:
    """Fill the lists that the gates look through with a thousand people who are not called."""
    for number in range(1000):
        phone = f"+4420{number:07d}"
        suppressions.put(desk.store, Suppressed(phone, None, "benchmark", MONDAY, None))
        end = MONDAY + timedelta(days=1)
        sessions.insert(desk.store, Session(f"ses_{number}", None, phone, None, MONDAY, MONDAY, end, None))


def nothing() -> None:
    """Do what the baseline's jobs do."""


def apscheduler_rate() -> float:
    """Return jobs a second of APScheduler firing BASELINE_COUNT due jobs from its SQLAlchemy store in SQLite."""
    from apscheduler.events import EVENT_JOB_EXECUTED
    from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
    from apscheduler.schedulers.background import BackgroundScheduler

    done: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        scheduler = BackgroundScheduler(
            jobstores={"default": SQLAlchemyJobStore(url=f"sqlite:///{folder}/jobs.db")},
            timezone="UTC",
        )
        scheduler.start(paused=True)
        due = datetime.now(UTC) - timedelta(seconds=1)
        for number in range(BASELINE_COUNT):
            scheduler.add_job(
                nothing,
                "interval",
                weeks=1,
                id=str(number),
                next_run_time=due,
                misfire_grace_time=None,
            )
        scheduler.add_listener(lambda event: done.append(time.perf_counter()), EVENT_JOB_EXECUTED)
        begin = time.perf_counter()
        scheduler.resume()
        while len(done) < BASELINE_COUNT:
            time.sleep(0.01)
        taken = done[-1] - begin
        scheduler.shutdown()
    return BASELINE_COUNT / taken


def main() -> None:
    ours, gated, theirs = [], [], []
    for _ in range(ROUNDS):
        ours.append(hyp_rate({}))
        gated.append(hyp_rate(EVERY_GATE))
        theirs.append(apscheduler_rate())
    base = statistics.median(theirs)
    for name, rates in (("hyp, simulated carrier", ours), ("the same, every gate set", gated)):
        rate = statistics.median(rates)
        print(f"{name:30}{rate:8,.0f} executions/s  {rate / base:5.1f} x")
    print(f"{'APScheduler, SQLAlchemy store':30}{base:8,.0f} jobs/s")


if __name__ == "__main__":
    main()
