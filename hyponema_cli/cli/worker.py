"""hyp run-worker: pass after pass, as a service."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.cli.config import read_heartbeat
from hyponema_cli.cli.exits import Exit
from hyponema_cli.cli.pen import Pen
from hyponema_cli.cli.systemd import Notifier
from hyponema_cli.core import timewords
from hyponema_cli.core.errors import InvalidInput, suggestion
from hyponema_cli.core.instant import to_text
from hyponema_cli.engine import worker
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.ping import Pinger
from hyponema_cli.engine.report import TickReport
from hyponema_cli.render import json, log
from hyponema_cli.render.log import FORMATS, LEVELS, Format
from hyponema_cli.store import heartbeat, settings
from hyponema_cli.wire import courier_of, desk_of

if TYPE_CHECKING:
    from hyponema_cli.cli.board import Screen

app = single()

MOST_REQUESTS = 64
NOT_ALONE_WITHIN = timedelta(seconds=15)
"""A sign of life that is older than this is not of somebody who is at work now."""


@command(app, "run-worker")
def run_worker(
    session: Session,
    interval: Annotated[
        str, typer.Option("--interval", metavar="DURATION", help="Look at least so often for what others add.")
    ] = "1s",
    concurrency: Annotated[
        int, typer.Option("--concurrency", metavar="N", help="Requests to carriers under way at once.")
    ] = 8,
    drain_timeout: Annotated[
        str,
        typer.Option("--drain-timeout", metavar="DURATION", help="Told to stop, wait so long for requests in hand."),
    ] = "30s",
    heartbeat_url: Annotated[
        str | None,
        typer.Option(
            "--heartbeat-url",
            metavar="URL",
            help="Ask this address once a minute while all is well. [default: the setting heartbeat_url]",
            show_default=False,
        ),
    ] = None,
    log_format: Annotated[
        str | None,
        typer.Option(
            "--log-format",
            metavar="text|json|journal",
            help="Write log lines. [default: a live view on a terminal, else text] [env: HYP_LOG_FORMAT]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Dial what is due until stopped, the moment that it is due. Follows calls, settles doubts, delivers webhooks.

    On a terminal it shows what comes and what goes on; elsewhere it writes a line on stderr for each thing that
    happens. Ctrl-C or SIGTERM lets the requests in hand come back and ends with 0; a second one ends at once. Several
    workers, and ticks, may share a workspace. Under systemd it says when it is ready and that it lives (Type=notify).

    \b
    Examples:
      hyp run-worker
      hyp --workspace dev run-worker --log-format json
    """
    form = read_format(log_format or os.environ.get("HYP_LOG_FORMAT") or None)
    habits = worker.Habits(
        _seconds("--interval", interval, least=1.0),
        _at_once(concurrency),
        timewords.parse_duration(drain_timeout),
    )
    work(session, habits, form, interval, heartbeat_url and read_heartbeat(heartbeat_url))


def work(
    session: Session,
    habits: worker.Habits,
    form: Format | None,
    interval: str = "1s",
    heartbeat_url: str | None = None,
    at_the_end: Callable[[], None] = lambda: None,
) -> None:
    """Work until a signal comes, and tell of it; without a form, on the terminal's screen if there is one.

    `at_the_end` is called when no more work is begun.
    """
    with ExitStack() as opened:
        store, couriers = (opened.enter_context(session.store()) for _ in range(2))
        desk = desk_of(store, session.clock, "worker")
        watcher = _Watcher(desk, form or "text", interval, heartbeat_url)
        if form is None and output.is_attended() and os.environ.get("TERM") != "dumb":
            watcher.screen = _screen(session)
            opened.callback(watcher.screen.close)
            watcher.screen.open()
        courier = courier_of(desk_of(couriers, session.clock, "worker"))
        courier.on_trouble = watcher.trouble
        store.on_trail = couriers.on_trail = watcher.happened
        watcher.pinger.start()
        try:
            worker.run(desk, courier, habits, watcher)
        except worker.StoppedAtOnce as stopped:
            watcher.leave("worker.stopped_at_once", "stopped at once")
            # Not by way of Python's end: a thread may be inside SQLite, which must not be taken apart under it.
            os._exit(Exit.INTERRUPTED if stopped.signal_number == signal.SIGINT else Exit.TERMINATED)
        at_the_end()
        if not watcher.leave("worker.stopped", "stopped"):
            # Nobody reads our last lines. Python would wait for them to leave, for ever.
            os._exit(Exit.OK)


class _Watcher:
    """Tells what happens: to a log or a screen, to systemd, and to whoever waits for our heartbeat."""

    def __init__(self, desk: Desk, form: Format, interval: str, heartbeat_url: str | None) -> None:
        self._desk = desk
        self._form = form
        self._interval = interval
        self._least = LEVELS.index(read_level(os.environ.get("HYP_LOG_LEVEL") or "info"))
        self._pen = Pen()
        self._notifier = Notifier(os.environ)
        self._own_url = heartbeat_url
        self._url = heartbeat_url or settings.load(desk.store).heartbeat_url
        self.screen: Screen | None = None
        self.pinger = Pinger(lambda: self._url, desk.clock, self.trouble)

    def ready(self) -> None:
        """Say that it works."""
        self._notifier.ready(f"watching {self._desk.store.path}")
        self._say("worker.ready", f"watching {self._desk.store.path}, every {self._interval}; stop with Ctrl-C")
        other = _other_worker(self._desk)
        if other is not None:
            self._say("worker.not_alone", f"another worker, process {other}, watches it too; both may")

    def woke(self, now: datetime, next_work_at: datetime | None) -> None:
        """Give the sign of life."""
        self._url = self._own_url or settings.load(self._desk.store).heartbeat_url
        self._notifier.alive(f"next: {to_text(next_work_at)}" if next_work_at else "nothing is planned")
        self.pinger.all_is_well(now)

    def passed(self, report: TickReport) -> None:
        """Say what a pass has met that no line of the trail tells; count what it did."""
        if self.screen is not None:
            self.screen.count(report)
        did = json.did(report)
        if did and (report.carrier_trouble or report.database_behind):
            self.trouble(did)

    def trouble(self, said: str) -> None:
        """Say that something had to be given up."""
        if self.screen is not None:
            self.screen.trouble = f"{self._desk.clock.now():%H:%M:%S} {said}"
        self._say("worker.trouble", said)

    def stopping(self) -> None:
        """Say that it ends what is in hand."""
        self._notifier.stopping()
        self.pinger.stop()
        if self.screen is not None:
            self.screen.stopping = True
        else:
            self._say("worker.stopping", "finishing what is in hand")

    def happened(self, lines: Sequence[tuple[object, ...]]) -> None:
        """Write a log line for each line of the trail that was kept."""
        if self.screen is not None:
            return
        for at, _, name, schedule, execution, call, _, reason, _ in lines:
            if LEVELS.index(log.level_of(str(name))) < self._least:
                continue
            ids = {"schedule": schedule, "execution": execution, "call": call, "reason": reason}
            words = {name: None if word is None else str(word) for name, word in ids.items()}
            self._write(log.line(self._form, str(at), str(name), words))

    def leave(self, event: str, said: str) -> bool:
        """Say the last word, when the screen is ours no more; False when nobody reads it."""
        if self.screen is not None:
            self.screen.close()
            self.screen = None
        self._say(event, said)
        return self._pen.lay_down()

    def _say(self, event: str, said: str) -> None:
        """Say something of the worker itself; to people in a sentence."""
        if self.screen is not None:
            return
        if self._form == "text":
            self._write(f"hyp worker: {said}")
        else:
            self._write(log.line(self._form, to_text(self._desk.clock.now()), event, {"message": said}))

    def _write(self, line: str) -> None:
        self._pen.write(line)


def _other_worker(desk: Desk) -> int | None:
    """Return the process of another worker that was at work on the workspace just now."""
    beat = heartbeat.last(desk.store.path)
    if beat is None or not beat.who.startswith("worker ") or desk.clock.now() - beat.at > NOT_ALONE_WITHIN:
        return None
    pid = beat.who.split()[1]
    if not pid.isdigit() or int(pid) == os.getpid():
        return None
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return int(pid)


def read_level(word: str) -> str:
    """Read from which level on lines are written."""
    if word.strip().casefold() not in LEVELS:
        raise InvalidInput(f"HYP_LOG_LEVEL {word!r} is not known", hint=f"one of: {', '.join(LEVELS)}")
    return word.strip().casefold()


def _screen(session: Session) -> Screen:
    # Imported here: rich is for eyes only.
    from hyponema_cli.cli.board import Screen

    return Screen(session.path(), session.clock)


def read_format(word: str | None) -> Format | None:
    """Read the name of a form of log lines; None: nobody said."""
    if word is None:
        return None
    for form in FORMATS:
        if form == word.strip().casefold():
            return form
    raise InvalidInput(f"--log-format {word!r} is not known", hint=suggestion(word, FORMATS))


def _seconds(option: str, text: str, least: float) -> float:
    seconds = timewords.parse_duration(text).total_seconds()
    if seconds < least:
        raise InvalidInput(f"{option} {text} is too short", hint="a second or more, as in 5s")
    return seconds


def _at_once(number: int) -> int:
    if not 1 <= number <= MOST_REQUESTS:
        raise InvalidInput(f"--concurrency {number} must be from 1 to {MOST_REQUESTS}", hint="8 is the default")
    return number
