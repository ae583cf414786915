"""One seed, one history: hours or days of a workspace, its workers, its operators, and everything that goes wrong.

    ledger.py    what the database says: the schema
    network.py   what really happened: the phones, and how badly they answer
    process.py   the workers, ticks and commands, each of which may die anywhere
    plans.py     what was asked for, and when it should ring
    house.py     which gates somebody uses, and with what values
    chronicle.py what was in force when
    commands.py  what operators do; gate_commands.py what they do to gates
    history.py   plays them together
    checker.py   judges the record of it; gate_checks.py judges what the gates promise

There are no threads. Whenever a process waits for its carrier, and now and then between two of its statements, others
act in the meantime, as deep as three: so any interleaving that nests is played, and plays the same again.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from hyponema_cli.core.errors import Busy, HypError
from hyponema_cli.core.records import Agent, Number, User
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.tick import tick
from hyponema_cli.engine.why import why
from hyponema_cli.ids import ulid
from hyponema_cli.store import agents, calls, create, is_busy, numbers, schedules, settings, users
from tests.simulation import commands, gate_commands
from tests.simulation.chronicle import UNSURE, Chronicle, Moment, Restored
from tests.simulation.house import FOREIGN_NUMBERS, PLAIN, House, draw_house
from tests.simulation.ledger import OVER, ExecutionRow, Ledger, Snapshot
from tests.simulation.network import HOUR, MINUTE, SECOND, Asked, Look, MachineClock, Network, PhoneCall, Weather
from tests.simulation.plans import ZONES, Plan
from tests.simulation.process import Died, Process, journal_by_steps
from tests.world import STREAM_URL

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
MOST_EXPLAINED = 100
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
    house: House
    chronicle: Chronicle
    """What was in force when."""
    looks: list[Look]
    """What the network told of calls, and which were hung up."""
    forgotten_until: list[tuple[Restored, int | None]]
    """Each copy that was put back, and the tick at which it was recovered from the dial journal."""
    resolved_at: dict[str, int]
    """Before the tick at which an operator first may have said what became of a call."""
    stepped: list[int]
    """When the clock of the machine was set."""
    died: set[int]
    """The processes that did not come to the end of what they were at."""
    healed_at: datetime
    quiet_true: datetime
    """The true time of `quiet`."""
    zone: str | None
    """Of the workspace."""
    calls_per_second: float | None
    """That the carrier says it takes."""
    explained: list[Explained]

    @property
    def is_heard(self) -> bool:
        """True when somebody listens: in every other history, because who is told gives each pass something to do."""
        return is_heard(self.seed)


def is_heard(seed: int) -> bool:
    """True for the histories whose workspace has a receiver."""
    return seed % 2 == 1


class Explained(NamedTuple):
    """What `hyp why` said of an execution."""

    execution: ExecutionRow
    trouble: str | None
    """What it ended with instead of an answer."""
    verdict: str = ""
    reason: str | None = None
    blocked_by: frozenset[str] = frozenset()


class Copy(NamedTuple):
    """A copy of the database, to be put back."""

    path: Path
    tick: int
    snapshot: Snapshot


@dataclass
class Lock:
    """Somebody else's connection, which holds the database for some steps of a process."""

    connection: sqlite3.Connection
    owner: Process
    until_step: int


def play(seed: int, weather: Weather | None = None, house: House | None = None) -> Record:
    """Play the history of a seed. Whoever chooses the weather and no house gets a plain one."""
    with opened(seed, weather, house=house) as history:
        return history.play()


@contextmanager
def opened(
    seed: int, weather: Weather | None = None, kind: type[History] | None = None, house: House | None = None
) -> Iterator[History]:
    """Lend a history, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, journal_by_steps():
        history = (kind or History)(seed, Path(folder), weather, house)
        try:
            yield history
        finally:
            history.close()


class History:
    """A workspace and all who work with it."""

    quiet_passes = 7

    def __init__(self, seed: int, folder: Path, weather: Weather | None = None, house: House | None = None) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.clock = MachineClock(self.random.choice(BEGINNINGS))
        self.begun_at = self.clock.now()
        self.weather = weather or draw_weather(self.random)
        # Drawn apart: a plain house is the same history as before there were houses.
        self.house = house or (PLAIN if weather else draw_house(random.Random(f"house {seed}")))
        if weather is None:
            self.weather = with_queues(self.weather, self.house, random.Random(f"queues {seed}"))
        self.commands = (*commands.COMMANDS, *gate_commands.of(self.house))
        self.callees = commands.NUMBERS + (FOREIGN_NUMBERS if self.house.windows else ())
        self.chronicle = Chronicle()
        self.copy: Copy | None = None
        self.resolved_at: dict[str, int] = {}
        self.recovered_at: dict[int, int] = {}
        self.stepped: list[int] = []
        self.died: set[int] = set()
        self.refused: set[int] = set()
        self.last_commits: list[Moment] = []
        self.sessions = 0
        self.zone: str | None = None
        self.path = folder / "hyp.db"
        self.plans: list[Plan] = []
        self.people: dict[str, str] = {}
        self.agents: list[str] = []
        self.numbers: list[str] = []
        self.resolved: set[str] = set()
        self.troubles: list[str] = []
        self.trace: list[tuple[Any, ...]] = []
        self.deaths = 0
        self._ticks = 0
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
            lambda: self.ledger.bound_ids(),  # of the file that is there now
            self.next_tick,
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
        healed_at = self.clock.now()
        for _ in range(self.quiet_passes):
            self.clock.wait(20 * SECOND)
            self.tick()
        quiet, quiet_true = self.ledger.snapshot(self.clock.now()), self.clock.true
        closed_at = self.clock.now()
        explained = self.explain(quiet, [row for row in quiet.executions.values() if row.status not in OVER])
        self._close_shop()
        closed = self.ledger.snapshot(self.clock.now())
        explained += self.explain(closed, list(closed.executions.values()))
        return Record(
            self.seed,
            self.network.asked,
            self.network.calls,
            self.plans,
            self.resolved,
            self.troubles,
            quiet,
            closed,
            self.begun_at,
            closed_at,
            self.clock.latest,
            self.trace,
            self.house,
            self.chronicle,
            self.network.looks,
            [(each, self.recovered_at.get(each.tick)) for each in self.chronicle.restored],
            self.resolved_at,
            self.stepped,
            self.died | self.refused,
            healed_at,
            quiet_true,
            self.zone,
            self.weather.calls_per_second,
            explained,
        )

    def explain(self, snapshot: Snapshot, rows: list[ExecutionRow]) -> list[Explained]:
        """Ask `hyp why` of executions; of a minutely rule that slept for a day, of some."""
        process = self._start("operator")
        assert process is not None, "nobody holds the file"
        some = rows[:: max(1, len(rows) // MOST_EXPLAINED)]
        try:
            return [_explained(process.desk, row) for row in some]
        finally:
            process.close()

    def close(self) -> None:
        """Let go of every file."""
        for lock in self._locks:
            lock.connection.close()
        for worker in self._workers:
            if worker is not None:
                worker.close()
        self.ledger.close()

    # What commands need

    def operate(
        self, what: str, act: Callable[[Desk], T], says: Mapping[Any, Any] | None = None, *, commits_once: bool = True
    ) -> T | None:
        """Give a command, in a process of its own. None when it was refused, found the file locked, or died.

        `says` is what is in force once it is committed, by `Key`; `act` may still write to it. A command that does
        not commit once only, and does not come back, leaves us unsure.
        """
        process = self._start("operator")
        if process is None:
            return None
        came_back = self._in_process(process, what, act, may_be_refused=True)
        is_sure = commits_once or process.number not in self.died | self.refused
        if says and process.life.commits:
            for key, value in says.items():
                self.chronicle.note(process.life.commits[-1].tick, key, value if is_sure else UNSURE)
        self.last_commits = process.life.commits
        return came_back

    def next_tick(self) -> int:
        """Count on: something happened."""
        self._ticks += 1
        return self._ticks

    def keep_copy(self) -> None:
        """Take a copy of the database as it stands."""
        if not self._at_work and not self._locks:
            path = self.path.with_name(f"copy-{self._ticks}.db")
            self.ledger.copy_to(path)
            self.copy = Copy(path, self.next_tick(), self.ledger.snapshot(self.clock.now()))
            self._say(None, "a copy of the database was taken")

    def put_back(self) -> None:
        """Stop all, and put the copy of the database in its place. The dial journal stays where it is."""
        if self.copy is None or self._at_work or self._locks:
            return
        for worker in self._workers:
            if worker is not None:
                worker.close()
        self._workers = [None] * len(self._workers)
        self.ledger.close()
        for each in ("-journal", "-wal", "-shm"):
            self.path.with_name(self.path.name + each).unlink(missing_ok=True)
        self.copy.path.replace(self.path)
        self.ledger = Ledger(self.path)
        known = self.copy.snapshot.schedules
        self.chronicle.restored.append(Restored(self.copy.tick, self.next_tick(), frozenset(known)))
        refs = {schedule.ref for schedule in known.values()}
        for plan in self.plans:
            plan.confirmed = plan.confirmed and plan.ref in refs
            plan.canceled_at = [at for at in plan.canceled_at if at <= self.copy.snapshot.at]
        for user_id in self.people:
            self.people[user_id] = self.ledger.phone_of(user_id)
        for plan in self.plans:
            if plan.user is not None:
                plan.numbers.add(self.people[plan.user])
                plan.edited = plan.edited or plan.follows_user
        self.copy = None
        self._say(None, "the copy of the database was put back")

    def recovered(self, commits: list[Moment]) -> None:
        """Note the first commits of a `hyp reconcile`: the first of them brings back what a copy had forgotten."""
        for restored in self.chronicle.restored:
            first = next((each.tick for each in commits if each.tick > restored.tick), None)
            if first is not None:
                self.recovered_at.setdefault(restored.tick, first)

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
        self.stepped.append(self.next_tick())
        self.clock.step(timedelta(0))
        # Also past the instants that a clock put back has shown before, and past every request that may hang.
        self.clock.wait(self.clock.latest - self.clock.now() + 3 * MINUTE)
        commands.look_up_doubts(self)
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
            weights = [weight for weight, _ in self.commands]
            ((_, command),) = self.random.choices(self.commands, weights)
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
            self.stepped.append(self.next_tick())
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
        process.began = self._moment(self.clock.now())
        self._at_work.append(process)
        outcome, stays_alive = "done", stays
        try:
            return act(process.desk)
        except (Died, KeyboardInterrupt) as end:
            self.deaths += isinstance(end, Died)
            self.died.add(process.number)
            outcome, stays_alive = type(end).__name__, False
        except Exception as error:
            self.refused.add(process.number)
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
                self._moment,
            )
        except Busy:
            self._say(None, f"{name} could not open the file")
            return None

    def _zone_edition(self) -> str:
        return f"2026-{self._edition:03}"

    def _new_id(self, prefix: str, now: datetime) -> str:
        # As the real ones: they sort by the clock of the machine, also when that was put back.
        self._ids += 1
        return f"{prefix}_{ulid(int(now.timestamp() * 1000), self._ids)}"

    def _moment(self, judged_at: datetime) -> Moment:
        return Moment(self.next_tick(), self.clock.now(), self.clock.true, judged_at)

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
            if is_heard(self.seed):
                settings.put(store, "webhook_url", "https://receiver.example/")
            for agent in range(draw.randint(1, 2)):
                self.agents.append(f"agent-{agent}")
                agents.insert(store, Agent(self.agents[-1], "Check-in", None, STREAM_URL, None, now, now))
            for last in range(draw.randint(len(self.agents), 3)):
                number = f"+3491000000{last}"
                self.numbers.append(number)
                numbers.insert(store, Number(f"num-{last}", number, "simulated", None, None, now, now))
                numbers.attach(store, f"num-{last}", self.agents[last % len(self.agents)], now)
            for person in range(draw.randint(1, 3)):
                user_id, phone = f"user-{person}", draw.choice(self.callees)
                self.people[user_id] = phone
                zone: str | None = draw.choice(ZONES)
                time_of_day = draw.choice((None, "09:30:00", "01:30:00"))
                if self.house.windows and draw.random() < 0.3:
                    zone, time_of_day = None, None
                users.insert(store, User(user_id, user_id, phone, zone, time_of_day, {}, now, now))
                self.chronicle.note(0, ("phone", user_id), phone)
                self.chronicle.note(0, ("zone", user_id), zone)
            for key, (stored, value) in gate_commands.first_settings(self.house, draw, now).items():
                settings.put(store, key, stored)
                self.chronicle.note(0, (key, None), value)
            if self.house.budget:
                self.zone = draw.choice((None, *ZONES))
                if self.zone is not None:
                    settings.put(store, "timezone", self.zone)
        store.close()

    def _attach(self, desk: Desk, number: str) -> None:
        (found,) = numbers.find(desk.store, number)
        if found.agent_id is None:
            numbers.attach(desk.store, found.id, self.agents[0], desk.clock.now())


def _pass(desk: Desk) -> None:
    """Make a pass if there is anything to do, as the worker and `hyp tick` do."""
    if desk.store.has_work(desk.clock.now(), desk.zone_edition):
        tick(desk)


def _explained(desk: Desk, row: ExecutionRow) -> Explained:
    try:
        (because,) = why(desk, row.id, None)
    except Exception as error:
        return Explained(row, f"{type(error).__name__}: {error}")
    blocked = frozenset(str(gate["reason"]) for gate in because.gates if gate["verdict"] != "pass")
    return Explained(row, None, because.verdict, because.reason, blocked)


def with_queues(weather: Weather, house: House, draw: random.Random) -> Weather:
    """Let a carrier keep calls for long, in a house that has such a one."""
    if not house.queues:
        return weather
    return replace(weather, hang_ups=draw.choice((0.0, 0.2, 0.6)), queued_for=(0, 1, 3, 600, 1800, 7200))


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
