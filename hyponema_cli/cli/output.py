"""Where do words go? Data to stdout, or a file that was asked for; everything else to stderr. Nothing else in hyp
writes to either.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from hyponema_cli.core.errors import HypError
from hyponema_cli.render.safe import visible

_A_WRITE = 1 << 16
"""How many characters of long data are collected for one write."""


class ReaderGone(Exception):
    """Whoever read our stdout has closed it. Not an error: `hyp history | head` ends like this."""


class Failed(HypError):
    """The answer was found, and could not be given."""


def data(text: str) -> None:
    """Write data, all of it; raises ReaderGone or Failed when it cannot leave."""
    encoding = (sys.stdout.encoding if sys.stdout is not None else None) or "ascii"
    # A terminal of another character set (LANG=C): what it cannot show is written out.
    content(text.encode(encoding, "backslashreplace"))


def long_data(pieces: Iterable[str]) -> None:
    """Write data that is made bit by bit, such as a long list; raises what `data` raises."""
    held, size = list[str](), 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _A_WRITE:
            data("".join(held))
            held, size = [], 0
    data("".join(held))


def content(octets: bytes) -> None:
    """Write data that is no text, all of it; raises ReaderGone or Failed when it cannot leave."""
    if sys.stdout is None:  # closed before we began, as `>&-` does
        raise Failed("standard output is closed", hint="send it to /dev/null if you do not want it")
    left = memoryview(octets)
    try:
        sys.stdout.flush()
        while left:
            # Not by print: an unbuffered stdout (python -u) writes a part, and says nothing of the rest.
            left = left[os.write(sys.stdout.fileno(), left) :]
    except OSError as error:
        raise cannot_leave(error) from error


def to_file(path: Path, text: str | Iterable[str], *, such_as: str, mode: int) -> None:
    """Put data into a file: those who read it meanwhile get the old text or the new one.

    What is long may come in pieces. `such_as` is a name for the file, for a hint. One that is there keeps its mode; a
    new one gets `mode`.
    """
    import tempfile

    path = path.resolve()  # a link stays, and what it leads to is replaced
    if path.is_dir():
        raise Failed(f"{path} is a folder", hint=f"name a file in it: {path / such_as}")
    if path.exists() and not path.is_file():
        raise Failed(f"{path} is not a plain file", hint="name a file that may be replaced")
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    except OSError as error:
        raise Failed(f"{path} cannot be written: {error.strerror}", hint="check its folder and its mode") from error
    new = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.writelines([text] if isinstance(text, str) else text)
            os.fchmod(file.fileno(), path.stat().st_mode & 0o777 if path.exists() else mode)
        new.replace(path)
    except OSError as error:
        raise Failed(f"{path} cannot be written: {error.strerror}", hint="is the disk full?") from error
    finally:
        new.unlink(missing_ok=True)


def flush() -> None:
    """Let go of what others wrote to stdout, such as help; raises ReaderGone or Failed when it cannot leave."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        raise cannot_leave(error) from error


def cannot_leave(error: OSError) -> ReaderGone | Failed:
    """Say what it means that stdout could not be written, and leave nothing behind for Python to write at its end."""
    # Python flushes stdout once more when it ends, and must find somebody there.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return ReaderGone()
    return Failed(f"standard output: {error.strerror}", hint="is the disk full, or was stdout closed?")


def say(text: str) -> None:
    """Tell the person at the prompt something that is not data. Where it cannot be told, that changes nothing."""
    prompt(text, end="\n")


def prompt(text: str, end: str = "") -> None:
    """Say something that an answer is typed behind."""
    if sys.stderr is None:
        return
    encoding = sys.stderr.encoding or "ascii"
    line = visible(text).encode(encoding, "backslashreplace").decode(encoding)
    try:
        sys.stderr.write(line + end)
        sys.stderr.flush()
    except OSError:
        # What was done is done: a full disk behind stderr must not make a script do it again. Python writes what is
        # left once more when it ends, and would end with its own code if it could not.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def say_lines(text: str) -> None:
    """Tell the person several lines of hyp's own words."""
    for line in text.splitlines():
        say(line)


def for_people() -> bool:
    """True when stdout is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def is_attended() -> bool:
    """True when stderr is a terminal: somebody reads the messages as they come."""
    return sys.stderr is not None and sys.stderr.isatty()


def width() -> int:
    """Return the columns of the window."""
    return shutil.get_terminal_size((80, 24)).columns


def color() -> bool:
    """True when stdout wants colour: a terminal that can, and nobody said no (no-color.org)."""
    return for_people() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
