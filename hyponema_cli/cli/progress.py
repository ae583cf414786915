"""How far is it? A bar on stderr for whoever watches; where nobody does, a line now and then if it takes long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol

from hyponema_cli.cli import output
from hyponema_cli.clock import Clock, SystemClock

FIRST_WORD = timedelta(seconds=10)
"""What takes less is not spoken of in a pipe or a log."""


class OnProgress(Protocol):
    """Hears how much is done, from 0 to 1."""

    def __call__(self, part: float, /) -> None: ...


@contextmanager
def progress(what: str, clock: Clock | None = None) -> Iterator[OnProgress]:
    """Show how far something long is while it is done: a bar on a terminal, lines elsewhere."""
    if not output.is_attended():
        yield _in_lines(what, clock or SystemClock())
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(what, total=1.0)
        yield lambda part: bars.update(bar, completed=part)


def _in_lines(what: str, clock: Clock) -> OnProgress:
    """Say it after FIRST_WORD, and again whenever it has taken twice as long: a log is not filled with it."""
    began, due = clock.now(), FIRST_WORD

    def tell(part: float) -> None:
        nonlocal due
        passed = clock.now() - began
        if passed >= due:
            output.say(f"{what}: {part:.0%}")
            while due <= passed:
                due *= 2

    return tell
