"""The audit trail: one line for every change of state, never rewritten."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hyponema_cli.core.instant import from_text, to_text
from hyponema_cli.core.records import Event
from hyponema_cli.store import Store

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
    filters, values = ["true"], list[Any]()
    if about:
        holes = ", ".join("?" * len(about))
        filters.append("(" + " or ".join(f"{column} in ({holes})" for column in _ABOUT) + ")")
        values.extend([*about] * len(_ABOUT))
    for operator, bound in ((">=", since), ("<=", until)):
        if bound is not None:
            filters.append(f"at {operator} ?")
            values.append(to_text(bound))
    rows = store.execute(
        f"""
        select id, at, actor, name, schedule_id, execution_id, call_id, subject_id, reason, detail from events
        where {" and ".join(filters)} order by id desc limit {limit or -1:d}
        """,  # noqa: S608 - constants of this file
        values,
    )
    return [
        Event(
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
        for row in rows
    ]
