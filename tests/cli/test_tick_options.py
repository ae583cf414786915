"""hyp tick as an operator types it: bounded, and rehearsed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Hyp


def files_of(hyp: Hyp) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in hyp.db.parent.iterdir() if path.name != "default.db-journal"}


def test_a_dry_run_lists_what_is_due_and_changes_nothing(hyp: Hyp) -> None:
    first = hyp.ok("schedules", "add", "--at", "now", "--priority", "9").out.strip()
    second = hyp.ok("schedules", "add", "--at", "now").out.strip()
    hyp.ok("schedules", "list")
    before = files_of(hyp), hyp.dump()
    answer = hyp.ok("tick", "--dry-run")
    rows = [line.split("\t") for line in answer.out.splitlines()]
    assert [row[:4] for row in rows] == [
        [first, "Ana", "dial", ""],
        [second, "Ana", "wait", "the line is held by another call"],
    ]
    assert all(row[4].endswith("Z") for row in rows)
    assert "Nothing was changed" in answer.err
    found = hyp.ok("tick", "-n", "--json").json
    assert [(each["id"], each["execution_id"], each["verdict"], each["reason"]) for each in found] == [
        (first, None, "dial", None),
        (second, None, "wait", "line_busy"),
    ]
    assert (files_of(hyp), hyp.dump()) == before
    assert not Path(f"{hyp.db}.simulated").exists()


def test_with_nothing_due_a_dry_run_is_an_empty_list(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--weekdays", "1", "--at", "09:30", "--tz", "Europe/Madrid", "--start", "2099-01-01")
    assert hyp.ok("tick", "--dry-run", "--json").json == []
    answer = hyp.ok("tick", "--dry-run")
    assert answer.out == ""


def test_a_dry_run_asks_a_program_that_is_a_carrier_only_what_it_can_do(hyp: Hyp) -> None:
    program, log = hyp.home / "carrier", hyp.home / "asked"
    can = '{"find": "none", "calls_per_second": 2}'
    program.write_text(f"#!/bin/sh\necho $1 >> {log}\n[ $1 = capabilities ] && echo '{can}'\n")
    program.chmod(0o755)
    env = {"HYP_EXEC_PROGRAM": str(program)}
    hyp.ok("agents", "add", "Other", "--id", "other", "--stream-url", "wss://agent.example/other")
    hyp.ok("numbers", "add", "+34910000002", "--carrier", "exec")
    hyp.ok("numbers", "attach", "+34910000002", "other")
    hyp.ok("config", "set", "live", "true")
    hyp.ok("schedules", "add", "--agent", "other", "--at", "now")
    (found,) = hyp.ok("tick", "-n", "--json", **env).json
    assert found["verdict"] == "dial"
    assert set(log.read_text().split()) == {"capabilities"}
    (found,) = hyp.ok("tick", "-n", "--json").json
    assert (found["verdict"], found["reason"], found["rings_at"]) == ("wait", "carrier_unusable", None)


def test_a_bounded_tick_does_what_a_tick_does(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--at", "now")
    assert hyp.ok("tick", "--max-seconds", "5", "--json").json["placed"] == 1
    assert hyp.rung() == ["+34600000001"]


@pytest.mark.parametrize("value", ["0", "-1", "86401", "99999999999999999999"])
def test_a_bound_must_be_one(hyp: Hyp, value: str) -> None:
    answer = hyp("tick", "--max-seconds", value)
    assert (answer.code, answer.out) == (2, "")
    assert value in answer.err


AS_NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can be somebody else")
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_pass_that_may_write_nothing_says_so_though_nothing_is_due(hyp: Hyp, form: tuple[str, ...]) -> None:
    hyp.ok("tick")
    # Outside of the folders of the tests, which are for their owner alone.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls.db"
        shutil.copy(hyp.db, path)
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        words = [*AS_NOBODY, *COMMAND, "--db", str(path), "tick", *form]
        done = subprocess.run(words, env=hyp.env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be written by user 65534: nothing could be dialled" in done.stderr


def test_a_pass_that_leaves_no_sign_of_life_says_so(hyp: Hyp) -> None:
    beat = hyp.db.with_name(f"{hyp.db.name}.heartbeat")
    beat.unlink(missing_ok=True)
    beat.mkdir()
    answer = hyp("tick")
    assert (answer.code, answer.out, answer.err.count("\n")) == (3, "", 1)
    assert f"{beat} cannot be written: Is a directory" in answer.err
    hyp.ok("schedules", "add", "--at", "now")
    assert hyp("tick").code == 3
    assert hyp.rung() == ["+34600000001"]
