"""A copy is taken while others write, die, or have no room left: it is whole and sound, or it is not there."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.processes.agenda import Agenda, end, finish, is_told_in_a_line, run, running
from tests.processes.test_full_disk import limit_file_size, may_mount, mount
from tests.processes.test_restored import put_back
from tests.processes.waiting import until

MANY = [f"+346002{each:03}01" for each in range(300)]
MIB = 2**20

# Writes at a pace, with the patience of a second; ends when a commit does not get through.
WRITER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=1, isolation_level=None)
connection.execute("pragma synchronous = off")
print("begun", flush=True)
while True:
    connection.execute("begin immediate")
    connection.execute("insert into events (at, actor, name) values ('', 'test', 'storm')")
    connection.execute("commit")
    time.sleep(float(sys.argv[2]))
"""


def add_ballast(agenda: Agenda, mebibytes: int) -> None:
    """Make the workspace so large that to copy it takes a while."""
    for _ in range(mebibytes // 8):
        columns, values = "at, actor, name, detail", "'', 'test', 'ballast', json_quote(hex(zeroblob(?)))"
        agenda.change(f"insert into events ({columns}) values ({values})", (4 * MIB,))  # noqa: S608


def is_sound(copy: Path) -> bool:
    connection = sqlite3.connect(copy)
    try:
        return connection.execute("pragma integrity_check").fetchone() == ("ok",)
    finally:
        connection.close()


def parts_in(folder: Path) -> list[Path]:
    return list(folder.glob(".hyp-*"))


def test_copies_taken_while_a_worker_and_ticks_dial_are_sound_and_nobody_is_held_up(agenda: Agenda) -> None:
    agenda.add(MANY)
    copies = agenda.hyp.home / "copies"
    copies.mkdir()
    with running(agenda.hyp, "run-worker") as worker, running(agenda.hyp, "tick"):
        for each in range(8):
            copy = copies / f"{each}.db"
            assert agenda.hyp.ok("db", "backup", str(copy)).out == f"{copy}\n"
            assert copy.stat().st_mode & 0o777 == 0o600
            checked = agenda.hyp("--db", str(copy), "db", "check")
            assert (checked.code, checked.out) == (0, ""), checked
        worker.send_signal(signal.SIGTERM)
        assert finish(worker).code in (0, 3)
    assert parts_in(copies) == []
    agenda.settle()
    assert agenda.discrepancies() + agenda.unanswered_for(MANY) == []


@pytest.mark.parametrize("pace", ["0", "0.02"])
def test_a_storm_of_commits_makes_a_copy_begin_again_but_not_for_ever_and_no_commit_waits_a_second(
    agenda: Agenda, pace: str
) -> None:
    add_ballast(agenda, 64)
    copy = agenda.hyp.home / "copy.db"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, agenda.hyp.db, pace], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as writer:
        try:
            assert writer.stdout is not None
            writer.stdout.readline()
            agenda.hyp.ok("db", "backup", str(copy))
            agenda.hyp.ok("db", "backup", str(copy), "--force")
            assert writer.poll() is None, writer.communicate()[1]
        finally:
            writer.kill()
    assert is_sound(copy)
    assert agenda.hyp.query("select count(*) > 0 from events where name = 'storm'", copy) == [(1,)]


@pytest.mark.parametrize("before", [None, b"an earlier copy"])
def test_killed_in_the_middle_it_leaves_no_copy_or_the_earlier_one(agenda: Agenda, before: bytes | None) -> None:
    add_ballast(agenda, 128)
    copies = agenda.hyp.home / "copies"
    copies.mkdir()
    copy = copies / "copy.db"
    if before is not None:
        copy.write_bytes(before)
    with running(agenda.hyp, "db", "backup", str(copy), "--force") as process:
        until(lambda: any(part.stat().st_size > MIB for part in parts_in(copies)))
        end(process)
    assert (copy.read_bytes() if copy.exists() else None) == before
    (part,) = parts_in(copies)
    assert part.stat().st_mode & 0o777 == 0o600
    os.utime(part, (0, 0))  # it was long ago
    agenda.hyp.ok("db", "backup", str(copy), "--force")
    assert is_sound(copy)
    assert [each.name for each in copies.iterdir()] == ["copy.db"]


def test_where_no_file_may_become_so_large_it_fails_in_a_line_and_leaves_nothing(agenda: Agenda) -> None:
    add_ballast(agenda, 8)
    copies = agenda.hyp.home / "copies"
    copies.mkdir()
    answer = run(
        agenda.hyp,
        "db",
        "backup",
        str(copies / "copy.db"),
        preexec=partial(limit_file_size, agenda.hyp.db.stat().st_size // 2),
    )
    assert is_told_in_a_line(answer, 1, "copy.db cannot be written"), answer
    assert list(copies.iterdir()) == []


@pytest.mark.skipif(not may_mount(), reason="needs to mount a small disk")
def test_on_a_full_disk_it_fails_in_a_line_and_leaves_nothing_and_so_does_everything_that_writes_the_file_anew(
    agenda: Agenda,
) -> None:
    add_ballast(agenda, 16)
    small = agenda.hyp.home / "small"
    small.mkdir()
    mount(small, "8m")
    try:
        answer = agenda.hyp("db", "backup", str(small / "copy.db"))
        assert is_told_in_a_line(answer, 1, "the disk is full"), answer
        piped = agenda.hyp("db", "backup", "-", TMPDIR=str(small))
        assert is_told_in_a_line(piped, 1, "the disk is full"), piped
        vacuum = agenda.hyp("db", "vacuum", TMPDIR=str(small))
        assert is_told_in_a_line(vacuum, 1, "are needed to write the file anew"), vacuum
        checked = agenda.hyp("db", "check", TMPDIR=str(small))
        assert is_told_in_a_line(checked, 1, "the disk is full"), checked
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_copy_on_standard_output_is_the_same_and_leaves_nothing_behind(agenda: Agenda) -> None:
    temporary = agenda.hyp.home / "tmp"
    temporary.mkdir()
    copy = agenda.hyp.home / "copy.db"
    with copy.open("wb") as out:
        words = [sys.executable, "-m", "hyponema_cli", "db", "backup", "-"]
        subprocess.run(words, env={**agenda.hyp.env, "TMPDIR": str(temporary)}, stdout=out, check=True, timeout=30)
    assert is_sound(copy)
    assert agenda.hyp.query("select count(*) from calls", copy) == agenda.hyp.query("select count(*) from calls")
    assert list(temporary.iterdir()) == []


def test_a_restored_copy_meets_its_journal_and_nobody_is_called_twice(agenda: Agenda) -> None:
    agenda.add(MANY[:5])
    agenda.hyp("tick")
    copy = agenda.hyp.home / "copy.db"
    agenda.hyp.ok("db", "backup", str(copy))
    assert [each.name for each in agenda.hyp.home.iterdir() if each.name.startswith("copy")] == ["copy.db"]
    agenda.add(MANY[5:10])
    agenda.hyp("tick")
    put_back(agenda, copy)
    agenda.add(MANY[5:10])
    assert agenda.hyp("tick").code == 3
    assert "hyp reconcile" in agenda.hyp("db", "prune", "--before", "40d", "--yes").err
    assert agenda.hyp("db", "check").code == 3
    agenda.hyp("reconcile")
    agenda.settle()
    assert set(agenda.asked().values()) == {1}
    agenda.hyp.ok("db", "check")


def test_a_locked_file_ends_with_11_and_nothing_is_left(agenda: Agenda) -> None:
    copies = agenda.hyp.home / "copies"
    copies.mkdir()
    holder = sqlite3.connect(agenda.hyp.db, isolation_level=None)
    holder.execute("begin exclusive")
    try:
        for words in (("db", "backup", str(copies / "copy.db")), ("db", "vacuum")):
            answer = agenda.hyp(*words)
            assert is_told_in_a_line(answer, 11, "locked"), answer
    finally:
        holder.close()
    assert list(copies.iterdir()) == []


def test_the_copy_of_a_workspace_elsewhere_is_a_workspace_by_itself(agenda: Agenda) -> None:
    shutil.copy(agenda.hyp.db, agenda.hyp.home / "w.db")
    agenda.hyp.ok("--db", str(agenda.hyp.home / "w.db"), "db", "backup", "relative.db")
    assert agenda.hyp.ok("--db", str(agenda.hyp.home / "relative.db"), "db", "status").code == 0
