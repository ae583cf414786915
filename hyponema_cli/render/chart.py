"""How is a tally drawn on a terminal? Stacked bars of characters, with the numbers beside them.

Every outcome has its own character, so that a bar can be read without colour; they are ASCII, so that columns stay
columns on any terminal. What happened at all has at least one character, however small its part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from hyponema_cli.core.tally import OPEN, SERIES, Rate, Slice, Tally
from hyponema_cli.render.lines import BETWEEN, side_by_side, unbroken, wrapped, written
from hyponema_cli.render.safe import visible

MARKS = dict(zip(SERIES, "#=x!-~?.", strict=True))
_STYLES = {
    "completed": "green",
    "exhausted": "yellow",
    "failed": "red",
    "missed": "magenta",
    "in_doubt": "bold red",
    OPEN: "cyan",
}
WIDE = 120
"""From so many columns on, the two charts stand side by side."""
_NARROW = 60
"""Below so many columns, dates are short."""
_LEAST_BAR = 24
"""Where a bar would be shorter than this, the numbers of each outcome make room for it."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn."""

    title: str
    tally: Tally
    clocks: str
    """On whose clocks a day begins and ends."""


def text(chart: Chart, width: int, *, color: bool) -> str:
    """Draw a chart for a window of `width` columns; never wider, but for windows of less than 38."""
    each = (width - BETWEEN) // 2 if width >= WIDE else width
    blocks = [_outcomes(chart, each), _answers(chart.tally, each)]
    lines = [Text(line, "bold") for line in wrapped(visible(chart.title), width)]
    lines += [Text()]
    lines += side_by_side(blocks) if width >= WIDE else [*blocks[0], Text(), *blocks[1]]
    return written(lines, color=color)


def shares(counts: Sequence[int], length: int) -> list[int]:
    """Divide `length` cells by counts; whatever was counted gets one at least, and there are that many at least.

    >>> shares([98, 1, 0, 1], 10), shares([1, 1], 1)
    ([8, 1, 0, 1], [1, 1])
    """
    total = sum(counts)
    cells = [1 if count else 0 for count in counts]
    left = max(length - sum(cells), 0)
    # By what each lacks: a cell that was given for nothing is made up for by the greater ones.
    while left:
        wanting = max(range(len(counts)), key=lambda index: counts[index] * length / total - cells[index])
        cells[wanting] += 1
        left -= 1
    return cells


def _outcomes(chart: Chart, width: int) -> list[Text]:
    tally = chart.tally
    totals = tally.outcomes
    there = [name for name in SERIES if totals[name]]
    unit = unit_of([bar.slice for bar in tally.bars])
    lines = _heading(f"What came due, by {unit}, {chart.clocks}", width)
    labels = [label(bar.slice, unit, short=width < _NARROW) for bar in tally.bars]
    columns = [[f"{bar.counts.total():,}" for bar in tally.bars]]
    columns += [[f"{bar.counts[name]:,}" if bar.counts[name] else "" for bar in tally.bars] for name in there]
    heads = ["all", *(MARKS[name] for name in there)]
    sizes = [max(map(len, [head, *cells])) for head, cells in zip(heads, columns, strict=True)]
    if len(labels[0]) + sum(sizes) + 2 * len(sizes) + _LEAST_BAR > width or len(there) == 1:
        heads, columns, sizes = heads[:1], columns[:1], sizes[:1]
    room = width - len(labels[0]) - sum(sizes) - 2 * len(sizes) - 2
    highest = max(bar.counts.total() for bar in tally.bars)
    head = "".join(f"  {each:>{size}}" for each, size in zip(heads, sizes, strict=True))
    lines.append(Text(" " * len(labels[0]) + head, "dim"))
    for index, bar in enumerate(tally.bars):
        line = Text(labels[index])
        for cells, size in zip(columns, sizes, strict=True):
            line.append(f"  {cells[index]:>{size}}")
        line.append("  ")
        line.append_text(_stack(bar.counts, there, room, highest))
        lines.append(line)
    legend = "   ".join(unbroken(f"{MARKS[name]} {name.replace('_', ' ')} {totals[name]:,}") for name in there)
    return [*lines, Text(), *(Text(line) for line in wrapped(legend, width))]


def _stack(counts: Mapping[str, int], there: Sequence[str], room: int, highest: int) -> Text:
    own = [counts[name] for name in there]
    length = -(-sum(own) * room // highest)
    line = Text()
    for name, cells in zip(there, shares(own, length) if length else [0] * len(own), strict=True):
        line.append(MARKS[name] * cells, _STYLES.get(name, ""))
    line.truncate(room)
    return line


def _answers(tally: Tally, width: int) -> list[Text]:
    lines = _heading("Answer rate by the hour, on the clocks of whom we call", width)
    if tally.by_hour:
        lines += _hours(tally, width)
    elif not tally.rate.over:
        lines.append(Text("No call is over yet."))
    notes = [Text(line) for note in _said_of_calls(tally) for line in wrapped(note, width)]
    return [*lines, Text(), *notes] if notes else lines


def _hours(tally: Tally, width: int) -> Iterator[Text]:
    hours = range(min(tally.by_hour), max(tally.by_hour) + 1)
    counted = [tally.by_hour.get(hour, Rate()) for hour in hours]
    columns = [["calls", *(f"{rate.over:,}" for rate in counted)]]
    if width >= _NARROW:
        columns.append(["answered", *(f"{rate.answered:,}" if rate.over else "" for rate in counted)])
    columns.append(["rate", *(percent(rate.percent) if rate.percent is not None else "" for rate in counted)])
    sizes = [max(map(len, cells)) for cells in columns]
    room = width - 5 - sum(sizes) - 2 * len(sizes) - 2
    for index, label in enumerate(["", *(f"{hour:02}:00" for hour in hours)]):
        line = Text(f"{label:5}", "" if index else "dim")
        for cells, size in zip(columns, sizes, strict=True):
            line.append(f"  {cells[index]:>{size}}")
        rate = counted[index - 1].percent if index else None
        if rate is not None:
            filled = round(room * rate / 100)
            line.append("  ").append("#" * filled, "green").append("." * (room - filled), "dim")
        yield line


def _said_of_calls(tally: Tally) -> Iterator[str]:
    if tally.rate.percent is not None:
        yield f"{tally.rate.answered:,} of {tally.rate.over:,} calls answered, {percent(tally.rate.percent)}"
    if tally.without_zone:
        yield f"In no hour: {tally.without_zone:,} calls to people without a timezone"


def percent(value: float) -> str:
    """Write a percentage; only all is 100%, and only none 0%.

    >>> percent(99.9), percent(0.2), percent(100.0)
    ('99%', '1%', '100%')
    """
    return f"{min(max(round(value), 1), 99) if 0 < value < 100 else round(value)}%"


def unit_of(parts: Sequence[Slice]) -> str:
    """Say what the slices of a period are: a day, a week or a month each."""
    longest = max(((part.last - part.first).days for part in parts), default=0)
    return "day" if not longest else "week" if longest < 7 else "month"


def label(part: Slice, unit: str, *, short: bool = False) -> str:
    """Name a slice by its first day; a month by its name in ISO's form."""
    if unit == "month":
        return f"{part.first:%Y-%m}"
    if unit == "week":
        return f"{part.first:%m-%d}" if short else f"{part.first:%Y-%m-%d} wk {part.first:%V}"
    return f"{part.first:%a %d}" if short else f"{part.first:%a %Y-%m-%d}"


def _heading(words: str, width: int) -> list[Text]:
    return [Text(line, "bold") for line in wrapped(words, width)]
