"""What was in force when? Kept by whoever gave the commands, not by asking the program.

A *moment* is one commit, numbered in the order in which all commits and requests of a history came. A command that
came back was in force from its last commit on. Of one that died after a commit, and that commits more than once,
nobody outside can say: what it was about is UNSURE from there, and no check relies on it.

A database that was put back from a copy has the words of the copy again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterator
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

Key = tuple[str, Hashable]
"""What was spoken of: `("call_cap", None)`, `("window", "user-1")`, `("suppressed", "+346…")`."""


class Moment(NamedTuple):
    """A commit of one process."""

    tick: int
    at: datetime
    """By the clock of the machine."""
    true: datetime
    judged_at: datetime
    """What the process last read from that clock before it took the lock."""


class Unsure:
    """The value of what nobody outside can know."""

    def __repr__(self) -> str:
        return "UNSURE"


UNSURE = Unsure()


class Restored(NamedTuple):
    """A copy of the database that was put back."""

    copied: int
    """The tick up to which the copy knows everything."""
    tick: int
    schedules: frozenset[str]
    """Those that the copy knows."""


class Chronicle:
    """All that was said, in order."""

    def __init__(self) -> None:
        self.restored: list[Restored] = []
        self._said: dict[Key, list[tuple[int, Any]]] = {}

    def note(self, tick: int, key: Key, value: Any) -> None:
        """Note that something is in force from a tick on. Commands nest, so what ends first may be the later word."""
        said = self._said.setdefault(key, [])
        said.insert(bisect_left(said, tick, key=itemgetter(0)), (tick, value))

    def at(self, tick: int, what: str, whose: Hashable = None) -> Any:
        """Return what was in force just before a tick; None when nobody had said anything."""
        return next((value for _, value in self.past(tick, what, whose)), None)

    def between(self, first: int, last: int, what: str, whose: Hashable = None) -> list[Any]:
        """Return every value that was in force at some tick from `first` to `last`."""
        values = []
        for since, value in self.past(last, what, whose):
            values.append(value)
            if since <= first:
                return values
        return [*values, None]

    def past(self, tick: int, what: str, whose: Hashable = None) -> Iterator[tuple[int, Any]]:
        """Yield what was said before a tick, the latest first, as the database at that tick has it."""
        said = self._said.get((what, whose), [])
        for restored in sorted(self.restored, key=lambda each: -each.tick):
            if restored.tick < tick:
                yield from ((since, value) for since, value in reversed(said) if restored.tick < since < tick)
                tick = min(tick, restored.copied + 1)
        yield from ((since, value) for since, value in reversed(said) if since < tick)

    def about(self, what: str) -> list[Hashable]:
        """Return everything of a kind that was ever spoken of."""
        return [whose for kind, whose in self._said if kind == what]
