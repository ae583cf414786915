"""How does a service write its log? From a thread of its own: nobody who does not read it keeps it from its work."""

from __future__ import annotations

import queue
import threading

from hyponema_cli.cli import output

LAST_LINES_SECONDS = 2.0


class Pen:
    """Writes lines from a thread of its own: a log that nobody reads on must not keep anybody from being called."""

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True, name="log")
        self._thread.start()

    def write(self, line: str) -> None:
        """Write a line, soon."""
        self._lines.put(line)

    def lay_down(self) -> bool:
        """Wait until all is written; not for long, if nobody reads: False then."""
        self._lines.put(None)
        self._thread.join(LAST_LINES_SECONDS)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            output.say(line)
