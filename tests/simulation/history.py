"""One seed, one history: hours or days of a workspace, its workers, its operators, and everything that goes wrong.

    ledger.py    what the database says: the schema
    network.py   what really happened: the phones, and how badly they answer
    process.py   the workers, ticks and commands, each of which may die anywhere
    plans.py     what was asked for, and when it should ring
    commands.py  what operators do
    history.py   plays them together
    checker.py   judges the record of it

There are no threads. Whenever a process waits for its carrier, and now and then between two of its statements, others
act in the meantime, as deep as three: so any interleaving that nests is played, and plays the same again.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from hyponema_cli.core.errors import Busy, HypError
from hyponema_cli.core.records import Agent, Number, User
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.tick import tick
from hyponema_cli.store import agents, calls, create, is_busy, numbers, schedules, settings, users
from tests.simulation import commands
from tests.simulation.ledger import Ledger, Snapshot
from tests.simulation.network import HOUR, MINUTE, SECOND, Asked, MachineClock, Network, PhoneCall, Weather
from tests.simulation.plans import ZONES, Plan
from tests.simulation.process import Died, Process, journal_by_steps

T = TypeVar("T")

BEGINNINGS = (
    datetime(2026, 3, 2, 8, 0, tzinfo=UTC),
    datetime(2026, 3, 8, 5, 30, tzinfo=UTC),  # New York goes forward at 07:00
    datetime(2026, 3, 29, 0, 10, tzinfo=UTC),  # Madrid goes forward at 01:00
    datetime(2026, 4, 4, 14, 0, tzinfo=UTC),  # Lord Howe goes back half an hour at 15:00
    datetime(2026, 10, 24, 23, 50, tzinfo=UTC),  # Madrid goes back at 01:00
    datetime(2026, 11, 1, 4, 45, tzinfo=UTC),  # New York goes back at 06:00
    datetime(2026, 12, 31, 21, 0, tzinfo=UTC),
)
DEEPEST = 3
"""How many processes may be at work at once, each waiting for the next."""


@dataclass(eq=False)
class Record:
    """All that the checker sees."""

    seed: int
    asked: list[Asked]
    calls: dict[str, PhoneCall]
    plans: list[Plan]
    resolved: set[str]
    """The calls of which an operator said, or may have said, what became of them."""
    troubles: list[str]
    """What no process should ever do, such as end with a bug."""
    quiet: Snapshot
    """After the network was healed, and some passes."""
    closed: Snapshot
    """After every schedule was canceled, every call over and every doubt settled."""
    begun_at: datetime
    closed_at: datetime
    """When the schedules were canceled, by the clock of the machine."""
    latest: datetime
    trace: list[tuple[Any, ...]]


@dataclass
class Lock:
    """Somebody else's connection, which holds the database for some steps of a process."""

    connection: sqlite3.Connection
    owner: Process
    until_step: int


def play(seed: int, weather: Weather | None = None) -> Record:
    """Play the history of a seed."""
    with opened(seed, weather) as history:
        return history.play()


@contextmanager
def opened(seed: int, weather: Weather | None = None, kind: type[History] | None = None) -> Iterator[History]:
    """Lend a history, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, journal_by_steps():
        history = (kind or History)(seed, Path(folder), weather)
        try:
            yield history
        finally:
            history.close()


class History:
    """A workspace and all who work with it."""

    quiet_passes = 7

    def __init__(self, seed: int, folder: Path, weather: Weather | None = None) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.clock = MachineClock(self.random.choice(BEGINNINGS))
        self.begun_at = self.clock.now()
        self.weather = weather or draw_weather(self.random)
        self.path = folder / "hyp.db"
        self.plans: list[Plan] = []
        self.people: dict[str, str] = {}
        self.agents: list[str] = []
        self.numbers: list[str] = []
        self.resolved: set[str] = set()
        self.troubles: list[str] = []
        self.trace: list[tuple[Any, ...]] = []
        self.deaths = 0
        self._ids = 0
        self._processes = 0
        self._edition = 0
        # Both make an engine compute a thousand instants: rare, or most of the time would go there.
        self._editions_left = int(self.random.random() < 0.2)
        self._longest_sleep = 1500 if self.random.random() < 0.05 else 120
        self._workers: list[Process | None] = [None] * self.random.randint(1, 3)
        self._at_work: list[Process] = []
        self._locks: list[Lock] = []
        self._furnish()
        self.ledger = Ledger(self.path)
        self.network = Network(
            self.random,
            self.clock,
            self.weather,
            lambda request: self.ledger.witness(request.call_id, request.to_number),
            self.ledger.bound_ids,
        )

    def play(self) -> Record:
        """Play it to its end."""
        commands.book_many(self)
        commands.book_many(self)
        for _ in range(self.random.randint(10, 60)):
            self._time_passes()
            self._step()
        return self.end()

    def end(self) -> Record:
        """Heal the network, wait until all is quiet, close the shop, and hand over the record."""
        self.heal()
        for _ in range(self.quiet_passes):
            self.clock.wait(20 * SECOND)
            self.tick()
        quiet = self.ledger.snapshot(self.clock.now())
        closed_at = self.clock.now()
        self._close_shop()
        return Record(
            self.seed,
            self.network.asked,
            self.network.calls,
            self.plans,
            self.resolved,
            self.troubles,
            quiet,
            self.ledger.snapshot(self.clock.now()),
            self.begun_at,
            closed_at,
            self.clock.latest,
            self.trace,
        )

    def close(self) -> None:
        """Let go of every file."""
        for lock in self._locks:
            lock.connection.close()
        for worker in self._workers:
            if worker is not None:
                worker.close()
        self.ledger.close()

    # What commands need

    def operate(self, what: str, act: Callable[[Desk], T]) -> T | None:
        """Give a command, in a process of its own. None when it was refused, found the file locked, or died."""
        process = self._start("operator")
        return None if process is None else self._in_process(process, what, act, may_be_refused=True)

    def schedule_id(self, desk: Desk, plan: Plan) -> str:
        """Return the id of a plan's schedule."""
        found = schedules.by_ref(desk.store, plan.ref)
        assert found is not None, "a booking that came back is there"
        return found.id

    def truth_of(self, call_id: str) -> bool | None:
        """Say for certain that a call was placed, and is over, or that it was not; None while that may change."""
        asked = self.network.request_for(call_id)
        if asked is not None and asked.made is not None:
            return True if asked.made.ended_at <= self.clock.true else None
        if asked is not None:
            return False if asked.returned is not None else None
        row = self.ledger.call(call_id)
        assert row is not None, "it is in doubt"
        # Its process may only be slow; then it finds that it is too late to send it.
        others = [process for process in self._at_work if process.name != "operator"]
        return False if not others or self.clock.now() > row.deadline_at else None

    def heal(self) -> None:
        """From here on nothing goes wrong any more."""
        self.network.healed = True
        self.clock.step(timedelta(0))
        # Also past the instants that a clock put back has shown before, and past every request that may hang.
        self.clock.wait(self.clock.latest - self.clock.now() + 3 * MINUTE)
        for number in self.numbers:
            self.operate("numbers attach", lambda desk, number=number: self._attach(desk, number))  # type: ignore[misc]

    def new_edition(self) -> None:
        """Let the machine get newer time zone data, which say the same."""
        self._edition += 1
        self._say(None, f"zone edition {self._edition}")

    # The course of things

    def _step(self) -> None:
        draw = self.random.random()
        if draw < 0.45:
            self.work()
        elif draw < 0.6:
            self.tick()
        elif draw < 0.61 and self._editions_left:
            self._editions_left -= 1
            self.new_edition()
        else:
            weights = [weight for weight, _ in commands.COMMANDS]
            ((_, command),) = self.random.choices(commands.COMMANDS, weights)
            command(self)

    def _time_passes(self) -> None:
        draw = self.random.random()
        if draw < 0.4:
            self.clock.wait(self.random.randint(1, 5) * SECOND)
        elif draw < 0.8:
            self.clock.wait(self.random.randint(10, 60) * SECOND)
        elif draw < 0.95:
            self.clock.wait(self.random.randint(1, 12) * MINUTE)
        elif draw < 0.97:
            self.clock.wait(self.random.choice((20, 45, self._longest_sleep)) * MINUTE)
            self._say(None, "the machine was asleep")
        elif not self._at_work:
            self.clock.step(self.random.choice((timedelta(0), -2 * SECOND, -MINUTE, -11 * MINUTE, -40 * MINUTE)))
            self._say(None, f"the clock is wrong by {self.clock.error}")

    def work(self) -> None:
        """Let a worker that is not at work make a pass."""
        idle = [place for place, worker in enumerate(self._workers) if worker is None or worker not in self._at_work]
        if not idle:
            return
        place = self.random.choice(idle)
        worker = self._workers[place] or self._start(f"worker-{place + 1}")
        self._workers[place] = worker
        if worker is None:
            return
        if self.random.random() < 0.5:
            worker.desk.zone_edition = self._zone_edition()
        self._in_process(worker, "pass", _pass, stays=True)
        if worker.life.dead:
            self._workers[place] = None

    def tick(self) -> None:
        """Make a pass as cron does: in a process of its own."""
        process = self._start("cron")
        if process is not None:
            self._in_process(process, "tick", _pass)

    def _close_shop(self) -> None:
        for plan in self.plans:
            commands.cancel_plan(self, plan)
        for _ in range(60):
            self.clock.wait(2 * MINUTE if self.random.random() < 0.5 else 2 * HOUR)
            commands.resolve_doubts(self)
            self.tick()
            if self.operate("is all done?", _is_done):
                break

    # Processes

    def _in_process(
        self,
        process: Process,
        what: str,
        act: Callable[[Desk], T],
        *,
        stays: bool = False,
        may_be_refused: bool = False,
    ) -> T | None:
        """Let a process do something, come what may; it ends with it unless it `stays`."""
        self._say(process, f"* {what}")
        self.draw_danger(process)
        sent = len(self.network.asked)
        self._at_work.append(process)
        outcome, stays_alive = "done", stays
        try:
            return act(process.desk)
        except (Died, KeyboardInterrupt) as end:
            self.deaths += isinstance(end, Died)
            outcome, stays_alive = type(end).__name__, False
        except Exception as error:
            if not is_busy(error) and not isinstance(error, Busy):
                stays_alive = False
                if not (may_be_refused and isinstance(error, HypError)):
                    self.troubles.append(f"{process.name} ended its {what} with {type(error).__name__}: {error}")
            elif process.desk.store.in_transaction():
                self.troubles.append(f"{process.name} left a transaction open when the database was locked")
                stays_alive = False
            outcome = f"{type(error).__name__}: {error}"
        finally:
            self._at_work.pop()
            self._release_locks(process)
            if not stays_alive:
                process.close()
            self._note_unheard(process, sent)
            self._say(process, f"  {outcome}")
        return None

    def draw_danger(self, process: Process) -> None:
        """Decide how long the process lives, and when it is disturbed."""
        life = process.life
        life.dies_before = process.disturbed_at = None
        if self.network.healed:
            return
        if self.random.random() < self.weather.deaths:
            life.dies_before = life.effects + 1 + self._some(60)
        if self.random.random() < self.weather.disturbances:
            process.disturbed_at = life.steps + 1 + self._some(120)

    def _some(self, most: int) -> int:
        return self.random.randrange(self.random.choice((10, 30, most)))

    def _between(self, process: Process, what: str) -> None:
        """Come between two steps of a process, if this was drawn."""
        for lock in [lock for lock in self._locks if lock.owner is process]:
            if process.life.steps >= lock.until_step:
                self._release(lock)
        if process.disturbed_at is None or process.life.steps < process.disturbed_at:
            return
        process.disturbed_at = None
        match self.random.randrange(4):
            case 0:
                self.clock.wait(self.random.choice((0.2, 20, 95, 1000, 8000)) * SECOND)
                self._say(None, "time passes")
            case 1:
                self._lock(process, "begin immediate")
            case 2:
                self._lock(process, "begin; select 1 from sqlite_master")
            case _:
                self._others_act(1, 3)

    def _meanwhile(self, process: Process, long: bool) -> None:
        """Let others act while a process waits for its carrier."""
        if not self.network.healed and self.random.random() < (0.9 if long else self.weather.disturbances / 2):
            if long and self.random.random() < 0.4:
                self._others_take_over()
            self._others_act(1, 6 if long else 2)

    def _others_take_over(self) -> None:
        """Let others take a process that waits long for dead, and an operator settle what it left."""
        if len(self._at_work) < DEEPEST and not self._locks:
            for act in (self.tick, lambda: commands.resolve_doubts(self), self.work):
                self.clock.wait(self.random.choice((1, 40)) * SECOND)
                act()

    def _others_act(self, fewest: int, most: int) -> None:
        if len(self._at_work) >= DEEPEST or self._locks:
            return
        for _ in range(self.random.randint(fewest, most)):
            self.clock.wait(self.random.choice((0, 1, 20, 60, 120)) * SECOND)
            self._step()

    def _lock(self, victim: Process, statements: str) -> None:
        """Hold the database against a process for some of its steps; it may be too late for that."""
        connection = sqlite3.connect(self.path, timeout=0, isolation_level=None)
        try:
            for statement in statements.split("; "):
                connection.execute(statement).fetchall()
        except sqlite3.OperationalError:
            connection.close()
            return
        until = victim.life.steps + self.random.choice((1, 2, 5, 30, 200))
        self._locks.append(Lock(connection, victim, until))
        self._say(None, f"locked: {statements}")

    def _release_locks(self, owner: Process) -> None:
        for lock in [lock for lock in self._locks if lock.owner is owner]:
            self._release(lock)

    def _release(self, lock: Lock) -> None:
        lock.connection.close()
        self._locks.remove(lock)
        self._say(None, "released")

    def _note_unheard(self, process: Process, sent: int) -> None:
        """Mark the requests whose answer a process could not write down."""
        for asked in self.network.asked[sent:]:
            if asked.process == process.number:
                row = self.ledger.call(asked.request.call_id)
                asked.unheard = row is None or row.status in ("placing", "in_doubt")

    def _start(self, name: str) -> Process | None:
        """Start a process; None when it could not open the file, because others hold it."""
        self._processes += 1
        try:
            return Process(
                self._processes,
                name,
                self.path,
                self.clock,
                self.network,
                self._new_id,
                self._zone_edition(),
                self._saw,
                self._between,
                self._meanwhile,
            )
        except Busy:
            self._say(None, f"{name} could not open the file")
            return None

    def _zone_edition(self) -> str:
        return f"2026-{self._edition:03}"

    def _new_id(self, prefix: str, now: datetime) -> str:
        # As the real ones: they sort by the clock of the machine, also when that was put back.
        self._ids += 1
        return f"{prefix}_{int(now.timestamp() * 1000)}_{self._ids:05}"

    def _saw(self, process: Process, what: str) -> None:
        self._say(process, what)

    def _say(self, process: Process | None, what: str) -> None:
        self.trace.append((self.clock.now(), len(self._at_work), process, process and process.life.steps, what))

    # Furniture

    def _furnish(self) -> None:
        store, _ = create(self.path)
        store.execute("pragma synchronous = off")
        now = self.clock.now()
        draw = self.random
        with store.transaction():
            settings.put_zone_edition(store, self._zone_edition())
            for agent in range(draw.randint(1, 2)):
                self.agents.append(f"agent-{agent}")
                agents.insert(store, Agent(self.agents[-1], "Check-in", None, None, None, now, now))
            for last in range(draw.randint(len(self.agents), 3)):
                number = f"+3491000000{last}"
                self.numbers.append(number)
                numbers.insert(store, Number(f"num-{last}", number, "simulated", None, None, now, now))
                numbers.attach(store, f"num-{last}", self.agents[last % len(self.agents)], now)
            for person in range(draw.randint(1, 3)):
                user_id, phone = f"user-{person}", draw.choice(commands.NUMBERS)
                self.people[user_id] = phone
                zone, time_of_day = draw.choice(ZONES), draw.choice((None, "09:30:00", "01:30:00"))
                users.insert(store, User(user_id, user_id, phone, zone, time_of_day, {}, now, now))
        store.close()

    def _attach(self, desk: Desk, number: str) -> None:
        (found,) = numbers.find(desk.store, number)
        if found.agent_id is None:
            numbers.attach(desk.store, found.id, self.agents[0], desk.clock.now())


def _pass(desk: Desk) -> None:
    """Make a pass if there is anything to do, as the worker and `hyp tick` do."""
    if desk.store.has_work(desk.clock.now(), desk.zone_edition):
        tick(desk)


def _is_done(desk: Desk) -> bool:
    """True when nothing is left to do, for the program or for a person."""
    return desk.store.next_work_at() is None and not calls.in_doubt(desk.store)


def draw_weather(draw: random.Random) -> Weather:
    """Draw how bad things are: calm in some histories, all at once in others."""
    return Weather(
        requests=draw.choice((0.0, 0.1, 0.4, 0.8)),
        fetches=draw.choice((0.0, 0.1, 0.5)),
        finds=draw.choice((0.0, 0.1, 0.6)),
        deaths=draw.choice((0.0, 0.1, 0.3)),
        disturbances=draw.choice((0.0, 0.3, 0.7)),
        find=draw.choice(("history", "history", "history", "live", "none")),
        calls_per_second=draw.choice((None, None, 1.0)),
        skew=draw.choice((0, 0, 30, -45)) * SECOND,
    )
