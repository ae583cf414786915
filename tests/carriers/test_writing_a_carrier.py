"""What docs/writing-a-carrier.md shows works as it is shown."""

from __future__ import annotations

import json
import os
import re
import shutil
import tomllib
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from hyponema_cli.carriers import GROUP
from hyponema_cli.carriers.base import (
    Capabilities,
    CarrierError,
    CarrierSetup,
    NotFound,
    NotSent,
    PlaceCall,
    Rejected,
)
from hyponema_cli.carriers.exec import ASK_BY_ID, EXITS, ExecCarrier
from hyponema_cli.carriers.instructions import facts
from hyponema_cli.clock import SystemClock
from hyponema_cli.core.call import CallState
from hyponema_cli.core.connect import Connection

PAGE = (Path(__file__).parents[2] / "docs" / "writing-a-carrier.md").read_text()
EXEC = (Path(__file__).parents[2] / "hyponema_cli" / "carriers" / "exec.py").read_text()
TO, FROM = "+34600000001", "+34910000001"
CALL = PlaceCall(
    "call_1", TO, FROM, "exe_1", 1, Connection(stream_url="wss://agent.example", ring_timeout_seconds=30)
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


def test_the_packaging_example_names_the_group_that_hyp_looks_in() -> None:
    (document,) = map(tomllib.loads, blocks("toml"))
    assert document["project"]["entry-points"][GROUP] == {"tincan": "hyp_carrier_tincan:open_carrier"}


def test_the_questions_and_answers_are_json_and_complete() -> None:
    question, call = map(json.loads, blocks("json"))
    assert set(question["call"]["connection"]) == {field.name for field in fields(Connection)}
    # Nobody listens to what a program could tell unasked.
    assert set(question["call"]) == {field.name for field in fields(PlaceCall)} - {"callback_url"}
    assert set(call) >= {"carrier_call_id", "status", "to_number", "from_number", "created_at"}
    told = facts(
        agent_id="",
        user_id="",
        schedule_id="",
        execution_id="",
        call_id="",
        attempt=1,
        scheduled_time="",
        customer_context={},
    )
    assert all(f"`{name}`" in PAGE for name in told)
    assert all(f"`{field.name}" in PAGE for field in fields(Capabilities))


def test_the_tables_of_exit_codes_are_the_one_in_the_code() -> None:
    names = [name for name in dir(os) if name.startswith("EX_")]
    expected = {code: name for name in names if (code := getattr(os, name)) in (os.EX_OK, *EXITS)}
    in_page = {int(code): name for code, name in re.findall(r"^\| (\d+) \| `(EX_\w+)` \|", PAGE, re.M)}
    in_code = {int(code): name for code, name in re.findall(r"^ +(\d+)  (EX_\w+) ", EXEC, re.M)}
    assert in_page == in_code == expected
    assert set(ASK_BY_ID) == {"fetch_call", "hang_up"}


def test_the_piece_of_code_that_is_shown_is_the_code() -> None:
    piece, *_ = blocks("python")
    assert all(line.strip() in EXEC for line in piece.splitlines())


# The script for Asterisk, with a folder for Asterisk.

needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="the example needs jq")


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    for folder in ("tmp", "outgoing", "outgoing_done"):
        (tmp_path / "spool" / folder).mkdir(parents=True)
    return tmp_path / "spool"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (text,) = (block for block in blocks("sh") if block.startswith("#!"))
    path = tmp_path / "call-files"
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def asterisk(script: Path, spool: Path) -> ExecCarrier:
    environ = {"PATH": os.environ["PATH"], "ASTERISK_SPOOL": str(spool)}
    return ExecCarrier(CarrierSetup("exec", spool / "w.db", SystemClock(), environ), [str(script)])


def found(carrier: ExecCarrier, to_number: str = TO) -> list[tuple[str, CallState | None]]:
    since = SystemClock().now() - timedelta(minutes=2)
    views = carrier.find_calls(to_number=to_number, from_number=FROM, since=since)
    return [(view.carrier_call_id, view.state) for view in views]


def archive(spool: Path, call_id: str, status: str) -> None:
    """Do what Asterisk does at the end of a call."""
    done = spool / "outgoing_done" / f"{call_id}.call"
    (spool / "outgoing" / f"{call_id}.call").rename(done)
    with done.open("a") as file:
        file.write(f"Status: {status}\n")


@needs_jq
def test_the_example_places_a_call_and_follows_it_to_its_end(asterisk: ExecCarrier, spool: Path) -> None:
    assert asterisk.check() == f"call files go to {spool}/outgoing"
    assert asterisk.capabilities() == Capabilities("history", 1.0)
    assert asterisk.place_call(CALL).carrier_call_id == "call_1"
    file = spool / "outgoing" / "call_1.call"
    words = dict(line.split(": ", 1) for line in file.read_text().splitlines() if not line.startswith("#"))
    assert words["Channel"] == f"PJSIP/{TO}@trunk"
    assert (words["CallerID"], words["WaitTime"], words["MaxRetries"]) == (f"<{FROM}>", "30", "0")
    assert file.stat().st_mode & 0o077 == 0
    assert asterisk.fetch_call("call_1").state is CallState.QUEUED
    with file.open("a") as text:
        text.write("\nStartRetry: 4711 1 (1772438400)\n")
    assert found(asterisk) == [("call_1", CallState.RINGING)]
    archive(spool, "call_1", "Completed")
    view = asterisk.fetch_call("call_1")
    assert (view.state, view.to_number, view.from_number) == (CallState.COMPLETED, TO, FROM)
    assert found(asterisk) == [("call_1", CallState.COMPLETED)]
    assert found(asterisk, "+34600000002") == []


@needs_jq
@pytest.mark.parametrize(("status", "state"), [("Expired", CallState.NO_ANSWER), ("Failed", CallState.FAILED)])
def test_the_example_tells_how_a_call_failed(
    asterisk: ExecCarrier, spool: Path, status: str, state: CallState
) -> None:
    asterisk.place_call(CALL)
    archive(spool, "call_1", status)
    assert asterisk.fetch_call("call_1").state is state


@needs_jq
def test_the_example_says_no_more_than_it_knows(asterisk: ExecCarrier, spool: Path) -> None:
    with pytest.raises(NotFound):
        asterisk.fetch_call("call_1")
    with pytest.raises(Rejected):
        asterisk.hang_up("call_1")
    (spool / "tmp").rmdir()
    with pytest.raises(NotSent):
        asterisk.place_call(CALL)
    with pytest.raises(Rejected, match="tmp cannot be written"):
        asterisk.check()
    (spool / "outgoing_done").rmdir()
    with pytest.raises(CarrierError):
        found(asterisk)


@needs_jq
def test_the_example_gives_no_phone_number_to_any_program_as_an_argument(
    asterisk: ExecCarrier, tmp_path: Path, spool: Path
) -> None:
    """Each program that it calls is replaced by one that writes its arguments down first."""
    watched = tmp_path / "watched"
    watched.mkdir()
    for name in ("cat", "jq", "sed", "mv", "grep"):
        real = shutil.which(name)
        (watched / name).write_text(
            f'#!/bin/sh\nprintf "%s\\n" {name} "$@" >> {tmp_path}/arguments\nexec {real} "$@"\n'
        )
        (watched / name).chmod(0o755)
    asterisk._setup.environ["PATH"] = f"{watched}:{os.environ['PATH']}"  # type: ignore[index]
    asterisk.place_call(CALL)
    asterisk.fetch_call("call_1")
    assert found(asterisk) == [("call_1", CallState.QUEUED)]
    arguments = (tmp_path / "arguments").read_text()
    assert {"cat", "jq", "sed", "mv", "grep"} <= set(arguments.splitlines())
    assert "34600000001" not in arguments
    assert "34910000001" not in arguments
