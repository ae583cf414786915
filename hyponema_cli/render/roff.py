r"""How are words written for man(1)? As roff that says them and nothing else.

What roff takes for a command (a dot or a quote that begins a line, a backslash) is escaped; and so are hyphens and
quotes, which it would set as typographic ones that no shell takes back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hyponema_cli.render.page import Block, Lines, Paragraph, Section, Terms, broken

_WIDTH = 72
"""Of lines that are not filled: man indents them by seven."""

_ESCAPES = {
    "\\": "\\e",
    "-": "\\-",
    "'": "\\(aq",
    "`": "\\(ga",
    "^": "\\(ha",
    "~": "\\(ti",
    "…": "...",
    "–": "\\(en",
    "—": "\\(em",
    "→": "\\(->",
}


def escape(words: str) -> str:
    r"""Write a line of words.

    >>> print(escape(".5 C:\\dir 'a-b'"))
    \&.5 C:\edir \(aqa\-b\(aq
    """
    written = "".join(
        _ESCAPES.get(each) or (each if each.isascii() else f"\\[u{ord(each):04X}]")
        for each in " ".join(words.split())
    )
    # What has no blanks may be broken here and there, for narrow windows.
    written = re.sub(r",(?=[a-z])|=(?=/)", r"\g<0>\:", written)
    return f"\\&{written}" if written.startswith(".") else written


def page(name: str, *, source: str, manual: str, sections: Iterable[Section]) -> str:
    """Write a page of section 1. It bears no date: the same sources make the same page on every day."""
    title = " ".join(f'"{escape(each)}"' for each in (name.upper(), "1", "", source, manual))
    lines = [f".TH {title}", ".nh", ".ad l"]
    for each in sections:
        lines += [f".SH {escape(each.heading)}", *_blocks(each.blocks)]
    return "".join(f"{line}\n" for line in lines)


def _blocks(blocks: Iterable[Block]) -> Iterator[str]:
    for index, block in enumerate(blocks):
        match block:
            case Paragraph(words):
                yield from ([".PP"] if index else []) + [escape(words)]
            case Terms(rows, _):
                for term, meaning in rows:
                    yield from (".TP", f"\\fB{escape(term)}\\fR", escape(meaning) or "\\&")
            case Lines(lines):
                yield from ([".PP"] if index else []) + [".nf"]
                for line in lines:
                    yield from (_unfilled(part) for part in broken(line, _WIDTH))
                yield ".fi"


def _unfilled(line: str) -> str:
    blanks = len(line) - len(line.lstrip())
    return " " * blanks + escape(line)
