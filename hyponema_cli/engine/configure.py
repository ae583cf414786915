"""What follows when a setting of the workspace changes? Whoever waited for it is looked at again."""

from __future__ import annotations

from hyponema_cli.engine.desk import Desk
from hyponema_cli.store import events, executions, settings, turns


def change(desk: Desk, key: str, value: str | None) -> None:
    """Choose a setting, in its stored form; None goes back to its default. The zone has its own way: book."""
    with desk.store.transaction():
        if not write(desk, key, value):
            return
        if key == "pace":
            # The turns that were given out at the old pace are not waited for at the new one.
            turns.forget(desk.store)
        executions.wake_all(desk.store, desk.clock.now())


def write(desk: Desk, key: str, value: str | None) -> bool:
    """Write a setting, and a line about it, in the transaction that is open; False when it has that value already."""
    if settings.stored(desk.store).get(key) == value:
        return False
    if value is None:
        settings.drop(desk.store, key)
    else:
        settings.put(desk.store, key, value)
    now = desk.clock.now()
    events.add(desk.store, now, desk.actor, "setting.changed", subject_id=key, reason=value, detail={"value": value})
    return True
