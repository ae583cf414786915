"""What does the README's tour show? Its commands are typed into hyp, and what hyp says stands below each.

Run `python -m tests.tour` when what the commands show has changed. The clock stands still but for `sleep`, and ids
are counted, so that the same hyp always says the same.
"""

from __future__ import annotations

import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from unittest.mock import patch

from hyponema_cli import ids
from hyponema_cli.cli import main, output
from hyponema_cli.clock import SystemClock

README = Path(__file__).parents[1] / "README.md"
BEGINS = datetime(2026, 10, 21, 15, 42, 30, tzinfo=UTC)
"""A Wednesday; on the Sunday after it, Europe's clocks go back."""
COLUMNS = 100
_SESSION = re.compile(r"(?<=^```sh\n)hyp init\n.*?(?=^```)", re.M | re.S)
_TOUR = re.compile(r"(?<=^```console\n).*?(?=^```)", re.M | re.S)


class Terminal:
    """A terminal of a machine on which hyp has never run; time passes there only when somebody sleeps."""

    def __init__(self, home: Path) -> None:
        self.now = BEGINS
        self._home = home
        self._said: list[str] = []

    def type(self, line: str) -> str:
        """Return what a line shows that is typed into the shell."""
        self._said.clear()
        for command in re.split(r"; | && ", line):
            self._run(shlex.split(command))
        return "".join(self._said)

    def _run(self, words: list[str]) -> None:
        if words[0] == "sleep":
            self.now += timedelta(seconds=int(words[1]))
            return
        assert words[0] == "hyp"
        with self._in_place():
            code = main.main(words[1:])
        assert code == 0, (words, self._said)
        self.now += timedelta(seconds=1)

    @contextmanager
    def _in_place(self) -> Iterator[None]:
        made = count(1)
        with ExitStack() as stack:
            for name, value in {
                "data": self._said.append,
                "say": lambda text: self._said.append(text + "\n"),
                "for_people": lambda: True,
                "is_attended": lambda: False,  # no progress bar, no question
                "color": lambda: False,
                "width": lambda: COLUMNS,
                "flush": lambda: None,
            }.items():
                stack.enter_context(patch.object(output, name, value))
            stack.enter_context(patch.object(SystemClock, "now", lambda _: self.now))
            stack.enter_context(patch.object(ids.os, "urandom", lambda size: next(made).to_bytes(size, "big")))
            stack.enter_context(patch.dict("os.environ", {"HOME": str(self._home)}, clear=True))
            yield


def retold(text: str) -> str:
    """Return the README with what its tour shows today."""
    session, tour = _SESSION.search(text), _TOUR.search(text)
    assert session is not None, "the README has a first session"
    assert tour is not None, "the README has a tour"
    with tempfile.TemporaryDirectory() as home:
        terminal = Terminal(Path(home))
        for line in session[0].splitlines():
            terminal.type(line)
        shown = []
        for line in tour[0].splitlines():
            if line.startswith("$ "):
                shown += [line, *terminal.type(line.removeprefix("$ ")).rstrip().splitlines()]
    told = "".join(f"{line.rstrip()}\n" for line in shown)
    return text[: tour.start()] + told + text[tour.end() :]


if __name__ == "__main__":
    README.write_text(retold(README.read_text("utf-8")), "utf-8")
    sys.stdout.write(f"{README}\n")
