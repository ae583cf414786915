"""How does a service make pass after pass? APScheduler wakes it; the pass is the one that `hyp tick` makes.

APScheduler keeps one interval job, in memory, and nothing else: what is due stands in the database alone. A wake-up
that comes late is never dropped, and no second pass begins while one is at work.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.tick import tick


class StoppedAtOnce(BaseException):
    """A second signal came. A request in hand is left as `placing`, and will be found as a doubt."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


def run(
    desk: Desk, interval_seconds: float, on_ready: Callable[[], None], after_pass: Callable[[TickReport], None]
) -> None:
    """Make a pass now and every `interval_seconds`, until SIGTERM or SIGINT; only the main thread may call this.

    `on_ready` is called when a signal would be heeded, `after_pass` after each pass that had something to do.
    The first signal lets the pass at hand finish; a second one raises StoppedAtOnce. A pass that fails ends the
    worker with its exception: whoever supervises it restarts it, and nobody has to guess.
    """
    # Imported here: it costs more than the whole of an idle tick.
    from apscheduler.schedulers.background import BackgroundScheduler

    stopping = threading.Event()
    failures: list[BaseException] = []

    def one_pass() -> None:
        try:
            if not stopping.is_set() and desk.store.has_work(desk.clock.now(), desk.zone_edition):
                after_pass(tick(desk))
        except BaseException as failure:
            failures.append(failure)
            stopping.set()

    # The executor named debug runs the job in the scheduler's own thread: one pass at a time, by construction.
    alarm = BackgroundScheduler(timezone="UTC", executors={"default": {"type": "debug"}})
    alarm.add_job(
        one_pass,
        "interval",
        seconds=interval_seconds,
        next_run_time=desk.clock.now(),
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
    )
    with _stop_on_signals(stopping):
        on_ready()
        alarm.start()
        stopping.wait()
        alarm.shutdown(wait=True)
    if failures:
        raise failures[0]


@contextmanager
def _stop_on_signals(stopping: threading.Event) -> Iterator[None]:
    """Set `stopping` at the first SIGTERM or SIGINT; raise StoppedAtOnce at the second."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stopping.is_set():
            raise StoppedAtOnce(number)
        stopping.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
