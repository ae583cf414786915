r"""Which words can stand here? What the completion of a shell asks for when Tab is pressed: ids, names, zones.

It runs on its own, without Typer, because it runs at every Tab. The shells' scripts know commands and options without
asking. Whatever goes wrong, it says nothing: somebody is in the middle of a line.

A name can hold anything. What is handed to bash is quoted here as bash reads it, for the quotes that are open; zsh
and fish quote for themselves. What no shell can hold in a line is left out, and its id stands for it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import NamedTuple

SECONDS = 1.0
"""A disk that does not answer is not waited for."""
LONGEST = 120
"""Letters. What is longer fills the window; its id stands for it."""
_LISTING = "63"
"""COMP_TYPE of bash while it lists what there is, and changes nothing in the line."""


class Typed(NamedTuple):
    """The last word of a line for bash, as far as it is typed."""

    quote: str
    """The quote that is open; or none."""
    word: str
    """What it means."""
    before: str
    """The part that stands before the open quote: bash completes only what stands behind it."""


def main(words: list[str]) -> int:
    """Print what `words` ask for: the shell, the kinds, the word, and what the line says of the workspace."""
    try:
        import signal

        signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        lines = list(answer(*words))
        os.write(1, "".join(f"{line}\n" for line in lines).encode("utf-8", "ignore"))
    except Exception:
        return 0
    return 0


def answer(shell: str, kinds: str, word: str, db: str = "", workspace: str = "", how: str = "") -> Iterator[str]:
    """Yield a line for each word that could stand there."""
    typed = read_bash(word) if shell == "bash" else Typed("", word, "")
    if typed is None:
        return
    if shell == "bash":
        db, workspace = (read.word if (read := read_bash(each)) else "?" for each in (db, workspace))
    for found, about in candidates(kinds.split(","), typed.word, db or None, workspace or None):
        if shell != "bash":
            yield f"{found}\t{_plain(about)}"
        elif (written := write_bash(found, typed)) is not None:
            yield f"{written}  ({_plain(about)})" if how == _LISTING and about else written


def candidates(kinds: Iterable[str], prefix: str, db: str | None, workspace: str | None) -> Iterator[tuple[str, str]]:
    """Yield words that begin with `prefix`, and a word about each."""
    seen = set()
    for kind in kinds:
        # What can be found is offered: a workspace that cannot be read does not hide the zones.
        with suppress(Exception):
            for word, about in _OWN.get(kind, partial(_stored, kind))(prefix, db, workspace):
                if word.startswith(prefix) and can_be_typed(word) and word not in seen:
                    seen.add(word)
                    yield word, about


def can_be_typed(word: str) -> bool:
    r"""True for what can be typed and read in a line, and is not taken for an option.

    >>> [can_be_typed(each) for each in ("Ana $(id)", "Ana\n", "-rf", "\x1b[2J", "", "x" * 10_000)]
    [True, False, False, False, False, False]
    """
    return len(word) <= LONGEST and word.isprintable() and bool(word.strip()) and not word.startswith("-")


def _stored(kind: str, prefix: str, db: str | None, workspace: str | None) -> Iterator[tuple[str, str]]:
    """Yield what stands in the workspace; a thing by its name, where nothing was typed and the name says which."""
    from hyponema_cli.config import workspace_path
    from hyponema_cli.store import names

    found = names.beginning(workspace_path(db, workspace, os.environ), kind, prefix)
    bearers = Counter(each.name for each in found)
    if prefix:
        yield from ((each.word, each.name or each.about) for each in found)
        return
    for each in found:
        if each.name and bearers[each.name] == 1 and can_be_typed(each.name):
            yield each.name, each.word
        else:
            yield each.word, each.name or each.about


def _zones(*_: object) -> Iterator[tuple[str, str]]:
    from zoneinfo import available_timezones

    yield from ((each, "") for each in sorted(available_timezones()))


def _carriers(prefix: str, db: str | None, workspace: str | None) -> Iterator[tuple[str, str]]:
    from importlib.metadata import entry_points

    yield from ((each.name, "") for each in entry_points(group="hyponema_cli.carriers"))
    yield from _stored("accounts", prefix, db, workspace)


def _workspaces(*_: object) -> Iterator[tuple[str, str]]:
    from hyponema_cli.config import data_folder

    yield from ((each.stem, "") for each in sorted(data_folder(os.environ).glob("*.db")))


_Source = Callable[[str, str | None, str | None], Iterator[tuple[str, str]]]
_OWN: dict[str, _Source] = {"zones": _zones, "carriers": _carriers, "workspaces": _workspaces}
"""What does not stand in the workspace, or not only there."""


def read_bash(text: str) -> Typed | None:
    r"""Read a word as bash does, as far as it is typed; None for what only bash can read, or would expand.

    >>> read_bash(r"Ana\ B"), read_bash("'Ana B"), read_bash('x="A$')
    (Typed(quote='', word='Ana B', before=''), Typed(quote="'", word='Ana B', before=''), None)
    """
    word, quote, before, closed = "", "", "", False
    letters = iter(text)
    for letter in letters:
        if quote == "'" and letter != "'":
            word += letter
        elif letter == "\\":
            following = next(letters, "")
            word += following if quote == "" or following in '$`"\\' else letter + following
        elif letter == quote:
            quote, closed = "", True
        elif letter in "'\"" and not quote:
            quote, before = letter, word
        elif letter in "$`":
            return None
        else:
            word += letter
    # Behind a quote that was closed, bash completes a part of the word of its own choice.
    return None if closed else Typed(quote, word, before)


_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,-./:=@_%")


def write_bash(word: str, typed: Typed) -> str | None:
    r"""Write a word as bash has to read it, in the place of what is typed; None where it cannot be.

    >>> write_bash("$(id) `x`", Typed("", "", ""))
    '\\$\\(id\\)\\ \\`x\\`'
    >>> write_bash("it's", Typed("'", "", "")) is None
    True
    """
    rest = word.removeprefix(typed.before)
    match typed.quote:
        case "'":
            return None if "'" in rest else rest
        case '"':
            # In double quotes nothing keeps `!` from being taken for an event of the history.
            return None if "!" in rest else "".join(f"\\{each}" if each in '$`"\\' else each for each in rest)
        case _:
            return "".join(each if each in _SAFE or not each.isascii() else f"\\{each}" for each in rest)


def _plain(text: str) -> str:
    """Return a word about something, as far as it can be shown."""
    return "".join(each if each.isprintable() else " " for each in text)[:60].strip()
