"""A part of a transaction can be undone, and nothing else of it."""

from __future__ import annotations

import sqlite3

import pytest

from hyponema_cli.store import events, settings
from tests.world import MONDAY, World


def test_what_is_undone_leaves_no_line_in_the_trail(world: World) -> None:
    with world.store.transaction():
        for key in ("kept", "undone", "kept, too"):
            try:
                with world.store.savepoint():
                    settings.put(world.store, key, "1")
                    events.add(world.store, MONDAY, "test", key)
                    if key == "undone":
                        raise ZeroDivisionError
            except ZeroDivisionError:
                pass
    assert {"kept", "kept, too"} <= set(settings.stored(world.store))
    assert "undone" not in settings.stored(world.store)
    assert [each.name for each in events.select(world.store, limit=2)] == ["kept, too", "kept"]


def test_when_sqlite_undoes_the_whole_by_itself_the_reason_is_what_is_raised(world: World) -> None:
    """As a full disk may make it do (sqlite.org/lang_transaction.html, section 3.1)."""
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"), world.store.transaction():
        settings.put(world.store, "before", "1")
        with world.store.savepoint():
            world.store.execute("insert or rollback into settings values ('before', '2')")
    assert "before" not in settings.stored(world.store)
    assert not world.store.in_transaction()
