"""How are rows shown? As a table to people, as tab-separated values without a header to pipes.

A pipe gets every field whole, instants in UTC; a table is for eyes: local times, and long text cut where the window
ends, but never an id.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from hyponema_cli.render.safe import clipped, visible

T = TypeVar("T")


@dataclass(frozen=True)
class Column(Generic[T]):
    """One column. `machine` writes a cell for pipes, `human` for people where that differs."""

    title: str
    machine: Callable[[T], str | None]
    human: Callable[[T], str | None] | None = None
    elastic: bool = False
    """May be cut when the window is narrow."""
    spare: bool = False
    """May be left out when the window is narrow; the last such column goes first."""


def of_fields(names: Sequence[str]) -> list[Column[Mapping[str, Any]]]:
    """Return columns for rows that are known by the names of their fields, as they are in JSON."""

    def column(name: str) -> Column[Mapping[str, Any]]:
        is_whole = name == "id" or name.endswith(("_id", "_at", "_time"))
        return Column(name, lambda row: _plain(row[name]), elastic=not is_whole)

    return [column(name) for name in names]


FIRST_FIELD = Column[Mapping[str, Any]]("id", lambda row: _plain(next(iter(row.values()))))
"""What a row is known by: the first of its fields, whatever its name."""


def _plain(value: Any) -> str | None:
    """Write a value of JSON without its quotes; an absent one is an empty field."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def tsv(columns: Sequence[Column[T]], items: Iterable[T]) -> Iterator[str]:
    """Yield a line an item, without a header; an absent value is an empty field.

    A backslash is doubled, so that what is written out (a newline as `\\n`) can be told from what was there.
    """
    for item in items:
        yield "\t".join([_field(column.machine(item) or "") for column in columns]) + "\n"


def _field(text: str) -> str:
    return visible(text.replace("\\", "\\\\"))


def table(columns: Sequence[Column[T]], items: Sequence[T], width: int, *, color: bool) -> tuple[str, list[str]]:
    """Write a table for a window of `width` columns; also return the titles of spare columns that did not fit.

    Where not even the others fit, write a record under the other.
    """
    kept = list(columns)
    cells = {column.title: [_cell(column, item) for item in items] for column in columns}
    while _least_width(kept, cells) > width and any(column.spare for column in kept):
        del kept[max(index for index, column in enumerate(kept) if column.spare)]
    if _least_width(kept, cells) > width:
        return _records(columns, cells, len(items)), []
    left_out = [column.title for column in columns if column not in kept]
    return _grid(kept, cells, width, color=color), left_out


def fields(pairs: Sequence[tuple[str, str | None]]) -> str:
    """Write one thing as lines of name and value; absent values are left out."""
    shown = [(visible(name), visible(value)) for name, value in pairs if value not in (None, "")]
    widest = max((len(name) for name, _ in shown), default=0)
    return "".join(f"{name:<{widest}}  {value}\n" for name, value in shown)


_LEAST = 8
"""An elastic column is cut to no less than this."""
_BETWEEN = 2
"""Blanks between two columns."""


def _grid(columns: Sequence[Column[T]], cells: Mapping[str, Sequence[str]], width: int, *, color: bool) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, show_edge=False, header_style="bold", padding=(0, _BETWEEN, 0, 0))
    for column, size in zip(columns, _widths(columns, cells, width), strict=True):
        grid.add_column(column.title.upper(), no_wrap=True, overflow="ellipsis", width=size)
    for row in zip(*(cells[column.title] for column in columns), strict=True):
        grid.add_row(*(Text(text) for text in row))
    console = Console(
        width=width + _BETWEEN,
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


def _widths(columns: Sequence[Column[T]], cells: Mapping[str, Sequence[str]], width: int) -> list[int]:
    """Give each column what it needs; where that is too much, cut the widest elastic ones."""
    sizes = [_natural(column, cells) for column in columns]
    spent = sum(sizes) + _BETWEEN * (len(sizes) - 1)
    for _ in range(spent - width):
        widest = max(
            (index for index, column in enumerate(columns) if column.elastic), key=lambda index: sizes[index]
        )
        sizes[widest] -= 1
    return sizes


def _least_width(columns: Sequence[Column[T]], cells: Mapping[str, Sequence[str]]) -> int:
    sizes = [
        min(_natural(column, cells), _LEAST) if column.elastic else _natural(column, cells) for column in columns
    ]
    return sum(sizes) + _BETWEEN * (len(sizes) - 1)


def _natural(column: Column[T], cells: Mapping[str, Sequence[str]]) -> int:
    from rich.cells import cell_len

    return max([cell_len(column.title), *map(cell_len, cells[column.title])])


def _cell(column: Column[T], item: T) -> str:
    return visible((column.human or column.machine)(item) or "–")


def _records(columns: Sequence[Column[T]], cells: Mapping[str, Sequence[str]], count: int) -> str:
    return "\n".join(
        fields([(column.title, _of_record(column, cells[column.title][index])) for column in columns])
        for index in range(count)
    )


def _of_record(column: Column[Any], text: str) -> str:
    return clipped(text) if column.elastic else text
