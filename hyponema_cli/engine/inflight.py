"""Which requests are under way at once? Each in a thread of its own; what came of them is written by one hand.

A thread asks the carrier and nothing else: the database belongs to whoever claimed the calls.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable

from hyponema_cli.engine.record import Answer, Doubt, Intent

Landed = list[tuple[Intent, Answer]]


class InFlight:
    """The requests of a pass that have left and are not back. Not for several threads: it is their caller's."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._away: dict[str, Intent] = {}
        self._back: queue.SimpleQueue[tuple[Intent, Answer]] = queue.SimpleQueue()

    @property
    def count(self) -> int:
        """How many are under way."""
        return len(self._away)

    @property
    def room(self) -> int:
        """How many more may leave now."""
        return self._most - len(self._away)

    def of(self, account: str) -> int:
        """How many are under way to one carrier account."""
        return Counter(intent.call.carrier for intent in self._away.values())[account]

    def start(self, intent: Intent, send: Callable[[Intent], Answer]) -> None:
        """Let a request leave."""

        def run() -> None:
            try:
                answer = send(intent)
            except BaseException as error:  # whatever ends the thread, the request may have left
                answer = Doubt("carrier_error", type(error).__name__)
            self._back.put((intent, answer))

        self._away[intent.call.id] = intent
        threading.Thread(target=run, daemon=True, name=f"dial {intent.call.id}").start()

    def landed(self, wait_seconds: float = 0.0) -> Landed:
        """Return what has come back, each once; wait for the first, so long at most."""
        landed: Landed = []
        try:
            while self._away:
                wait = wait_seconds if not landed else 0.0
                landed.append(self._back.get(timeout=wait) if wait > 0 else self._back.get_nowait())
                del self._away[landed[-1][0].call.id]
        except queue.Empty:
            pass
        return landed

    def abandon(self, reason: str) -> Landed:
        """Give up waiting: what is not back by now is a doubt."""
        landed = self.landed()
        landed += [(intent, Doubt(reason)) for intent in self._away.values()]
        self._away.clear()
        return landed
