"""Which rows of the past does nothing need any more? Deleted a page at a time, in transactions of their own.

Webhooks and sessions go when they were over. Of executions and their calls this stays, however old:

- what is open or in doubt, or waits for its price; and every call to a number that has a call or a doubt: a doubt is
  told from the calls that its carrier lists by those that are ours;
- the last run of a schedule, its last execution, and its last scheduled one, which says how a one-shot ended;
- of a live schedule with a number of occurrences, the executions that were dialled: they are counted;
- of a live schedule, what was recorded within LARGEST_MOVE of where it stands: when time zone data change, a slot
  that was called may come again, and its row keeps it from being called again. For every earlier slot
  `accounted_until` does: no rule yields what is not after it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from hyponema_cli.core.instant import to_text
from hyponema_cli.store import Store

LARGEST_MOVE = timedelta(days=2)
"""No two zones are further apart than 27 hours: a slot cannot move by more."""

_ENDED = "(s.status not in ('active', 'paused') and s.updated_at < :before and s.ref is null)"

_LATER = "o.schedule_id = e.schedule_id and (o.scheduled_time, o.id) > (e.scheduled_time, e.id)"

# A page is read by its index first; the costly questions are asked of its rows only.
_REMOVABLE = f"""
    e.finished_at < :before and e.scheduled_time < :before
    and not exists (
      select 1 from calls c where c.execution_id = e.id
        and (c.finished_at is null or c.next_poll_at is not null
          or exists (select 1 from calls o where o.to_number = c.to_number and o.finished_at is null)))
    and (:schedules and {_ENDED} or (
      exists (select 1 from executions o where {_LATER})
      and (e.actual_time is null or exists (select 1 from executions o where {_LATER} and o.actual_time is not null))
      and (e.kind <> 'scheduled' or exists (select 1 from executions o where {_LATER} and o.kind = 'scheduled'))))
    and (s.status not in ('active', 'paused')
      or e.scheduled_time < strftime('%Y-%m-%dT%H:%M:%SZ', s.accounted_until, '-{LARGEST_MOVE.days} days')
        and (s.max_occurrences is null or e.kind <> 'scheduled' or (e.attempts = 0 and e.actual_time is null)))
"""  # noqa: S608 - constants of this file


class Page(NamedTuple):
    """Where a walk through the executions has come to: the last one that was looked at."""

    scheduled_time: str = ""
    id: str = ""


class Selection(NamedTuple):
    """What is to go: executions and sessions that were over before an instant, and schedules too if wanted."""

    before: datetime
    schedules: bool

    @property
    def values(self) -> dict[str, object]:
        """Return it as the queries want it."""
        return {"before": to_text(self.before), "schedules": self.schedules}


def count_before(store: Store, before: datetime) -> int:
    """Count the executions that a walk will look at."""
    (count,) = store.execute(
        "select count(*) from executions where scheduled_time < ?", (to_text(before),)
    ).fetchone()
    return int(count)


def removable(store: Store, it: Selection, after: Page, limit: int) -> tuple[list[str], Page | None, int]:
    """Look at the next page of executions: return the ids that may go, the page's end, and its length.

    The end is None when there is no further page.
    """
    page = store.execute(
        """
        select scheduled_time, id from executions
        where scheduled_time < ? and (scheduled_time, id) > (?, ?)
        order by scheduled_time, id limit ?
        """,
        (to_text(it.before), *after, limit),
    ).fetchall()
    if not page:
        return [], None, 0
    rows = store.execute(
        f"""
        select e.id from executions e join schedules s on s.id = e.schedule_id
        where e.scheduled_time >= :first and (e.scheduled_time, e.id) >= (:first, :first_id)
          and (e.scheduled_time, e.id) <= (:last, :last_id) and {_REMOVABLE}
        """,  # noqa: S608 - constants of this file
        {
            **it.values,
            "first": page[0][0],
            "first_id": page[0][1],
            "last": page[-1][0],
            "last_id": page[-1][1],
        },
    ).fetchall()
    return [row[0] for row in rows], Page(*page[-1]) if len(page) == limit else None, len(page)


def count_calls(store: Store, execution_ids: Sequence[str]) -> int:
    """Count the calls of executions."""
    holes = ", ".join("?" * len(execution_ids))
    (count,) = store.execute(
        f"select count(*) from calls where execution_id in ({holes})",  # noqa: S608 - placeholders
        execution_ids,
    ).fetchone()
    return int(count)


def remove(store: Store, execution_ids: Sequence[str]) -> int:
    """Delete executions with their calls; return how many calls."""
    holes = ", ".join("?" * len(execution_ids))
    cursor = store.execute(f"delete from calls where execution_id in ({holes})", execution_ids)  # noqa: S608
    store.execute(f"delete from executions where id in ({holes})", execution_ids)  # noqa: S608
    return cursor.rowcount


_SESSIONS_OVER = "from sessions where coalesce(ended_at, expires_at) < :before"


def count_sessions(store: Store, it: Selection) -> int:
    """Count the sessions that were over."""
    return int(store.execute(f"select count(*) {_SESSIONS_OVER}", it.values).fetchone()[0])


def remove_sessions(store: Store, it: Selection, limit: int) -> int:
    """Delete some of the sessions that were over, with what agents did in them; return how many."""
    over = store.execute(f"select id {_SESSIONS_OVER} limit :limit", {**it.values, "limit": limit})
    ids = json.dumps([row[0] for row in over])
    for table in ("tool_calls", "proposals"):
        store.execute(f"delete from {table} where session_id in (select value from json_each(?))", (ids,))  # noqa: S608
    return store.execute("delete from sessions where id in (select value from json_each(?))", (ids,)).rowcount


def remove_messages(store: Store, it: Selection, after: int, limit: int) -> tuple[int, int | None]:
    """Delete those of the next webhooks that were over; return how many, and the last that was looked at.

    That is None when what follows is younger: they stand in the order in which they were written.
    """
    last = _page_of_messages(store, it, after, limit)
    if last is None:
        return 0, None
    cursor = store.execute(
        f"delete from webhooks where {_MESSAGES_OVER}",  # noqa: S608 - a constant of this file
        {**it.values, "after": after, "last": last},
    )
    return cursor.rowcount, last


def count_messages(store: Store, it: Selection, after: int, limit: int) -> tuple[int, int | None]:
    """Count what `remove_messages` would delete."""
    last = _page_of_messages(store, it, after, limit)
    if last is None:
        return 0, None
    (count,) = store.execute(
        f"select count(*) from webhooks where {_MESSAGES_OVER}",  # noqa: S608 - a constant of this file
        {**it.values, "after": after, "last": last},
    ).fetchone()
    return int(count), last


_MESSAGES_OVER = "seq > :after and seq <= :last and finished_at < :before"


def _page_of_messages(store: Store, it: Selection, after: int, limit: int) -> int | None:
    rows = store.execute(
        "select seq, created_at from webhooks where seq > ? order by seq limit ?", (after, limit)
    ).fetchall()
    return rows[-1][0] if rows and rows[0][1] < to_text(it.before) else None


def ended_schedules(store: Store, it: Selection, after: str, limit: int) -> tuple[list[str], str | None]:
    """Look at the next schedules by id: return those that may go, because they had ended and no execution of theirs
    stays when those that may go are gone; and the last id that was looked at, None when there are no more.
    """
    page = [
        row[0] for row in store.execute("select id from schedules where id > ? order by id limit ?", (after, limit))
    ]
    rows = store.execute(
        f"""
        select s.id from schedules s
        where s.id > :after and s.id <= :last and {_ENDED} and not exists (
          select 1 from executions e where e.schedule_id = s.id and not ({_REMOVABLE}))
        """,  # noqa: S608 - constants of this file
        {**it.values, "after": after, "last": page[-1] if page else after},
    )
    return [row[0] for row in rows], page[-1] if len(page) == limit else None


def remove_schedules(store: Store, schedule_ids: Sequence[str]) -> int:
    """Delete schedules of which no execution is left; return how many."""
    holes = ", ".join("?" * len(schedule_ids))
    return store.execute(
        f"""
        delete from schedules
        where id in ({holes}) and not exists (select 1 from executions e where e.schedule_id = schedules.id)
        """,  # noqa: S608 - placeholders
        schedule_ids,
    ).rowcount


def count_kept_for_ref(store: Store, before: datetime) -> int:
    """Count the schedules that had ended and stay, because their `ref` must not be booked a second time."""
    (count,) = store.execute(
        """
        select count(*) from schedules
        where status not in ('active', 'paused') and updated_at < ? and ref is not null
        """,
        (to_text(before),),
    ).fetchone()
    return int(count)
