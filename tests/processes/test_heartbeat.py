"""Who makes passes leaves a sign of life: real ticks and workers, together, idle, blocked and without the right."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from hyponema_cli import __version__
from hyponema_cli.store import heartbeat
from tests.cli.conftest import Answer, Hyp
from tests.processes.agenda import Agenda, finish, locked, run, running
from tests.processes.test_read_only import obey_modes
from tests.processes.waiting import until

LONG_AGO = 1_000_000_000


def beat(hyp: Hyp) -> Path:
    return heartbeat.path_of(hyp.db)


def age_it(hyp: Hyp) -> None:
    """Let the last beat be of long ago."""
    os.utime(beat(hyp), (LONG_AGO, LONG_AGO))


def is_fresh(hyp: Hyp) -> bool:
    return beat(hyp).exists() and beat(hyp).stat().st_mtime > LONG_AGO


def test_every_tick_beats_also_an_idle_one_which_writes_nothing_else(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--at", "now")
    hyp.ok("tick")
    assert is_fresh(hyp)
    while hyp.query("select count(*) from calls where finished_at is null") != [(0,)]:
        hyp.ok("tick")
    for words in (("tick",), ("tick", "--json")):
        age_it(hyp)
        before = hyp.db.stat()
        hyp.ok(*words)
        assert is_fresh(hyp)
        assert (hyp.db.stat().st_mtime_ns, hyp.db.read_bytes()[24:28]) == (before.st_mtime_ns, change_counter(hyp))
    assert beat(hyp).read_text().split()[::2] == ["tick", __version__]
    assert beat(hyp).stat().st_mode & 0o777 == 0o600


def change_counter(hyp: Hyp) -> bytes:
    return hyp.db.read_bytes()[24:28]


def test_an_idle_worker_beats_at_every_wake_up(hyp: Hyp) -> None:
    hyp.ok("tick")
    with running(hyp, "run-worker", "--interval", "1s") as worker:
        for _ in range(2):
            age_it(hyp)
            until(lambda: is_fresh(hyp))
        assert beat(hyp).read_text().split() == ["worker", str(worker.pid), __version__]
        worker.send_signal(signal.SIGTERM)
        assert finish(worker).code == 0


def test_a_worker_and_ticks_write_whole_lines_over_each_other(hyp: Hyp) -> None:
    seen = set()
    with running(hyp, "run-worker", "--interval", "1s"):
        until(beat(hyp).exists)
        for _ in range(8):
            hyp.ok("tick")
            (line,) = beat(hyp).read_text().splitlines()
            who, pid, version = line.split()
            assert pid.isdigit()
            assert version == __version__
            seen.add(who)
        until(lambda: beat(hyp).read_text().startswith("worker"))
        hyp.ok("health")
    assert "tick" in seen


def test_a_pass_that_could_not_be_made_leaves_no_sign_of_life(agenda: Agenda) -> None:
    agenda.hyp.ok("tick")
    age_it(agenda.hyp)
    with locked(agenda.hyp.db):
        assert agenda.hyp("tick").code == 11
    assert not is_fresh(agenda.hyp)
    assert agenda.hyp("health").code == 3


@pytest.mark.parametrize("kind", ["a folder", "a pipe"])
def test_where_none_can_be_left_the_calls_go_out_all_the_same_and_the_tick_says_so(agenda: Agenda, kind: str) -> None:
    beat(agenda.hyp).unlink(missing_ok=True)
    beat(agenda.hyp).mkdir() if kind == "a folder" else os.mkfifo(beat(agenda.hyp))
    agenda.add(["+34600100101"])
    answer = agenda.hyp("tick")
    assert (answer.code, answer.err.count("nobody can see that this pass was made")) == (3, 1), answer
    assert str(beat(agenda.hyp)) in answer.err
    assert agenda.asked()["+34600100101"] == 1
    with running(agenda.hyp, "run-worker", "--interval", "1s") as worker:
        agenda.add(["+34600100201"])
        until(lambda: agenda.asked()["+34600100201"] == 1)
        worker.send_signal(signal.SIGTERM)
        assert finish(worker).code == 0
    assert agenda.hyp("health").err.startswith("no_heartbeat: ")
    assert "cannot be written" in agenda.hyp("doctor").out


@pytest.fixture
def closed_folder(hyp: Hyp) -> Iterator[Hyp]:
    """A workspace that can be written, in a folder that cannot; nothing is to be done, and no beat is there."""
    hyp.ok("tick")
    beat(hyp).unlink()
    hyp.db.with_name(hyp.db.name + "-journal").unlink(missing_ok=True)
    hyp.db.parent.chmod(0o500)
    yield hyp
    hyp.db.parent.chmod(0o700)


def test_in_a_folder_that_cannot_be_written_an_idle_tick_health_and_doctor_say_why(closed_folder: Hyp) -> None:
    tick = run(closed_folder, "tick", preexec=obey_modes)
    assert (tick.code, tick.out, len(tick.err.splitlines())) == (3, "", 1)
    assert f"{closed_folder.db.parent} cannot be written" in tick.err
    health = run(closed_folder, "health", preexec=obey_modes)
    assert health.code == 3
    assert f"{closed_folder.db.parent} cannot be written" in health.err
    doctor = run(closed_folder, "doctor", preexec=obey_modes)
    assert doctor.code == 3
    verdicts = {line.split("\t")[0]: line.split("\t")[1] for line in doctor.out.splitlines()}
    assert (verdicts["files"], verdicts["driver"]) == ("fail", "fail")


def test_a_beat_that_is_there_goes_on_in_a_folder_that_cannot_be_written(closed_folder: Hyp) -> None:
    closed_folder.db.parent.chmod(0o700)
    closed_folder.ok("tick")
    age_it(closed_folder)
    closed_folder.db.parent.chmod(0o500)
    assert run(closed_folder, "tick", preexec=obey_modes) == Answer(0, "", "")
    assert is_fresh(closed_folder)


def test_doctor_and_health_read_a_file_that_may_only_be_read(hyp: Hyp) -> None:
    hyp.ok("tick")
    hyp.db.chmod(0o400)
    doctor = run(hyp, "doctor", preexec=obey_modes)
    health = run(hyp, "health", preexec=obey_modes)
    hyp.db.chmod(0o600)
    assert (health.code, health.err) == (0, "")
    (files,) = [line for line in doctor.out.splitlines() if line.startswith("files\t")]
    assert files.split("\t")[1] == "fail"
    assert "readonly" in files
