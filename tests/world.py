"""A small world to try the engine in: a real store in a temporary file, a clock that is a variable, a phone network
that counts.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hyponema_cli.carriers.base import CallView, Capabilities, Carrier, NotFound, PlaceCall
from hyponema_cli.clock import VirtualClock
from hyponema_cli.core.call import CallState
from hyponema_cli.core.records import Agent, Execution, Number, Schedule, User
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine import book
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.request import Request
from hyponema_cli.engine.tick import tick
from hyponema_cli.store import Store, agents, create, executions, numbers, open_store, schedules, settings, users

STREAM_URL = "wss://agent.example/session"
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""Monday 2 March 2026, 09:00 in Madrid."""


def at(text: str) -> datetime:
    """Read `2026-03-02 08:00` as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Phones:
    """A carrier of the tests: counts every request, and answers as it is told."""

    clock: VirtualClock
    answer: Callable[[PlaceCall], CallState] = lambda call: CallState.COMPLETED
    """What a call comes to, ten seconds after it was placed; may raise what a carrier may raise, or anything."""
    calls_per_second: float | None = None
    placed: list[PlaceCall] = field(default_factory=list)
    placed_at: list[datetime] = field(default_factory=list)
    """When each request came in."""
    lasts: timedelta = timedelta(seconds=10)
    """How long a call goes on."""
    meanwhile: CallState = CallState.RINGING
    """What a call is while it goes on. `queued`: the carrier has no line free, and keeps it for ever."""
    hung_up: list[str] = field(default_factory=list)
    """The carrier's ids of the calls that it was told to end, each time that it was told."""
    hang_up_error: Exception | None = None
    """What is raised instead of ending a call."""
    _views: dict[str, tuple[PlaceCall, CallState, datetime]] = field(default_factory=dict)

    def capabilities(self) -> Capabilities:
        return Capabilities(find="history", calls_per_second=self.calls_per_second)

    def check(self) -> str:
        return "well"

    def place_call(self, call: PlaceCall, /) -> CallView:
        self.placed.append(call)
        self.placed_at.append(self.clock.now())
        end = self.answer(call)
        carrier_call_id = f"T{len(self.placed)}"
        self._views[carrier_call_id] = (call, end, self.clock.now())
        return self._view(carrier_call_id)

    def fetch_call(self, carrier_call_id: str, /) -> CallView:
        return self._view(carrier_call_id)

    def _view(self, carrier_call_id: str) -> CallView:
        if carrier_call_id not in self._views:
            raise NotFound(carrier_call_id)
        call, end, placed_at = self._views[carrier_call_id]
        waits = self.meanwhile is CallState.QUEUED and end is not CallState.CANCELED
        over = self.clock.now() - placed_at >= self.lasts and not waits
        state = end if over else self.meanwhile
        return CallView(
            carrier_call_id,
            state,
            state,
            call.to_number,
            call.from_number,
            placed_at,
            duration_seconds=7 if state is CallState.COMPLETED else None,
        )

    def forget(self) -> None:
        """Lose every call, as if none had been made."""
        self._views.clear()

    def accept_silently(self, call: PlaceCall, end: CallState = CallState.COMPLETED) -> None:
        """Make a call of which the caller will not hear."""
        self._views[f"T{len(self.placed)}-{len(self._views)}"] = (call, end, self.clock.now())

    def find_calls(self, *, to_number: str, from_number: str, since: datetime) -> Sequence[CallView]:
        return [self.fetch_call(known) for known, (call, _, _) in self._views.items() if call.to_number == to_number]

    def hang_up(self, carrier_call_id: str, /) -> CallView:
        before = self.fetch_call(carrier_call_id).state
        self.hung_up.append(carrier_call_id)
        if self.hang_up_error is not None:
            raise self.hang_up_error
        call, end, _ = self._views[carrier_call_id]
        if before in (CallState.QUEUED, CallState.RINGING):
            end = CallState.CANCELED
        self._views[carrier_call_id] = (call, end, self.clock.now() - self.lasts)
        return self.fetch_call(carrier_call_id)


class World:
    """A workspace with an agent, its number, and Ana in Madrid."""

    def __init__(self, folder: Path, now: datetime = MONDAY) -> None:
        self.clock = VirtualClock(now)
        self.store, _ = create(folder / "world.db")
        self.store.execute("pragma synchronous = off")  # no test cuts the power
        self.phones = Phones(self.clock)
        self.accounts: dict[str, Phones] = {}
        """Carriers of their own for accounts by name; every other account is `phones`."""
        self.others: list[Store] = []
        self._copies = 0
        self.desk = self._desk_on(self.store)
        settings.put_zone_edition(self.store, "edition-1")
        with self.store.transaction():
            agents.insert(self.store, Agent("agent-1", "Check-in", None, STREAM_URL, None, now, now))
        self.number("+34910000001")
        self.user("ana", "+34600000001", "Europe/Madrid")

    def _carrier(self, account: str) -> Carrier:
        return self.accounts.get(account, self.phones)

    def _desk_on(self, store: Store) -> Desk:
        return Desk(store, self._carrier, self.clock, "test", "edition-1")

    def another_desk(self) -> Desk:
        """Open the same file once more, as another process does; the clock and the phones are the same."""
        self.others.append(open_store(self.store.path))
        return self._desk_on(self.others[-1])

    def close(self) -> None:
        """Let go of the file, however often it was opened."""
        for store in (self.store, *self.others):
            store.close()

    def keep_a_copy(self) -> Path:
        """Copy the file away, as a backup does."""
        self._copies += 1
        copy = self.store.path.with_name(f"copy-{self._copies}.db")
        with closing(sqlite3.connect(copy)) as connection:
            self.store.connection.backup(connection)
        return copy

    def put_back(self, copy: Path) -> None:
        """Let a copy take the place of the file; the journal beside it stays."""
        path = self.store.path
        self.close()
        self.others.clear()
        for beside in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
        shutil.copyfile(copy, path)
        self.store = open_store(path)
        self.desk = self._desk_on(self.store)

    def set(self, key: str, value: str) -> None:
        """Choose a setting as `hyp config set` does."""
        with self.store.transaction():
            settings.put(self.store, key, value)
            executions.wake_all(self.store, self.clock.now())

    def account(self, name: str, phone_number: str, agent_id: str, calls_per_second: float | None = None) -> Phones:
        """Add a carrier account of its own, with an agent whose number it rents out."""
        now = self.clock.now()
        self.accounts[name] = Phones(self.clock, calls_per_second=calls_per_second)
        agents.insert(self.store, Agent(agent_id, agent_id, None, f"wss://agent.example/{agent_id}", None, now, now))
        self.number(phone_number, name, agent_id)
        return self.accounts[name]

    def number(self, phone_number: str, carrier: str = "simulated", agent_id: str = "agent-1") -> Number:
        now = self.clock.now()
        number = Number(self.desk.new_id("num", now), phone_number, carrier, None, None, now, now)
        numbers.insert(self.store, number)
        numbers.attach(self.store, number.id, agent_id, now)
        return number

    def user(self, user_id: str, phone: str, zone: str | None, local_time: str | None = None) -> None:
        now = self.clock.now()
        users.insert(self.store, User(user_id, user_id.title(), phone, zone, local_time, {}, now, now))

    def add(self, when: dict[str, Any], user: str | None = "ana", **fields: Any) -> Schedule:
        """Book a schedule for Ana, or for whom it says."""
        if "to" in fields:
            fields = {"timezone": "Europe/Madrid", **fields}
        fields = {"agent": "agent-1", **fields}
        request = Request(user=None if "to" in fields else user, when=WhenWords(**when), **fields)
        schedule, _ = book.add(self.desk, request, created_by="test")
        return schedule

    def edit_user(self, user_id: str, **changes: Any) -> None:
        """Change a user as `hyp users edit` does."""
        book.edit_user(self.desk, user_id, lambda user: replace(user, **changes))

    def tick(self, now: datetime | str | None = None) -> TickReport:
        """Move the clock there, if anywhere, and make a pass."""
        if now is not None:
            self.clock.set(at(now) if isinstance(now, str) else now)
        return tick(self.desk)

    def run_until(self, end: datetime | str, every: timedelta = timedelta(minutes=1)) -> None:
        """Make a pass every minute, as cron does, up to and including `end`."""
        last = at(end) if isinstance(end, str) else end
        while self.clock.now() < last:
            self.tick(min(self.clock.now() + every, last))

    def history(self, schedule: Schedule | None = None) -> list[Execution]:
        """Return the executions, the earliest first."""
        return list(reversed(executions.select(self.store, schedule_id=schedule.id if schedule else None)))

    def statuses(self, schedule: Schedule | None = None) -> list[tuple[str, str | None]]:
        """Return status and reason of each execution, the earliest first."""
        return [(str(each.status), each.reason) for each in self.history(schedule)]

    def schedule(self, schedule: Schedule) -> Schedule:
        """Return a schedule as it is now."""
        return schedules.find(self.store, schedule.id)[0]

    def dials(self) -> list[str]:
        """Return the number of every call that was asked of the carrier, in order."""
        return [call.to_number for call in self.phones.placed]
