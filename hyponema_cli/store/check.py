"""Does a workspace file keep its own promises? Those of SQLite, of the schema, and of hyp, one query each.

The queries are asked of a copy, so that what is compared belongs together and nobody is held up.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from hyponema_cli.store import Store
from hyponema_cli.store.migrations import SCHEMA_VERSION, migrate

MOST_OF_A_KIND = 20
"""How many findings of one kind are told; what is behind a hundred is behind ten."""


class Finding(NamedTuple):
    """A promise that is not kept."""

    check: str
    about: str
    """The id of a row, or the name of a table or file."""
    said: str


PROMISES = {
    "execution_over_call_live": (
        "its execution is {}, and the call is {}",
        """
        select c.id, e.status, c.status from calls c join executions e on e.id = c.execution_id
        where c.finished_at is null and e.finished_at is not null
        """,
    ),
    "execution_live_without_call": (
        "it is {}, and none of its calls goes on",
        """
        select e.id, e.status from executions e
        where e.status in ('dialing', 'in_progress', 'in_doubt')
          and not exists (select 1 from calls c where c.execution_id = e.id and c.finished_at is null)
        """,
    ),
    "execution_waits_with_live_call": (
        "it is {}, and could be dialled while a call of it is {}",
        """
        select e.id, e.status, c.status from calls c join executions e on e.id = c.execution_id
        where c.finished_at is null and e.status in ('pending', 'waiting_retry')
        """,
    ),
    "doubt_on_one_side_only": (
        "the call is {}, its execution {}",
        """
        select c.id, c.status, e.status from calls c join executions e on e.id = c.execution_id
        where c.finished_at is null and e.finished_at is null and (c.status = 'in_doubt') <> (e.status = 'in_doubt')
        """,
    ),
    "more_calls_than_attempts": (
        "it counts {} attempts, and has {} calls",
        """
        select e.id, e.attempts, count(*) from calls c join executions e on e.id = c.execution_id
        where c.status <> 'not_placed' group by e.id having count(*) > e.attempts
        """,
    ),
    "call_never_asked_about": (
        "it is {}, and its carrier is never asked what has become of it",
        """
        select id, status from calls where status in ('queued', 'ringing', 'in_progress') and next_poll_at is null
        """,
    ),
    "schedule_without_end": (
        "it is {}, will not fire, and nothing of it goes on",
        """
        select s.id, s.status from schedules s
        where s.status in ('active', 'paused') and s.next_run_at is null and s.trouble is null
          and not exists (select 1 from executions e where e.schedule_id = s.id and e.finished_at is null)
        """,
    ),
    "next_is_accounted_for": (
        "it fires next at {}, and everything until {} has been recorded",
        """
        select id, next_run_at, accounted_until from schedules where next_run_at <= accounted_until
        """,
    ),
    "schedule_of_nobody": (
        "it is {}, and {} was removed",
        """
        select s.id, s.status, coalesce(iif(u.removed_at is not null, u.id, null), a.id) from schedules s
        join agents a on a.id = s.agent_id left join users u on u.id = s.user_id
        where s.status in ('active', 'paused') and (u.removed_at is not null or a.removed_at is not null)
        """,
    ),
    "count_is_wrong": (
        "{} are counted, and {} are there",
        """
        select c.status, c.count, (select count(*) from schedules s where s.status = c.status) as there
        from schedule_counts c where c.count <> there
        """,
    ),
    "trail_has_a_gap": (
        "{} lines are there, of {}",
        """
        select 'events', count(*), max(id) from events having count(*) <> max(id)
        """,
    ),
}
"""What must hold in every workspace, at any moment between two transactions: what is said when it does not, and the
query that finds the rows of which it does not."""


def unreadable(store: Store) -> Finding | None:
    """Return what is wrong with a file that is so damaged that nothing can be asked of it."""
    try:
        store.execute("select dials from journal").fetchone()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        return Finding("integrity", "file", str(error))
    return None


def of_the_file(copy: sqlite3.Connection, *, quick: bool) -> Iterator[Finding]:
    """Look for damage, rows that point nowhere, and a schema that is not ours."""
    try:
        for (word,) in copy.execute(f"pragma {'quick_check' if quick else 'integrity_check'}({MOST_OF_A_KIND})"):
            if word != "ok":
                yield Finding("integrity", "file", " ".join(word.split()))
        pointers = copy.execute("pragma foreign_key_check").fetchmany(MOST_OF_A_KIND)
        yield from (Finding("foreign_key", str(row[0]), f"row {row[1]} points to no {row[2]}") for row in pointers)
        yield from _of_the_schema(copy)
    except sqlite3.DatabaseError as error:
        yield Finding("integrity", "file", str(error))


def of_the_rows(store: Store) -> Iterator[Finding]:
    """Look for rows that contradict each other."""
    for name, (said, query) in PROMISES.items():
        rows = store.execute(query).fetchmany(MOST_OF_A_KIND)
        yield from (Finding(name, str(row[0]), said.format(*row[1:])) for row in rows)


def schema_of(connection: sqlite3.Connection) -> int:
    """Return the schema that a file is in."""
    return int(connection.execute("pragma user_version").fetchone()[0])


def _of_the_schema(copy: sqlite3.Connection) -> Iterator[Finding]:
    version = schema_of(copy)
    if version < SCHEMA_VERSION:
        yield Finding("schema", "file", f"it is in schema {version}; run hyp db migrate, and check again")
        return
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(fresh)
        wanted, found = _definitions(fresh), _definitions(copy)
    finally:
        fresh.close()
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            what = "is missing" if name not in found else "is not hyp's" if name not in wanted else "was changed"
            yield Finding("schema", name, what)


def _definitions(connection: sqlite3.Connection) -> dict[str, str]:
    """Return how each table, index and trigger was defined; those that SQLite or sqlite-utils keep left out."""
    rows = connection.execute(
        """
        select name, sql from sqlite_master
        where sql is not null and substr(name, 1, 7) not in ('sqlite_', '_sqlite')
        """
    )
    return dict(rows.fetchall())
