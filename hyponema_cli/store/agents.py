"""Agents: who talks."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from hyponema_cli.core.connect import Connection
from hyponema_cli.core.errors import Conflict
from hyponema_cli.core.instant import from_text, to_text
from hyponema_cli.core.records import Agent
from hyponema_cli.store import Store

_COLUMNS = (
    "id, name, answer_url, stream_url, application_sid, created_at, updated_at, ring_timeout_seconds, "
    "time_limit_seconds, machine_detection, call_reason"
)


def insert(store: Store, agent: Agent) -> None:
    """Add an agent; raises Conflict when the id is taken, also by one that was removed."""
    try:
        store.execute(
            f"insert into agents ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
            (
                agent.id,
                agent.name,
                agent.answer_url,
                agent.stream_url,
                agent.application_sid,
                to_text(agent.created_at),
                to_text(agent.updated_at),
                agent.ring_timeout_seconds,
                agent.time_limit_seconds,
                agent.machine_detection,
                agent.call_reason,
            ),
        )
    except sqlite3.IntegrityError as error:
        raise Conflict(f"an agent {agent.id!r} exists already", hint=f"hyp agents show {agent.id}") from error


def update(store: Store, agent: Agent, now: datetime) -> None:
    """Write an agent's changed fields."""
    store.execute(
        """
        update agents set name = ?, answer_url = ?, stream_url = ?, application_sid = ?, ring_timeout_seconds = ?,
          time_limit_seconds = ?, machine_detection = ?, call_reason = ?, updated_at = ?
        where id = ?
        """,
        (
            agent.name,
            agent.answer_url,
            agent.stream_url,
            agent.application_sid,
            agent.ring_timeout_seconds,
            agent.time_limit_seconds,
            agent.machine_detection,
            agent.call_reason,
            to_text(now),
            agent.id,
        ),
    )


def connection_of(store: Store, agent_id: str) -> Connection:
    """Return how a carrier connects a call to an agent; to one that is not there, in no way."""
    found = _select(store, "id = ?", (agent_id,))
    return found[0].connection if found else Connection()


def find(store: Store, word: str) -> list[Agent]:
    """Return the agent with that id, else every agent with that exact name."""
    return _select(store, "id = ?", (word,)) or _select(store, "name = ?", (word,))


def select(store: Store, limit: int) -> list[Agent]:
    """List agents by name; `limit` 0 is all."""
    return _select(store, "true", (), limit)


def words(store: Store) -> list[str]:
    """Return the ids and names that could have been meant, for suggestions."""
    rows = store.execute("select id, name from agents where removed_at is null limit 1000")
    return [word for row in rows for word in row]


def remove(store: Store, agent_id: str, now: datetime) -> None:
    """Take an agent out of the lists; one that history needs keeps its row."""
    store.execute("update numbers set agent_id = null, attached_at = null where agent_id = ?", (agent_id,))
    if store.execute("select 1 from schedules where agent_id = ? limit 1", (agent_id,)).fetchone():
        store.execute("update agents set removed_at = ? where id = ?", (to_text(now), agent_id))
    else:
        store.execute("delete from agents where id = ?", (agent_id,))


def _select(store: Store, where: str, values: tuple[str, ...], limit: int = 0) -> list[Agent]:
    rows = store.execute(
        f"select {_COLUMNS} from agents where removed_at is null and {where} "  # noqa: S608 - constants of this file
        f"order by name, id limit {limit or -1:d}",
        values,
    )
    return [
        Agent(row[0], row[1], row[2], row[3], row[4], from_text(row[5]), from_text(row[6]), *row[7:11])
        for row in rows
    ]
