"""Executions: one row for every occurrence that came due, and for every manual run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import starmap
from typing import Any, NamedTuple

from hyponema_cli.core.call import ExecutionState, ScheduleState
from hyponema_cli.core.gates import WAITS, Answer
from hyponema_cli.core.instant import from_text, maybe_instant, maybe_text, to_text
from hyponema_cli.core.records import Execution
from hyponema_cli.core.schedule import Occurrence
from hyponema_cli.store import Store, calls
from hyponema_cli.store.aside import put_aside


class Due(NamedTuple):
    """An execution whose time has come, with what its gates need to know."""

    id: str
    schedule_id: str
    manual: bool
    scheduled_time: str
    deadline_at: datetime
    attempts: int
    from_number: str | None
    agent_id: str
    to_number: str
    schedule_status: ScheduleState
    recurring: bool
    busy_call_id: str | None
    """The call, or the doubt, that holds the callee's line."""
    open_execution_id: str | None
    """An earlier scheduled execution of the same schedule that is not over."""
    calls_left: int | None
    """How many executions may still reach a dial, this one among them; None: any number."""
    user_id: str | None
    user_timezone: str | None
    schedule_window: str | None
    user_window: str | None
    suppressed: bool
    in_session: bool
    slot: str | None
    reason: str | None
    """Why it was put off last, or what the attempt before came to."""
    context: str
    """The schedule's customer context, as JSON."""
    user_context: str | None
    """Its user's, which the schedule's own adds to."""


def record(
    store: Store,
    execution_id: str,
    schedule_id: str,
    occurrence: Occurrence,
    *,
    deadline_at: datetime,
    priority: int,
    missed: str | None,
    now: datetime,
) -> bool:
    """Write the row of an occurrence that came due; False when the slot has one already.

    `missed` is the reason why it will not be called; None: it is pending.
    """
    cursor = store.execute(
        """
        insert into executions (id, schedule_id, kind, slot, scheduled_time, due_at, deadline_at, priority, status,
          reason, note, finished_at, created_at)
        values (?, ?, 'scheduled', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        on conflict do nothing
        """,
        (
            execution_id,
            schedule_id,
            occurrence.slot,
            to_text(occurrence.at),
            to_text(occurrence.at),
            to_text(deadline_at),
            priority,
            "missed" if missed else "pending",
            missed,
            occurrence.note,
            to_text(now) if missed else None,
            to_text(now),
        ),
    )
    return cursor.rowcount == 1


def record_manual(
    store: Store, execution_id: str, schedule_id: str, *, deadline_at: datetime, priority: int, now: datetime
) -> None:
    """Write the row of a run that somebody asked for. It has no slot, so it can never take one."""
    store.execute(
        """
        insert into executions
          (id, schedule_id, kind, scheduled_time, due_at, deadline_at, priority, status, created_at)
        values (?, ?, 'manual', ?, ?, ?, ?, 'pending', ?)
        """,
        (execution_id, schedule_id, to_text(now), to_text(now), to_text(deadline_at), priority, to_text(now)),
    )


_WITH_FACTS = """
    select e.id, e.schedule_id, e.kind = 'manual', e.scheduled_time, e.deadline_at, e.attempts, e.from_number,
      s.agent_id, coalesce(u.phone_number, s.to_number), s.status, s.kind <> 'once',
      (select c.id from calls c
       where c.to_number = coalesce(u.phone_number, s.to_number)
         and c.finished_at is null),
      (select o.id from executions o indexed by executions_open
       where o.schedule_id = e.schedule_id and o.kind = 'scheduled'
         and (o.scheduled_time, o.id) < (e.scheduled_time, e.id)
         and o.finished_at is null limit 1),
      s.max_occurrences - iif(s.max_occurrences is null, 0, (
        select count(*) from executions o
        where o.schedule_id = e.schedule_id and o.kind = 'scheduled' and o.attempts > 0 and o.id <> e.id)),
      s.user_id, u.timezone, s.calling_window, u.calling_window,
      exists (select 1 from suppressions p where p.phone_number = coalesce(u.phone_number, s.to_number)),
      exists (select 1 from sessions x where x.ended_at is null and x.expires_at > :now
        and x.phone_number = coalesce(u.phone_number, s.to_number))
      or exists (select 1 from sessions x where x.ended_at is null and x.expires_at > :now and x.user_id = s.user_id)
      or exists (select 1 from users v join sessions x on x.user_id = v.id
        where v.phone_number = coalesce(u.phone_number, s.to_number) and x.ended_at is null and x.expires_at > :now),
      e.slot, e.reason, s.customer_context, u.context
    from {source} e
    join schedules s on s.id = e.schedule_id
    left join users u on u.id = s.user_id
"""


def any_due(store: Store, now: datetime) -> bool:
    """True when an execution is to be decided at `now`."""
    row = store.execute(
        "select 1 from executions where status in ('pending', 'waiting_retry') and due_at <= ? limit 1",
        (to_text(now),),
    ).fetchone()
    return row is not None


def ids_due(store: Store, now: datetime) -> list[str]:
    """Return every execution that is to be decided at `now`."""
    rows = store.execute(
        "select id from executions where status in ('pending', 'waiting_retry') and due_at <= ? order by due_at, id",
        (to_text(now),),
    )
    return [row[0] for row in rows]


def due(store: Store, now: datetime, limit: int, only: str | None = None) -> list[Due]:
    """Return executions to be decided at `now`, by due time, then priority; `only` names a single one."""
    rows = store.execute(
        _WITH_FACTS.format(source="executions")
        + f"""
        where e.status in ('pending', 'waiting_retry') and e.due_at <= :now {"and e.id = :only" if only else ""}
        order by e.due_at, e.priority desc, e.id
        limit :limit
        """,
        {"now": to_text(now), "only": only, "limit": limit},
    )
    return [_due(row) for row in rows]


def as_if_due(store: Store, execution_id: str, now: datetime) -> Due:
    """Return an execution with what its gates would need to know at `now`, whatever its own due time."""
    row = store.execute(
        _WITH_FACTS.format(source="executions") + "where e.id = :id", {"now": to_text(now), "id": execution_id}
    ).fetchone()
    return _due(row)


def not_recorded_yet(store: Store, schedule_id: str, scheduled_time: datetime, deadline_at: datetime) -> Due:
    """Return an occurrence that is to come as if it had come due, with what its gates would need to know."""
    row = store.execute(
        _WITH_FACTS.format(
            source="""(select '' as id, :schedule as schedule_id, 'scheduled' as kind, :at as scheduled_time,
              :deadline as deadline_at, 0 as attempts, null as from_number, null as slot, null as reason)"""
        ),
        {
            "now": to_text(scheduled_time),
            "schedule": schedule_id,
            "at": to_text(scheduled_time),
            "deadline": to_text(deadline_at),
        },
    ).fetchone()
    return _due(row)


def nobodys(
    to_number: str, user_id: str | None, user_timezone: str | None, user_window: str | None, at: datetime
) -> Due:
    """Return a call to a person that no schedule asks for: to see what would meet it."""
    return Due(
        id="",
        schedule_id="",
        manual=True,
        scheduled_time=to_text(at),
        deadline_at=at,
        attempts=0,
        from_number=None,
        agent_id="",
        to_number=to_number,
        schedule_status=ScheduleState.ACTIVE,
        recurring=False,
        busy_call_id=None,
        open_execution_id=None,
        calls_left=None,
        user_id=user_id,
        user_timezone=user_timezone,
        schedule_window=None,
        user_window=user_window,
        suppressed=True,
        in_session=True,
        slot=None,
        reason=None,
        context="{}",
        user_context=None,
    )


def _due(row: tuple[Any, ...]) -> Due:
    return Due(
        id=row[0],
        schedule_id=row[1],
        manual=bool(row[2]),
        scheduled_time=row[3],
        deadline_at=from_text(row[4]),
        attempts=row[5],
        from_number=row[6],
        agent_id=row[7],
        to_number=row[8],
        schedule_status=ScheduleState(row[9]),
        recurring=bool(row[10]),
        busy_call_id=row[11],
        open_execution_id=row[12],
        calls_left=row[13],
        user_id=row[14],
        user_timezone=row[15],
        schedule_window=row[16],
        user_window=row[17],
        suppressed=bool(row[18]),
        in_session=bool(row[19]),
        slot=row[20],
        reason=row[21],
        context=row[22],
        user_context=row[23],
    )


def context_of(due: Due) -> dict[str, Any]:
    """Return what the agent should know: of its user, and what the schedule adds to that or says otherwise."""
    theirs = json.loads(due.user_context) if due.user_context and due.user_context != "{}" else {}
    return {**theirs, **(json.loads(due.context) if due.context != "{}" else {})}


def is_open(store: Store, execution_id: str) -> bool:
    """True while an execution is not over."""
    row = store.execute("select finished_at is null from executions where id = ?", (execution_id,)).fetchone()
    return bool(row[0])


def claim(store: Store, execution_id: str, from_number: str, gates: Sequence[Answer]) -> int:
    """Take an execution for a dial and return the number of the attempt; every gate has passed, and says why."""
    (attempts,) = store.execute(
        """
        update executions set status = 'dialing', reason = null, attempts = attempts + 1, gates = ?,
          from_number = ?
        where id = ? and status in ('pending', 'waiting_retry')
        returning attempts
        """,
        (_gates_json(gates), from_number, execution_id),
    ).fetchone()
    return int(attempts)


def defer(store: Store, execution_id: str, until: datetime, reason: str, gates: Sequence[Answer] = ()) -> None:
    """Look at an execution again at `until`."""
    store.execute(
        "update executions set due_at = ?, reason = ?, gates = ? where id = ?",
        (to_text(until), reason, _gates_json(gates), execution_id),
    )


def give_back(store: Store, execution_id: str, until: datetime | None, reason: str) -> None:
    """Undo a claim for which no call was made: the attempt is not used up. `until` None: it stays due as it was."""
    store.execute(
        """
        update executions set due_at = coalesce(?, due_at), reason = ?, attempts = attempts - 1,
          status = iif(attempts > 1, 'waiting_retry', 'pending'),
          from_number = iif(attempts > 1, from_number, null)
        where id = ? and status in ('dialing', 'in_doubt')
        """,
        (maybe_text(until), reason, execution_id),
    )


def dialled(store: Store, execution_id: str, actual_time: datetime) -> None:
    """Note that a carrier took a call; the first time is the execution's actual time."""
    store.execute(
        "update executions set actual_time = ? where id = ? and actual_time is null",
        (to_text(actual_time), execution_id),
    )


def follow(store: Store, execution_id: str, status: ExecutionState) -> None:
    """Note what the live call of an execution does."""
    store.execute("update executions set status = ?, reason = null where id = ?", (status, execution_id))


def doubt(store: Store, execution_id: str, reason: str, actual_time: datetime) -> None:
    """Note that nobody can know whether a call was made, and why."""
    store.execute(
        """
        update executions set status = 'in_doubt', reason = ?, actual_time = coalesce(actual_time, ?) where id = ?
        """,
        (reason, to_text(actual_time), execution_id),
    )


# Put off by a gate, or not looked at yet. A retry that waits for its time bears the outcome before it for a reason.
_DEFERRED = f"(status = 'pending' or status = 'waiting_retry' and reason in ({', '.join(map(repr, WAITS))}))"


def wake(
    store: Store,
    now: datetime,
    *,
    schedule_id: str | None = None,
    agent_id: str | None = None,
    phone_number: str | None = None,
    user_id: str | None = None,
) -> None:
    """Let the waiting executions of a schedule, an agent or a person be looked at now: their wait may be over."""
    store.execute(
        f"""
        update executions set due_at = :now
        where {_DEFERRED} and due_at > :now and exists (
          select 1 from schedules s left join users u on u.id = s.user_id
          where s.id = executions.schedule_id and (s.id = :schedule or s.agent_id = :agent or s.user_id = :user
            or coalesce(u.phone_number, s.to_number) = :phone))
        """,  # noqa: S608 - constants of this file
        {
            "now": to_text(now),
            "schedule": schedule_id,
            "agent": agent_id,
            "user": user_id,
            "phone": phone_number,
        },
    )


def wake_all(store: Store, now: datetime) -> None:
    """Let every waiting execution be looked at now: a setting that they may have waited for has changed."""
    store.execute(
        f"update executions set due_at = ?1 where {_DEFERRED} and due_at > ?1",  # noqa: S608 - a constant
        (to_text(now),),
    )


def wake_for_room(store: Store, now: datetime, count: int) -> None:
    """Let the first `count` executions that wait for other calls to end be looked at now."""
    store.execute(
        """
        update executions set due_at = ?1 where id in (
          select id from executions
          where status in ('pending', 'waiting_retry') and reason = 'concurrency' and due_at > ?1
          order by due_at, priority desc, id limit ?2)
        """,
        (to_text(now), count),
    )


def wait_for_retry(store: Store, execution_id: str, due_at: datetime, deadline_at: datetime, reason: str) -> None:
    """Call again at `due_at`, or not at all after `deadline_at`."""
    store.execute(
        "update executions set status = 'waiting_retry', due_at = ?, deadline_at = ?, reason = ? where id = ?",
        (to_text(due_at), to_text(deadline_at), reason, execution_id),
    )


def finish(
    store: Store,
    execution_id: str,
    status: ExecutionState,
    reason: str | None,
    now: datetime,
    gates: Sequence[Answer] = (),
) -> None:
    """Close an execution."""
    store.execute(
        """
        update executions set status = ?, reason = ?, finished_at = ?, gates = coalesce(?, gates) where id = ?
        """,
        (status, reason, to_text(now), _gates_json(gates), execution_id),
    )


def cancel_waiting(
    store: Store, schedule_id: str, reason: str, now: datetime, *, retries_only: bool = False
) -> list[str]:
    """Cancel the executions of a schedule for which nothing is being dialled, or its retries; return their ids."""
    rows = store.execute(
        """
        update executions set status = 'canceled', reason = ?, finished_at = ?
        where schedule_id = ? and status in ('pending', 'waiting_retry') and (status = 'waiting_retry' or not ?)
        returning id
        """,
        (reason, to_text(now), schedule_id, retries_only),
    ).fetchall()
    return [row[0] for row in rows]


def pending_of(store: Store, schedule_id: str) -> list[tuple[str, Occurrence]]:
    """Return the scheduled executions of a schedule that have not been dialled yet, with their occurrences."""
    rows = store.execute(
        """
        select id, scheduled_time, slot from executions indexed by executions_open
        where schedule_id = ? and kind = 'scheduled' and status = 'pending'
          and finished_at is null
        order by id
        """,
        (schedule_id,),
    )
    return [(row[0], Occurrence(from_text(row[1]), row[2])) for row in rows]


def withdraw(store: Store, execution_id: str, reason: str, now: datetime) -> None:
    """Take back an execution that was not dialled, and free its slot: its rule has changed."""
    store.execute(
        "update executions set kind = 'withdrawn', status = 'canceled', reason = ?, finished_at = ? where id = ?",
        (reason, to_text(now), execution_id),
    )


def has_row(store: Store, schedule_id: str, occurrence: Occurrence) -> bool:
    """True when an occurrence of a schedule has been recorded, by its slot or by its instant."""
    # Two questions, each of its own unique index; asked as one with `or`, they would read the schedule's whole past.
    row = store.execute(
        """
        select exists (select 1 from executions where schedule_id = ?1 and kind = 'scheduled' and slot = ?2)
            or exists (select 1 from executions where schedule_id = ?1 and kind = 'scheduled' and scheduled_time = ?3)
        """,
        (schedule_id, occurrence.slot, to_text(occurrence.at)),
    ).fetchone()
    return bool(row[0])


def known(store: Store, execution_id: str, schedule_id: str, occurrence: Occurrence | None) -> str | None:
    """Return the execution of that id, or of that occurrence of a schedule; None when there is neither."""
    slot, at = (occurrence.slot, to_text(occurrence.at)) if occurrence else (None, None)
    row = store.execute(
        """
        select id from executions where id = ?1
        union all select id from executions where schedule_id = ?2 and kind = 'scheduled' and slot = ?3
        union all select id from executions where schedule_id = ?2 and kind = 'scheduled' and scheduled_time = ?4
        """,
        (execution_id, schedule_id, slot, at),
    ).fetchone()
    return row[0] if row else None


def bring_back(
    store: Store,
    execution_id: str,
    status: ExecutionState,
    reason: str | None,
    attempts: int,
    from_number: str,
    actual_time: datetime,
) -> None:
    """Note that an execution was dialled, which this file had forgotten; it is open again, whatever it had become."""
    store.execute(
        """
        update executions set kind = iif(kind = 'withdrawn', 'scheduled', kind), status = ?, reason = ?,
          attempts = max(attempts, ?), from_number = ?, actual_time = coalesce(actual_time, ?), finished_at = null,
          gates = null
        where id = ?
        """,
        (status, reason, attempts, from_number, to_text(actual_time), execution_id),
    )


def dialling_of(store: Store, schedule_id: str) -> list[str]:
    """Return the executions of a schedule that have a call or a doubt, or wait for a retry."""
    rows = store.execute(
        """
        select id from executions indexed by executions_open
        where schedule_id = ? and status <> 'pending'
          and finished_at is null
        order by id
        """,
        (schedule_id,),
    )
    return [row[0] for row in rows]


def get(store: Store, execution_id: str) -> Execution | None:
    """Return one execution with its calls."""
    return next(iter(_read(store, "e.id = ?", (execution_id,), "e.id", 1)), None)


def select(
    store: Store,
    *,
    schedule_id: str | None = None,
    agent_id: str | None = None,
    statuses: Iterable[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    open_since: datetime | None = None,
    limit: int = 0,
    offset: int = 0,
) -> list[Execution]:
    """List executions, the latest scheduled first; `limit` 0 is all. `since` and `until` are inclusive.

    `open_since` leaves out what was over before it. Passes over `offset`.
    """
    where, values = _where(schedule_id, agent_id, statuses, since, until, open_since)
    return _read(store, where, values, _LATEST_FIRST, limit, offset)


def at_leisure(
    store: Store,
    *,
    schedule_id: str | None = None,
    agent_id: str | None = None,
    statuses: Iterable[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 0,
) -> Iterator[Execution]:
    """Yield what `select` lists, however long, as it is now; nothing is held when the first is asked for."""
    where, values = _where(schedule_id, agent_id, statuses, since, until, None)
    chosen = f"""
        select e.id from executions e join schedules s on s.id = e.schedule_id
        where {where} order by {_LATEST_FIRST} limit {limit or -1:d}
    """  # noqa: S608 - constants of this file

    def read(ids: Sequence[str]) -> list[tuple[Any, ...]]:
        return _rows(store, f"e.id in ({', '.join('?' * len(ids))})", ids, _LATEST_FIRST, 0)

    return starmap(_from_row, put_aside(store, chosen, values, read))


_LATEST_FIRST = "e.scheduled_time desc, e.id desc"


def _where(
    schedule_id: str | None,
    agent_id: str | None,
    statuses: Iterable[str],
    since: datetime | None,
    until: datetime | None,
    open_since: datetime | None,
) -> tuple[str, list[Any]]:
    """Return the condition of a list, and its values."""
    wanted = tuple(statuses)
    filters, values = ["true"], list[Any]()
    if schedule_id is not None:
        filters.append("e.schedule_id = ?")
        values.append(schedule_id)
    if agent_id is not None:
        filters.append("s.agent_id = ?")
        values.append(agent_id)
    if wanted:
        filters.append(f"e.status in ({', '.join('?' * len(wanted))})")
        values.extend(wanted)
    if open_since is not None:
        filters.append("(e.finished_at is null or e.finished_at >= ?)")
        values.append(to_text(open_since))
    for operator, bound in ((">=", since), ("<=", until)):
        if bound is not None:
            filters.append(f"e.scheduled_time {operator} ?")
            values.append(to_text(bound))
    return " and ".join(filters), values


def waiting(store: Store, limit: int) -> list[Execution]:
    """Return the executions that wait for a gate, a retry or the next pass, the soonest due first."""
    # Written out, not bound: only then does SQLite know that the index of what is due will do.
    return _read(store, "e.status in ('pending', 'waiting_retry')", (), "e.due_at, e.priority desc, e.id", limit)


_COLUMNS = (
    "e.id, e.schedule_id, e.kind, e.slot, e.scheduled_time, e.due_at, e.deadline_at, e.status, e.reason, e.note, "
    "e.attempts, e.from_number, e.actual_time, e.finished_at, e.created_at, e.gates, s.name, "
    "coalesce(u.name, s.to_number), s.agent_id, coalesce(s.timezone, u.timezone)"
)


def _read(
    store: Store, where: str, values: Sequence[Any], order: str, limit: int, offset: int = 0
) -> list[Execution]:
    return [_from_row(*each) for each in _rows(store, where, values, order, limit, offset)]


def _rows(
    store: Store, where: str, values: Sequence[Any], order: str, limit: int, offset: int = 0
) -> list[tuple[Any, ...]]:
    """Return the rows of executions, each with the rows of its calls."""
    rows = store.execute(
        f"""
        select {_COLUMNS}
        from executions e
        join schedules s on s.id = e.schedule_id
        left join users u on u.id = s.user_id
        where {where} order by {order} limit {limit or -1:d} offset {offset:d}
        """,  # noqa: S608 - constants of this file
        values,
    ).fetchall()
    dialled = [row[0] for row in rows if row[10] or row[8]]
    attempts = calls.rows_of_executions(store, dialled)
    return [(row, attempts.get(row[0], [])) for row in rows]


def _from_row(row: tuple[Any, ...], attempts: Iterable[tuple[Any, ...]]) -> Execution:
    return Execution(
        id=row[0],
        schedule_id=row[1],
        kind=row[2],
        slot=row[3],
        scheduled_time=from_text(row[4]),
        due_at=from_text(row[5]),
        deadline_at=from_text(row[6]),
        status=ExecutionState(row[7]),
        reason=row[8],
        note=row[9],
        attempts=row[10],
        from_number=row[11],
        actual_time=maybe_instant(row[12]),
        finished_at=maybe_instant(row[13]),
        created_at=from_text(row[14]),
        gates=tuple(map(_gate, json.loads(row[15]))) if row[15] else (),
        calls=tuple(map(calls.from_row, attempts)),
        schedule_name=row[16],
        callee_name=row[17],
        agent_id=row[18],
        timezone=row[19],
    )


def _gates_json(gates: Sequence[Answer]) -> str | None:
    return "[" + ",".join(map(_gate_json, gates)) + "]" if gates else None


@lru_cache(maxsize=1024)  # most gates say the same to most executions
def _gate_json(answer: Answer) -> str:
    return json.dumps({name: value for name, value in answer.to_json().items() if value is not None})


_GATE_FIELDS = tuple(Answer("", "pass").to_json())


def _gate(stored: dict[str, Any]) -> dict[str, Any]:
    return {name: stored.get(name) for name in _GATE_FIELDS}
