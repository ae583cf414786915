"""An operator's own program rings the phones: from the empty machine to the call in the history."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import Any

import pytest

from tests.cli.conftest import Hyp

PBX = Path(__file__).parents[1] / "carriers" / "folder_pbx.py"


@pytest.fixture
def pbx(tmp_path: Path) -> Path:
    """The folder in which a telephone system keeps its calls."""
    folder = tmp_path / "pbx calls"
    folder.mkdir()
    return folder


@pytest.fixture
def armed(bare_hyp: Hyp, pbx: Path) -> Hyp:
    """A workspace whose agent has a number on that telephone system, and that may dial."""
    bare_hyp.env["HYP_EXEC_PROGRAM"] = f"{quote(sys.executable)} -IS {quote(str(PBX))} {quote(str(pbx))}"
    bare_hyp.ok("init")
    bare_hyp.ok("agents", "add", "Check-in", "--id", "agent-1", "--stream-url", "wss://agent.example/session")
    bare_hyp.ok("numbers", "add", "+34910000001", "--carrier", "exec")
    bare_hyp.ok("numbers", "attach", "+34910000001", "agent-1")
    bare_hyp.ok("config", "set", "live", "true")
    return bare_hyp


def asked(pbx: Path) -> list[dict[str, Any]]:
    """Return each call that the telephone system was asked for."""
    path = pbx / "asked"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def add(hyp: Hyp, *more: str) -> None:
    hyp.ok("schedules", "add", "--at", "now", "--to", "+34600000001", "--tz", "Europe/Madrid", *more)


def test_a_call_goes_out_is_followed_to_its_end_and_tells_its_price(
    armed: Hyp, pbx: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    add(armed, "--context", "name=Ana")
    armed.ok("tick")
    until(lambda: armed("tick").code == 0 and armed.ok("history", "--status", "completed").out != "")
    (execution,) = armed.ok("history", "--json").json
    (call,) = execution["calls"]
    assert (execution["status"], call["status"], call["carrier"]) == ("completed", "completed", "exec")
    assert (call["price"], call["currency"], execution["duration"]) == ("0.004", "EUR", 1)
    (request,) = asked(pbx)
    assert (request["call_id"], request["to_number"], request["from_number"]) == (
        call["call_id"],
        "+34600000001",
        "+34910000001",
    )
    assert request["connection"]["stream_url"] == "wss://agent.example/session"
    assert json.loads(request["facts"]["customer_context"]) == {"name": "Ana"}


def test_a_lost_answer_is_a_doubt_that_ends_when_the_program_lists_the_call(
    armed: Hyp, pbx: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    (pbx / "trouble").write_text("ANSWER_LOST")
    add(armed)
    assert armed("tick").code == 3
    assert "signal 9" in armed.ok("history", "--json").out
    until(lambda: armed("reconcile").code == 0 and armed("tick").code == 0 and "completed" in armed.ok("history").out)
    assert len(asked(pbx)) == 1


def test_a_refused_number_ends_the_execution_and_a_refused_account_keeps_it_waiting(armed: Hyp, pbx: Path) -> None:
    (pbx / "trouble").write_text("CALLEE_REFUSED")
    add(armed)
    armed("tick")
    (refused,) = armed.ok("history", "--json").json
    assert (refused["status"], refused["calls"][0]["status"]) == ("failed", "rejected")
    assert "no call to +346…001 from +349…001 (exit code 67)" in armed.ok("history", "--json").out
    (pbx / "trouble").write_text("ACCOUNT_REFUSED")
    add(armed)
    assert armed("tick").code == 3
    armed("tick")
    assert len(asked(pbx)) == 2
    assert "exec" in armed.ok("carriers", "list").out


def test_checking_it_asks_the_program_and_says_what_is_wrong_in_a_line(armed: Hyp, pbx: Path) -> None:
    answer = armed.ok("carriers", "check", "exec")
    assert answer.err == "exec: 0 calls so far. Nothing was dialled.\n"
    wrong = {
        "": (2, "HYP_EXEC_PROGRAM is not set"),
        "dial": (2, "'dial' is not an absolute path"),
        "/bin/false": (7, "exit code 1"),
        "/bin/sh -c 'exit 69'": (7, "exit code 69"),
        "/bin/sh -c 'echo who are you >&2; exit 77'": (6, "who are you (exit code 77)"),
    }
    for program, (code, problem) in wrong.items():
        answer = armed("carriers", "check", "exec", HYP_EXEC_PROGRAM=program)
        assert answer.code == code, answer
        assert problem in answer.err
        assert "Traceback" not in answer.err
    assert "carrier 'exec:pbx' has no program: HYP_EXEC_PBX_PROGRAM is" in armed("carriers", "check", "exec:pbx").err


def test_without_its_program_calls_wait_and_say_why(armed: Hyp, pbx: Path) -> None:
    add(armed)
    armed("tick", HYP_EXEC_PROGRAM="/no/such/dial")
    answer = armed("why", "+34600000001")
    (execution,) = armed.ok("history", "--json").json
    assert execution["status"] == "pending"
    assert "HYP_EXEC_PROGRAM: '/no/such/dial' is not a file" in json.dumps(execution["gates"]) + answer.out
    assert asked(pbx) == []
