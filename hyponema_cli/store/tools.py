"""Tools: which an agent may use, what it did with them, what it has proposed, and what it has promised."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from hyponema_cli.core.call import ExecutionState, ScheduleState
from hyponema_cli.core.instant import from_text, maybe_instant, maybe_text, to_text
from hyponema_cli.core.promise import Promise
from hyponema_cli.core.records import Proposal, ToolCall
from hyponema_cli.store import Store


def enable(store: Store, agent_id: str, tool: str, now: datetime) -> bool:
    """Let an agent use a tool; False when it could before."""
    cursor = store.execute(
        "insert into agent_tools values (?, ?, ?) on conflict do nothing", (agent_id, tool, to_text(now))
    )
    return cursor.rowcount == 1


def disable(store: Store, agent_id: str, tool: str) -> bool:
    """Take a tool away from an agent; False when it had not got it."""
    return store.execute("delete from agent_tools where agent_id = ? and tool = ?", (agent_id, tool)).rowcount == 1


def enabled(store: Store, agent_id: str) -> list[str]:
    """Return the tools that an agent may use."""
    rows = store.execute("select tool from agent_tools where agent_id = ? order by tool desc", (agent_id,))
    return [row[0] for row in rows]


_CALL = "id, session_id, agent_id, tool, arguments, status, answer, run_at, schedule_id, at"


def trace(store: Store, it: ToolCall) -> None:
    """Write down what a tool was asked, and what it answered."""
    store.execute(
        f"insert into tool_calls ({_CALL}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
        (
            it.id,
            it.session_id,
            it.agent_id,
            it.tool,
            json.dumps(it.arguments, ensure_ascii=False),
            it.status,
            json.dumps(it.answer, ensure_ascii=False),
            maybe_text(it.run_at),
            it.schedule_id,
            to_text(it.at),
        ),
    )


def calls_of(store: Store, session_id: str, limit: int = 0) -> list[ToolCall]:
    """Return the tool calls of a session, the first first; `limit` 0 is all."""
    rows = store.execute(
        f"select {_CALL} from tool_calls where session_id = ? order by id limit ?",  # noqa: S608 - a constant
        (session_id, limit or -1),
    )
    return [
        ToolCall(
            row[0],
            row[1],
            row[2],
            row[3],
            json.loads(row[4]),
            row[5],
            json.loads(row[6]),
            maybe_instant(row[7]),
            row[8],
            from_text(row[9]),
        )
        for row in rows
    ]


_PROPOSAL = (
    "id, session_id, agent_id, tool, action, schedule_id, occurrence_at, run_at, details, created_at, expires_at, "
    "confirmed_at, kept_by"
)


def propose(store: Store, it: Proposal) -> None:
    """Keep a proposal until the caller has agreed to it."""
    store.execute(
        f"insert into proposals ({_PROPOSAL}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null, null)",  # noqa: S608
        (
            it.id,
            it.session_id,
            it.agent_id,
            it.tool,
            it.action,
            it.schedule_id,
            maybe_text(it.occurrence_at),
            maybe_text(it.run_at),
            json.dumps(it.details, ensure_ascii=False),
            to_text(it.created_at),
            to_text(it.expires_at),
        ),
    )


def proposal(store: Store, proposal_id: str, session_id: str) -> Proposal | None:
    """Return a proposal of a session."""
    row = store.execute(
        f"select {_PROPOSAL} from proposals where id = ? and session_id = ?",  # noqa: S608 - a constant
        (proposal_id, session_id),
    ).fetchone()
    return _proposal(row) if row else None


def confirm(store: Store, proposal_id: str, kept_by: str | None, now: datetime) -> bool:
    """Note that a proposal was agreed to, and which schedule keeps what it promises; False when it was before."""
    cursor = store.execute(
        "update proposals set confirmed_at = ?, kept_by = ? where id = ? and confirmed_at is null",
        (to_text(now), kept_by, proposal_id),
    )
    return cursor.rowcount == 1


def count_promised(store: Store, session_id: str) -> int:
    """Count the calls that were promised in a session."""
    (count,) = store.execute(
        "select count(*) from proposals where session_id = ? and confirmed_at is not null and action = 'book'",
        (session_id,),
    ).fetchone()
    return int(count)


def promises(
    store: Store, window: timedelta, *, agent_id: str | None = None, since: datetime | None = None, limit: int = 0
) -> list[Promise]:
    """Return the calls that were promised, the latest first, with what is known of each; `limit` 0 is all.

    `window` is the catch-up window of schedules that have none of their own; `since` bounds when they were promised.
    """
    rows = store.execute(
        """
        select p.id, p.session_id, p.agent_id, coalesce(u.phone_number, s.to_number), s.user_id, p.confirmed_at,
          p.run_at, s.id, s.status, s.next_run_at, coalesce(s.catch_up_window_seconds, :window),
          e.id, e.status, e.reason, e.deadline_at,
          (select min(c.placed_at) from calls c where c.execution_id = e.id),
          (select min(o.confirmed_at) from proposals o
           where o.schedule_id = s.id and (o.confirmed_at, o.id) > (p.confirmed_at, p.id))
        from proposals p
        join schedules s on s.id = p.kept_by
        left join users u on u.id = s.user_id
        left join executions e on e.schedule_id = s.id and e.scheduled_time = p.run_at
          and e.kind in ('scheduled', 'withdrawn')
        where p.confirmed_at is not null and p.run_at is not null
          and (:agent is null or p.agent_id = :agent) and (:since is null or p.confirmed_at >= :since)
        order by p.run_at desc, p.id desc limit :limit
        """,
        {
            "window": int(window.total_seconds()),
            "agent": agent_id,
            "since": maybe_text(since),
            "limit": limit or -1,
        },
    )
    return [_promise(row) for row in rows]


def _promise(row: tuple[Any, ...]) -> Promise:
    run_at = from_text(row[6])
    return Promise(
        id=row[0],
        session_id=row[1],
        agent_id=row[2],
        phone_number=row[3],
        user_id=row[4],
        promised_at=from_text(row[5]),
        run_at=run_at,
        schedule_id=row[7],
        schedule_status=ScheduleState(row[8]),
        next_run_at=maybe_instant(row[9]),
        deadline_at=maybe_instant(row[14]) or run_at + timedelta(seconds=row[10]),
        execution_id=row[11],
        execution_status=ExecutionState(row[12]) if row[12] else None,
        reason=row[13],
        called_at=maybe_instant(row[15]),
        taken_back_at=maybe_instant(row[16]),
    )


def _proposal(row: tuple[Any, ...]) -> Proposal:
    details: Mapping[str, Any] = json.loads(row[8])
    return Proposal(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        maybe_instant(row[6]),
        maybe_instant(row[7]),
        details,
        from_text(row[9]),
        from_text(row[10]),
        maybe_instant(row[11]),
        row[12],
    )
