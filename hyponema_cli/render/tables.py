"""How are rows shown? As a table to people, as tab-separated values without a header to pipes.

A pipe gets every field whole, instants in UTC; a table is for eyes: local times, and long text cut where the window
ends, but never an id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from hyponema_cli.render.safe import visible

T = TypeVar("T")


@dataclass(frozen=True)
class Column(Generic[T]):
    """One column. `machine` writes a cell for pipes, `human` for people where that differs."""

    title: str
    machine: Callable[[T], str | None]
    human: Callable[[T], str | None] | None = None
    elastic: bool = False
    """May be cut when the window is narrow."""


def tsv(columns: Sequence[Column[T]], items: Iterable[T]) -> str:
    """Write a line an item, without a header; an absent value is an empty field."""
    return "".join("\t".join(visible(column.machine(item) or "") for column in columns) + "\n" for item in items)


def table(columns: Sequence[Column[T]], items: Sequence[T], width: int, *, color: bool) -> str:
    """Write a table for a window of `width` columns; a record under the other where it would not fit."""
    texts = [[_cell(column, item) for column in columns] for item in items]
    if _narrowest(columns, texts) > width:
        return _records(columns, texts)
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, show_edge=False, header_style="bold" if color else "")
    for index, column in enumerate(columns):
        longest = max([cell_len(column.title), *(cell_len(row[index]) for row in texts)])
        grid.add_column(
            column.title.upper(),
            no_wrap=True,
            overflow="ellipsis",
            min_width=min(longest, _LEAST) if column.elastic else longest,
        )
    for row in texts:
        grid.add_row(*(Text(text) for text in row))
    console = Console(
        width=width,
        markup=False,
        emoji=False,
        highlight=False,
        color_system="standard" if color else None,
        force_terminal=color,
        legacy_windows=False,
    )
    with console.capture() as captured:
        console.print(grid)
    return "".join(line.rstrip() + "\n" for line in captured.get().splitlines())


def fields(pairs: Sequence[tuple[str, str | None]]) -> str:
    """Write one thing as lines of name and value; absent values are left out."""
    shown = [(name, visible(value)) for name, value in pairs if value not in (None, "")]
    widest = max((len(name) for name, _ in shown), default=0)
    return "".join(f"{name:<{widest}}  {value}\n" for name, value in shown)


_LEAST = 8
"""An elastic column is cut to no less than this."""


def _cell(column: Column[T], item: T) -> str:
    return visible((column.human or column.machine)(item) or "–")


def _narrowest(columns: Sequence[Column[T]], texts: Sequence[Sequence[str]]) -> int:
    widths = [
        min(_LEAST, longest) if column.elastic else longest
        for column, longest in (
            (column, max([len(column.title), *(len(row[index]) for row in texts)]))
            for index, column in enumerate(columns)
        )
    ]
    return sum(widths) + 2 * (len(columns) - 1)


def _records(columns: Sequence[Column[T]], texts: Sequence[Sequence[str]]) -> str:
    titles = [column.title for column in columns]
    return "\n".join(fields(list(zip(titles, row, strict=True))) for row in texts)
