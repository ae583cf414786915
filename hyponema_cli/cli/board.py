"""How does a worker look on a terminal? A board that is drawn anew twice a second, from a connection of its own."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from hyponema_cli.clock import Clock
from hyponema_cli.core import timewords
from hyponema_cli.core.errors import HypError, InvalidInput
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.survey import survey
from hyponema_cli.render import board
from hyponema_cli.store import open_store

PER_SECOND = 2
MOST_ROWS = 20
COUNTED = ("placed", "completed", "retried", "failed", "missed", "skipped", "in_doubt")


class Screen:
    """The live view of a worker. Shows what is; a moment in which it cannot look keeps what it showed before."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._store = open_store(path)
        self._clock = clock
        self._since = clock.now()
        self._counts: Counter[str] = Counter()
        self._console = Console(file=sys.stderr)
        self._last: board.Board | None = None
        self._live = Live(
            get_renderable=self._draw,
            console=self._console,
            screen=True,
            refresh_per_second=PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self.trouble: str | None = None
        self.stopping = False

    def open(self) -> None:
        """Take the terminal."""
        self._live.start()

    def close(self) -> None:
        """Give the terminal back as it was; may be repeated."""
        self._live.stop()
        self._store.close()

    def count(self, report: TickReport) -> None:
        """Add what a pass did."""
        self._counts.update({name: getattr(report, name) for name in COUNTED})

    def _draw(self) -> RenderableType:
        try:
            self._last = self._look()
        except Exception as error:
            if self._last is None:
                return Text(f"hyp worker: cannot look yet ({type(error).__name__})")
            self._last = replace(self._last, now=self._clock.now())
        width, height = self._console.size
        return board.draw(self._last, width, height)

    def _look(self) -> board.Board:
        found = survey(self._store, self._clock.now(), MOST_ROWS)
        return board.Board(
            now=self._clock.now(),
            workspace=str(self._store.path),
            since=self._since,
            live=found.live,
            counts=tuple((name.replace("_", " "), self._counts[name]) for name in COUNTED),
            firings=[
                board.Firing(
                    each.next_run_at,
                    _zone(each.zone_name(found.workspace_timezone)[0]),
                    each.callee.name if each.callee else each.phone_number,
                    each.name or each.id,
                )
                for each in found.coming
                if each.next_run_at is not None
            ],
            going=[board.Going(each.placed_at, each.callee, each.status, each.carrier) for each in found.ringing],
            ended=[
                board.Ended(
                    each.finished_at or each.created_at,
                    each.callee_name or "",
                    each.status,
                    each.reason or "",
                    each.last_call.duration_seconds if each.last_call else None,
                )
                for each in found.ended
            ],
            doubts=[(each.id, each.reason) for each in found.doubts],
            webhooks=found.webhooks,
            trouble=self.trouble,
            stopping=self.stopping,
        )


def _zone(name: str | None) -> ZoneInfo:
    try:
        return timewords.stored_zone(name) if name else ZoneInfo("UTC")
    except (InvalidInput, HypError):
        return ZoneInfo("UTC")
