"""hyp demo: a week of calls in seconds, nothing to set up."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.cli.history import columns
from hyponema_cli.clock import VirtualClock, pause
from hyponema_cli.core.errors import Conflict
from hyponema_cli.core.records import Agent, Number, User
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine import book
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.request import Request
from hyponema_cli.engine.tick import tick
from hyponema_cli.render import json, tables
from hyponema_cli.store import agents, create, executions, numbers, users
from hyponema_cli.wire import desk_of

app = single()

# The week in which Europe's clocks go back: on Sunday 25 October 2026 the hour from 02:00 to 03:00 happens twice.
BEGINS = datetime(2026, 10, 21, 6, tzinfo=UTC)
ENDS = BEGINS + timedelta(days=7)
SECONDS_ON_A_TERMINAL = 6.0

# The last two digits decide what the simulated carrier does; see `hyponema_cli/carriers/simulated.py`.
_PEOPLE = (
    ("user-ana", "Ana", "+34600000001", "Europe/Madrid"),
    ("user-ben", "Ben", "+12125550191", "America/New_York"),
    ("user-chloe", "Chloé", "+33600000092", "Europe/Paris"),
    ("user-kenji", "Kenji", "+81312345694", "Asia/Tokyo"),
)
_SCHEDULES = (
    Request(user="user-ana", when=WhenWords(weekdays="1,3,5", at="09:30"), name="Check-in"),
    Request(user="user-ana", when=WhenWords(cron="30 2 * * *"), name="Night medication", start="2026-10-24"),
    Request(
        user="user-ben",
        when=WhenWords(cron="0 9 * * MON-FRI"),
        name="Morning call",
        max_attempts=3,
        retry_delay="10m",
    ),
    Request(
        user="user-chloe",
        when=WhenWords(at="2026-10-22 14:30"),
        name="Follow-up",
        max_attempts=3,
        retry_delay="5m",
        backoff="exponential",
    ),
    Request(user="user-kenji", when=WhenWords(delay="2h"), name="Welcome"),
)
_NEXT = """\
On Sunday 25 October 02:30 happened twice in Madrid; Ana was called once, the first time.
Nothing was dialled: the carrier was simulated, the clock virtual, and the file is gone.

For real, with calls still simulated:
  hyp init
  hyp agents add "Check-in" --id agent-123 --stream-url wss://agent.example/session
  hyp numbers add +34910000001 --carrier simulated && hyp numbers attach +34910000001 agent-123
  hyp users add "Ana" --id user-1 --phone +34600000001 --tz Europe/Madrid
  hyp schedules add --weekdays 1,3,5 --at 09:30
  hyp schedules add --in 5s --name "First call"
  sleep 6; hyp tick; sleep 3; hyp tick; hyp history
"""


@command(app, "demo")
def demo(
    session: Session,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="PATH", help="Keep the workspace in this file, to look around in."),
    ] = None,
) -> None:
    """Run a week of simulated calls in seconds: answered, busy, never answered, and a night with a clock change.

    Uses a throwaway workspace, a virtual clock and no phone.

    \b
    Examples:
      hyp demo
      hyp demo --keep /tmp/demo.db && hyp --db /tmp/demo.db history
    """
    with tempfile.TemporaryDirectory(prefix="hyp-demo-") as folder:
        clock = VirtualClock(BEGINS)
        store, is_new = create(keep or Path(folder) / "demo.db")
        if not is_new:
            raise Conflict(f"{keep} is there already", hint="the demo wants a new file")
        # A throwaway needs no power-safe disk; five hundred passes of syncing would take most of the time.
        store.execute("pragma synchronous = off")
        desk = desk_of(store, clock, "demo", {"HYP_SIMULATED_SEED": "demo"})
        _set_up(desk)
        if output.for_people() and not session.json:
            _run_live(desk, clock)
        else:
            _run(desk, clock)
        found = list(reversed(executions.select(store)))
        store.close()
    shown = columns(None)[1:] if output.for_people() else columns(None)  # an id of a file that is gone is of no use
    session.show(found, shown, json.execution, "")
    if not session.json:
        output.say_lines(_NEXT)


def _set_up(desk: Desk) -> None:
    now = desk.clock.now()
    with desk.store.transaction():
        agents.insert(desk.store, Agent("agent-123", "Check-in", None, "wss://agent.example/session", None, now, now))
        number = Number(desk.new_id("num", now), "+34910000001", "simulated", "demo", None, now, now)
        numbers.insert(desk.store, number)
        numbers.attach(desk.store, number.id, "agent-123", now)
        for user_id, name, phone, zone in _PEOPLE:
            users.insert(desk.store, User(user_id, name, phone, zone, None, {}, now, now))
    for request in _SCHEDULES:
        book.add(desk, request, created_by="demo")


def _run(desk: Desk, clock: VirtualClock) -> None:
    while _step(desk, clock) is not None:
        pass


def _step(desk: Desk, clock: VirtualClock) -> TickReport | None:
    """Move the clock to the next thing to do and do it; None when the week is over."""
    at = desk.store.next_work_at()
    if at is None or at > ENDS:
        clock.set(ENDS)
        return None
    clock.set(max(at, clock.now()))
    return tick(desk)


def _run_live(desk: Desk, clock: VirtualClock) -> None:
    """Run the week before somebody's eyes: the clock, and the latest calls as they change."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(markup=False, emoji=False, highlight=False)
    rows = max(console.height - 6, 5)

    def picture() -> Text:
        latest = list(reversed(executions.select(desk.store, limit=rows)))
        table = tables.table(columns(None)[1:], latest, console.width, color=False)[0] if latest else ""
        return Text(f"{clock.now():%a %Y-%m-%d %H:%M} UTC\n\n{table}", no_wrap=True)

    days = (ENDS - BEGINS).total_seconds()
    with Live(picture(), console=console, auto_refresh=False, transient=True) as live:
        shown_at = clock.now()
        while _step(desk, clock) is not None:
            passed = (clock.now() - shown_at).total_seconds()
            if passed >= 60:
                live.update(picture(), refresh=True)
                pause(SECONDS_ON_A_TERMINAL * passed / days)
                shown_at = clock.now()
