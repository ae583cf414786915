"""How does a service make pass after pass? APScheduler wakes it; the pass is the one that `hyp tick` makes.

APScheduler keeps one interval job, in memory, and nothing else: what is due stands in the database alone. A wake-up
that comes late is never dropped, and no second pass begins while one is at work.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from types import FrameType
from zoneinfo import ZoneInfo

from hyponema_cli import zonedata
from hyponema_cli.core import timewords
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.tick import tick
from hyponema_cli.store import is_busy

SIGNALS = (signal.SIGTERM, signal.SIGINT)
DIAL_WITHIN = timedelta(seconds=10)
"""How long a pass dials before the calls in flight are looked at again; the next pass goes on with the rest."""
SHORTEST_WATCH = 1.0
"""Seconds between two looks at whether the clock was put back."""
CLOCK_STEP = timedelta(seconds=5)
"""A smaller step of the clock is not worth a word."""


class StoppedAtOnce(BaseException):
    """A second signal came. A request in hand is left as `placing`, and will be found as a doubt."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


def run(
    desk: Desk,
    interval_seconds: float,
    *,
    on_ready: Callable[[], None],
    after_pass: Callable[[TickReport], None],
    on_trouble: Callable[[str], None],
) -> None:
    """Make a pass now and every `interval_seconds`, until SIGTERM or SIGINT; only the main thread may call this.

    `on_ready` is called when a signal would be heeded, `after_pass` after each pass that had something to do, and
    `on_trouble` when a pass had to be given up because another process held the database; the next one tries again.

    The first signal lets the calls at hand go out, and no more; a second one raises StoppedAtOnce, after which the
    process must end without waiting for threads. A pass that fails otherwise ends the worker with its exception:
    whoever supervises it restarts it, and nobody has to guess. Signals are ignored once this has returned.
    """
    # Imported here: it costs more than the whole of an idle tick.
    from apscheduler.schedulers.background import BackgroundScheduler

    stopping = threading.Event()
    desk.stopping = stopping.is_set
    failures: list[BaseException] = []

    def one_pass() -> None:
        try:
            if not stopping.is_set():
                _pass(desk, after_pass)
        except BaseException as failure:
            if is_busy(failure):
                on_trouble("the database was held by another process; trying again")
                return
            failures.append(failure)
            stopping.set()

    # The executor named debug runs the job in the scheduler's own thread: one pass at a time, by construction.
    alarm = BackgroundScheduler(timezone="UTC", executors={"default": {"type": "debug"}})
    job = alarm.add_job(
        one_pass,
        "interval",
        seconds=interval_seconds,
        next_run_time=desk.clock.now(),
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
    )
    _stop_on_signals(stopping)
    on_ready()
    alarm.start()
    while not stopping.wait(max(interval_seconds, SHORTEST_WATCH)):
        # The alarm goes by the clock on the wall. Put back by an hour, it would sleep for that hour; this wait does
        # not look at the clock, and rings for it.
        late = timedelta(seconds=interval_seconds) + CLOCK_STEP
        if job.next_run_time is not None and job.next_run_time > desk.clock.now() + late:
            job.modify(next_run_time=desk.clock.now())
    alarm.shutdown(wait=True)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if failures:
        raise failures[0]


def _pass(desk: Desk, after_pass: Callable[[TickReport], None]) -> None:
    edition = zonedata.version()
    if edition != desk.zone_edition:
        # The machine's zone data were updated under us: forget what was read of the old ones.
        ZoneInfo.clear_cache()
        timewords.parse_zone.cache_clear()
        timewords.stored_zone.cache_clear()
        desk.zone_edition = edition
    if desk.store.has_work(desk.clock.now(), edition):
        after_pass(tick(desk, DIAL_WITHIN))


def _stop_on_signals(stopping: threading.Event) -> None:
    """Set `stopping` at the first SIGTERM or SIGINT; raise StoppedAtOnce at the second."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stopping.is_set():
            raise StoppedAtOnce(number)
        stopping.set()

    for number in SIGNALS:
        signal.signal(number, on_signal)
