"""Numbers: what a call shows, and the carrier that it is rented from."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from hyponema_cli.core.errors import Conflict
from hyponema_cli.core.gates import Caller
from hyponema_cli.core.instant import from_text, to_text
from hyponema_cli.core.records import Number
from hyponema_cli.store import Store

_COLUMNS = "id, phone_number, carrier, label, agent_id, created_at, updated_at"


def insert(store: Store, number: Number) -> None:
    """Add a number; raises Conflict when it is there already."""
    try:
        store.execute(
            f"insert into numbers ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant of this file
            (
                number.id,
                number.phone_number,
                number.carrier,
                number.label,
                number.agent_id,
                to_text(number.created_at),
                to_text(number.updated_at),
            ),
        )
    except sqlite3.IntegrityError as error:
        word = number.phone_number
        hint = f"hyp numbers show {word}"
        if any(each.carrier != number.carrier for each in find(store, word)):
            hint = f"move it: hyp numbers edit {word} --carrier {number.carrier}"
        raise Conflict(f"number {number.phone_number} exists already", hint=hint) from error


def update(store: Store, number: Number, now: datetime) -> None:
    """Store what can be edited of a number."""
    store.execute(
        "update numbers set carrier = ?, label = ?, updated_at = ? where id = ?",
        (number.carrier, number.label, to_text(now), number.id),
    )


def attach(store: Store, number_id: str, agent_id: str | None, now: datetime) -> None:
    """Give the number to an agent, or to nobody."""
    store.execute(
        "update numbers set agent_id = ?, attached_at = ?, updated_at = ? where id = ?",
        (agent_id, to_text(now) if agent_id else None, to_text(now), number_id),
    )


def delete(store: Store, number_id: str) -> None:
    """Let the number go; calls keep it as text."""
    store.execute("delete from numbers where id = ?", (number_id,))


def find(store: Store, word: str) -> list[Number]:
    """Return the number with that id or E.164 form."""
    return _select(store, "id = ? or phone_number = ?", (word, word))


def select(store: Store, limit: int) -> list[Number]:
    """List numbers; `limit` 0 is all."""
    return _select(store, "true", (), limit)


def of_agent(store: Store, agent_id: str) -> list[Number]:
    """Return the numbers attached to an agent, the one attached first at the front."""
    return _select(store, "agent_id = ?", (agent_id,), order="attached_at, id")


def caller_of(store: Store, agent_id: str, frozen: str | None) -> Caller | None:
    """Return the caller ID for an agent's call.

    The number that was attached first, so that a person sees the same number every time; for a retry (`frozen`), the
    number of the first attempt or none.
    """
    row = store.execute(
        """
        select phone_number, carrier from numbers
        where agent_id = ?1 and (?2 is null or phone_number = ?2)
        order by attached_at, id limit 1
        """,
        (agent_id, frozen),
    ).fetchone()
    return Caller(row[0], row[1]) if row else None


def agent_of(store: Store, phone_number: str) -> str | None:
    """Return the agent that has a number, if one has it."""
    row = store.execute("select agent_id from numbers where phone_number = ?", (phone_number,)).fetchone()
    return row[0] if row else None


def accounts(store: Store) -> list[str]:
    """Return the carrier accounts of all attached numbers."""
    rows = store.execute("select distinct carrier from numbers where agent_id is not null order by carrier")
    return [row[0] for row in rows]


def count_by_account(store: Store) -> dict[str, int]:
    """Return how many numbers are on each carrier account."""
    return dict(store.execute("select carrier, count(*) from numbers group by carrier order by carrier"))


def _select(
    store: Store, where: str, values: tuple[str, ...], limit: int = 0, order: str = "phone_number"
) -> list[Number]:
    rows = store.execute(
        f"select {_COLUMNS} from numbers where {where} order by {order} limit {limit or -1:d}",  # noqa: S608 - constants
        values,
    )
    return [Number(row[0], row[1], row[2], row[3], row[4], from_text(row[5]), from_text(row[6])) for row in rows]
