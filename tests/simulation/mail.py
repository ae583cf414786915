"""A history with couriers: webhooks are written by whoever changes an execution, and told by mortal processes.

A courier's rounds run where its threads would: one after the other, each only while the courier himself waits, so
that a history plays the same again. In the middle of a request others act, the courier of that very request among
them: he records what has come back, and takes more.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from hyponema_cli.core.instant import from_text
from hyponema_cli.engine import courier as courier_module
from hyponema_cli.engine.courier import Answer, Courier
from hyponema_cli.engine.desk import Desk
from hyponema_cli.store import is_busy, open_store, settings
from hyponema_cli.store.webhooks import Message
from tests.simulation import commands
from tests.simulation.history import History, Record
from tests.simulation.house import PLAIN, draw_house
from tests.simulation.network import MINUTE, SECOND, Weather
from tests.simulation.process import Process, journal_by_steps
from tests.simulation.receivers import CLOSED, URLS, Claim, Receivers, Telling

MOST_STEPS = 6000
"""To be quiet again; one that is told nothing for so long never will be."""


class Row(NamedTuple):
    """A message in the outbox at the end."""

    seq: int
    id: str
    execution_id: str
    event: str
    url: str
    body: str
    status: str
    attempts: int
    created_at: str
    finished_at: str | None


class TrailLine(NamedTuple):
    """A line of the audit trail that is about an execution."""

    at: str
    name: str
    execution_id: str
    call_id: str | None


@dataclass(eq=False)
class MailRecord:
    """All that the checks see."""

    record: Record
    rows: list[Row]
    trail: list[TrailLine]
    statuses: dict[str, str]
    """Of every execution."""
    tellings: list[Telling]
    claims: list[Claim]
    died: set[int]
    troubles: list[str]

    @cached_property
    def claims_of(self) -> dict[int, list[Claim]]:
        """The claims of each message, the first one first."""
        found = defaultdict[int, list[Claim]](list)
        for claim in self.claims:
            found[claim.seq].append(claim)
        return found


class Round:
    """Stands where a courier starts a thread."""

    def __init__(self, *, target: Callable[..., None], args: tuple[Any, ...], **_: object) -> None:
        self._teller: Teller = target.__self__  # type: ignore[attr-defined]
        self._messages: list[Message] = args[0]
        self.run = lambda: target(*args)

    def start(self) -> None:
        """Note what was claimed; it runs when the courier waits."""
        self._teller.take(self._messages)
        self._teller.rounds.append(self)


@contextmanager
def rounds_by_steps() -> Iterator[None]:
    """Let the rounds of couriers be run by whoever drives them."""
    before = courier_module.threading
    courier_module.threading = SimpleNamespace(Thread=Round, Event=threading.Event)  # type: ignore[assignment]
    try:
        yield
    finally:
        courier_module.threading = before


class Teller(Courier):
    """A courier of a mortal process."""

    def __init__(self, mail: MailHistory, process: Process) -> None:
        super().__init__(process.desk, self._tell, lambda: [b"a secret of at least 24 bytes"])
        self.process = process
        self.rounds: list[Round] = []
        self._mail = mail
        self._own: dict[int, Claim] = {}
        self._told: list[Telling] = []
        self._depth = 0

    def take(self, messages: Sequence[Message]) -> None:
        """Note claims."""
        tick = self._mail.next_tick()
        for message in messages:
            assert message.next_try_at is not None, "it was claimed"
            self._own[message.seq] = Claim(tick, self.process.number, message.seq, message.next_try_at)
            self._mail.receivers.claims.append(self._own[message.seq])

    def work(self) -> None:
        """Deliver until nothing is due that could be told now."""
        self.step()
        while self.rounds:
            self.rounds.pop(self._mail.random.randrange(len(self.rounds))).run()
            self.step()

    def _record(self, wait_seconds: float) -> None:
        # Noted before anything more is claimed in the same step.
        super()._record(wait_seconds)
        tick = self._mail.next_tick()
        for telling in self._told:
            telling.recorded = tick
        self._told.clear()

    def _tell(self, message: Message, secrets: Sequence[bytes], now: datetime, allow_private: bool) -> Answer:
        claim, receivers = self._own[message.seq], self._mail.receivers
        before = len(receivers.tellings)
        answer = self.process.life.step(
            f"post {message.id} to {message.url}", lambda: receivers.hear(claim, message, self._meanwhile)
        )
        self._told.append(receivers.tellings[before])
        return answer

    def _meanwhile(self, long: bool) -> None:
        """Let others act, and the courier himself, who need not wait for this request."""
        draw = self._mail.random
        self.process.meanwhile(long)
        if self._depth < 2 and draw.random() < 0.3:
            self._depth += 1
            try:
                self.step()
                if self.rounds and draw.random() < 0.5:
                    self.rounds.pop().run()
            except Exception as error:
                if not is_busy(error):
                    self._mail.troubles.append(f"{self.process.name}: {type(error).__name__}: {error}")
            finally:
                self._depth -= 1


class MailHistory(History):
    """A day of a workspace that tells receivers."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.receivers = Receivers(self.random, self.clock, self.next_tick)
        self._longest_sleep = 120
        self._tellers: list[Teller | None] = [None] * self.random.randint(1, 3)
        with closing(open_store(self.path)) as store:
            settings.put(store, "webhook_url", self.random.choice(URLS))
        self.commands = (*self.commands, (8.0, give_receiver))

    def play_mail(self) -> MailRecord:
        """Play a day, then let all be told."""
        commands.book_many(self)
        ends_at = self.begun_at + timedelta(days=1)
        for _ in range(self.random.randint(20, 70)):
            self._time_passes()
            self._step()
        for plan in self.plans:
            # A rule that rings every minute would fill the rest of the day with the same.
            if plan.request.when.cron == "* * * * *" or self.random.random() < 0.7:
                commands.cancel_plan(self, plan)
        while self.clock.true < ends_at:
            self.clock.wait(self.random.choice((1, 7, 40, 90)) * MINUTE)
            self._step()
            self.deliver()
        record = self.end()
        self.receivers.healed = True
        self._deliver_all()
        with closing(sqlite3.connect(self.path)) as connection:
            rows = connection.execute(f"select {', '.join(Row._fields)} from webhooks order by seq")  # noqa: S608
            trail = connection.execute(
                "select at, name, execution_id, call_id from events where execution_id is not null order by rowid"
            )
            statuses = connection.execute("select id, status from executions")
            return MailRecord(
                record,
                [Row(*row) for row in rows],
                [TrailLine(*row) for row in trail],
                dict(statuses.fetchall()),
                self.receivers.tellings,
                self.receivers.claims,
                self.died | self.refused,
                self.troubles,
            )

    def close(self) -> None:
        """Let go of every file."""
        for teller in self._tellers:
            if teller is not None:
                teller.process.close()
        super().close()

    def deliver(self) -> None:
        """Let a courier that is not at work tell what is due."""
        idle = [place for place, it in enumerate(self._tellers) if it is None or it.process not in self._at_work]
        if not idle:
            return
        place = self.random.choice(idle)
        teller = self._tellers[place]
        if teller is None:
            process = self._start(f"courier-{place + 1}")
            if process is None:
                return
            teller = self._tellers[place] = Teller(self, process)
        self._in_process(teller.process, "delivers", lambda desk: teller.work(), stays=True)
        if teller.process.life.dead:
            self._tellers[place] = None

    def _step(self) -> None:
        if self.random.random() < 0.35:
            self.deliver()
        else:
            super()._step()

    def _deliver_all(self) -> None:
        """Wait until every message is told or given up, but for a receiver that is never there."""
        for _ in range(MOST_STEPS):
            with closing(sqlite3.connect(self.path)) as connection:
                (earliest,) = connection.execute(
                    "select min(next_try_at) from webhooks where status = 'pending' and url <> ?", (CLOSED,)
                ).fetchone()
            if earliest is None:
                return
            # A receiver that rests is looked at again soon.
            self.clock.wait(max(from_text(earliest) - self.clock.now(), 30 * SECOND))
            self.deliver()


def give_receiver(history: History) -> None:
    """Give a schedule a receiver of its own, or take it away."""
    if not history.plans:
        return
    ref = history.random.choice(history.plans).ref
    url = history.random.choice((*URLS, *URLS, CLOSED, None))
    history.operate("schedules edit --webhook-url", lambda desk: _edit(desk, ref, url))


def _edit(desk: Desk, ref: str, url: str | None) -> None:
    with desk.store.transaction():
        desk.store.execute("update schedules set webhook_url = ? where ref = ?", (url, ref))


def play(seed: int, weather: Weather | None = None) -> MailRecord:
    """Play the day of a seed. A copy of the database is never put back: it would take messages back, too."""
    house = PLAIN if weather else replace(draw_house(random.Random(f"house {seed}")), restores=False)
    with tempfile.TemporaryDirectory() as folder, journal_by_steps(), rounds_by_steps():
        history = MailHistory(seed, Path(folder), weather, house)
        try:
            return history.play_mail()
        finally:
            history.close()
