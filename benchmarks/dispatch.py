"""How many due executions a second go out? Against APScheduler on its SQLAlchemy store, firing no-op jobs."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.workspace import workspace
from hyponema_cli.clock import VirtualClock
from hyponema_cli.engine.tick import tick

COUNT = 5_000
BASELINE_COUNT = 500
ROUNDS = 5
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def hyp_rate() -> float:
    """Return executions a second of one pass over COUNT due schedules."""
    with tempfile.TemporaryDirectory() as folder:
        desk = workspace(Path(folder) / "w.db", MONDAY, COUNT, MONDAY + timedelta(hours=1))
        assert isinstance(desk.clock, VirtualClock)
        desk.clock.set(MONDAY + timedelta(hours=1))
        begin = time.perf_counter()
        report = tick(desk)
        taken = time.perf_counter() - begin
        assert report.placed == COUNT, report
        desk.store.close()
    return COUNT / taken


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
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(hyp_rate())
        theirs.append(apscheduler_rate())
    ours_middle, base = sorted(ours)[ROUNDS // 2], sorted(theirs)[ROUNDS // 2]
    print(f"hyp, simulated carrier        {ours_middle:8,.0f} executions/s  {ours_middle / base:5.1f} x")
    print(f"APScheduler, SQLAlchemy store {base:8,.0f} jobs/s")


if __name__ == "__main__":
    main()
