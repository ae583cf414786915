"""Holds: carrier accounts, and numbers of theirs, that are left alone for a while because they were refused.

Kept here, so that a refused account is not asked again by the next pass, or by another process, for everybody who is
due: the list must not be burned, and a carrier is not hammered.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from hyponema_cli.core.instant import from_text, to_text
from hyponema_cli.store import Store

LONGEST = timedelta(days=1)


class Hold(NamedTuple):
    """Why an account, or one number on it, is left alone, and until when."""

    account: str
    from_number: str | None
    """None: the whole account."""
    problem: str
    until: datetime


def put(store: Store, hold: Hold, now: datetime) -> None:
    """Leave an account or a number alone until then, or longer if it was told so before."""
    store.execute(
        """
        insert into holds (account, from_number, problem, until) values (?, ?, ?, ?)
        on conflict do update set problem = excluded.problem, until = excluded.until
        where excluded.until > until or until > ?
        """,
        (hold.account, hold.from_number or "", hold.problem, to_text(hold.until), to_text(now + LONGEST)),
    )


def in_force(store: Store, now: datetime) -> list[Hold]:
    """Return the holds that are not over at `now`.

    One that would last longer than any can was made while the clock ran ahead, and means nothing.
    """
    rows = store.execute(
        "select account, from_number, problem, until from holds where until > ? and until <= ? "
        "order by account, from_number",
        (to_text(now), to_text(now + LONGEST)),
    )
    return [Hold(row[0], row[1] or None, row[2], from_text(row[3])) for row in rows]


def lift(store: Store, account: str) -> int:
    """Let an account and all its numbers be used again; return how many holds that ended."""
    return store.execute("delete from holds where account = ?", (account,)).rowcount
