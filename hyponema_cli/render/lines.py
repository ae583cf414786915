"""How are pictures of characters put together? Lines, wrapped to a window, side by side, with colour or without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap

from rich.text import Text

BETWEEN = 4
"""Blanks between two pictures side by side."""
NARROWEST = 38
"""Nothing is wrapped for windows of less than this."""


def side_by_side(blocks: Sequence[Sequence[Text]]) -> Iterator[Text]:
    """Put pictures next to each other, each in a column as wide as its widest line."""
    widths = [max((len(line) for line in block), default=0) for block in blocks]
    for row in zip_longest(*blocks, fillvalue=Text()):
        line = Text()
        for part, width in zip(row, widths, strict=True):
            line.append_text(part)
            line.append(" " * (width - len(part) + BETWEEN))
        line.rstrip()
        yield line


def wrapped(words: str, width: int) -> list[str]:
    """Break a sentence into lines; what a no-break space joins stays together."""
    lines = wrap(words, max(width, NARROWEST), subsequent_indent="  ")
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def unbroken(words: str) -> str:
    """Join words that `wrapped` is not to part."""
    return words.replace(" ", "\N{NO-BREAK SPACE}")


def written(lines: Sequence[Text], *, color: bool) -> str:
    """Write lines out, with nothing at their ends that is not seen."""
    if not color:
        return "".join(line.plain.rstrip() + "\n" for line in lines)
    from rich.console import Console

    console = Console(color_system="standard", force_terminal=True, legacy_windows=False, width=10_000)
    with console.capture() as captured:
        for line in lines:
            console.print(line, soft_wrap=True)
    return "".join(line.rstrip() + "\n" for line in captured.get().splitlines())
