"""What in a workspace is likely to be a mistake? Counted for `hyp doctor`, each with a few examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hyponema_cli.store import Store

EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Oddity:
    """How many rows are odd in one way, and the ids of a few."""

    count: int
    examples: tuple[str, ...]


_LIVE = "s.status in ('active', 'paused')"
_CALLS_SOMEBODY = "exists (select 1 from schedules s where s.agent_id = a.id and s.status in ('active', 'paused'))"
_HAS_NUMBER = "exists (select 1 from numbers n where n.agent_id = a.id)"
_WITHOUT_WINDOW = "s.calling_window is null and u.calling_window is null"


def agents_without_number(store: Store) -> Oddity:
    """Return the agents that have schedules and no number to show."""
    return _find(store, "a.id", "agents a", f"a.removed_at is null and {_CALLS_SOMEBODY} and not {_HAS_NUMBER}")


def agents_not_connected(store: Store) -> Oddity:
    """Return the agents that have schedules and a number on a real carrier, which knows no way to reach them."""
    real = "exists (select 1 from numbers n where n.agent_id = a.id and n.carrier <> 'simulated')"
    way = "coalesce(a.answer_url, a.stream_url, a.application_sid)"
    return _find(
        store, "a.id", "agents a", f"a.removed_at is null and {way} is null and {real} and {_CALLS_SOMEBODY}"
    )


def schedules_without_window(store: Store) -> Oddity:
    """Return the live schedules that have no calling window, nor has their user."""
    return _find(store, "s.id", "schedules s left join users u on u.id = s.user_id", f"{_LIVE} and {_WITHOUT_WINDOW}")


def unbounded_schedules(store: Store) -> Oddity:
    """Return the live recurring schedules that have no end."""
    return _find(
        store,
        "s.id",
        "schedules s",
        f"{_LIVE} and s.kind <> 'once' and s.until_at is null and s.max_occurrences is null",
    )


def schedules_in_trouble(store: Store) -> Oddity:
    """Return the live schedules of which nothing can be known of what follows."""
    return _find(store, "s.id", "schedules s", f"{_LIVE} and s.trouble is not null")


def users_without_zone(store: Store, *, workspace_window: bool) -> Oddity:
    """Return the users without a timezone who are called in a calling window: their own, a schedule's or, if there is
    one, the workspace's."""
    return _find(
        store,
        "distinct u.id",
        "users u join schedules s on s.user_id = u.id",
        f"""
        u.removed_at is null and u.timezone is null and {_LIVE}
        and (:workspace or s.calling_window is not null or u.calling_window is not null)
        """,
        {"workspace": workspace_window},
    )


def _find(store: Store, what: str, source: str, where: str, values: dict[str, Any] | None = None) -> Oddity:
    (count,) = store.execute(f"select count({what}) from {source} where {where}", values or {}).fetchone()  # noqa: S608 - constants
    rows = store.execute(f"select {what} from {source} where {where} limit {EXAMPLES}", values or {})  # noqa: S608
    return Oddity(int(count), tuple(row[0] for row in rows))
