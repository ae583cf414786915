"""Calls: the ledger. A row stands here, committed, before any byte goes to a carrier.

The unique indexes are the promise: one request an attempt, one live call an execution, one live call a callee.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from hyponema_cli.core.call import CALL_MOVES, CallState, Outcome
from hyponema_cli.core.instant import from_text, maybe_instant, maybe_text, to_text
from hyponema_cli.core.records import Call
from hyponema_cli.core.retry import Backoff, RetryPolicy
from hyponema_cli.store import Store

_COLUMNS = (
    "id, execution_id, number, carrier, carrier_call_id, from_number, to_number, status, reason, error, answered_by, "
    "deadline_at, created_at, placed_at, finished_at, duration_seconds, price, currency"
)


class Followed(NamedTuple):
    """A live call that the carrier knows, with what its end will need."""

    id: str
    execution_id: str
    schedule_id: str
    number: int
    carrier: str
    carrier_call_id: str
    status: CallState
    placed_at: datetime
    retry: RetryPolicy
    catch_up_window: timedelta | None
    deadline_at: datetime
    """The deadline of its execution: a call that still stands in a queue then must not ring any more."""
    to_number: str
    user_timezone: str | None
    schedule_window: str | None
    user_window: str | None
    withdrawn: str | None
    """Why it was withdrawn at the carrier, if it was."""


def intend(store: Store, call: Call) -> None:
    """Write the intent to dial. Once this is committed, nobody else may dial that attempt or that callee."""
    store.execute(
        """
        insert into calls (id, execution_id, number, carrier, from_number, to_number, status, deadline_at, created_at)
        values (?, ?, ?, ?, ?, ?, 'placing', ?, ?)
        """,
        (
            call.id,
            call.execution_id,
            call.number,
            call.carrier,
            call.from_number,
            call.to_number,
            to_text(call.deadline_at),
            to_text(call.created_at),
        ),
    )


def bring_back(store: Store, call: Call, next_poll_at: datetime | None) -> None:
    """Write a call again that this file had forgotten."""
    store.execute(
        f"insert into calls ({_COLUMNS}, next_poll_at) values ({', '.join('?' * 19)})",  # noqa: S608 - constants
        (
            call.id,
            call.execution_id,
            call.number,
            call.carrier,
            call.carrier_call_id,
            call.from_number,
            call.to_number,
            call.status,
            call.reason,
            call.error,
            call.answered_by,
            to_text(call.deadline_at),
            to_text(call.created_at),
            maybe_text(call.placed_at),
            maybe_text(call.finished_at),
            call.duration_seconds,
            call.price,
            call.currency,
            maybe_text(next_poll_at),
        ),
    )


class Live(NamedTuple):
    """A call that is going on, and whose it is."""

    id: str
    execution_id: str
    schedule_id: str
    number: int


def live_of(store: Store, to_number: str, execution_id: str) -> list[Live]:
    """Return the live calls to a number, or of an execution."""
    rows = store.execute(
        """
        select c.id, c.execution_id, e.schedule_id, c.number from calls c
        join executions e on e.id = c.execution_id
        where c.finished_at is null
          and (c.to_number = ? or c.execution_id = ?)
        """,
        (to_number, execution_id),
    )
    return [Live(*row) for row in rows]


def all_live(store: Store) -> list[Live]:
    """Return every live call."""
    rows = store.execute(
        """
        select c.id, c.execution_id, e.schedule_id, c.number from calls c
        join executions e on e.id = c.execution_id
        where c.finished_at is null
        """
    )
    return [Live(*row) for row in rows]


def look_again(store: Store, schedule_id: str, now: datetime) -> None:
    """Ask the carrier again for the doubts of a schedule: what is to follow from one has changed."""
    store.execute(
        """
        update calls set next_poll_at = ?
        where status = 'in_doubt' and execution_id in (select id from executions where schedule_id = ?)
        """,
        (to_text(now), schedule_id),
    )


def accept(
    store: Store, call_id: str, status: CallState, carrier_call_id: str, placed_at: datetime, next_poll_at: datetime
) -> None:
    """Note that the carrier took the call and gave us its id. That also lifts a doubt."""
    store.execute(
        """
        update calls set status = ?, carrier_call_id = ?, placed_at = ?, next_poll_at = ?, reason = null where id = ?
        """,
        (status, carrier_call_id, to_text(placed_at), to_text(next_poll_at), call_id),
    )


def doubt(store: Store, call_id: str, reason: str, error: str | None, look_at: datetime) -> None:
    """Note that nobody can know whether a call was made; the carrier is asked for it at `look_at`."""
    store.execute(
        "update calls set status = 'in_doubt', reason = ?, error = ?, next_poll_at = ?, looks = 0 where id = ?",
        (reason, error, to_text(look_at), call_id),
    )


class Doubtful(NamedTuple):
    """A call of which nobody knows whether it was made."""

    id: str
    execution_id: str
    schedule_id: str
    carrier: str
    carrier_call_id: str | None
    """Known where the carrier told of the call unasked, before its answer was recorded."""
    from_number: str
    to_number: str
    reason: str
    error: str | None
    created_at: datetime
    looks: int
    found: str | None
    """What the last look came to; None before the first."""
    next_look_at: datetime | None
    redial_after: timedelta | None
    """How long after the call its schedule wants the callee dialled again; None: never by itself."""
    redialled_before: bool
    """The execution has been dialled again from a doubt once already."""
    catch_up_window: timedelta | None


def in_doubt(store: Store, due_at: datetime | None = None, limit: int = 0) -> list[Doubtful]:
    """Return the doubts, the oldest first; with `due_at`, those whose look is due, the longest waiting first.

    `limit` 0 is all.
    """
    rows = store.execute(
        f"""
        select c.id, c.execution_id, e.schedule_id, c.carrier, c.from_number, c.to_number, c.reason, c.error,
          c.created_at, c.looks, c.found, c.next_poll_at, s.on_doubt_seconds,
          exists (select 1 from calls o where o.execution_id = c.execution_id and (o.reason = 'redialled_from_doubt'
            or o.reason = 'end_lost_in_restore' and o.carrier_call_id is null)),
          s.catch_up_window_seconds, c.carrier_call_id
        from calls c
        join executions e on e.id = c.execution_id
        join schedules s on s.id = e.schedule_id
        where c.status = 'in_doubt' {"and c.next_poll_at <= ?" if due_at is not None else ""}
        order by {"c.next_poll_at, " if due_at is not None else ""}c.created_at, c.id limit {limit or -1:d}
        """,  # noqa: S608 - constants of this file
        () if due_at is None else (to_text(due_at),),
    )
    return [
        Doubtful(
            row[0],
            row[1],
            row[2],
            row[3],
            row[15],
            row[4],
            row[5],
            row[6],
            row[7],
            from_text(row[8]),
            row[9],
            row[10],
            maybe_instant(row[11]),
            _span(row[12]),
            bool(row[13]),
            _span(row[14]),
        )
        for row in rows
    ]


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def looked(store: Store, call_id: str, looks: int, next_look_at: datetime | None, found: str) -> None:
    """Note what a look for a doubtful call came to, and when the next one is; None: there is none."""
    store.execute(
        "update calls set looks = ?, next_poll_at = ?, found = ? where id = ? and status = 'in_doubt'",
        (looks, to_text(next_look_at) if next_look_at else None, found, call_id),
    )


def bind(store: Store, call_id: str, carrier_call_id: str) -> None:
    """Note under which id the carrier has a call, if no other of our calls bears it."""
    store.execute(
        """
        update or ignore calls set carrier_call_id = ? where id = ? and carrier_call_id is null
        """,
        (carrier_call_id, call_id),
    )


class Named(NamedTuple):
    """Who has a call, and under which id."""

    carrier: str
    carrier_call_id: str | None


def named(store: Store, call_id: str) -> Named | None:
    """Return who has a call, and under which id; None when there is no such call."""
    row = store.execute("select carrier, carrier_call_id from calls where id = ?", (call_id,)).fetchone()
    return Named(*row) if row else None


def ask_soon(store: Store, call_id: str, now: datetime) -> bool:
    """Let the next pass ask about a call that is followed or in doubt; False when that is planned already."""
    return bool(
        store.execute(
            """
            update calls set next_poll_at = ?1 where id = ?2 and (next_poll_at is null or next_poll_at > ?1)
              and status in ('queued', 'ringing', 'in_progress', 'in_doubt')
            """,
            (to_text(now), call_id),
        ).rowcount
    )


def settled_unseen(store: Store, doubt: Doubtful, within: timedelta) -> bool:
    """True when a call between the same two numbers is over whose id at the carrier nobody knows.

    A person has settled it, its callee was dialled again, or its end was lost when a copy was put back.
    """
    row = store.execute(
        """
        select 1 from calls
        where to_number = ? and from_number = ? and carrier = ? and carrier_call_id is null
          and status in ('completed', 'failed') and created_at between ? and ?
        """,
        (
            doubt.to_number,
            doubt.from_number,
            doubt.carrier,
            to_text(doubt.created_at - within),
            to_text(doubt.created_at + within),
        ),
    ).fetchone()
    return row is not None


def is_ours(store: Store, carrier: str, carrier_call_id: str) -> bool:
    """True when a carrier's call belongs to one of our rows."""
    row = store.execute(
        "select 1 from calls where carrier = ? and carrier_call_id = ?", (carrier, carrier_call_id)
    ).fetchone()
    return row is not None


def ask_again(store: Store, call_id: str, next_poll_at: datetime) -> None:
    """Note that a live call goes on as it did, and when to ask about it again."""
    # Apart from `move`: writing a status rewrites six indexes, even when it is the same one.
    store.execute("update calls set next_poll_at = ? where id = ?", (to_text(next_poll_at), call_id))


def move(store: Store, call_id: str, status: CallState, next_poll_at: datetime, withdrawn: str | None = None) -> None:
    """Note what a live call does, when to ask about it again, and why it was withdrawn if it was."""
    store.execute(
        "update calls set status = ?, next_poll_at = ?, reason = ? where id = ?",
        (status, to_text(next_poll_at), withdrawn, call_id),
    )


def finish(
    store: Store,
    call_id: str,
    status: CallState,
    now: datetime,
    *,
    reason: str | None = None,
    error: str | None = None,
    answered_by: str | None = None,
    duration_seconds: int | None = None,
    price: str | None = None,
    currency: str | None = None,
    price_look_at: datetime | None = None,
) -> None:
    """Close a call. `price_look_at`: when the carrier is asked what it cost."""
    assert not CALL_MOVES[status], "a final state"
    store.execute(
        """
        update calls set status = ?, reason = ?, error = ?, answered_by = ?, duration_seconds = ?, finished_at = ?,
          price = ?, currency = ?, next_poll_at = ?, looks = iif(?9 is null, looks, 0)
        where id = ?
        """,
        (
            status,
            reason,
            error,
            answered_by,
            duration_seconds,
            to_text(now),
            price,
            currency,
            maybe_text(price_look_at),
            call_id,
        ),
    )


class Unpriced(NamedTuple):
    """A call that is over, and of which the carrier has not said yet what it cost."""

    id: str
    carrier: str
    carrier_call_id: str
    placed_at: datetime
    finished_at: datetime
    looks: int


def to_price(store: Store, now: datetime, limit: int) -> list[Unpriced]:
    """Return the calls whose carrier is to be asked for their price at `now`, the longest waiting first."""
    rows = store.execute(
        """
        select id, carrier, carrier_call_id, placed_at, finished_at, looks from calls
        where finished_at is not null and next_poll_at is not null and next_poll_at <= ?
        order by next_poll_at limit ?
        """,
        (to_text(now), limit),
    )
    return [Unpriced(row[0], row[1], row[2], from_text(row[3]), from_text(row[4]), row[5]) for row in rows]


def price(store: Store, call_id: str, price: str | None, currency: str | None, next_look_at: datetime | None) -> None:
    """Note what a call cost, or when its carrier is asked again."""
    store.execute(
        """
        update calls set price = ?, currency = ?, next_poll_at = ?, looks = looks + 1 where id = ? and price is null
        """,
        (price, currency, maybe_text(next_look_at), call_id),
    )


def to_follow(store: Store, now: datetime, limit: int) -> list[Followed]:
    """Return the live calls whose carrier is to be asked at `now`, the longest waiting first."""
    rows = store.execute(
        """
        select c.id, c.execution_id, e.schedule_id, c.number, c.carrier, c.carrier_call_id, c.status, c.placed_at,
          s.max_attempts, s.retry_delay_seconds, s.backoff, s.retry_on, s.catch_up_window_seconds,
          e.deadline_at, c.to_number, u.timezone, s.calling_window, u.calling_window, c.reason
        from calls c
        join executions e on e.id = c.execution_id
        join schedules s on s.id = e.schedule_id
        left join users u on u.id = s.user_id
        where c.status in ('queued', 'ringing', 'in_progress') and c.next_poll_at <= ?
        order by c.next_poll_at, c.id
        limit ?
        """,
        (to_text(now), limit),
    )
    return [
        Followed(
            row[0],
            row[1],
            row[2],
            row[3],
            row[4],
            row[5],
            CallState(row[6]),
            from_text(row[7]),
            RetryPolicy(
                row[8],
                timedelta(seconds=row[9]),
                Backoff(row[10]),
                frozenset(map(Outcome, row[11].split(","))) if row[11] else frozenset(),
            ),
            _span(row[12]),
            from_text(row[13]),
            row[14],
            row[15],
            row[16],
            row[17],
            row[18],
        )
        for row in rows
    ]


def orphans(store: Store, placing_since: datetime) -> list[tuple[str, str, datetime]]:
    """Return intents that their process can no longer be carrying out: call and execution by id, and since when."""
    rows = store.execute(
        "select id, execution_id, created_at from calls where status = 'placing' and created_at <= ?",
        (to_text(placing_since),),
    )
    return [(row[0], row[1], from_text(row[2])) for row in rows]


def not_placed(store: Store, execution_id: str) -> int:
    """Count the requests of an execution that its carrier did not take."""
    (count,) = store.execute(
        """
        select count(*) from calls
        where execution_id = ? and status = 'not_placed'
          and reason not in ('put_back', 'stopped', 'too_late_to_send', 'window_closed')
        """,
        (execution_id,),
    ).fetchone()
    return int(count)


_DIALLED = "status not in ('not_placed', 'rejected')"


def dialled(store: Store, phone_numbers: Sequence[str], since: datetime, most: int) -> list[datetime]:
    """Return when any of a person's numbers was dialled after `since`, the newest first, at most `most` of them.

    A request that the carrier did not take rang nobody. A doubt may have, and counts; so does a call that was
    withdrawn from its carrier's queue, because nobody has seen that it did not ring.
    """
    holes = ", ".join("?" * len(phone_numbers))
    rows = store.execute(
        f"""
        select created_at from calls
        where to_number in ({holes}) and created_at > ? and {_DIALLED}
        order by created_at desc limit ?
        """,  # noqa: S608 - placeholders, and a constant of this file
        (*phone_numbers, to_text(since), most),
    )
    return [from_text(row[0]) for row in rows]


class Ringing(NamedTuple):
    """A call that its carrier has, for whoever looks on."""

    id: str
    callee: str
    """The user's name, else the number."""
    status: str
    carrier: str
    placed_at: datetime


def going_on(store: Store, limit: int) -> list[Ringing]:
    """Return the calls that their carriers have and that are not over, the latest first."""
    rows = store.execute(
        """
        select c.id, coalesce(u.name, c.to_number), c.status, c.carrier, c.placed_at from calls c
        join executions e on e.id = c.execution_id
        join schedules s on s.id = e.schedule_id
        left join users u on u.id = s.user_id
        where c.status in ('queued', 'ringing', 'in_progress') order by c.next_poll_at desc limit ?
        """,
        (limit,),
    )
    return [Ringing(row[0], row[1], row[2], row[3], from_text(row[4])) for row in rows]


def count_live(store: Store, doubts_since: datetime) -> int:
    """Count the calls that are going on. A doubt may be one of them as long as it is young."""
    (count,) = store.execute(
        """
        select count(*) from calls
        where finished_at is null
          and (status <> 'in_doubt' or created_at > ?)
        """,
        (to_text(doubts_since),),
    ).fetchone()
    return int(count)


def count_from(store: Store, first_id: str) -> int:
    """Count the calls that were dialled, from an id on; ids begin with their time."""
    (count,) = store.execute(
        f"select count(*) from calls where id >= ? and {_DIALLED}",  # noqa: S608 - a constant of this file
        (first_id,),
    ).fetchone()
    return int(count)


def execution_of(store: Store, call_id: str) -> str | None:
    """Return the execution of a call; None when there is no such call."""
    row = store.execute("select execution_id from calls where id = ?", (call_id,)).fetchone()
    return row[0] if row else None


def find(store: Store, word: str) -> list[Call]:
    """Return the call with that id, else every call that a carrier knows by it."""
    ours = f"select {_COLUMNS} from calls where "  # noqa: S608 - a constant of this file
    theirs = "carrier_call_id = ? and carrier in (select carrier from numbers) order by id"
    for where in ("id = ?", theirs, "carrier_call_id = ? order by id"):
        found = [from_row(row) for row in store.execute(ours + where, (word,))]
        if found:
            return found
    return []


def live_to(store: Store, to_number: str) -> list[str]:
    """Return the live call to a number, if there is one."""
    rows = store.execute(
        """
        select id from calls
        where to_number = ? and finished_at is null
        """,
        (to_number,),
    )
    return [row[0] for row in rows]


def live_from(store: Store, from_number: str) -> list[str]:
    """Return the ids of the calls that show a number and are not over, or may not be."""
    rows = store.execute(
        "select id from calls where finished_at is null and from_number = ? order by id", (from_number,)
    )
    return [row[0] for row in rows]


def find_status(store: Store, call_id: str) -> CallState | None:
    """Return the state of a call; None when there is no such call."""
    row = store.execute("select status from calls where id = ?", (call_id,)).fetchone()
    return CallState(row[0]) if row else None


def status_of(store: Store, call_id: str) -> CallState:
    """Return the state of a call as it is now on disk."""
    return CallState(store.execute("select status from calls where id = ?", (call_id,)).fetchone()[0])


def rows_of_executions(store: Store, execution_ids: Sequence[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of the calls of each execution, the first attempt first; `from_row` reads them."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for start in range(0, len(execution_ids), 500):
        some = execution_ids[start : start + 500]
        rows = store.execute(
            f"select {_COLUMNS} from calls where execution_id in ({', '.join('?' * len(some))}) "  # noqa: S608
            "order by number, id",
            some,
        )
        for row in rows:
            found.setdefault(row[1], []).append(row)
    return found


def from_row(row: tuple[Any, ...]) -> Call:
    """Read a row of a call."""
    return Call(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        CallState(row[7]),
        row[8],
        row[9],
        row[10],
        from_text(row[11]),
        from_text(row[12]),
        maybe_instant(row[13]),
        maybe_instant(row[14]),
        row[15],
        row[16],
        row[17],
    )
