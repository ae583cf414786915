"""Hundreds of histories, each other than the last, and one in which a process dies at every single effect.

`HYP_HISTORIES` says how many seeds are played, `HYP_FIRST_SEED` from which one on.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine.request import Request
from tests.simulation import commands
from tests.simulation.checker import complaints
from tests.simulation.history import History, Record, opened, play
from tests.simulation.network import CALM, MINUTE, SECOND
from tests.simulation.plans import Plan
from tests.simulation.process import Life, Process

FIRST_SEED = int(os.environ.get("HYP_FIRST_SEED", "1"))
HISTORIES = int(os.environ.get("HYP_HISTORIES", "150"))


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + HISTORIES))
def test_whatever_goes_wrong_nobody_is_called_twice_and_nobody_is_forgotten(seed: int) -> None:
    accept(play(seed), f"replay: python -m tests.simulation {seed}")


def test_a_seed_tells_the_same_story_every_time() -> None:
    one, other = (
        [(now, depth, process and process.number, what) for now, depth, process, _, what in play(FIRST_SEED).trace]
        for _ in range(2)
    )
    assert one == other


def test_a_process_may_die_at_any_effect() -> None:
    """One short history, again and again: in the n-th, a process dies before the n-th effect of all."""
    fatal = 0
    while True:
        fatal += 1
        with opened(0, CALM, ShortHistory) as history:
            assert isinstance(history, ShortHistory)
            history.fatal_effect = fatal
            record = history.play()
        accept(record, f"death before effect {fatal}")
        if not history.deaths:
            break
    assert len({asked.fate for asked in record.asked}) >= 5
    assert fatal > 150


def accept(record: Record, replay: str) -> None:
    """Fail, with one line that says how to see it again, if a history is not what was promised."""
    found = complaints(record)
    if found:
        pytest.fail("\n".join([*(f"{each.check}: {each.sentence}" for each in found), replay]), pytrace=False)


class ShortHistory(History):
    """Four schedules, a few passes and commands, a request of each kind; at most one death, at a given effect."""

    quiet_passes = 4
    fatal_effect = 0

    def __init__(self, *arguments: Any) -> None:
        self.lives: list[Life] = []
        super().__init__(*arguments)

    def play(self) -> Record:
        self.network.fates = ["reply_lost", "not_sent", "accepted", "request_lost", "rejected", "throttled"]
        self.book("minutely", WhenWords(cron="* * * * *"), max_attempts=2, retry_on=["busy", "failed"])
        for _ in range(2):
            self.book("now", WhenWords(at="now"), max_attempts=3, retry_delay="10s")
        for wait in (0 * SECOND, 7 * SECOND, MINUTE, 2 * MINUTE):
            self.clock.wait(wait)
            self.tick()
        commands.resolve_doubts(self)
        self.work()
        commands.cancel_plan(self, self.plans[0])
        if self.plans[1].confirmed:
            commands.run_plan(self, self.plans[1])
        self.clock.wait(MINUTE)
        self.work()
        return self.end()

    def book(self, name: str, when: WhenWords, **words: Any) -> None:
        number = commands.NUMBERS[len(self.plans)]
        ref = f"{name}-{len(self.plans)}"
        request = Request(agent="agent-0", to=number, when=when, timezone="Europe/Madrid", ref=ref, **words)
        plan = Plan.of(request, "Europe/Madrid", number)
        commands.book(self, plan)
        if not plan.confirmed:
            commands.book(self, plan)

    def draw_danger(self, process: Process) -> None:
        """Let the process die if the fatal effect comes in its time."""
        before = sum(each.effects for each in self.lives)
        if process.life not in self.lives:
            self.lives.append(process.life)
        alive = self.deaths or self.network.healed
        process.life.dies_before = None if alive else process.life.effects + self.fatal_effect - before
