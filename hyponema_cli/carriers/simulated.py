"""A carrier without phones. What becomes of a call is decided by the callee's last two digits:

======  ==================================================================
90      busy
91      busy, then answered, by turns
92      nobody answers
93      nobody answers, then somebody does, by turns
94      a machine answers
95      the network fails to connect it
96      refused: no such number
97      throttled, then answered, by turns
98      answered, but the carrier's reply is lost
99      no call is made, and the carrier's reply is lost
other   answered; with a seed, drawn: mostly answered, some busy, some not
======  ==================================================================

It remembers its calls in a file of its own beside the workspace, as a real carrier's computer would: what it was told
survives our death, and a copy of the workspace put back does not undo it. A call rings for a second and lasts a
second, unless a seed makes it take as long as people do. `HYP_SIMULATED_SEED` sets the seed.
"""

from __future__ import annotations

import errno
import random
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from hyponema_cli.carriers.base import (
    CallView,
    Capabilities,
    CarrierSetup,
    NotFound,
    OutcomeUnknown,
    PlaceCall,
    Rejected,
    Throttled,
)
from hyponema_cli.clock import Clock
from hyponema_cli.core.call import CallState
from hyponema_cli.core.errors import Unusable

SEED_VARIABLE = "HYP_SIMULATED_SEED"

# By the last two digits: what every call to such a number comes to, or two fates that take turns.
FATES: dict[str, tuple[str, ...]] = {
    "90": ("busy",),
    "91": ("busy", "answered"),
    "92": ("no_answer",),
    "93": ("no_answer", "answered"),
    "94": ("machine",),
    "95": ("failed",),
    "96": ("rejected",),
    "97": ("throttled", "answered"),
    "98": ("reply_lost",),
    "99": ("request_lost",),
}
_DRAWN = {"answered": 72, "no_answer": 14, "busy": 8, "machine": 6}
_CONNECTS = ("answered", "machine", "reply_lost")
_ENDS = {"busy": CallState.BUSY, "no_answer": CallState.NO_ANSWER, "failed": CallState.FAILED}


def open_carrier(setup: CarrierSetup) -> SimulatedCarrier:
    """Open the simulated carrier of a workspace."""
    seed, memory = setup.environ.get(SEED_VARIABLE), _memory_of(setup.workspace)
    try:
        return SimulatedCarrier(memory, setup.clock, seed)
    except (sqlite3.OperationalError, OSError) as error:
        is_full = "full" in str(error) or (isinstance(error, OSError) and error.errno == errno.ENOSPC)
        said = "the disk is full" if is_full else (error.strerror if isinstance(error, OSError) else str(error))
        raise Unusable(
            f"{memory}, where the simulated carrier keeps its calls, cannot be written: {said}",
            hint="free some space"
            if is_full
            else "check the owner and mode of the file and its folder, and the disk",
        ) from error


def forget(workspace: Path, numbers: Sequence[str], stand_in: str) -> int:
    """Let another number stand for a person's in the calls that it remembers; return how many calls that were.

    What stood there is overwritten, in the file and in its log. Raises sqlite3.OperationalError while another process
    holds the file.
    """
    memory = _memory_of(workspace)
    if not memory.exists():
        return 0
    connection = sqlite3.connect(memory, isolation_level=None, timeout=10)
    try:
        connection.execute("pragma secure_delete = on")
        holes = ", ".join("?" * len(numbers))
        changed = connection.execute(
            f"update calls set to_number = ? where to_number in ({holes})",  # noqa: S608 - placeholders
            (stand_in, *numbers),
        ).rowcount
        connection.execute("vacuum")
        (is_busy, _, _) = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
        if is_busy:
            raise sqlite3.OperationalError("database is locked")
        return changed
    finally:
        connection.close()


def _memory_of(workspace: Path) -> Path:
    return workspace.with_name(workspace.name + ".simulated")


_TRIES = 100


def _use_a_wal(memory: sqlite3.Connection) -> None:
    """Change the file to a WAL. Of several that do so to a new file at once SQLite lets nobody wait, and fails."""
    for tries_left in reversed(range(_TRIES)):
        try:
            memory.execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError:
            if not tries_left:
                raise
            # For a lock of its own it does let us wait: until the others are through.
            memory.execute("begin immediate")
            memory.execute("commit")


class _Row(NamedTuple):
    id: str
    to_number: str
    from_number: str
    created_at: float
    fate: str
    ring_seconds: float
    talk_seconds: float
    hung_up_at: float | None


class SimulatedCarrier:
    """Satisfies `Carrier`; see the top of this file."""

    def __init__(self, memory: Path | str, clock: Clock, seed: str | None = None) -> None:
        self._clock = clock
        self._seed = seed
        if memory != ":memory:":
            # It holds phone numbers: for its owner only, like the workspace.
            Path(memory).touch(mode=0o600)
        self._memory = sqlite3.connect(memory, isolation_level=None, check_same_thread=False, timeout=10)
        # What it is told must survive the death of this process, which any commit does; a power cut may take the
        # simulation with it. So a commit costs no fsync, and a WAL will do, which the workspace itself does not use
        # with an older SQLite: 15 us a commit instead of 110.
        _use_a_wal(self._memory)
        self._memory.execute("pragma synchronous = off")
        self._memory.execute(
            """
            create table if not exists calls (
              number integer primary key, to_number text not null, from_number text not null,
              created_at real not null, fate text not null, ring_seconds real not null, talk_seconds real not null,
              hung_up_at real
            ) strict
            """
        )
        self._memory.execute("create index if not exists calls_by_line on calls (to_number, from_number)")

    def capabilities(self) -> Capabilities:
        """Everything can be found again, as fast as asked."""
        return Capabilities(find="history", calls_per_second=None)

    def check(self) -> str:
        """Always well."""
        return "no phones, no account, no cost"

    def place_call(self, call: PlaceCall, /) -> CallView:
        """Take a call, and decide what will become of it."""
        fate, row = self._take(call)
        match fate:
            case "rejected":
                raise Rejected("no such number", "destination", "invalid_number")
            case "throttled":
                raise Throttled("too many calls")
            case "reply_lost" | "request_lost":
                raise OutcomeUnknown("the connection was closed before an answer")
        return self._view(row)

    def fetch_call(self, carrier_call_id: str, /) -> CallView:
        """Say what has become of a call by now."""
        return self._view(self._read(carrier_call_id))

    def find_calls(self, *, to_number: str, from_number: str, since: datetime) -> Sequence[CallView]:
        """Return the calls between two numbers, the oldest first."""
        rows = self._memory.execute(
            "select * from calls where to_number = ? and from_number = ? and created_at >= ? and fate not in "
            "('rejected', 'throttled', 'request_lost') order by number",
            (to_number, from_number, since.timestamp()),
        )
        return [self._view(_row(row)) for row in rows]

    def hang_up(self, carrier_call_id: str, /) -> CallView:
        """End a call that is not over."""
        self._memory.execute(
            "update calls set hung_up_at = ? where number = ? and hung_up_at is null",
            (self._clock.now().timestamp(), _number(carrier_call_id)),
        )
        return self.fetch_call(carrier_call_id)

    def spans(self) -> Iterator[tuple[datetime, datetime]]:
        """Yield from when to when each call held its line, as it was made or is to be."""
        for values in self._memory.execute("select * from calls where fate not in ('rejected', 'throttled')"):
            row = _row(values)
            talked = row.talk_seconds if row.fate in _CONNECTS else 0.0
            ended_at = row.created_at + row.ring_seconds + talked
            if row.hung_up_at is not None:
                ended_at = min(ended_at, row.hung_up_at)
            yield datetime.fromtimestamp(row.created_at, UTC), datetime.fromtimestamp(ended_at, UTC)

    def _take(self, call: PlaceCall) -> tuple[str, _Row]:
        (earlier,) = self._memory.execute(
            "select count(*) from calls where to_number = ?", (call.to_number,)
        ).fetchone()
        fate, ring, talk = _fate(self._seed, call.to_number, earlier)
        values = (call.to_number, call.from_number, self._clock.now().timestamp(), fate, ring, talk)
        number = self._memory.execute(
            "insert into calls (to_number, from_number, created_at, fate, ring_seconds, talk_seconds) "
            "values (?, ?, ?, ?, ?, ?)",
            values,
        ).lastrowid
        return fate, _row((number, *values, None))

    def _read(self, carrier_call_id: str) -> _Row:
        row = self._memory.execute("select * from calls where number = ?", (_number(carrier_call_id),)).fetchone()
        if row is None:
            raise NotFound(f"no call {carrier_call_id}")
        return _row(row)

    def _view(self, row: _Row) -> CallView:
        state, talked = _state_at(row, self._clock.now().timestamp())
        return CallView(
            carrier_call_id=row.id,
            state=state,
            raw_status=state,
            to_number=row.to_number,
            from_number=row.from_number,
            created_at=datetime.fromtimestamp(row.created_at, UTC),
            answered_by="machine_start" if row.fate == "machine" and talked is not None else None,
            duration_seconds=round(talked) if talked is not None and state is CallState.COMPLETED else None,
        )


def _state_at(row: _Row, now: float) -> tuple[CallState, float | None]:
    """Return the state of a call at `now`, and the seconds of talk so far if it was answered."""
    ended = row.hung_up_at is not None and row.hung_up_at <= now
    since = (row.hung_up_at if row.hung_up_at is not None and ended else now) - row.created_at
    connects = row.fate in _CONNECTS
    if since < row.ring_seconds:
        return (CallState.CANCELED if ended else CallState.RINGING if since > 0 else CallState.QUEUED), None
    if not connects:
        return _ENDS[row.fate], None
    talked = min(since - row.ring_seconds, row.talk_seconds)
    over = ended or talked >= row.talk_seconds
    return (CallState.COMPLETED if over else CallState.IN_PROGRESS), talked


def _fate(seed: str | None, to_number: str, earlier: int) -> tuple[str, float, float]:
    """Return what a call comes to, and its seconds of ringing and of talk; `earlier` counts the calls before it."""
    turns = FATES.get(to_number[-2:], ())
    if seed is None:
        return (turns[earlier % len(turns)] if turns else "answered"), 1.0, 1.0
    # Chance comes from the seed and the call alone, so that a history can be played again.
    chance = random.Random(f"{seed}/{to_number}/{earlier}")  # noqa: S311 - dice, not secrets
    drawn = chance.choices(list(_DRAWN), list(_DRAWN.values()))[0]
    fate = turns[earlier % len(turns)] if turns else drawn
    return fate, round(chance.uniform(4, 22)), round(chance.uniform(20, 240))


def _number(carrier_call_id: str) -> int:
    digits = carrier_call_id.removeprefix("SIM").partition("-")[0]
    return int(digits) if digits.isdigit() else -1


def _row(row: tuple[Any, ...]) -> _Row:
    # The instant makes the id unique even if the simulation's file is thrown away and begins again at 1.
    return _Row(f"SIM{row[0]:08d}-{int(row[3] * 1000):x}", *row[1:])
