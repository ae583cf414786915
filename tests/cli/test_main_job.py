"""The main job as a new user does it, and what can go on beside it."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Hyp

README = (Path(__file__).parents[2] / "README.md").read_text()


def readme_session() -> str:
    match = re.search(r"^hyp init\n(?:hyp .*\n)+sleep 6.*\n", README, re.M)
    assert match is not None, "the README shows the main job"
    return match[0]


def test_the_session_of_the_readme_calls_ana_and_tells_of_it(bare_hyp: Hyp) -> None:
    program = " ".join(COMMAND)
    done = subprocess.run(
        ["bash", "-ec", f'hyp() {{ {program} "$@"; }}\n{readme_session()}'],
        env=bare_hyp.env,
        cwd=bare_hyp.home,
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    *ids, row = done.stdout.splitlines()
    assert [word.partition("_")[0] for word in ids] == ["agent-123", "num", "user-1", "sch", "sch"]
    execution, schedule, callee, scheduled, zone, called, *result, seconds = row.split("\t")
    assert (schedule, callee, zone) == (ids[-1], "Ana", "Europe/Madrid")
    assert result == ["completed", "answered", "1"]
    assert execution.startswith("exe_")
    assert scheduled <= called
    assert int(seconds) >= 1
    assert bare_hyp.rung() == ["+34600000001"]


def test_history_of_a_schedule_has_the_guides_shape_with_the_coming_one_pending(
    hyp: Hyp, until: Callable[[Callable[[], bool]], None]
) -> None:
    schedule = hyp.ok("schedules", "add", "--weekdays", "1-7", "--at", "09:30").out.strip()
    hyp.ok("schedules", "run-now", schedule)
    until(lambda: hyp("tick").code == 0 and hyp.ok("history", schedule, "--status", "completed").out != "")
    document = hyp.ok("history", schedule, "--json").json
    assert document["schedule_id"] == schedule
    done, coming = document["executions"]
    assert (done["status"], done["error"], done["duration"]) == ("completed", None, 1)
    assert done["call_id"].startswith("call_")
    assert (coming["status"], coming["actual_time"], coming["call_id"], coming["error"]) == (
        "pending",
        None,
        None,
        None,
    )
    assert coming["scheduled_time"] == hyp.ok("schedules", "show", schedule, "--json").json["next_run_at"]


def test_two_ticks_at_once_dial_each_of_five_hundred_once(hyp: Hyp) -> None:
    numbers = [f"+346001{number:03}01" for number in range(500)]
    hyp.ok("config", "set", "timezone", "Europe/Madrid")
    seed = hyp.ok("schedules", "add", "--at", "now", "--to", "+34600100001").out.strip()
    copy_schedule(hyp, seed, numbers)
    ticks = [hyp.start("tick") for _ in range(2)]
    answers = [(tick.communicate(timeout=60), tick.returncode) for tick in ticks]
    assert [code for _, code in answers] == [0, 0], answers
    assert sorted(hyp.rung()) == numbers
    assert hyp.query("select count(*), count(distinct schedule_id) from executions") == [(500, 500)]


def copy_schedule(hyp: Hyp, seed: str, numbers: list[str]) -> None:
    """Make one due schedule a number out of one that was added."""
    import sqlite3

    connection = sqlite3.connect(hyp.db)
    columns = [row[1] for row in connection.execute("pragma table_info(schedules)")]
    others = ", ".join(name for name in columns if name not in ("id", "to_number"))
    connection.executemany(
        f"insert into schedules (id, to_number, {others}) select ?, ?, {others} from schedules where id = ?",  # noqa: S608
        [(f"sch_copy_{number[1:]}", number, seed) for number in numbers],
    )
    connection.execute("delete from schedules where id = ?", (seed,))
    connection.commit()
    connection.close()


def test_the_worker_dials_what_others_add_and_stops_when_told(
    hyp: Hyp, until: Callable[[Callable[[], bool]], None]
) -> None:
    worker = hyp.start("run-worker")
    try:
        hyp.ok("schedules", "add", "--at", "now")
        until(lambda: "completed" in hyp.ok("history").out)
        worker.send_signal(signal.SIGTERM)
        _, said = worker.communicate(timeout=20)
    finally:
        worker.kill()
    assert worker.returncode == 0
    assert "hyp worker: stopped" in said
    assert hyp.rung() == ["+34600000001"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_with_nothing_to_do_ends_with_0(hyp: Hyp, number: signal.Signals) -> None:
    worker = hyp.start("run-worker")
    assert worker.stderr is not None
    assert "watching" in worker.stderr.readline()
    worker.send_signal(number)
    worker.communicate(timeout=20)
    assert worker.returncode == 0


def test_a_second_signal_ends_the_worker_at_once_and_the_call_in_hand_is_a_doubt_at_most(
    hyp: Hyp, until: Callable[[Callable[[], bool]], None]
) -> None:
    hyp.ok("config", "set", "timezone", "Europe/Madrid")
    seed = hyp.ok("schedules", "add", "--at", "now", "--to", "+34600100001").out.strip()
    numbers = [f"+346001{number:03}01" for number in range(900)]
    copy_schedule(hyp, seed, numbers)
    worker = hyp.start("run-worker")
    until(lambda: hyp.query("select count(*) from calls where status <> 'placing'")[0][0] > 3)
    worker.send_signal(signal.SIGTERM)
    worker.send_signal(signal.SIGTERM)
    _, said = worker.communicate(timeout=20)
    # The second may come when the pass is over already.
    assert worker.returncode in (0, 143), said
    hyp("tick")
    rung = hyp.rung()
    assert len(rung) == len(set(rung))


def test_killed_at_any_moment_nobody_is_called_twice(hyp: Hyp) -> None:
    """Kill a tick in the middle of forty calls, again and again; what is left is dialled once, or is a doubt."""
    hyp.ok("config", "set", "timezone", "Europe/Madrid")
    seed = hyp.ok("schedules", "add", "--at", "now", "--to", "+34600100001").out.strip()
    copy_schedule(hyp, seed, [f"+346001{number:03}01" for number in range(40)])
    for delay in (0.15, 0.18, 0.2, 0.22, 0.25, 0.3):
        tick = hyp.start("tick")
        try:
            tick.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            tick.kill()
            tick.communicate()
    hyp.ok("tick")
    rung = hyp.rung()
    assert len(rung) == len(set(rung))
    rows = hyp.query("select e.status, count(*) from executions e group by 1")
    assert sum(count for _, count in rows) == 40
    (doubtful,) = hyp.query("select count(*) from calls where status = 'placing'")[0]
    assert len(rung) >= 40 - doubtful


def test_the_demo_needs_nothing_and_leaves_nothing(bare_hyp: Hyp) -> None:
    answer = bare_hyp.ok("demo", "--json")
    statuses = [row["status"] for row in answer.json]
    assert {"completed", "exhausted"} <= set(statuses)
    night = [row for row in answer.json if row["scheduled_time"].startswith("2026-10-25")]
    assert [(row["scheduled_time"], row["note"]) for row in night] == [("2026-10-25T00:30:00Z", "first_of_two")]
    assert any([call["status"] for call in row["calls"]] == ["busy", "completed"] for row in answer.json)
    assert list(bare_hyp.home.iterdir()) == []


def test_the_demo_can_be_kept_to_look_around_in(bare_hyp: Hyp) -> None:
    kept = str(bare_hyp.home / "kept.db")
    bare_hyp.ok("demo", "--keep", kept)
    assert len(bare_hyp.ok("--db", kept, "schedules", "list").out.splitlines()) >= 3
    assert bare_hyp("demo", "--keep", kept).code == 5


def test_cron_gives_next_to_no_environment(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--at", "now")
    words = COMMAND if COMMAND[0].startswith("/") else [shutil.which(COMMAND[0]) or "", *COMMAND[1:]]
    done = subprocess.run(
        ["/bin/sh", "-c", f"{' '.join(words)} --db '{hyp.db}' tick"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(hyp.home), "PYTHONPATH": hyp.env.get("PYTHONPATH", "")},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert hyp.rung() == ["+34600000001"]


def test_the_same_schedule_a_second_time_is_stored_and_told(hyp: Hyp) -> None:
    weekly = ("schedules", "add", "--weekdays", "1,3", "--at", "09:30")
    first = hyp.ok(*weekly)
    assert "already" not in first.err
    for other in (
        ("schedules", "add", "--weekdays", "1,3", "--at", "09:31"),
        ("schedules", "add", "--weekdays", "1", "--at", "09:30"),
        (*weekly, "--tz", "Asia/Tokyo"),
        (*weekly, "--to", "+34600000002", "--tz", "Europe/Madrid"),
    ):
        assert "already" not in hyp.ok(*other).err
    note = f"note: there is an active one already with that agent, callee and time: {first.out.strip()};"
    assert note in hyp.ok(*weekly, "--dry-run").err
    assert note in hyp.ok(*weekly, "--name", "Again").err
    assert note not in hyp.ok(*weekly, "--paused", "--to", "+34600000001", "--tz", "Europe/Madrid").err
    refs = [hyp.ok(*weekly, "--ref", "r").err for _ in range(2)]
    assert [note in said for said in refs] == [True, False]
    hyp.ok("schedules", "pause", first.out.strip())
    assert note not in hyp.ok(*weekly).err


def test_a_user_with_the_number_of_another_is_added_and_told(hyp: Hyp) -> None:
    said = hyp.ok("users", "add", "Bea", "--phone", "+34600000001").err
    assert "+34600000001 is also the number of 'Ana' (user-1); they have one line" in said
    assert "'Ana' (user-1) and of 1 more" in hyp.ok("users", "add", "Cleo", "--phone", "+34600000001").err
    assert "also" not in hyp.ok("users", "add", "Dan", "--phone", "+34600000002").err
