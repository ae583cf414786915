"""hyp run-worker: pass after pass, as a service."""

from __future__ import annotations

import os
import signal
from typing import Annotated

import typer

from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.cli.exits import Exit
from hyponema_cli.core import timewords
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.instant import maybe_text
from hyponema_cli.engine import worker
from hyponema_cli.engine.report import TickReport
from hyponema_cli.render import json

app = single()


@command(app, "run-worker")
def run_worker(
    session: Session,
    interval: Annotated[str, typer.Option("--interval", metavar="DURATION", help="How often to look.")] = "1s",
) -> None:
    """Dial what is due until stopped, like a tick every second. One line on stderr for each pass that did something.

    Ctrl-C or SIGTERM finishes the calls at hand and ends with 0; a second one ends at once.

    \b
    Examples:
      hyp run-worker
      hyp --workspace dev run-worker --interval 10s
    """
    seconds = timewords.parse_duration(interval).total_seconds()
    if seconds < 1:
        raise InvalidInput(f"--interval {interval} is too short", hint="a second or more, as in 5s")
    with session.desk("worker") as desk:
        watching = f"hyp worker: watching {desk.store.path}, every {interval}; stop with Ctrl-C"
        try:
            worker.run(
                desk,
                seconds,
                on_ready=lambda: output.say(watching),
                after_pass=_log,
                on_trouble=lambda trouble: output.say(f"hyp worker: {trouble}"),
            )
        except worker.StoppedAtOnce as stopped:
            output.say("hyp worker: stopped at once")
            # Not by way of Python's end: a thread may be inside SQLite, which must not be taken apart under it.
            os._exit(Exit.INTERRUPTED if stopped.signal_number == signal.SIGINT else Exit.TERMINATED)
        output.say("hyp worker: stopped")


def _log(report: TickReport) -> None:
    did = json.did(report)
    if did:
        output.say(f"{maybe_text(report.finished_at)} {did}")
