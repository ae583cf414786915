"""How often did what happen? Counted by SQLite, between two instants: the first is counted, the second is not.

A file of any size takes no more memory. While a statement counts, no other process can commit where there is no WAL:
whoever counts a long time does it a part at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from hyponema_cli.core.call import CallState, ExecutionState
from hyponema_cli.core.instant import from_text, maybe_instant, to_text
from hyponema_cli.store import Store


@dataclass(frozen=True, slots=True)
class Scope:
    """Which executions are counted; by default all."""

    schedule_id: str | None = None
    agent_id: str | None = None
    statuses: tuple[str, ...] = ()


EVERYTHING = Scope()


class Calls(NamedTuple):
    """So many calls that rang in the same quarter of an hour, on the same clocks, with the same end."""

    at: datetime
    """When the quarter of an hour began."""
    timezone: str | None
    state: CallState
    answered_by: str | None
    how_many: int


def first(store: Store, scope: Scope, begin: datetime, end: datetime) -> datetime | None:
    """Return when the first of them came due; None when nothing did."""
    source, where, values = _of(scope)
    row = store.execute(
        f"""
        select e.scheduled_time from {source}
        where {where} and e.scheduled_time >= :begin and e.scheduled_time < :end
        order by e.scheduled_time limit 1
        """,  # noqa: S608 - constants of this file
        {**values, "begin": to_text(begin), "end": to_text(end)},
    ).fetchone()
    return maybe_instant(row[0]) if row else None


def outcomes(store: Store, scope: Scope, begin: datetime, end: datetime) -> list[tuple[ExecutionState, int]]:
    """Count the executions that came due in a time, by state."""
    source, where, values = _of(scope)
    rows = store.execute(
        f"""
        select e.status, count(*) from {source}
        where {where} and e.scheduled_time >= :begin and e.scheduled_time < :end group by e.status
        """,  # noqa: S608
        {**values, "begin": to_text(begin), "end": to_text(end)},
    )
    return [(ExecutionState(status), count) for status, count in rows]


def calls(store: Store, scope: Scope, begin: datetime, end: datetime) -> list[Calls]:
    """Count the calls of the executions that came due in a time, leaving out those that never left.

    The clocks are those of the user, else those of the schedule.
    """
    source, where, values = _of(scope, with_schedules=True)
    rows = store.execute(
        f"""
        with made as (
          select coalesce(c.placed_at, c.created_at) as at, coalesce(u.timezone, s.timezone) as zone, c.status,
            c.answered_by
          from {source}
          join calls c on c.execution_id = e.id
          left join users u on u.id = s.user_id
          where {where} and e.scheduled_time >= :begin and e.scheduled_time < :end
            and c.status not in ('placing', 'not_placed')
        )
        select substr(at, 1, 14) || printf('%02d:00Z', substr(at, 15, 2) / 15 * 15), zone, status, answered_by,
          count(*)
        from made group by 1, 2, 3, 4
        """,  # noqa: S608
        {**values, "begin": to_text(begin), "end": to_text(end)},
    )
    return [Calls(from_text(row[0]), row[1], CallState(row[2]), row[3], row[4]) for row in rows]


def lateness(store: Store, scope: Scope, begin: datetime, end: datetime) -> list[tuple[int, int]]:
    """Count the executions of a time that were called, by how many seconds after they were due.

    From an hour on, by whole minutes: so there are not too many different ones.
    """
    source, where, values = _of(scope)
    rows = store.execute(
        f"""
        with late as (
          select max(strftime('%s', e.actual_time) - strftime('%s', e.scheduled_time), 0) as seconds
          from {source}
          where {where} and e.scheduled_time >= :begin and e.scheduled_time < :end and e.actual_time is not null
        )
        select iif(seconds < 3600, seconds, seconds / 60 * 60), count(*) from late group by 1
        """,  # noqa: S608
        {**values, "begin": to_text(begin), "end": to_text(end)},
    )
    return [(row[0], row[1]) for row in rows]


def _of(scope: Scope, *, with_schedules: bool = False) -> tuple[str, str, dict[str, Any]]:
    """Return what to read from, what must hold, and the values for both."""
    source, filters, values = "executions e", ["true"], dict[str, Any]()
    if with_schedules or scope.agent_id is not None:
        source += " join schedules s on s.id = e.schedule_id"
    if scope.schedule_id is not None:
        filters.append("e.schedule_id = :schedule")
        values["schedule"] = scope.schedule_id
    if scope.agent_id is not None:
        filters.append("s.agent_id = :agent")
        values["agent"] = scope.agent_id
    if scope.statuses:
        # Words of an enum, checked here: they can be written out.
        filters.append(f"e.status in ({', '.join(repr(ExecutionState(each).value) for each in scope.statuses)})")
    return source, " and ".join(filters), values
