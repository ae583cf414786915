"""Opening a workspace file: what is made, what is refused, and how it is kept."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from hyponema_cli.core.errors import Busy, NewerSchema, NoDatabase, Unusable
from hyponema_cli.store import Store, as_hyp_error, create, journal, open_store, wal_is_safe
from hyponema_cli.store.migrations import SCHEMA_VERSION


def test_opening_a_missing_file_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(NoDatabase, match=r"no database at .*there\.db"):
        open_store(tmp_path / "not" / "there.db")
    assert list(tmp_path.iterdir()) == []


def test_creating_is_repeatable_and_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "w.db"
    first, is_new = create(path)
    first.close()
    again, is_new_again = create(path)
    again.close()
    assert (is_new, is_new_again) == (True, False)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    create(path)[0].close()
    raw = sqlite3.connect(path)
    raw.execute(f"pragma user_version = {SCHEMA_VERSION + 1}")
    raw.close()
    with pytest.raises(NewerSchema, match=f"schema {SCHEMA_VERSION + 1}"):
        open_store(path)


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be read as one" * 20])
def test_a_file_that_is_something_else_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(Unusable):
        open_store(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_by_init_too(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    raw = sqlite3.connect(path)
    raw.execute("create table theirs (id)")
    raw.commit()
    raw.close()
    before = path.read_bytes()
    for opening in (open_store, create):
        with pytest.raises(Unusable, match="not a hyp workspace"):
            opening(path)
    assert path.read_bytes() == before


def test_a_folder_is_no_workspace(tmp_path: Path) -> None:
    for opening in (open_store, create):
        with pytest.raises(Unusable, match="not a"):
            opening(tmp_path)


def test_every_commit_is_synced_and_foreign_keys_hold(tmp_path: Path) -> None:
    store, _ = create(tmp_path / "w.db")
    pragmas = {name: store.execute(f"pragma {name}").fetchone()[0] for name in ("synchronous", "foreign_keys")}
    store.close()
    assert pragmas == {"synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize(
    ("version", "path", "safe"),
    [
        ((3, 40, 1), Path("/tmp/w.db"), False),  # noqa: S108 - only a name
        ((3, 51, 2), Path("/tmp/w.db"), False),  # noqa: S108
        ((3, 51, 3), Path("/proc/none.db"), True),
        ((4, 0, 0), Path("/proc/none.db"), True),
    ],
)
@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="the kernel's list of mounts is Linux's")
def test_wal_only_where_two_writers_cannot_corrupt_it(version: tuple[int, ...], path: Path, safe: bool) -> None:
    assert wal_is_safe(version, path) is safe


def test_the_journal_is_the_one_that_this_sqlite_may_use(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    store, _ = create(path)
    mode = store.execute("pragma journal_mode").fetchone()[0]
    store.close()
    assert mode == ("wal" if wal_is_safe(sqlite3.sqlite_version_info, path) else "truncate")


def test_many_processes_that_make_one_workspace_at_once_make_one(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    program = f"from pathlib import Path; from hyponema_cli.store import create; create(Path({str(path)!r}))"
    makers = [
        subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, env=os.environ) for _ in range(6)
    ]
    errors = [maker.communicate(timeout=60)[1] for maker in makers]
    assert [maker.returncode for maker in makers] == [0] * 6, errors
    store = open_store(path)
    steps = store.execute("select count(*) from _sqlite_migrations").fetchone()[0]
    store.close()
    assert steps == SCHEMA_VERSION


def test_a_migration_that_dies_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hyponema_cli.store import migrations

    path = tmp_path / "w.db"
    monkeypatch.setattr(migrations, "SPINE", migrations.SPINE + ";\n\ncreate table broken (")
    with pytest.raises(Unusable):
        create(path)
    monkeypatch.undo()
    raw = sqlite3.connect(path)
    assert raw.execute("select count(*) from sqlite_master").fetchone() == (0,)
    raw.close()
    create(path)[0].close()


def test_a_transaction_that_fails_changes_nothing_and_keeps_no_audit_line(tmp_path: Path) -> None:
    store, _ = create(tmp_path / "w.db")
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.execute("insert into settings values ('live', 'true')")
        store.audit(("2026-01-01T00:00:00Z", "test", "setting.changed", None, None, None, "live", None, None))
        raise ZeroDivisionError
    with store.transaction():
        pass
    counts = [store.execute(f"select count(*) from {table}").fetchone()[0] for table in ("settings", "events")]  # noqa: S608
    store.close()
    assert counts == [0, 0]


def test_the_audit_trail_cannot_be_rewritten(tmp_path: Path) -> None:
    store, _ = create(tmp_path / "w.db")
    with store.transaction():
        store.audit(("2026-01-01T00:00:00Z", "test", "setting.changed", None, None, None, "live", None, None))
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        store.execute("update events set actor = 'nobody'")
    store.close()


def test_a_database_that_stays_locked_is_said_to_be_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyponema_cli.store.BUSY_SECONDS", 0.05)
    path = tmp_path / "w.db"
    create(path)[0].close()
    holder, other = open_store(path), open_store(path)
    holder.execute("begin immediate")
    with pytest.raises(sqlite3.OperationalError) as caught:
        begin(other)
    assert isinstance(as_hyp_error(caught.value, path), Busy)
    holder.execute("rollback")
    holder.close()
    other.close()


def begin(store: Store) -> None:
    with store.transaction():
        pass


def test_a_new_file_is_not_held_by_the_dials_of_one_that_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    gone, _ = create(path)
    journal.append(gone, [["dial", journal.take_numbers(gone, 1), "call_1"]], synced=True)
    gone.close()
    path.unlink()
    store, is_new = create(path)
    assert is_new
    assert not journal.is_behind(store)
    assert (tmp_path / "calls.db.dialled.old").read_text().count("call_1") == 1
    store.close()
