"""The disk is full: before a pass, at any point of it, and just between an intent and its record.

A limit on the size of files stops every write beyond it, everywhere. Where a small disk of our own may be mounted, it
is tried too.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from tests.processes.agenda import Agenda, finish, is_told_in_a_line, locked, run, running
from tests.processes.waiting import until

MANY = [f"+346002{each:03}01" for each in range(600)]
PAGE = 4096
MIB = 2**20


def make_large(agenda: Agenda) -> None:
    """Make the workspace larger than any other file that a pass writes, so that a limit meets nothing else."""
    agenda.change(
        "insert into events (at, actor, name, detail) values ('', 'test', 'ballast', json_quote(hex(zeroblob(?))))",
        (3 * MIB,),
    )


def limit_file_size(size: int) -> None:
    # Python ignores SIGXFSZ, so that a write beyond the limit fails, as on a full disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def account(agenda: Agenda, numbers: list[str]) -> None:
    """There is room again: everybody has been asked for once, and every request is known."""
    agenda.let_orphans_age()
    agenda.let_waits_end()
    agenda.hyp("tick")
    agenda.hyp("reconcile")
    assert agenda.discrepancies() + agenda.unanswered_for(numbers) == []
    assert set(agenda.asked().values()) == {1}


def test_wherever_in_a_pass_the_disk_is_full_it_fails_in_a_line_and_with_room_again_all_are_called_once(
    agenda: Agenda,
) -> None:
    make_large(agenda)
    heard: list[int] = []
    for pages in (0, 4, 8, 12, 15):
        numbers = [f"+3467{pages:02}{each:02}001" for each in range(40)]
        agenda.add(numbers)
        room = agenda.hyp.db.stat().st_size + pages * PAGE
        answer = run(agenda.hyp, "tick", preexec=partial(limit_file_size, room))
        assert is_told_in_a_line(answer, 1, "default.db"), answer
        heard.append(sum(agenda.asked()[number] for number in numbers))
        account(agenda, numbers)
    assert heard[0] == 0, "it failed before anything was sent"
    assert any(0 < count < 40 for count in heard), "and in the middle"


@contextmanager
def file_size_limit(agenda: Agenda) -> Iterator[Callable[[subprocess.Popen[str]], Callable[[], None]]]:
    """A disk that has room for the small files and none for the workspace; `resource.prlimit` reaches a process."""
    make_large(agenda)

    def fill(process: subprocess.Popen[str]) -> Callable[[], None]:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (5 * MIB, resource.RLIM_INFINITY))
        return lambda: None  # the limit goes with the process

    yield fill


@contextmanager
def small_disk(agenda: Agenda) -> Iterator[Callable[[subprocess.Popen[str]], Callable[[], None]]]:
    """A disk of eight megabytes for the workspace. The carrier's file is elsewhere, as its computer would be."""
    folder, carrier = agenda.hyp.db.parent, agenda.hyp.home / "carrier"
    files = {path: path.read_bytes() for path in folder.iterdir()}
    mount(folder, "8m")
    try:
        for path, content in files.items():
            path.write_bytes(content)
        shutil.move(agenda.carrier_file, carrier)
        agenda.carrier_file.symlink_to(carrier)

        def fill(process: subprocess.Popen[str]) -> Callable[[], None]:
            ballast = folder / "ballast"
            with pytest.raises(OSError, match="No space left"), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(PAGE))
            return ballast.unlink

        yield fill
    finally:
        subprocess.run(["umount", folder], check=True)


def mount(folder: Path, size: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True, capture_output=True)


@cache
def may_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            mount(Path(folder), "1m")
        except (subprocess.CalledProcessError, FileNotFoundError):
            return False
        subprocess.run(["umount", folder], check=True)
    return True


@pytest.mark.parametrize("disk", [file_size_limit, *([small_disk] if may_mount() else [])])
def test_a_disk_that_is_full_between_the_intents_and_their_record_leaves_calls_that_are_found_again(
    agenda: Agenda, disk: Callable[[Agenda], Any]
) -> None:
    with disk(agenda) as fill:
        agenda.add(MANY)
        with running(agenda.hyp, "tick") as tick:
            until(lambda: len(agenda.requests()) > 10)
            with locked(agenda.carrier_file, "immediate"):
                until(agenda.in_hand)
                free = fill(tick)
            answer = finish(tick)
        assert is_told_in_a_line(answer, 1, "default.db"), answer
        assert agenda.count("calls where status = 'placing'"), "it failed after it had sent"
        assert len(agenda.requests()) < len(MANY)
        free()
        account(agenda, MANY)
