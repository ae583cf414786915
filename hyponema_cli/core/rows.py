"""What rows does a file hold? CSV, a JSON array, or JSON lines: one row after the other, however large the file is.

- UTF-8, with or without a byte order mark. Nothing is kept of a row when the next one is read.
- CSV: the first line names the columns, each once; quotes as in RFC 4180. Blank lines say nothing.
- A row is told by its line; one of an array, which may stand in one line as a whole, by its number.
- What cannot be cut into rows raises InvalidInput, naming the line: no later row of such a file can be trusted. A
  single JSON line that is no object is a row that is wrong, and is yielded as its error.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from hyponema_cli.core import document
from hyponema_cli.core.errors import InvalidInput

LONGEST = 1 << 20
"""Bytes of a line, and of an object in an array; more is no row, but a file that was taken for another."""

ReadLine = Callable[[int], bytes]
"""Reads up to and with the next line feed, or as many bytes as it is told, as `readline` of a file does."""

_JSON_HINT = 'one object a row, as in {"phone_number": "+34600000001", …}'
_SEPARATORS = (",", ";", "\t")


def lines(read_line: ReadLine) -> Iterator[str]:
    """Yield the lines of a text with their ends; raises InvalidInput, naming the line, for what is no text."""
    number = 0
    while octets := read_line(LONGEST + 1):
        number += 1
        if len(octets) > LONGEST:
            raise InvalidInput(f"line {number} is longer than {LONGEST:,} bytes", hint="is it the right file?")
        if b"\0" in octets:
            hint = "save it as UTF-8" if octets[:2] in (b"\xff\xfe", b"\xfe\xff") or number == 1 else "leave it out"
            raise InvalidInput(f"line {number} holds a NUL character", hint=hint)
        try:
            line = octets.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidInput(
                f"line {number} is not UTF-8: byte {octets[error.start]:#04x} at its character {error.start + 1}",
                hint="save it as UTF-8; from Excel: CSV UTF-8",
            ) from None
        yield line.removeprefix("\ufeff") if number == 1 else line


def from_csv(read_line: ReadLine, delimiter: str | None = None) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return the names of the columns, and each row of cells with the line on which it begins.

    The delimiter is what stands between the names, unless it is told. A row of too few or too many cells is yielded
    as it is.
    """
    text = lines(read_line)
    first = next(text, "")
    if not first.strip():
        raise InvalidInput("it is empty" if not first else "its first line is blank", hint=_HEADER_HINT)
    reader = csv.reader(_chained(first, text), delimiter=delimiter or _separator(first), strict=True)
    rows = _numbered(reader)
    _, header = next(rows)
    names = [name.strip() for name in header]
    for name in names:
        if not name:
            raise InvalidInput(f"column {names.index(name) + 1} has no name", hint=_HEADER_HINT)
        if names.count(name) > 1:
            raise InvalidInput(f"there are two columns {name!r}", hint="rename one, or leave it out")
    return names, rows


_HEADER_HINT = "the first line names the columns, as in phone_number,timezone"


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _numbered(reader: Any) -> Iterator[tuple[int, list[str]]]:
    begins = 1
    try:
        for cells in reader:
            if cells:
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        wrong, hint = _said(str(error))
        raise InvalidInput(f"line {begins}: {wrong}", hint=hint) from None


def _said(wrong: str) -> tuple[str, str]:
    """Say in our words, with a hint, what Python's reader of CSV says in its own."""
    doubled = 'a quote inside quotes is doubled: "a ""b"" c"'
    if "unexpected end" in wrong or "field limit" in wrong:
        return "a quote is opened and not closed", doubled
    if "new-line" in wrong:
        return "it holds a carriage return outside of quotes", "lines end with a line feed, or with both"
    return "a cell goes on behind its closing quote", doubled


def _separator(header: str) -> str:
    """Return what separates the columns: the only candidate that stands outside of quotes."""
    outside = "".join(header.split('"')[::2])
    found = [each for each in _SEPARATORS if each in outside]
    if len(found) > 1:
        raise InvalidInput(
            f"its first line holds {' and '.join(map(repr, found))}", hint="say which it is: --delimiter ','"
        )
    return found[0] if found else ","


def from_json_lines(read_line: ReadLine) -> Iterator[tuple[int, Any]]:
    """Yield each value with its line; an InvalidInput for a line that is not JSON. Blank lines say nothing."""
    for number, line in enumerate(lines(read_line), 1):
        if line.strip():
            yield number, _parsed(line)


def _parsed(text: str) -> Any:
    try:
        return document.parse(text)
    except ValueError as error:
        return NotJson(f"it is not JSON: {error}", text.strip())


def from_json_array(read_line: ReadLine) -> Iterator[tuple[int, Any]]:
    """Yield each element of an array with its number, from 1."""
    text = _Ahead(_pieces(read_line))
    if text.next() != "[":
        raise InvalidInput("it is no JSON array", hint="it begins with [; objects a line each are --format jsonl")
    text.skip(1)
    if text.next() != "]":
        yield from _elements(text)
    text.skip(1)
    if text.next():
        raise InvalidInput(f"line {text.line}: something follows the array", hint="one array, and nothing else")


def _pieces(read_line: ReadLine) -> Iterator[str]:
    """Yield a text in pieces: the whole of an array may stand in one line."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    line = 1
    while True:
        octets = read_line(_PIECE)
        try:
            text = decoder.decode(octets, final=not octets)
        except UnicodeDecodeError:
            raise InvalidInput(f"line {line} is not UTF-8", hint="JSON is UTF-8") from None
        yield text
        if not octets:
            return
        line += octets.endswith(b"\n")


_PIECE = 1 << 16


def _elements(text: _Ahead) -> Iterator[tuple[int, Any]]:
    scan = json.JSONDecoder().raw_decode
    for number in count(1):
        text.next()
        begins = text.line
        while True:
            try:
                _, end = scan(text.known, text.at)
            except (ValueError, RecursionError) as error:
                if text.more():
                    continue
                what = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
                raise InvalidInput(f"line {begins}: it is not JSON: {what}", hint=_JSON_HINT) from None
            if end < len(text.known) or not text.more():
                break
        yield number, _parsed(text.known[text.at : end])
        text.skip(end - text.at)
        if text.next() != ",":
            break
        text.skip(1)
    if text.next() != "]":
        raise InvalidInput(f"line {text.line}: the array goes on with neither , nor ]", hint="is the file whole?")


class NotJson(InvalidInput):
    """A row that is not JSON; `text` is what stands there."""

    def __init__(self, message: str, text: str) -> None:
        super().__init__(message, hint=_JSON_HINT)
        self.text = text


class _Ahead:
    """A text of which only as much is kept as is looked at: what is known of it, from `at` on."""

    def __init__(self, rest: Iterator[str]) -> None:
        self._rest = rest
        self.known, self.at, self.line = "", 0, 1

    def more(self) -> bool:
        """Read on; False when nothing is left."""
        if len(self.known) - self.at > LONGEST:
            raise InvalidInput(
                f"line {self.line}: an object is longer than {LONGEST:,}", hint="is it the right file?"
            )
        for piece in self._rest:
            if piece:
                self.known, self.at = self.known[self.at :] + piece, 0
                return True
        return False

    def next(self) -> str:
        """Return the next character that is not white space; nothing at the end."""
        while True:
            found = _BLANK.match(self.known, self.at)
            self.skip(found.end() - self.at if found else 0)
            if self.at < len(self.known) or not self.more():
                return self.known[self.at : self.at + 1]

    def skip(self, count: int) -> None:
        """Let go of so many characters."""
        self.line += self.known.count("\n", self.at, self.at + count)
        self.at += count


_BLANK = re.compile(r"[ \t\r\n]+")
