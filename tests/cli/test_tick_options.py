"""hyp tick as an operator types it: bounded, and rehearsed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Hyp


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
