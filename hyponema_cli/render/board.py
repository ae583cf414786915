"""What does a worker's screen show? What comes, what goes on, what has ended, and above all what is in doubt.

Drawn for the size of the window: below each other where it is narrow, side by side where there is room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hyponema_cli.render import times
from hyponema_cli.render.safe import visible

WIDE = 118
"""From so many columns on, there are two of them."""
EDGES = 3
"""Lines that a part takes besides its rows: two edges and a heading."""
LEAST_ROWS = 2
MOST_DOUBTS = 3

GOOD = frozenset({"completed"})
BAD = frozenset({"failed", "exhausted", "missed", "in_doubt"})


@dataclass(frozen=True, slots=True)
class Firing:
    """A call that is to come."""

    at: datetime
    zone: ZoneInfo
    callee: str
    schedule: str


@dataclass(frozen=True, slots=True)
class Going:
    """A call that goes on."""

    since: datetime
    callee: str
    status: str
    carrier: str


@dataclass(frozen=True, slots=True)
class Ended:
    """An execution that is over."""

    at: datetime
    callee: str
    status: str
    reason: str
    duration_seconds: int | None


@dataclass(frozen=True, slots=True)
class Board:
    """What is known at one moment."""

    now: datetime
    workspace: str
    since: datetime
    live: bool
    counts: tuple[tuple[str, int], ...]
    """What this worker did since it began, by name."""
    firings: Sequence[Firing] = ()
    going: Sequence[Going] = ()
    ended: Sequence[Ended] = ()
    doubts: Sequence[tuple[str, str]] = ()
    """Id of a call in doubt, and why."""
    webhooks: tuple[int, int] = (0, 0)
    """How many wait, and how many are dead."""
    trouble: str | None = None
    """The latest thing that had to be given up."""
    stopping: bool = False


def share(height: int, needs: Sequence[int]) -> list[int]:
    """Share lines among parts: each gets what it needs, as far as that goes; the last one gets what is left over.

    >>> share(20, [2, 0, 50])
    [2, 0, 18]
    >>> share(9, [9, 9, 9])
    [3, 3, 3]
    """
    rows = [LEAST_ROWS if need else 0 for need in needs]
    for _ in range(max(height - sum(rows), 0)):
        wanting = [index for index, need in enumerate(needs) if rows[index] < need]
        if not wanting:
            break
        # The part that has the fewest is next, so that none takes all.
        poorest = min(wanting, key=rows.__getitem__)
        rows[poorest] += 1
    return rows


def draw(board: Board, width: int, height: int) -> RenderableType:
    """Draw a board for a window."""
    head = _head(board, width)
    parts: list[RenderableType] = [head]
    left = height - 1 - (4 if width < WIDE else 3) - (1 if board.trouble else 0)
    if board.doubts:
        parts.append(_doubts(board))
        left -= 2 + min(len(board.doubts), MOST_DOUBTS)
    needs = [max(len(each), 1) for each in (board.firings, board.going, board.ended)]
    if width >= WIDE:
        upper, lower = share(left - 2 * EDGES, [max(needs[:2]), needs[2]])
        side = Table.grid(expand=True)
        side.add_column(ratio=3)
        side.add_column(ratio=2)
        side.add_row(_firings(board, upper), _going(board, upper))
        parts += [side, _ended(board, lower)]
    else:
        firings, going, ended = share(left - 3 * EDGES, needs)
        parts += [_firings(board, firings), _going(board, going), _ended(board, ended)]
    return Group(*parts)


def _head(board: Board, width: int) -> RenderableType:
    title = Text("hyp worker", style="bold")
    title.append(f"  {visible(board.workspace)}", style="dim")
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{board.now:%Y-%m-%d %H:%M:%S} UTC  up {_span(board.now - board.since)}  ")
    line.append("live" if board.live else "simulated calls only", style="bold" if board.live else "yellow")
    if board.stopping:
        line.append("  finishing what is in hand", style="bold yellow")
    line.append("  " if width >= WIDE else "\n")
    for index, (name, count) in enumerate(board.counts):
        line.append("  " if index else "")
        bad = count and name in ("failed", "missed", "in doubt")
        line.append(f"{count} {name}", style="bold red" if bad else "" if count else "dim")
    waiting, dead = board.webhooks
    if waiting or dead:
        line.append(f"  webhooks: {waiting} waiting, {dead} dead", style="red" if dead else "")
    if board.trouble:
        line.append(f"\n{visible(board.trouble)}", style="yellow")
    return Panel(line, title=title, title_align="left", box=box.ROUNDED, padding=(0, 1))


def _doubts(board: Board) -> RenderableType:
    lines = Text(no_wrap=True, overflow="ellipsis")
    for index, (call, why) in enumerate(board.doubts[:MOST_DOUBTS]):
        lines.append(("\n" if index else "") + f"{call}  {visible(why)}")
    more = len(board.doubts) - MOST_DOUBTS
    title = f"{len(board.doubts)} IN DOUBT: nobody knows whether a phone rang; see: hyp reconcile"
    subtitle = f"and {more} more" if more > 0 else None
    return Panel(
        lines,
        title=Text(title, style="bold white on red"),
        subtitle=subtitle,
        title_align="left",
        box=box.HEAVY,
        border_style="bold red",
        padding=(0, 1),
    )


def _firings(board: Board, rows: int) -> RenderableType:
    table = _table("at", "UTC", "calls", "schedule")
    for each in board.firings[:rows]:
        table.add_row(
            f"{each.at.astimezone(each.zone):%a %H:%M} {times.place(each.zone)}",
            f"{each.at:%m-%d %H:%M}",
            visible(each.callee),
            visible(each.schedule),
        )
    return _part("next", table, board.firings, "nothing is planned")


def _going(board: Board, rows: int) -> RenderableType:
    table = _table("calls", "status", "for", "carrier")
    for each in board.going[:rows]:
        table.add_row(visible(each.callee), each.status, _span(board.now - each.since), visible(each.carrier))
    return _part("going on", table, board.going, "no call goes on")


def _ended(board: Board, rows: int) -> RenderableType:
    table = _table("at", "calls", "status", "reason", "duration")
    for each in board.ended[:rows]:
        style = "green" if each.status in GOOD else "red" if each.status in BAD else "yellow"
        table.add_row(
            f"{each.at:%H:%M:%S}",
            visible(each.callee),
            Text(each.status, style=style),
            visible(each.reason),
            times.duration(each.duration_seconds) or "",
        )
    return _part("last outcomes", table, board.ended, "nothing has ended yet")


def _table(*titles: str) -> Table:
    table = Table(box=None, expand=True, pad_edge=False, header_style="dim", show_edge=False)
    for index, title in enumerate(titles):
        table.add_column(title, no_wrap=True, overflow="ellipsis", ratio=1 if index else None)
    return table


def _part(title: str, table: Table, items: Sequence[object], empty: str) -> RenderableType:
    inside: RenderableType = table if items else Text(empty, style="dim")
    return Panel(inside, title=title, title_align="left", box=box.ROUNDED, padding=(0, 1))


def _span(time: timedelta) -> str:
    """Write a time in its two largest units.

    >>> _span(timedelta(seconds=75)), _span(timedelta(hours=49))
    ('1m15s', '2d1h')
    """
    seconds = max(int(time.total_seconds()), 0)
    units = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
    for (size, unit), (finer, finer_unit) in pairwise(units):
        if seconds >= size:
            return f"{seconds // size}{unit}{seconds % size // finer}{finer_unit}"
    return f"{seconds}s"
