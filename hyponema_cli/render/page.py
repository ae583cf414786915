"""How is a page of words written? As plain text for a window, or as roff for man(1).

A page is sections of blocks: paragraphs, terms with what they mean, and lines to be typed as they stand. Nothing in
it is markup: what a text says, it says in both forms.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

LEAST_WIDTH = 30
WIDEST = 80
"""Longer lines are hard to read, however wide the window is."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text that is filled into lines."""

    text: str


@dataclass(frozen=True, slots=True)
class Terms:
    """Words, and what each means."""

    rows: Sequence[tuple[str, str]]
    widest: int = 0
    """How wide the words of neighbours are, to stand in one column with them."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines to be typed, or to be read as they stand."""

    lines: Sequence[str]


Block = Paragraph | Terms | Lines


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a heading."""

    heading: str
    blocks: Sequence[Block]


def text(sections: Iterable[Section], width: int) -> str:
    """Write sections for a window of `width` columns."""
    width = max(LEAST_WIDTH, min(width, WIDEST))
    return "\n".join(f"{each.heading}:\n" + blocks(each.blocks, width) for each in sections)


def blocks(them: Sequence[Block], width: int) -> str:
    """Write blocks, indented by two, with a blank line between them."""
    return "\n".join("".join(f"{line}\n" for line in _block(each, width)) for each in them)


def fill(words: str, width: int, indent: str = "  ", *, first: str | None = None) -> list[str]:
    """Break a paragraph into lines; never inside a word, because it may be typed."""
    return textwrap.wrap(
        words,
        width,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _block(block: Block, width: int) -> Iterator[str]:
    match block:
        case Paragraph(words):
            yield from fill(words, width)
        case Terms(rows, widest):
            yield from _terms(rows, widest, width)
        case Lines(lines):
            for line in lines:
                yield from (f"  {part}" for part in broken(line, width - 2))


_WIDEST_TERM = 30
_SIDE_BY_SIDE_FROM = 60
"""In a narrower window what a word means stands below it."""


def _terms(rows: Sequence[tuple[str, str]], widest: int, width: int) -> Iterator[str]:
    widest = min(max([widest, *(len(term) for term, _ in rows)]), _WIDEST_TERM)
    column = 2 + widest + 2 if width >= _SIDE_BY_SIDE_FROM else 6
    for term, meaning in rows:
        lines = fill(meaning, width, " " * column)
        fits = len(term) <= column - 4
        if not fits or not lines:
            yield f"  {term}"
        yield from ([f"  {term}".ljust(column) + lines[0].lstrip(), *lines[1:]] if fits and lines else lines)


def broken(command: str, width: int) -> list[str]:
    r"""Break a command for the shell that is wider than the window: it can still be copied and run.

    >>> broken("hyp schedules list --status paused --json", 30)
    ['hyp schedules list \\', '    --status paused --json']

    What is said of it stands above it, then.

    >>> broken("hyp init  # a file of your own", 20)
    ['# a file of your own', 'hyp init']
    """
    if len(command) <= width:
        return [command]
    command, hash_sign, said = command.partition("  # ")
    if hash_sign:
        return [*fill(said, width, "# "), *broken(command, width)]
    lines: list[str] = []
    for part in _parts(command, width - 6):
        if lines and len(lines[-1]) + len(part) + 1 <= width - 2:
            lines[-1] += f" {part}"
        else:
            lines.append(f"    {part}" if lines else part)
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]


def _parts(command: str, most: int) -> Iterator[str]:
    """Yield pieces that are best kept in a line: an option and its value, what stands behind a pipe."""
    words = re.findall(r"""(?:'[^']*'|"[^"]*"|\\.|[^\s'"])+""", command)
    piece: list[str] = []
    for word in words:
        is_full = len(" ".join([*piece, word])) > most
        if piece and (is_full or word.startswith("-") or word in ("|", "&&")):
            yield " ".join(piece)
            piece = []
        piece.append(word)
    yield " ".join(piece)
