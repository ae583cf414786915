"""How far is it? A bar on stderr for whoever watches; nobody else pays for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from hyponema_cli.cli import output


class OnProgress(Protocol):
    """Hears how much is done, from 0 to 1."""

    def __call__(self, part: float, /) -> None: ...


@contextmanager
def progress(what: str) -> Iterator[OnProgress]:
    """Show a bar while something long is done, as long as stderr is a terminal."""
    if not output.is_attended():
        yield lambda part: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(what, total=1.0)
        yield lambda part: bars.update(bar, completed=part)
