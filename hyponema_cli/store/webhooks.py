"""The outbox: what receivers are to be told, written in the transaction of the change itself.

An execution's messages go out in order; nothing of one is due while an earlier one to the same receiver is pending.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from hyponema_cli.core.instant import from_text, maybe_instant, maybe_text, to_text
from hyponema_cli.store import Store


class Wanted(NamedTuple):
    """Where an execution's changes are told, and which of them."""

    schedule_id: str
    url: str
    events: tuple[str, ...]
    """Empty: all."""


class Message(NamedTuple):
    """Something to be told to a receiver."""

    seq: int
    id: str
    execution_id: str
    schedule_id: str
    event: str
    url: str
    body: str
    status: str
    """pending, delivered or dead."""
    attempts: int
    next_try_at: datetime | None
    last_error: str | None
    created_at: datetime
    finished_at: datetime | None


_COLUMNS = (
    "seq, id, execution_id, schedule_id, event, url, body, status, attempts, next_try_at, last_error, created_at, "
    "finished_at"
)
TOLD_FOR = timedelta(hours=25)
"""How long a receiver is told a message that it does not take; longer than all the waits between."""
LONGEST_WAIT = timedelta(hours=9)
"""No message honestly waits longer for its next try; one that does was put off by a clock that ran ahead."""
_FIRST_IN_LINE = """not exists (select 1 from webhooks e where e.execution_id = w.execution_id and e.url = w.url
  and e.status = 'pending' and e.seq < w.seq)"""


def wanted(store: Store, execution_id: str) -> Wanted | None:
    """Return who wants to hear of an execution: its schedule's receiver, else the workspace's; None: nobody."""
    row = store.execute(
        """
        select s.id, coalesce(s.webhook_url, w.value), iif(s.webhook_events <> '', s.webhook_events, v.value)
        from executions e join schedules s on s.id = e.schedule_id
        left join settings w on w.key = 'webhook_url'
        left join settings v on v.key = 'webhook_events'
        where e.id = ?
        """,
        (execution_id,),
    ).fetchone()
    if row is None or row[1] is None:
        return None
    return Wanted(row[0], row[1], tuple(row[2].split(",")) if row[2] else ())


def put(store: Store, message_id: str, execution_id: str, event: str, to: Wanted, body: str, now: datetime) -> None:
    """Put a message into the outbox."""
    store.execute(
        """
        insert into webhooks
          (id, execution_id, schedule_id, event, url, body, status, next_try_at, give_up_at, created_at)
        values (?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?)
        """,
        (
            message_id,
            execution_id,
            to.schedule_id,
            event,
            to.url,
            body,
            to_text(now),
            to_text(now + TOLD_FOR),
            to_text(now),
        ),
    )


def any_due(store: Store, now: datetime, leave: Collection[str] = ()) -> bool:
    """True when a message is to be sent at `now` to a receiver that is not in `leave`, or waits absurdly long."""
    holes = ", ".join("?" * len(leave))
    row = store.execute(
        f"""
        select exists (
            select 1 from webhooks w
            where w.status = 'pending' and w.next_try_at <= ? and w.url not in ({holes}) and {_FIRST_IN_LINE})
          or exists (select 1 from webhooks where status = 'pending' and next_try_at > ?)
        """,  # noqa: S608 - placeholders, and a constant of this file
        (to_text(now), *leave, to_text(now + LONGEST_WAIT)),
    ).fetchone()
    return bool(row[0])


def claim(store: Store, now: datetime, leave: Collection[str], limit: int, until: datetime) -> list[Message]:
    """Take messages that are due, the longest waiting first, none to the receivers in `leave`.

    Nobody else takes them before `until`: if we die, they are told again then.
    """
    store.execute(
        "update webhooks set next_try_at = ?, claimed = 0 where status = 'pending' and next_try_at > ?",
        (to_text(now), to_text(now + LONGEST_WAIT)),
    )
    holes = ", ".join("?" * len(leave))
    rows = store.execute(
        f"""
        update webhooks set next_try_at = ?, claimed = 1
        where seq in (
          select w.seq from webhooks w
          where w.status = 'pending' and w.next_try_at <= ? and w.url not in ({holes})
            and {_FIRST_IN_LINE}
          order by w.next_try_at, w.seq limit ?)
        returning {_COLUMNS}
        """,  # noqa: S608 - placeholders, and a constant of this file
        (to_text(until), to_text(now), *leave, limit),
    ).fetchall()
    return sorted((_from_row(row) for row in rows), key=lambda message: message.seq)


_STILL_OURS = "seq = ? and claimed and next_try_at is ?"
"""Whoever was so slow that his lease ran out must not undo what another has done since."""


def delivered(store: Store, message: Message, now: datetime) -> None:
    """Note that a receiver has taken a message, whoever may have claimed it since."""
    store.execute(
        """
        update webhooks set status = 'delivered', attempts = attempts + 1, finished_at = ?, next_try_at = null,
          claimed = 0, last_error = null
        where seq = ? and status = 'pending'
        """,
        (to_text(now), message.seq),
    )


def failed(store: Store, message: Message, error: str, next_try_at: datetime | None, now: datetime) -> bool:
    """Note that a receiver has not taken a message that was claimed; without another try it is dead.

    False when the message is not ours any more.
    """
    cursor = store.execute(
        f"""
        update webhooks set status = iif(?1 is null, 'dead', 'pending'), attempts = attempts + 1, next_try_at = ?1,
          claimed = 0, last_error = ?2, finished_at = iif(?1 is null, ?3, null)
        where {_STILL_OURS.replace("?", "?4", 1).replace("is ?", "is ?5")}
        """,  # noqa: S608 - a constant of this file
        (maybe_text(next_try_at), error, to_text(now), message.seq, maybe_text(message.next_try_at)),
    )
    return cursor.rowcount == 1


def give_back(store: Store, message: Message, next_try_at: datetime) -> None:
    """Put a message back that was claimed and not sent."""
    store.execute(
        f"update webhooks set next_try_at = ?, claimed = 0 where {_STILL_OURS}",  # noqa: S608 - a constant of this file
        (to_text(next_try_at), message.seq, maybe_text(message.next_try_at)),
    )


def give_up(store: Store, url: str, error: str, now: datetime) -> int:
    """Give up what a receiver has not taken for so long; return how many messages that were.

    One that is down takes none, and is tried with one: the others must not wait for ever for a try of their own.
    """
    return store.execute(
        """
        update webhooks set status = 'dead', next_try_at = null, finished_at = ?1, last_error = ?2
        where url = ? and status = 'pending' and not claimed and give_up_at <= ?1
        """,
        (to_text(now), error, url),
    ).rowcount


def take_back(store: Store, execution_id: str) -> None:
    """Take back what nobody was told yet of an execution, because it was not so."""
    store.execute(
        "delete from webhooks where execution_id = ? and status = 'pending' and not claimed", (execution_id,)
    )


def oldest_pending(store: Store) -> datetime | None:
    """Return since when the longest waiting message waits; None when none does."""
    row = store.execute("select created_at from webhooks where status = 'pending' order by seq limit 1").fetchone()
    return from_text(row[0]) if row else None


def hold_back(store: Store, message: Message, until: datetime) -> None:
    """Let the other messages to the receiver of one wait until then."""
    store.execute(
        """
        update webhooks set next_try_at = ?1
        where url = ? and status = 'pending' and not claimed and next_try_at < ?1 and seq <> ?
        """,
        (to_text(until), message.url, message.seq),
    )


def retry(store: Store, word: str, now: datetime) -> int:
    """Send anew what was not delivered: a message, an execution's or a schedule's; with `all`, what is dead.

    What is just being told stays with whoever tells it.
    """
    which = "status = 'dead'" if word == "all" else "status <> 'delivered' and ?3 in (id, execution_id, schedule_id)"
    return store.execute(
        f"""
        update webhooks set status = 'pending', attempts = 0, finished_at = null, give_up_at = ?2,
          next_try_at = iif(claimed and next_try_at > ?1, next_try_at, ?1)
        where {which}
        """,  # noqa: S608 - a constant of this function
        (to_text(now), to_text(now + TOLD_FOR), *(() if word == "all" else (word,))),
    ).rowcount


def select(store: Store, statuses: Sequence[str], limit: int, about: str | None = None) -> list[Message]:
    """List messages, the latest first; `limit` 0 is all, `about` is an id of a message, execution or schedule."""
    holes = ", ".join("?" * len(statuses))
    rows = store.execute(
        f"""
        select {_COLUMNS} from webhooks
        where status in ({holes}) and (? is null or ? in (id, execution_id, schedule_id))
        order by seq desc limit {limit or -1:d}
        """,  # noqa: S608 - placeholders, and a constant of this file
        (*statuses, about, about),
    )
    return [_from_row(row) for row in rows]


def backlog(store: Store) -> tuple[int, int]:
    """Count the messages that are pending, and those that are dead."""
    row = store.execute(
        "select sum(status = 'pending'), sum(status = 'dead') from webhooks where status <> 'delivered'"
    ).fetchone()
    return int(row[0] or 0), int(row[1] or 0)


def _from_row(row: tuple[Any, ...]) -> Message:
    return Message(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        maybe_instant(row[9]),
        row[10],
        from_text(row[11]),
        maybe_instant(row[12]),
    )
