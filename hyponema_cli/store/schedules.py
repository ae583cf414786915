"""Schedules: the rules, and the cached next instant of each.

`next_run_at` is a cache: the first occurrence after `accounted_until` of the rule as it stands. Everything up to
`accounted_until` has its execution row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from hyponema_cli.core.call import LIVE_SCHEDULES, Outcome, ScheduleState
from hyponema_cli.core.instant import from_text, maybe_instant, maybe_text, to_text
from hyponema_cli.core.names import likes_of
from hyponema_cli.core.records import Callee, Schedule
from hyponema_cli.core.retry import Backoff, RetryPolicy
from hyponema_cli.core.schedule import Occurrence
from hyponema_cli.store import Store
from hyponema_cli.store.aside import put_aside

_OWN = (
    "id, agent_id, user_id, to_number, kind, weekdays, local_time, cron_expression, run_at, run_local, run_fold, "
    "timezone, status, status_reason, name, description, customer_context, metadata, max_occurrences, start_at, "
    "until_at, max_attempts, retry_delay_seconds, backoff, retry_on, catch_up_window_seconds, webhook_url, "
    "webhook_events, priority, ref, created_by, created_at, updated_at, next_run_at, next_slot, next_note, "
    "accounted_until, trouble, calling_window, on_doubt_seconds"
)
NAMES = tuple(_OWN.split(", "))
_RULE = ("kind", "weekdays", "local_time", "cron_expression", "run_at", "timezone")
"""What says when a schedule fires."""

_SELECT = f"""
    select {", ".join("s." + name for name in NAMES)},
      u.name, u.phone_number, u.timezone, u.local_time, u.calling_window, a.name,
      (select e.actual_time from executions e
       where e.schedule_id = s.id and e.actual_time is not null order by e.scheduled_time desc, e.id desc limit 1),
      (select e.status from executions e
       where e.schedule_id = s.id and not (e.status = 'canceled' and e.scheduled_time > e.finished_at)
       order by e.scheduled_time desc, e.id desc limit 1)
    from schedules s
    join agents a on a.id = s.agent_id
    left join users u on u.id = s.user_id
"""  # noqa: S608 - constants of this file

# The work of a pass does not need the last run, and must not pay for it.
_SELECT_DUE = f"""
    select {", ".join("s." + name for name in NAMES)},
      u.name, u.phone_number, u.timezone, u.local_time, u.calling_window, '', null, null
    from schedules s
    left join users u on u.id = s.user_id
"""  # noqa: S608 - constants of this file


def insert(store: Store, schedule: Schedule) -> None:
    """Add a schedule."""
    holes = ", ".join("?" * len(NAMES))
    store.execute(
        f"insert into schedules ({_OWN}) values ({holes})",  # noqa: S608 - constants
        tuple(to_row(schedule).values()),
    )


def update(store: Store, schedule: Schedule) -> None:
    """Write every field of a schedule that exists."""
    row = to_row(schedule)
    assignments = ", ".join(f"{name} = :{name}" for name in NAMES if name != "id")
    store.execute(f"update schedules set {assignments} where id = :id", row)  # noqa: S608 - constants


def find(store: Store, word: str) -> list[Schedule]:
    """Return the schedule with that id, else every schedule with that exact name, live ones first."""
    found = _read(store.execute(_SELECT + "where s.id = ?", (word,)))
    if found:
        return found
    named = _read(store.execute(_SELECT + "where s.name = ? order by s.id", (word,)))
    return [schedule for schedule in named if schedule.status in LIVE_SCHEDULES] or named


def twin_of(store: Store, schedule: Schedule) -> str | None:
    """Return the oldest active schedule by which the same agent calls the same callee by the same rule, if any."""
    row = to_row(schedule)
    callee = "user_id" if schedule.user_id is not None else "to_number"  # each has an index
    same = " and ".join(f"{name} is :{name}" for name in ("agent_id", *_RULE))
    found = store.execute(
        f"select id from schedules where {callee} = :{callee} and {same} "  # noqa: S608 - constants
        "and status = 'active' and id <> :id order by id limit 1",
        row,
    ).fetchone()
    return found[0] if found else None


def by_ref(store: Store, ref: str) -> Schedule | None:
    """Return the schedule that was added under that key of the caller's."""
    return next(iter(_read(store.execute(_SELECT + "where s.ref = ?", (ref,)))), None)


def by_id(store: Store, schedule_id: str) -> Schedule | None:
    """Return the schedule of that id."""
    return next(iter(_read(store.execute(_SELECT + "where s.id = ?", (schedule_id,)))), None)


def select(
    store: Store,
    *,
    statuses: Iterable[str],
    agent_id: str | None = None,
    user_id: str | None = None,
    limit: int = 0,
    offset: int = 0,
) -> list[Schedule]:
    """List schedules by agent, then next firing, those without one first; `limit` 0 is all. Passes over `offset`."""
    # The page is chosen first, by index; only its rows are joined and asked for their last run.
    page, values = _page(statuses, agent_id, user_id, limit, offset)
    return _read(store.execute(f"{_SELECT} where s.id in ({page}) {_ORDER}", values))


def at_leisure(
    store: Store,
    *,
    statuses: Iterable[str],
    agent_id: str | None = None,
    user_id: str | None = None,
    limit: int = 0,
    offset: int = 0,
) -> Iterator[Schedule]:
    """Yield what `select` lists, however long, as it is now; nothing is held when the first is asked for."""
    page, values = _page(statuses, agent_id, user_id, limit, offset)

    def read(ids: Sequence[str]) -> list[tuple[Any, ...]]:
        return store.execute(f"{_SELECT} where s.id in ({', '.join('?' * len(ids))}) {_ORDER}", ids).fetchall()

    return map(_from_row, put_aside(store, page, values, read))


_ORDER = "order by s.agent_id, s.next_run_at, s.id"


def _page(
    statuses: Iterable[str], agent_id: str | None, user_id: str | None, limit: int, offset: int
) -> tuple[str, list[Any]]:
    """Return the query for the ids of a part of a list, and its values."""
    # Written out, not bound, and in the order of the index's own words: only then does SQLite know that it will do.
    words = ", ".join(f"'{ScheduleState(status)}'" for status in sorted(statuses))
    filters, values = [f"status in ({words})"], list[Any]()
    for column, value in (("agent_id", agent_id), ("user_id", user_id)):
        if value is not None:
            filters.append(f"{column} = ?")
            values.append(value)
    page = (
        f"select id from schedules where {' and '.join(filters)} "  # noqa: S608 - words of an enum, constants
        f"order by agent_id, next_run_at, id limit {limit or -1:d} offset {offset:d}"
    )
    return page, values


class AgentLoad(NamedTuple):
    """An agent, and how many live schedules it has."""

    agent_id: str
    name: str
    schedules: int


def loads(store: Store, limit: int, offset: int = 0) -> tuple[list[AgentLoad], int]:
    """Return the agents that have live schedules, those with the most first, and how many such agents there are.

    Passes over `offset` of them.
    """
    live = "select agent_id, count(*) as n from schedules where status in ('active', 'paused') group by agent_id"
    (count,) = store.execute(f"select count(*) from ({live})").fetchone()  # noqa: S608 - a constant
    rows = store.execute(
        f"select l.agent_id, a.name, l.n from ({live}) l join agents a on a.id = l.agent_id "  # noqa: S608
        "order by l.n desc, l.agent_id limit ? offset ?",
        (limit, offset),
    )
    return [AgentLoad(*row) for row in rows], int(count)


def live_ids_of(store: Store, column: str, owner_id: str) -> list[str]:
    """Return the ids of the live schedules of an agent (`agent_id`) or a user (`user_id`)."""
    assert column in ("agent_id", "user_id")
    rows = store.execute(
        f"select id from schedules where {column} = ? and status in ('active', 'paused') order by id",  # noqa: S608
        (owner_id,),
    )
    return [row[0] for row in rows]


def count_live_of(store: Store, column: str, owner_id: str) -> int:
    """Count the live schedules of an agent (`agent_id`) or a user (`user_id`)."""
    (count,) = store.execute(
        f"select count(*) from schedules where {column} = ? and status in ('active', 'paused')",  # noqa: S608
        (owner_id,),
    ).fetchone()
    return int(count)


def with_context(
    store: Store, *, agent_id: str | None = None, user_id: str | None = None, longer_than: int = 0
) -> list[Schedule]:
    """Return the live schedules of an agent or a user of whose callees more is known than so many characters."""
    return _read(
        store.execute(
            _SELECT_DUE
            + "where (s.agent_id = ? or s.user_id = ?) and s.status in ('active', 'paused') "
            + "and length(s.customer_context) + coalesce(length(u.context), 0) > ?",
            (agent_id, user_id, longer_than),
        )
    )


def words(store: Store, word: str) -> list[str]:
    """Return ids and names that could have been meant by a word, for suggestions: of the newest, and of its like."""
    rows = store.execute(
        """
        select id, name from (select id, name from schedules order by id desc limit 1000)
        union select id, name from schedules where id = ?1 or id = ?2
        union select * from (select id, name from schedules where name >= ?3 and name < ?4 order by name limit 1000)
        """,
        (word, *likes_of(word)),
    )
    return [each for row in rows for each in row if each is not None]


def any_due(store: Store, now: datetime) -> bool:
    """True when a schedule has an occurrence due at `now`."""
    return (
        store.execute("select 1 from schedules where next_run_at <= ? limit 1", (to_text(now),)).fetchone()
        is not None
    )


def due(store: Store, now: datetime, limit: int) -> list[Schedule]:
    """Return schedules with an occurrence due at `now`, the longest due first."""
    return _read(
        store.execute(
            _SELECT_DUE + "where s.next_run_at <= ? order by s.next_run_at, s.id limit ?", (to_text(now), limit)
        )
    )


def coming(store: Store, limit: int) -> list[Schedule]:
    """Return the schedules that fire next, the soonest first."""
    return _read(
        store.execute(
            _SELECT_DUE
            + "where s.next_run_at is not null and s.status = 'active' order by s.next_run_at, s.id limit ?",
            (limit,),
        )
    )


def count_firing(store: Store, begin: datetime, end: datetime, most: int) -> int:
    """Count the active schedules that fire next at `begin` or later and before `end`; stops at `most`."""
    (count,) = store.execute(
        """
        select count(*) from (
          select 1 from schedules where next_run_at >= ? and next_run_at < ? and status = 'active' limit ?
        )
        """,
        (to_text(begin), to_text(end), most),
    ).fetchone()
    return int(count)


def live_after(store: Store, after_id: str, limit: int) -> list[Schedule]:
    """Walk through all live schedules by id, a page at a time."""
    return _read(
        store.execute(
            _SELECT_DUE + "where s.id > ? and s.status in ('active', 'paused') order by s.id limit ?",
            (after_id, limit),
        )
    )


def walk(store: Store) -> Iterator[Schedule]:
    """Yield all live schedules by id; nothing is locked, and what changes meanwhile may be in it or not."""
    after = ""
    while page := live_after(store, after, 1000):
        yield from page
        after = page[-1].id


def soonest(store: Store, limit: int) -> list[Schedule]:
    """Return the schedules that fire next, the soonest first."""
    return _read(
        store.execute(_SELECT_DUE + "where s.next_run_at is not null order by s.next_run_at, s.id limit ?", (limit,))
    )


def without_zone(store: Store) -> list[Schedule]:
    """Return the live schedules that take their zone from the workspace."""
    return _read(
        store.execute(
            _SELECT_DUE + "where s.timezone is null and u.timezone is null and s.status in ('active', 'paused')"
        )
    )


def of_user(store: Store, user_id: str) -> list[Schedule]:
    """Return the live schedules of a user."""
    return _read(store.execute(_SELECT_DUE + "where s.user_id = ? and s.status in ('active', 'paused')", (user_id,)))


def of_callee(store: Store, phone_number: str, user_ids: Sequence[str]) -> list[Schedule]:
    """Return the schedules that call a person, as a user or by their bare number, the latest first."""
    holes = ", ".join("?" * len(user_ids))
    return _read(
        store.execute(
            f"{_SELECT} where s.user_id in ({holes}) or s.to_number = ? order by s.id desc limit {MOST_OF_A_CALLEE}",
            (*user_ids, phone_number),
        )
    )


MOST_OF_A_CALLEE = 1000


def callees(store: Store) -> list[tuple[str, str, str | None]]:
    """Return of every schedule its id, the number that it calls and its user's zone."""
    rows = store.execute(
        """
        select s.id, coalesce(u.phone_number, s.to_number), u.timezone
        from schedules s left join users u on u.id = s.user_id
        """
    )
    return [(row[0], row[1], row[2]) for row in rows]


def set_next(
    store: Store,
    schedule_id: str,
    accounted_until: datetime,
    following: Occurrence | None,
    trouble: str | None = None,
) -> None:
    """Move a schedule on: everything up to `accounted_until` has its row, `following` comes next.

    `trouble` says why nothing can be known of what follows; without it, None means that the rule is over.
    """
    store.execute(
        """
        update schedules set accounted_until = ?, next_run_at = ?, next_slot = ?, next_note = ?, trouble = ?
        where id = ?
        """,
        (
            to_text(accounted_until),
            to_text(following.at) if following else None,
            following.slot if following else None,
            following.note if following else None,
            trouble,
            schedule_id,
        ),
    )


def set_status(store: Store, schedule_id: str, status: ScheduleState, reason: str | None, now: datetime) -> None:
    """Change a schedule's state; one that is over has no next instant."""
    over = status not in LIVE_SCHEDULES
    store.execute(
        f"""
        update schedules set status = ?, status_reason = ?, updated_at = ?
          {", next_run_at = null, next_slot = null, next_note = null, trouble = null" if over else ""}
        where id = ?
        """,  # noqa: S608 - constants of this file
        (status, reason, to_text(now), schedule_id),
    )


def conclude(store: Store, schedule_id: str, now: datetime) -> ScheduleState | None:
    """Close a schedule that has nothing left to do; return its new state, or None when it goes on.

    A rule is over when it yields no more occurrence, or `max_occurrences` of them reached a dial, and no execution is
    open. A one-shot whose attempts ran out is exhausted; anything else is completed.
    """
    row = store.execute(
        """
        select s.kind, s.next_run_at is null or (s.max_occurrences is not null and s.max_occurrences <= (
            select count(*) from executions e
            where e.schedule_id = s.id and e.kind = 'scheduled' and e.actual_time is not null)),
          (select e.status from executions e
           where e.schedule_id = s.id and e.kind = 'scheduled' order by e.scheduled_time desc limit 1)
        from schedules s
        where s.id = ? and s.status in ('active', 'paused') and s.trouble is null
          and not exists (select 1 from executions e indexed by executions_open where e.schedule_id = s.id
            and e.finished_at is null)
        """,
        (schedule_id,),
    ).fetchone()
    if row is None or not row[1]:
        return None
    kind, _, last = row
    status = ScheduleState.EXHAUSTED if kind == "once" and last == "exhausted" else ScheduleState.COMPLETED
    set_status(store, schedule_id, status, None, now)
    return status


def dialled(store: Store, schedule_id: str) -> int:
    """Count the scheduled executions that reached a dial: what `max_occurrences` counts."""
    (count,) = store.execute(
        "select count(*) from executions where schedule_id = ? and kind = 'scheduled' and actual_time is not null",
        (schedule_id,),
    ).fetchone()
    return int(count)


def calls_left(store: Store, schedule: Schedule) -> int | None:
    """Return how many executions of a schedule may still reach a dial; None when any number may."""
    if schedule.max_occurrences is None:
        return None
    return max(schedule.max_occurrences - dialled(store, schedule.id), 0)


def to_row(schedule: Schedule) -> Mapping[str, Any]:
    """Return the columns of a schedule."""
    values = (
        schedule.id,
        schedule.agent_id,
        schedule.user_id,
        schedule.to_number,
        schedule.kind,
        ",".join(map(str, schedule.weekdays)) if schedule.weekdays else None,
        schedule.local_time,
        schedule.cron_expression,
        maybe_text(schedule.run_at),
        schedule.run_local.isoformat() if schedule.run_local else None,
        schedule.run_fold,
        schedule.timezone,
        schedule.status,
        schedule.status_reason,
        schedule.name,
        schedule.description,
        json.dumps(schedule.customer_context),
        json.dumps(schedule.metadata),
        schedule.max_occurrences,
        maybe_text(schedule.start_at),
        maybe_text(schedule.until_at),
        schedule.retry.max_attempts,
        int(schedule.retry.delay.total_seconds()),
        schedule.retry.backoff,
        ",".join(sorted(schedule.retry.retry_on)),
        int(schedule.catch_up_window.total_seconds()) if schedule.catch_up_window is not None else None,
        schedule.webhook_url,
        ",".join(schedule.webhook_events),
        schedule.priority,
        schedule.ref,
        schedule.created_by,
        to_text(schedule.created_at),
        to_text(schedule.updated_at),
        maybe_text(schedule.next_run_at),
        schedule.next_slot,
        schedule.next_note,
        to_text(schedule.accounted_until),
        schedule.trouble,
        schedule.calling_window,
        int(schedule.on_doubt.total_seconds()) if schedule.on_doubt is not None else None,
    )
    return dict(zip(NAMES, values, strict=True))


def _object(text: str) -> dict[str, Any]:
    # Most are empty, and a pass reads many.
    return {} if text == "{}" else json.loads(text)


@lru_cache(maxsize=64)
def _policy(max_attempts: int, delay_seconds: int, backoff: str, retry_on: str) -> RetryPolicy:
    """Return a retry policy. A workspace has few, and its rows repeat them."""
    outcomes = frozenset(map(Outcome, retry_on.split(","))) if retry_on else frozenset[Outcome]()
    return RetryPolicy(max_attempts, timedelta(seconds=delay_seconds), Backoff(backoff), outcomes)


def _read(rows: Iterable[tuple[Any, ...]]) -> list[Schedule]:
    return [_from_row(row) for row in rows]


def _from_row(row: tuple[Any, ...]) -> Schedule:
    (
        schedule_id,
        agent_id,
        user_id,
        to_number,
        kind,
        weekdays,
        local_time,
        cron_expression,
        run_at,
        run_local,
        run_fold,
        timezone,
        status,
        status_reason,
        name,
        description,
        customer_context,
        metadata,
        max_occurrences,
        start_at,
        until_at,
        max_attempts,
        retry_delay_seconds,
        backoff,
        retry_on,
        catch_up_window_seconds,
        webhook_url,
        webhook_events,
        priority,
        ref,
        created_by,
        created_at,
        updated_at,
        next_run_at,
        next_slot,
        next_note,
        accounted_until,
        trouble,
        calling_window,
        on_doubt_seconds,
        callee_name,
        callee_phone,
        callee_timezone,
        callee_local_time,
        callee_window,
        agent_name,
        last_run_at,
        last_status,
    ) = row
    return Schedule(
        id=schedule_id,
        agent_id=agent_id,
        user_id=user_id,
        to_number=to_number,
        kind=kind,
        weekdays=tuple(map(int, weekdays.split(","))) if weekdays else None,
        local_time=local_time,
        cron_expression=cron_expression,
        run_at=maybe_instant(run_at),
        run_local=maybe_instant(run_local),
        run_fold=run_fold,
        timezone=timezone,
        status=ScheduleState(status),
        status_reason=status_reason,
        name=name,
        description=description,
        customer_context=_object(customer_context),
        metadata=_object(metadata),
        max_occurrences=max_occurrences,
        start_at=maybe_instant(start_at),
        until_at=maybe_instant(until_at),
        retry=_policy(max_attempts, retry_delay_seconds, backoff, retry_on),
        catch_up_window=None if catch_up_window_seconds is None else timedelta(seconds=catch_up_window_seconds),
        webhook_url=webhook_url,
        webhook_events=tuple(webhook_events.split(",")) if webhook_events else (),
        priority=priority,
        ref=ref,
        created_by=created_by,
        created_at=from_text(created_at),
        updated_at=from_text(updated_at),
        next_run_at=maybe_instant(next_run_at),
        next_slot=next_slot,
        next_note=next_note,
        accounted_until=from_text(accounted_until),
        trouble=trouble,
        calling_window=calling_window,
        on_doubt=None if on_doubt_seconds is None else timedelta(seconds=on_doubt_seconds),
        callee=Callee(callee_name, callee_phone, callee_timezone, callee_local_time, callee_window)
        if callee_phone
        else None,
        agent_name=agent_name,
        last_run_at=maybe_instant(last_run_at),
        last_status=last_status,
    )
