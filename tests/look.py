"""What does hyp look like? Draws docs/look.svg: real commands in a workspace that three simulated weeks have filled.

Run `python -m tests.look` when what the commands show has changed. The clock stands still, ids are counted and chance
has a seed, so that the same hyp always draws the same picture.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from unittest.mock import patch

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from hyponema_cli.cli import main, output
from hyponema_cli.clock import SystemClock, VirtualClock
from hyponema_cli.core.records import Agent, Number, User
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine import book
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.request import Request
from hyponema_cli.engine.tick import tick
from hyponema_cli.ids import NewId, ulid
from hyponema_cli.store import agents, create, numbers, settings, users
from hyponema_cli.wire import desk_of

PICTURE = Path(__file__).parents[1] / "docs" / "look.svg"
BEGINS = datetime(2026, 9, 30, 5, tzinfo=UTC)
NOW = datetime(2026, 10, 21, 17, 40, tzinfo=UTC)
"""A Wednesday; on the Sunday after it, Europe's clocks go back."""
COLUMNS = 144
COMMANDS = (
    ("schedules", "list"),
    ("occurrences", "Night medication", "--calendar"),
    ("history", "--limit", "8"),
)
AGENTS = (("agent-care", "Care line", "+34910000001"), ("agent-shop", "Shop", "+12125550100"))
# The last two digits decide what becomes of a call; see `hyponema_cli/carriers/simulated.py`.
PEOPLE = (
    ("ana", "Ana Ruiz", "+34600000001", "Europe/Madrid"),
    ("ben", "Ben Carter", "+12125550191", "America/New_York"),
    ("chloe", "Chloé Martin", "+33600000002", "Europe/Paris"),
    ("kenji", "Kenji Sato", "+81312345694", "Asia/Tokyo"),
    ("lea", "Léa Petit", "+33600000092", "Europe/Paris"),
    ("omar", "Omar Haddad", "+971500000003", "Asia/Dubai"),
    ("priya", "Priya Nair", "+919800000093", "Asia/Kolkata"),
)
DOUBTFUL = ("zoe", "Zoë Kline", "+4915100000099", "Europe/Berlin")
SCHEDULES = (
    Request(agent="agent-care", user="ana", when=WhenWords(weekdays="1,3,5", at="09:30"), name="Weekly check-in"),
    Request(agent="agent-care", user="ana", when=WhenWords(cron="30 2 * * *"), name="Night medication"),
    Request(agent="agent-care", user="chloe", when=WhenWords(cron="0 18 * * MON-FRI"), name="Evening round"),
    Request(agent="agent-care", user="omar", when=WhenWords(weekdays="7", at="11:00"), name="Family call"),
    Request(agent="agent-shop", user="ben", when=WhenWords(cron="0 9 * * MON-FRI"), name="Morning call",
            max_attempts=3, retry_delay="10m"),
    Request(agent="agent-shop", user="kenji", when=WhenWords(weekdays="2,4", at="19:15"), name="Order update"),
    Request(agent="agent-shop", user="lea", when=WhenWords(cron="30 12 * * *"), name="Parcel at the door",
            max_attempts=2, retry_delay="15m"),
    Request(agent="agent-shop", user="priya", when=WhenWords(weekdays="1,3,5", at="10:00"), name="Renewal",
            max_attempts=2, retry_delay="5m"),
)  # fmt: skip


def workspace(path: Path, *, with_doubt: bool = False) -> None:
    """Make a workspace, and let three weeks go by in it."""
    clock = VirtualClock(BEGINS)
    store, _ = create(path)
    store.execute("pragma synchronous = off")
    desk = replace(desk_of(store, clock, "operator", {"HYP_SIMULATED_SEED": "look"}), new_id=_counted())
    with store.transaction():
        settings.put(store, "timezone", "Europe/Madrid")
        for agent_id, name, number in AGENTS:
            agents.insert(store, Agent(agent_id, name, None, "wss://agent.example/session", None, BEGINS, BEGINS))
            row = Number(desk.new_id("num", BEGINS), number, "simulated", None, None, BEGINS, BEGINS)
            numbers.insert(store, row)
            numbers.attach(store, row.id, agent_id, BEGINS)
        for user_id, name, number, zone in (*PEOPLE, *([DOUBTFUL] if with_doubt else [])):
            users.insert(store, User(user_id, name, number, zone, None, {}, BEGINS, BEGINS))
    for request in SCHEDULES:
        book.add(desk, request, created_by="operator")
    if with_doubt:
        when = WhenWords(weekdays="2", at="16:00")
        book.add(desk, Request(agent="agent-care", user="zoe", when=when, name="Follow-up"), created_by="operator")
    _run(desk, clock)
    store.close()


def _run(desk: Desk, clock: VirtualClock) -> None:
    while (at := desk.store.next_work_at()) is not None and at <= NOW:
        # A pass begins a moment after what is due, as with a worker that has other things to do.
        clock.set(max(at + timedelta(seconds=at.minute % 4), clock.now()))
        tick(desk)
    clock.set(NOW)


def _counted() -> NewId:
    made = count(1)
    # Any odd number of that size: ids that are counted look as if they were drawn.
    return lambda prefix, now: (
        f"{prefix}_{ulid(int(now.timestamp() * 1000), next(made) * 0x4E3779B97F4A7C15F39D % 2**79)}"
    )


def seen(path: Path, words: Sequence[str], columns: int = COLUMNS) -> str:
    """Return what a terminal with colours shows of a command."""
    shown = list[str]()
    with ExitStack() as stack:
        for name, value in {
            "data": shown.append,
            "say": lambda text: shown.append(text + "\n"),
            "for_people": lambda: True,
            "color": lambda: True,
            "width": lambda: columns,
            "flush": lambda: None,
        }.items():
            stack.enter_context(patch.object(output, name, value))
        stack.enter_context(patch.object(SystemClock, "now", lambda _: NOW))
        stack.enter_context(patch.dict("os.environ", clear=True))
        assert main.main(["--db", str(path), *words]) == 0, shown
    return "".join(shown)


THEME = TerminalTheme(
    (250, 250, 248),
    (36, 41, 47),
    [(36, 41, 47), (180, 20, 40), (17, 110, 60), (150, 90, 0), (9, 90, 190), (130, 50, 180), (0, 120, 130),
     (110, 119, 129)],
)  # fmt: skip


def draw() -> str:
    """Return the picture."""
    console = Console(
        record=True,
        width=COLUMNS,
        file=io.StringIO(),
        force_terminal=True,
        color_system="standard",
        legacy_windows=False,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "care.db"
        workspace(path)
        for number, words in enumerate(COMMANDS):
            typed = " ".join(f'"{word}"' if " " in word else word for word in ("hyp", *words))
            console.print(Text.assemble("\n" if number else "", ("$ ", "dim"), (typed, "bold")))
            console.print(Text.from_ansi(seen(path, words).rstrip("\n")), soft_wrap=True)
    # The template of rich asks a server for a font; ours asks nobody.
    template = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    template = template.replace("Fira Code, monospace", "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace")
    drawn = console.export_svg(title="hyp", theme=THEME, code_format=template, unique_id="look")
    return "\n".join(line.rstrip() for line in drawn.splitlines() if line.strip()) + "\n"


def words_of(picture: str) -> list[str]:
    """Return what can be read in a picture, in order."""
    return re.findall(r"<text[^>]*>(.*?)</text>", picture)


if __name__ == "__main__":
    PICTURE.write_text(draw(), "utf-8")
    sys.stdout.write(f"{PICTURE}\n")
