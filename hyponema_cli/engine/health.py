"""How is a workspace? Its figures, read as fast as they can be: monitors ask every minute, of files of any size."""

from __future__ import annotations

from datetime import UTC, datetime

from hyponema_cli.core import walltime
from hyponema_cli.core.errors import InvalidInput, Unusable
from hyponema_cli.core.health import Limits, Measures, Reason, Vitals, reasons
from hyponema_cli.core.timewords import stored_zone
from hyponema_cli.store import Store, heartbeat, holds, journal, numbers, settings, vitals, webhooks


def read(store: Store, now: datetime) -> Vitals:
    """Return the figures of health at `now`."""
    counts = vitals.schedule_counts(store)
    beat = heartbeat.last(store.path)
    backlog, dead = webhooks.backlog(store)
    return Vitals(
        now=now,
        pending=counts.get("active", 0),
        total=sum(counts.values()),
        last_execution=vitals.last_dial(store),
        failed_today=vitals.unsuccessful_since(store, _midnight(store, now)),
        heartbeat_at=beat.at if beat else None,
        heartbeat_of=beat.who if beat else "",
        heartbeat_obstacle=heartbeat.obstacle(store.path),
        oldest_due_at=vitals.oldest_due(store, now),
        doubts=vitals.doubts(store),
        held_carriers=_held(store, now),
        database_behind=_is_behind(store),
        webhook_backlog=backlog,
        webhooks_dead=dead,
    )


def judged(store: Store, now: datetime, limits: Limits | None = None) -> tuple[Vitals, list[Reason]]:
    """Return the figures of health at `now`, and what is wrong by those limits, or the usual ones."""
    found = read(store, now)
    return found, reasons(found, limits or Limits())


def measure(store: Store, now: datetime) -> Measures:
    """Return what a collector of metrics gets besides."""
    held = _held(store, now)
    return Measures(
        schedules=vitals.schedule_counts(store),
        ended=vitals.ended_counts(store),
        open_executions=vitals.open_executions(store),
        open_calls=vitals.open_calls(store),
        dials=vitals.dials(store),
        held={account: account in held for account in sorted({*numbers.count_by_account(store), *held})},
        live=settings.stored(store).get("live") == "true",
        size_bytes=store.path.stat().st_size,
    )


def _midnight(store: Store, now: datetime) -> datetime:
    name = settings.stored(store).get("timezone")
    try:
        return walltime.day_around(now, stored_zone(name) if name else UTC)[0]
    except InvalidInput:  # a zone that this machine's data do not know any more
        return walltime.day_around(now, UTC)[0]


def _held(store: Store, now: datetime) -> tuple[str, ...]:
    return tuple(hold.account for hold in holds.in_force(store, now) if hold.from_number is None)


def _is_behind(store: Store) -> bool | None:
    try:
        return journal.is_behind(store)
    except Unusable:
        return None
