"""What did the receivers of webhooks really hear? They answer as badly as real ones do, and remember the truth.

A receiver has moods, each for a while: it takes what it is told, takes it and says so too late, refuses, is not
there, or wants no more. A *telling* is one request that a courier sent; a *claim* is what allowed it to.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hyponema_cli.core.webhook import GONE
from hyponema_cli.engine.courier import LEASE, Answer
from hyponema_cli.store.webhooks import Message
from tests.simulation.network import MachineClock

URLS = ("https://one.example/hooks", "https://two.example/hooks", "https://three.example/hooks")
CLOSED = "https://closed.example/hooks"
"""Where nobody ever takes anything."""

TAKES, LOSES, SLOW = "takes", "loses", "slow"
NO_ANSWER, REFUSES, DOWN, ENDS = "no_answer", "refuses", "down", "ends"
MOODS = (TAKES, TAKES, TAKES, TAKES, LOSES, NO_ANSWER, REFUSES, DOWN, DOWN, SLOW)
SPELLS = (1, 5, 30, 120, 600)
"""Minutes that a mood lasts."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that a courier took to tell it, and until when it belongs to him."""

    tick: int
    process: int
    seq: int
    until: datetime

    @property
    def claimed_at(self) -> datetime:
        """By the clock of the machine."""
        return self.until - LEASE


@dataclass(eq=False, slots=True)
class Telling:
    """One request, and what came of it."""

    tick: int
    claim: Claim
    message: Message
    mood: str
    is_taken: bool
    """The receiver has it, whatever the courier hears."""
    answer: Answer
    sent_at: datetime
    """True time."""
    recorded: int | None = None
    """When its outcome was written down; None: never."""

    def __str__(self) -> str:
        return f"telling {self.tick} of {self.message.id} ({self.message.event}, {self.mood})"

    @property
    def data(self) -> dict[str, Any]:
        """What the receiver reads."""
        told: dict[str, Any] = json.loads(self.message.body)
        return told


@dataclass
class Receivers:
    """All who are told."""

    random: random.Random
    clock: MachineClock
    next_tick: Callable[[], int]
    tellings: list[Telling] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    healed: bool = False
    _moods: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    def hear(self, claim: Claim, message: Message, meanwhile: Callable[[bool], None]) -> Answer:
        """Answer a request; others may act before the answer comes."""
        mood = self._mood(message.url)
        is_taken, answer = mood in (TAKES, LOSES, SLOW), self._answer(mood)
        telling = Telling(self.next_tick(), claim, message, mood, is_taken, answer, self.clock.true)
        self.tellings.append(telling)
        seconds = {SLOW: 12, NO_ANSWER: 15, LOSES: 15}.get(mood, 0.1)
        self.clock.wait(timedelta(seconds=seconds))
        meanwhile(seconds > 1)
        return telling.answer

    def _mood(self, url: str) -> str:
        if url == CLOSED:
            return DOWN
        if self.healed:
            return TAKES
        until, mood = self._moods.get(url, (self.clock.true, TAKES))
        if until <= self.clock.true:
            mood = ENDS if self.random.random() < 0.04 else self.random.choice(MOODS)
            minutes = 1 if mood == ENDS else self.random.choice(SPELLS)
            self._moods[url] = (self.clock.true + timedelta(minutes=minutes), mood)
        return mood

    def _answer(self, mood: str) -> Answer:
        match mood:
            case "takes" | "slow":
                return Answer(self.random.choice((200, 202, 204)))
            case "refuses":
                wait = self.random.choice((None, timedelta(seconds=90), timedelta(hours=3)))
                return Answer(self.random.choice((301, 400, 429, 500, 503)), "", wait)
            case "ends":
                return Answer(GONE)
            case "down":
                return Answer(None, "nobody listens there")
            case _:
                return Answer(None, "no answer")
