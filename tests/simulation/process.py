"""How does a process live and die? Each has a store and a desk of its own on the one file, and may end anywhere.

A *step* is one SQL statement of the store, `begin` and `commit` among them, or one operation of a carrier. A step of
which others could ever see something is an *effect*: all but the questions to the database. A process dies *before*
an effect; since nothing is seen of it between two effects, that is also the death *after* the one before. A dead
process does nothing more: its `finally` blocks run in Python, but every step that they try raises again, and closing
its connection makes SQLite roll back what it had not committed.

A line in the dial journal is an effect too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from hyponema_cli.carriers.base import CallView, Capabilities, Carrier, PlaceCall
from hyponema_cli.core.errors import Unusable
from hyponema_cli.engine.desk import Desk
from hyponema_cli.ids import NewId
from hyponema_cli.store import Store, journal, open_store
from tests.simulation.chronicle import Moment
from tests.simulation.network import Caller, MachineClock, Network

T = TypeVar("T")


class Died(BaseException):
    """The process is gone: killed, or its machine lost power."""


class ReadClock:
    """The clock of the machine as one process reads it: it remembers what it has shown."""

    def __init__(self, machine: MachineClock) -> None:
        self._machine = machine
        self.shown = self.held = machine.now()

    def now(self) -> datetime:
        self.shown = self._machine.now()
        return self.shown

    def wait_until(self, instant: datetime) -> None:
        """Let time pass until the clock shows `instant`, if it does not yet."""
        self._machine.wait_until(instant)

    def hold(self) -> None:
        """Note what was shown last before the process took the write lock: the instant that it judges by."""
        self.held = self.shown


class Life:
    """What one process does, counted; it may be told to die before one of its effects."""

    def __init__(
        self,
        seen: Callable[[str], None],
        between: Callable[[str], None],
        moment: Callable[[datetime], Moment],
        clock: ReadClock,
    ) -> None:
        self.clock = clock
        self.commits: list[Moment] = []
        self._moment = moment
        self.steps = 0
        self.effects = 0
        self.dead = False
        self.dies_before: int | None = None
        self._seen = seen
        self._between = between

    def step(self, what: str, act: Callable[[], T], *, others_first: bool = True) -> T:
        """Take a step, unless we are dead; `others_first`: something may happen just before it."""
        if self.dead:
            raise Died(what)
        self.steps += 1
        self.effects += not _is_question(what)
        if self.dies_before is not None and self.effects >= self.dies_before:
            self.dead = True
            raise Died(what)
        if others_first:
            self._between(what)
        self._seen(what)
        return act()

    def committed(self) -> None:
        """Note that what we wrote is there for everybody."""
        self.commits.append(self._moment(self.clock.held))


def _is_question(what: str) -> bool:
    return what.lstrip().startswith("select")


@contextmanager
def journal_by_steps() -> Iterator[None]:
    """Let the writing of the dial journal be a step of the process that writes."""
    append = journal.append

    def guarded(store: Store, lines: Iterable[Sequence[Any]], *, synced: bool = False) -> None:
        held = list(lines)
        if isinstance(store.connection, Guarded):
            said = f"journal: {held[0][0] if held else 'nothing'}"
            store.connection.life.step(said, lambda: append(store, held, synced=synced))
        else:
            append(store, held, synced=synced)

    journal.append = guarded
    try:
        yield
    finally:
        journal.append = append


class Guarded:
    """A connection of a mortal process."""

    def __init__(self, connection: sqlite3.Connection, life: Life) -> None:
        self._connection = connection
        self.life = life

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        cursor = self.life.step(sql, lambda: self._connection.execute(sql, parameters))
        if sql == "commit":
            self.life.committed()
        elif sql == "begin immediate":
            self.life.clock.hold()
        return cursor

    def executemany(self, sql: str, rows: Any) -> sqlite3.Cursor:
        return self.life.step(sql, lambda: self._connection.executemany(sql, rows))

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def close(self) -> None:
        """Let go of the file. SQLite rolls back what is open; a `close` never commits."""
        self._connection.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class Line:
    """The carrier as one process reaches it: each operation is a step."""

    def __init__(self, network: Network, account: str, process: Process) -> None:
        self._network = network
        self._account = account
        self._process = process

    def capabilities(self) -> Capabilities:
        return self._process.life.step("carrier: capabilities", self._network.capabilities)

    def check(self) -> str:
        return self._process.life.step("carrier: check", lambda: "well")

    def place_call(self, call: PlaceCall, /) -> CallView:
        # Nothing may come between the last look at the clock and the request: that limit is told in the docs.
        return self._process.life.step(
            f"carrier: place_call {call.call_id} to {call.to_number}",
            lambda: self._network.place(self._process.caller(), self._account, call, self._process.meanwhile),
            others_first=False,
        )

    def fetch_call(self, carrier_call_id: str, /) -> CallView:
        return self._process.life.step(
            f"carrier: fetch_call {carrier_call_id}",
            lambda: self._network.fetch(self._process.caller(), self._account, carrier_call_id),
        )

    def find_calls(self, *, to_number: str, from_number: str, since: datetime) -> Sequence[CallView]:
        return self._process.life.step(
            f"carrier: find_calls to {to_number}",
            lambda: self._network.find(self._account, to_number, from_number, since),
        )

    def hang_up(self, carrier_call_id: str, /) -> CallView:
        return self._process.life.step(
            f"carrier: hang_up {carrier_call_id}",
            lambda: self._network.hang_up(self._process.caller(), self._account, carrier_call_id),
        )


class Process:
    """One run of the program: a worker, a tick of cron, or a command."""

    def __init__(
        self,
        number: int,
        name: str,
        path: Path,
        clock: MachineClock,
        network: Network,
        new_id: NewId,
        zone_edition: str,
        seen: Callable[[Process, str], None],
        between: Callable[[Process, str], None],
        meanwhile: Callable[[Process, bool], None],
        moment: Callable[[datetime], Moment],
    ) -> None:
        self.number = number
        self.name = name
        own_clock = ReadClock(clock)
        self.life = Life(lambda what: seen(self, what), lambda what: between(self, what), moment, own_clock)
        self.began: Moment | None = None
        """When it began what it is at."""
        self.disturbed_at: int | None = None
        """The step before which something else happens."""
        self._network = network
        self._meanwhile = meanwhile
        store = open_store(path)
        # Nobody else runs while we wait; and a process that dies, unlike a machine, loses nothing that is not synced.
        store.connection.execute("pragma busy_timeout = 0")
        store.connection.execute("pragma synchronous = off")
        guarded = Guarded(store.connection, self.life)
        store.connection = guarded  # type: ignore[assignment]
        store.execute = guarded.execute
        self.desk = Desk(store, self._open_carrier, own_clock, name, zone_edition, new_id)

    def caller(self) -> Caller:
        """Say who asks, for the record of the network."""
        return Caller(self.number, self.life.commits[-1] if self.life.commits else None, self.began)

    def meanwhile(self, long: bool) -> None:
        """Let others act while we wait for the carrier."""
        self._meanwhile(self, long)

    def close(self) -> None:
        """End. What was not committed is rolled back."""
        self.desk.store.close()
        self.life.dead = True

    def _open_carrier(self, account: str) -> Carrier:
        if self._network.fails_to_load():
            raise Unusable("the plugin cannot be loaded")
        return Line(self._network, account, self)
