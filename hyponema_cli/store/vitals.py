"""What does a monitor ask of a workspace? Every answer is an index look-up, or a count of the few that are open."""

from __future__ import annotations

from datetime import datetime

from hyponema_cli.core.instant import maybe_instant, to_text
from hyponema_cli.store import Store


def schedule_counts(store: Store) -> dict[str, int]:
    """Return how many schedules are in each state; triggers keep the counts."""
    return dict(store.execute("select status, count from schedule_counts order by status"))


def ended_counts(store: Store) -> dict[str, int]:
    """Return how often an execution has ever ended in each state; triggers keep the counts."""
    return dict(store.execute("select status, count from ended_counts order by status"))


def open_executions(store: Store) -> dict[str, int]:
    """Return how many executions are in each state, of those that are not over."""
    # Without the index, SQLite would rather walk through all that ever was.
    return dict(
        store.execute(
            """
            select status, count(*) from executions indexed by executions_open
            where finished_at is null group by status order by status
            """
        )
    )


def open_calls(store: Store) -> dict[str, int]:
    """Return how many calls are in each state, of those that are not over."""
    return dict(
        store.execute(
            """
            select status, count(*) from calls indexed by one_live_call_a_callee
            where finished_at is null group by status order by status
            """
        )
    )


def doubts(store: Store) -> int:
    """Return how many calls are in doubt."""
    (count,) = store.execute("select count(*) from calls where status = 'in_doubt'").fetchone()
    return int(count)


def dials(store: Store) -> int:
    """Return how many dials were ever begun from this workspace."""
    (count,) = store.execute("select dials from journal").fetchone()
    return int(count)


def last_dial(store: Store) -> datetime | None:
    """Return when a call was last made, or may have been; None when none ever was."""
    row = store.execute(
        """
        select coalesce(placed_at, created_at) from calls where status not in ('placing', 'not_placed')
        order by id desc limit 1
        """
    ).fetchone()
    return maybe_instant(row[0]) if row else None


def unsuccessful_since(store: Store, begin: datetime) -> int:
    """Return how many executions have ended since then without reaching anybody, though they should have."""
    (count,) = store.execute(
        """
        select count(*) from executions
        where status in ('failed', 'exhausted', 'missed') and finished_at >= ?
        """,
        (to_text(begin),),
    ).fetchone()
    return int(count)


def oldest_due(store: Store, now: datetime) -> datetime | None:
    """Return since when the schedule or execution that is due longest waits to be looked at; None when none does.

    Whatever a gate puts off is due later than now.
    """
    (earliest,) = store.execute(
        """
        select min(at) from (
          select min(next_run_at) as at from schedules where next_run_at <= ?1
          union all select min(due_at) from executions where status in ('pending', 'waiting_retry') and due_at <= ?1
        )
        """,
        (to_text(now),),
    ).fetchone()
    return maybe_instant(earliest)


def newest_event(store: Store) -> datetime | None:
    """Return when the last line of the audit trail was written; None when it is empty."""
    row = store.execute("select at from events order by id desc limit 1").fetchone()
    return maybe_instant(row[0]) if row else None
