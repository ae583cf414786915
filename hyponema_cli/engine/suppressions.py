"""Who must not be called any more? A number goes on the list, and comes off it; both leave a line."""

from __future__ import annotations

from datetime import timedelta

from hyponema_cli.core.errors import NotFound, suggestion
from hyponema_cli.core.records import Suppressed
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.sessions import person
from hyponema_cli.store import events, executions, suppressions


def add(desk: Desk, who: str, *, reason: str | None, lasting: timedelta | None, created_by: str) -> Suppressed:
    """Let nobody dial a number, or a user's, for good or for a while. Said again, the newer words count."""
    now = desk.clock.now().replace(microsecond=0)
    with desk.store.transaction():
        _, number = person(desk.store, who)
        suppressions.put(
            desk.store, Suppressed(number, reason, created_by, now, now + lasting if lasting is not None else None)
        )
        executions.wake(desk.store, now, phone_number=number)
        detail = None if lasting is None else {"seconds": int(lasting.total_seconds())}
        events.add(desk.store, now, desk.actor, "suppression.added", subject_id=number, reason=reason, detail=detail)
        found = suppressions.find(desk.store, number)
    assert found is not None, "it was just written"
    return found


def remove(desk: Desk, who: str, *, reason: str | None) -> str:
    """Let a number, or a user's, be dialled again; return the number. Raises NotFound when it was not suppressed."""
    now = desk.clock.now().replace(microsecond=0)
    with desk.store.transaction():
        _, number = person(desk.store, who)
        if not suppressions.remove(desk.store, number):
            known = [each.phone_number for each in suppressions.select(desk.store, now, 1000)]
            hint = suggestion(number, known, otherwise="see: hyp suppressions list")
            raise NotFound(f"{number} is not suppressed", hint=hint)
        executions.wake(desk.store, now, phone_number=number)
        events.add(desk.store, now, desk.actor, "suppression.removed", subject_id=number, reason=reason)
    return number
