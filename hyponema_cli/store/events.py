"""The audit trail: one line for every change of state, never rewritten."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from hyponema_cli.core.instant import from_text, to_text
from hyponema_cli.core.records import Event
from hyponema_cli.store import Store
from hyponema_cli.store.aside import put_aside

_ABOUT = ("schedule_id", "execution_id", "subject_id")


def add(
    store: Store,
    now: datetime,
    actor: str,
    name: str,
    *,
    schedule_id: str | None = None,
    execution_id: str | None = None,
    call_id: str | None = None,
    subject_id: str | None = None,
    reason: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write a line. `actor` is who did it (operator, tick, worker); `subject_id` names an agent, user or number."""
    store.audit(
        (
            to_text(now),
            actor,
            name,
            schedule_id,
            execution_id,
            call_id,
            subject_id,
            reason,
            None if detail is None else json.dumps(detail, default=str),
        ),
    )


def select(
    store: Store,
    *,
    about: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 0,
) -> list[Event]:
    """List lines of the trail, the latest first; `limit` 0 is all, bounds are inclusive.

    `about` are ids of schedules, executions or subjects; for a call, its execution's.
    """
    where, values = _where(about, since, until)
    rows = store.execute(
        f"select {_COLUMNS} from events where {where} order by id desc limit {limit or -1:d}",  # noqa: S608 - constants
        values,
    )
    return list(map(_from_row, rows))


def at_leisure(
    store: Store,
    *,
    about: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 0,
) -> Iterator[Event]:
    """Yield what `select` lists, however long, as it is now; nothing is held when the first is asked for."""
    where, values = _where(about, since, until)
    chosen = f"select id from events where {where} order by id desc limit {limit or -1:d}"  # noqa: S608 - constants

    def read(ids: Sequence[int]) -> list[tuple[Any, ...]]:
        holes = ", ".join("?" * len(ids))
        return store.execute(
            f"select {_COLUMNS} from events where id in ({holes}) order by id desc",  # noqa: S608 - constants
            ids,
        ).fetchall()

    return map(_from_row, put_aside(store, chosen, values, read))


_COLUMNS = "id, at, actor, name, schedule_id, execution_id, call_id, subject_id, reason, detail"


def _where(about: Sequence[str], since: datetime | None, until: datetime | None) -> tuple[str, list[Any]]:
    """Return the condition of a list, and its values."""
    filters, values = ["true"], list[Any]()
    if about:
        holes = ", ".join("?" * len(about))
        filters.append("(" + " or ".join(f"{column} in ({holes})" for column in _ABOUT) + ")")
        values.extend([*about] * len(_ABOUT))
    for operator, bound in ((">=", since), ("<=", until)):
        if bound is not None:
            filters.append(f"at {operator} ?")
            values.append(to_text(bound))
    return " and ".join(filters), values


def _from_row(row: tuple[Any, ...]) -> Event:
    return Event(
        row[0],
        from_text(row[1]),
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        json.loads(row[9]) if row[9] else None,
    )
