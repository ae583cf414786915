"""How does a service make pass after pass? APScheduler wakes it; the pass is the one that `hyp tick` makes.

APScheduler keeps one job, in memory, and nothing else: what is due stands in the database alone. The job is woken
when the database next has something to do, and often enough to notice what other processes have written; no second
pass begins while one is at work. Webhooks are delivered beside it, by a thread with a connection of its own, so that
no receiver keeps a call waiting.
"""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import FrameType
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from hyponema_cli import zonedata
from hyponema_cli.core import timewords
from hyponema_cli.engine.courier import Courier
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.tick import tick
from hyponema_cli.store import heartbeat, is_busy

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

SIGNALS = (signal.SIGTERM, signal.SIGINT)
DIAL_WITHIN = timedelta(seconds=10)
"""How long a pass dials before the calls in flight are looked at again; the next pass goes on with the rest."""
PASS_WITHIN = timedelta(minutes=1)
"""How long all of a pass takes: a carrier that does not answer must not keep others from being dialled, nor systemd
from hearing that we live."""
WATCH = 1.0
"""Seconds between two looks at whether the clock was put back, and whether a signal came."""
HEED = 0.1
"""Seconds between two looks at whether a second signal came. The kernel may hand a signal to any thread, and Python
heeds it in the main thread only when that runs: it must never wait without an end."""
CLOCK_STEP = timedelta(seconds=5)
"""A smaller step of the clock is not worth a word."""
BREATH = timedelta(milliseconds=20)
"""Between a pass that left something due and the next one."""
DELIVERY_NAP = 0.25
DELIVERY_REST = 5.0
"""Seconds before webhooks are looked at again after trouble with the database."""
DELIVERY_DRAIN = 3.0
"""Seconds that deliveries under way get at the end; what is not answered by then is told again by the next one."""


class StoppedAtOnce(BaseException):
    """A second signal came. A request in hand is left as `placing`, and will be found as a doubt."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


@dataclass(frozen=True, slots=True)
class Habits:
    """How a worker works."""

    interval_seconds: float = 1.0
    """It looks at least so often; sooner when something is due."""
    requests_at_once: int = 1
    drain_within: timedelta = timedelta(seconds=30)


class Watcher(Protocol):
    """Who looks on while a worker works. Called from its threads; what it raises ends the worker."""

    def ready(self) -> None:
        """It works, and a signal would be heeded."""

    def woke(self, now: datetime, next_work_at: datetime | None) -> None:
        """It has looked, and there is nothing to do before then."""

    def passed(self, report: TickReport) -> None:
        """A pass that had something to do is over."""

    def trouble(self, said: str) -> None:
        """Something had to be given up, and is tried again."""

    def stopping(self) -> None:
        """It was told to stop, and ends what is in hand."""


def run(desk: Desk, courier: Courier, habits: Habits, watcher: Watcher) -> None:
    """Make a pass whenever something is due, until SIGTERM or SIGINT; only the main thread may call this.

    The first signal lets the requests in hand come back, and starts no more; a second one raises StoppedAtOnce, after
    which the process must end without waiting for threads. A pass that fails otherwise ends the worker with its
    exception: whoever supervises it restarts it, and nobody has to guess. Signals are ignored once this has returned.
    """
    # Imported here: it costs more than the whole of an idle tick.
    from apscheduler.schedulers.background import BackgroundScheduler

    stopping = threading.Event()
    desk.stopping = stopping.is_set
    desk.requests_at_once, desk.drain_within = habits.requests_at_once, habits.drain_within
    work = _Work(desk, habits, watcher, stopping)
    # The executor named debug runs the job in the scheduler's own thread: one pass at a time, by construction.
    alarm = BackgroundScheduler(timezone="UTC", executors={"default": {"type": "debug"}})
    job = alarm.add_job(
        work.one_pass,
        work.trigger(),
        next_run_time=desk.clock.now(),
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
    )
    deliveries = threading.Thread(
        target=_deliver, args=(courier, stopping, watcher), daemon=True, name="webhook courier"
    )
    _stop_on_signals(stopping)
    watcher.ready()
    alarm.start()
    deliveries.start()
    while not stopping.wait(WATCH):
        # The alarm goes by the clock on the wall. Put back by an hour, it would sleep for that hour; this wait does
        # not look at the clock, and rings for it.
        late = timedelta(seconds=habits.interval_seconds) + CLOCK_STEP
        if job.next_run_time is not None and job.next_run_time > desk.clock.now() + late:
            job.modify(next_run_time=desk.clock.now())
    if not work.failures:
        watcher.stopping()
    while not work.at_rest.wait(HEED):
        pass
    alarm.shutdown(wait=True)
    deliveries.join(DELIVERY_DRAIN + DELIVERY_NAP)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if work.failures:
        raise work.failures[0]


class _Work:
    """The passes of a worker, and when the next one is to be."""

    def __init__(self, desk: Desk, habits: Habits, watcher: Watcher, stopping: threading.Event) -> None:
        self._desk = desk
        self._interval = timedelta(seconds=habits.interval_seconds)
        self._watcher = watcher
        self._stopping = stopping
        self._has_progressed = True
        self.failures: list[BaseException] = []
        self.at_rest = threading.Event()
        """Set while no pass is at work."""
        self.at_rest.set()

    def one_pass(self) -> None:
        """Do what is due, if anything is."""
        self.at_rest.clear()
        try:
            if not self._stopping.is_set():
                report = _pass(self._desk)
                self._has_progressed = report is not None and report.has_progressed
                if report is not None:
                    self._watcher.passed(report)
        except BaseException as failure:
            self._has_progressed = False
            if is_busy(failure):
                self._watcher.trouble("the database was held by another process; trying again")
                return
            self.failures.append(failure)
            self._stopping.set()
        finally:
            self.at_rest.set()

    def trigger(self) -> BaseTrigger:
        """Return what APScheduler asks for the time of the next pass, when one is over."""
        from apscheduler.triggers.base import BaseTrigger

        class NextWork(BaseTrigger):  # type: ignore[misc]  # it ships no types
            def get_next_fire_time(trigger, previous: datetime | None, now: datetime) -> datetime:  # noqa: N805
                return self._next_at()

        return NextWork()

    def _next_at(self) -> datetime:
        """Return when to look again: when something is due, and after the interval at the latest."""
        now = self._desk.clock.now()
        latest = now + self._interval
        if self._stopping.is_set():
            return latest
        try:
            planned = self._desk.store.next_work_at()
        except Exception:
            return latest  # locked just now, say; the pass that follows tells
        self._watcher.woke(now, planned)
        if planned is None:
            return latest
        if planned <= now:
            # Something is left over. If the pass could do nothing about it, neither could one at once.
            return now + BREATH if self._has_progressed else latest
        return min(planned, latest)


def _pass(desk: Desk) -> TickReport | None:
    edition = zonedata.version()
    if edition != desk.zone_edition:
        # The machine's zone data were updated under us: forget what was read of the old ones.
        ZoneInfo.clear_cache()
        timewords.parse_zone.cache_clear()
        timewords.stored_zone.cache_clear()
        desk.zone_edition = edition
    report = tick(desk, DIAL_WITHIN, PASS_WITHIN) if desk.store.has_work(desk.clock.now(), edition) else None
    heartbeat.beat(desk.store.path, desk.clock.now(), desk.actor)
    return report


def _deliver(courier: Courier, stopping: threading.Event, watcher: Watcher) -> None:
    """Deliver webhooks until the worker stops; trouble with them is told, and stops nothing else."""
    while not stopping.is_set():
        try:
            if not courier.step(DELIVERY_NAP):
                stopping.wait(DELIVERY_NAP)
        except Exception as error:
            watcher.trouble(f"webhooks: {type(error).__name__}: {error}")
            stopping.wait(DELIVERY_REST)
    try:
        courier.drain(DELIVERY_DRAIN)
    except Exception as error:
        watcher.trouble(f"webhooks: {type(error).__name__}: {error}")


def _stop_on_signals(stopping: threading.Event) -> None:
    """Set `stopping` at the first SIGTERM or SIGINT; raise StoppedAtOnce at the second."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stopping.is_set():
            raise StoppedAtOnce(number)
        stopping.set()

    for number in SIGNALS:
        signal.signal(number, on_signal)
