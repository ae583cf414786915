"""What does the database say? The only file of the simulation that knows its schema.

It looks through a connection of its own, so it sees what is committed and nothing else: what any other process would
find, and the machine after a crash.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

OVER = frozenset({"completed", "exhausted", "failed", "skipped", "missed", "canceled"})
"""The final states of an execution."""
LIVE = frozenset({"placing", "queued", "ringing", "in_progress", "in_doubt"})
"""The states in which a call holds its callee's line."""


class CallRow(NamedTuple):
    id: str
    execution_id: str
    number: int
    carrier_call_id: str | None
    from_number: str
    to_number: str
    status: str
    reason: str | None
    created_at: datetime
    deadline_at: datetime
    asked_about_at: datetime | None
    """When its carrier is to be asked about it, or for it; None: never."""


class GateRow(NamedTuple):
    gate: str
    verdict: str
    reason: str | None


class ExecutionRow(NamedTuple):
    id: str
    schedule_id: str
    kind: str
    slot: str | None
    scheduled_time: datetime
    due_at: datetime
    deadline_at: datetime
    status: str
    reason: str | None
    attempts: int
    gates: tuple[GateRow, ...]
    """What every gate said when it was last decided."""

    @property
    def blocked_by(self) -> set[str]:
        """The reasons of the gates that did not pass."""
        return {str(gate.reason) for gate in self.gates if gate.verdict != "pass"}


class EventRow(NamedTuple):
    actor: str
    name: str
    execution_id: str | None
    call_id: str | None
    reason: str | None


class MessageRow(NamedTuple):
    """Something that a receiver is to be told."""

    execution_id: str
    event: str
    about: str
    """The state of the execution that it tells of."""


class ScheduleRow(NamedTuple):
    id: str
    ref: str
    status: str
    created_at: datetime
    next_run_at: datetime | None


class Witness(NamedTuple):
    """What was committed at the instant at which a request was sent."""

    row: CallRow | None
    execution: ExecutionRow | None
    beside: tuple[CallRow, ...]
    """The other calls of the execution, and to the callee."""
    ref: str | None = None
    """The schedule of the execution."""
    journaled: bool = False
    """The dial journal knew of it."""


class Snapshot(NamedTuple):
    """The whole ledger at one instant."""

    at: datetime
    calls: dict[str, CallRow]
    executions: dict[str, ExecutionRow]
    schedules: dict[str, ScheduleRow]
    events: tuple[EventRow, ...]
    """In the order in which they were written."""
    messages: tuple[MessageRow, ...]
    """In the order in which they are told."""


MESSAGES = "select execution_id, event, body ->> '$.data.status' from webhooks order by seq"
EVENTS = "select actor, name, execution_id, call_id, reason from events order by id"


class Ledger:
    """A reader of a workspace file."""

    def __init__(self, path: Path) -> None:
        self._journal = path.with_name(path.name + ".dialled")
        self._connection = sqlite3.connect(path, timeout=0, isolation_level=None)

    def witness(self, call_id: str, to_number: str) -> Witness:
        """Return what is committed about a call, its execution and its callee."""
        row = next(iter(self._calls("id = ?", call_id)), None)
        if row is None:
            return Witness(None, None, tuple(self._calls("to_number = ?", to_number)))
        execution = next(iter(self._executions("id = ?", row.execution_id)), None)
        beside = self._calls("(execution_id = ? or to_number = ?) and id <> ?", row.execution_id, to_number, call_id)
        refs = self._rows("select ref from schedules where id = ?", execution.schedule_id if execution else "")
        journaled = self._journal.exists() and f'"{call_id}"' in self._journal.read_text()
        return Witness(row, execution, tuple(beside), refs[0][0] if refs else None, journaled)

    def snapshot(self, at: datetime) -> Snapshot:
        """Return everything; `at` is the instant to write on it."""
        return Snapshot(
            at,
            {row.id: row for row in self._calls("true")},
            {row.id: row for row in self._executions("true")},
            {row.id: row for row in self._schedules()},
            tuple(map(EventRow._make, self._rows(EVENTS))),
            tuple(map(MessageRow._make, self._rows(MESSAGES))),
        )

    def copy_to(self, path: Path) -> None:
        """Write a copy of all that is committed."""
        copy = sqlite3.connect(path, isolation_level=None)
        try:
            self._connection.backup(copy)
        finally:
            copy.close()

    def bound_ids(self) -> list[str]:
        """Return the carrier's ids of the calls that the ledger knows."""
        rows = self._rows("select carrier_call_id from calls where carrier_call_id is not null order by id")
        return [row[0] for row in rows]

    def call(self, call_id: str) -> CallRow | None:
        """Return one call."""
        return next(iter(self._calls("id = ?", call_id)), None)

    def clocks_of(self, user_id: str) -> tuple[str | None, str | None]:
        """Return the zone and the usual time of day of a user."""
        ((zone, time_of_day),) = self._rows("select timezone, local_time from users where id = ?", user_id)
        return zone, time_of_day

    def phone_of(self, user_id: str) -> str:
        """Return the number of a user."""
        ((number,),) = self._rows("select phone_number from users where id = ?", user_id)
        return str(number)

    def close(self) -> None:
        self._connection.close()

    def _calls(self, where: str, *values: str) -> Iterable[CallRow]:
        rows = self._rows(
            f"""
            select id, execution_id, number, carrier_call_id, from_number, to_number, status, reason, created_at,
              deadline_at, next_poll_at
            from calls
            where {where} order by id
            """,  # noqa: S608 - constants of this file
            *values,
        )
        return [CallRow._make((*row[:8], *map(_instant, row[8:10]), row[10] and _instant(row[10]))) for row in rows]

    def _executions(self, where: str, *values: str) -> Iterable[ExecutionRow]:
        rows = self._rows(
            f"""
            select id, schedule_id, kind, slot, scheduled_time, due_at, deadline_at, status, reason, attempts,
              gates
            from executions
            where {where} order by id
            """,  # noqa: S608 - constants of this file
            *values,
        )
        return [ExecutionRow._make((*row[:4], *map(_instant, row[4:7]), *row[7:10], _gates(row[10]))) for row in rows]

    def _schedules(self) -> Iterable[ScheduleRow]:
        rows = self._rows("select id, ref, status, created_at, next_run_at from schedules order by id")
        return [ScheduleRow._make((*row[:3], _instant(row[3]), row[4] and _instant(row[4]))) for row in rows]

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        # All at once: a cursor left open would hold a lock, and be a reader that the history did not ask for.
        return self._connection.execute(query, values).fetchall()


def _gates(text: str | None) -> tuple[GateRow, ...]:
    answers = json.loads(text) if text else ()
    return tuple(GateRow(each["gate"], each["verdict"], each.get("reason")) for each in answers)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
