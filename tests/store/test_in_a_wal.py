"""Copies and forgetting where the database keeps a write-ahead log, as it does with a newer SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hyponema_cli.engine import forget
from hyponema_cli.engine.examine import examine
from hyponema_cli.store import backup, open_store, room
from tests.world import World


@pytest.fixture
def in_a_wal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr("hyponema_cli.store.wal_is_safe", lambda version, path: True)
    world = World(tmp_path)
    assert world.store.execute("pragma journal_mode").fetchone() == ("wal",)
    world.edit_user("ana", name="Quintanilla")
    world.add({"at": "now"})
    world.tick()
    world.tick("2026-03-02 08:05")
    yield world
    world.close()


def test_a_copy_is_one_file_that_needs_no_log(in_a_wal: World, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    backup.back_up(in_a_wal.store, folder / "copy.db", overwrite=False, now=0, on_progress=lambda part: None)
    assert [each.name for each in folder.iterdir()] == ["copy.db"]
    with closing(sqlite3.connect(f"{(folder / 'copy.db').as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
        assert copy.execute("pragma journal_mode").fetchone() == ("delete",)
        assert copy.execute("select count(*) from calls").fetchone() == (1,)
    open_store(folder / "copy.db").close()


def test_a_private_copy_can_be_looked_through_and_leaves_nothing(
    in_a_wal: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert examine(in_a_wal.store, "edition-1", quick=False, deep=True, on_progress=lambda part: None) == []
    assert list(folder.iterdir()) == []


def test_nothing_of_a_forgotten_person_is_left_in_the_log(in_a_wal: World) -> None:
    store = in_a_wal.store

    def names() -> set[str]:
        files = [each for each in store.path.parent.iterdir() if each.is_file()]
        return {each.name for each in files if b"Quintanilla" in each.read_bytes()}

    assert "world.db-wal" in names()
    found = forget.forget(in_a_wal.desk, forget.whom(store, "ana"), also_suppressions=False, reason=None)
    assert found.left is None
    assert names() == set()


def test_a_reader_that_keeps_the_log_is_told_of(in_a_wal: World, monkeypatch: pytest.MonkeyPatch) -> None:
    store = in_a_wal.store
    with closing(sqlite3.connect(store.path, isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from users").fetchone()
        store.execute("pragma busy_timeout = 50")
        found = forget.forget(in_a_wal.desk, forget.whom(store, "ana"), also_suppressions=False, reason=None)
        assert found.left is not None
    room.vacuum(store)
    assert b"Quintanilla" not in store.path.with_name("world.db-wal").read_bytes()
