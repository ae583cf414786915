"""Each fault is named by doctor and by health while it lasts, and not before or after."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hyponema_cli.clock import SystemClock
from hyponema_cli.core.instant import to_text
from hyponema_cli.store import heartbeat, journal
from tests.cli.conftest import Hyp


class Fault(NamedTuple):
    """Something that goes wrong, and is mended."""

    check: str
    """The doctor's check that finds it."""
    verdict: str
    reason: str | None
    """Health's word for it; None: it is nothing for a monitor."""
    induce: Callable[[Hyp], object]
    mend: Callable[[Hyp], object]


def change(hyp: Hyp, sql: str, *values: object) -> None:
    """Do to the workspace what only time or an accident does."""
    with closing(sqlite3.connect(hyp.db)) as connection, connection:
        connection.execute(sql, values)


def changes(sql: str, *values: object) -> Callable[[Hyp], None]:
    return lambda hyp: change(hyp, sql, *values)


def says(*words: str) -> Callable[[Hyp], object]:
    return lambda hyp: hyp.ok(*words)


def ago(**span: float) -> str:
    return to_text(SystemClock().now() - timedelta(**span))


def beat_at(path: Path, seconds_from_now: float) -> None:
    moment = SystemClock().now().timestamp() + seconds_from_now
    os.utime(path, (moment, moment))


def beats_at(seconds_from_now: float) -> Callable[[Hyp], None]:
    return lambda hyp: beat_at(heartbeat.path_of(hyp.db), seconds_from_now)


def block(path_of: Callable[[Path], Path]) -> Callable[[Hyp], None]:
    """Put a folder into the place of a file beside the workspace."""

    def put(hyp: Hyp) -> None:
        path = path_of(hyp.db)
        if path.exists():
            path.rename(path.with_name(path.name + ".kept"))
        path.mkdir()

    return put


def unblock(path_of: Callable[[Path], Path]) -> Callable[[Hyp], None]:
    def take(hyp: Hyp) -> None:
        path = path_of(hyp.db)
        path.rmdir()
        kept = path.with_name(path.name + ".kept")
        if kept.exists():
            kept.rename(path)

    return take


def hold(hyp: Hyp, number: str, problem: str) -> None:
    """Leave the simulated carrier, or a number on it, alone for five minutes."""
    change(hyp, "insert into holds values ('simulated', ?, ?, ?)", number, problem, ago(minutes=-5))


def make_doubt(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--at", "now", "--to", "+34600000099", "--tz", "Europe/Madrid")
    assert hyp("tick").code == 3


def resolve_doubts(hyp: Hyp) -> None:
    for doubt in hyp("reconcile", "--json").json:
        hyp.ok("reconcile", "--resolve", doubt["call_id"], "placed")


def restore_a_copy(hyp: Hyp) -> None:
    copy = hyp.home / "copy.db"
    shutil.copy(hyp.db, copy)
    hyp.ok("schedules", "add", "--at", "now")
    hyp.ok("tick")
    shutil.copy(copy, hyp.db)


def damage(hyp: Hyp) -> None:
    """Overwrite a page in the middle of the file; the whole one is kept."""
    shutil.copy(hyp.db, hyp.home / "whole.db")
    content = bytearray(hyp.db.read_bytes())
    (root,) = hyp.query("select rootpage from sqlite_master where name = 'calls_by_callee'")[0]
    content[(root - 1) * 4096 : root * 4096] = b"\xff" * 4096
    hyp.db.write_bytes(content)


def twilio_number(hyp: Hyp) -> None:
    hyp.ok("numbers", "add", "+34910000002", "--carrier", "twilio")


NO_NUMBER = "update numbers set agent_id = null, attached_at = null"
WINDOW = ("config", "set", "calling_window", "09:00-20:00")
FAULTS = {
    "nothing drives it": Fault("driver", "fail", "no_heartbeat", beats_at(-600), says("tick")),
    "a beat from ahead": Fault("clock", "warn", "no_heartbeat", beats_at(3600), says("tick")),
    "a beat cannot be left": Fault(
        "driver", "fail", "no_heartbeat", block(heartbeat.path_of), unblock(heartbeat.path_of)
    ),
    "a schedule is overdue": Fault(
        "queue",
        "warn",
        "overdue",
        lambda hyp: change(hyp, "update schedules set next_run_at = ?", ago(minutes=10)),
        says("tick"),
    ),
    "a call in doubt": Fault("doubts", "warn", "doubts", make_doubt, resolve_doubts),
    "a carrier is held": Fault(
        "carrier simulated",
        "warn",
        "held_carriers",
        lambda hyp: hold(hyp, "", "wrong password"),
        says("carriers", "check", "simulated"),
    ),
    "a number is held": Fault(
        "carrier simulated",
        "warn",
        None,
        lambda hyp: hold(hyp, "+34910000001", "not verified"),
        says("carriers", "check", "simulated"),
    ),
    "a copy was put back": Fault("dial journal", "fail", "database_behind", restore_a_copy, says("reconcile")),
    "the dial journal is no file": Fault(
        "dial journal", "fail", "journal_unreadable", block(journal.path_of), unblock(journal.path_of)
    ),
    "the dial journal is gone": Fault(
        "dial journal",
        "warn",
        None,
        changes("update journal set dials = 5"),
        changes("update journal set dials = 0"),
    ),
    "others may read it": Fault(
        "files", "warn", None, lambda hyp: hyp.db.chmod(0o644), lambda hyp: hyp.db.chmod(0o600)
    ),
    "damaged": Fault("contents", "fail", None, damage, lambda hyp: shutil.copy(hyp.home / "whole.db", hyp.db)),
    "newer zone data": Fault(
        "coming times",
        "warn",
        None,
        changes("update settings set value = '2000a' where key = 'zone_edition'"),
        says("tick"),
    ),
    "a file from ahead": Fault(
        "clock", "warn", None, lambda hyp: beat_at(hyp.db, 3600), lambda hyp: beat_at(hyp.db, 0)
    ),
    "an agent without number": Fault(
        "agents' numbers", "warn", None, changes(NO_NUMBER), says("numbers", "attach", "+34910000001", "agent-123")
    ),
    "no way to the agent": Fault(
        "agents' ways",
        "warn",
        None,
        changes("update agents set stream_url = null"),
        says("agents", "edit", "agent-123", "--stream-url", "wss://agent.example/session"),
    ),
    "no credentials": Fault(
        "carrier twilio", "fail", None, lambda hyp: None, changes("update numbers set carrier = 'simulated'")
    ),
    "not live": Fault("live", "note", None, lambda hyp: None, says("config", "set", "live", "true")),
    "any hour": Fault("calling window", "warn", None, says("config", "set", "live", "true"), says(*WINDOW)),
    "zone unknown": Fault(
        "users' zones",
        "warn",
        None,
        lambda hyp: (hyp.ok(*WINDOW), change(hyp, "update users set timezone = null")),
        changes("update users set timezone = 'Europe/Madrid'"),
    ),
    "no end": Fault(
        "endless schedules", "note", None, lambda hyp: None, changes("update schedules set max_occurrences = 12")
    ),
    "trouble": Fault(
        "troubled schedules",
        "warn",
        None,
        changes("update schedules set trouble = 'no zone', next_run_at = null, next_slot = null"),
        changes("update schedules set trouble = null"),
    ),
}
NEEDS_TWILIO = ("no credentials", "not live", "no way to the agent", "any hour")
THERE_FROM_THE_START = ("no credentials", "not live", "no end")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_while_it_lasts(hyp: Hyp, name: str) -> None:
    fault = FAULTS[name]
    hyp.ok("schedules", "add", "--weekdays", "1-7", "--at", "09:30")
    if name in NEEDS_TWILIO:
        twilio_number(hyp)
        if name == "no way to the agent":
            hyp.ok("numbers", "attach", "+34910000002", "agent-123")
    hyp.ok("tick")
    if name not in THERE_FROM_THE_START:
        assert found_by_doctor(hyp, fault)[0] != fault.verdict
        assert found_by_health(hyp) == []
    fault.induce(hyp)
    verdict, fix = found_by_doctor(hyp, fault)
    assert verdict == fault.verdict
    assert fix
    assert found_by_health(hyp) == ([fault.reason] if fault.reason else [])
    fault.mend(hyp)
    assert found_by_doctor(hyp, fault)[0] != fault.verdict
    assert fault.reason not in found_by_health(hyp)


def found_by_doctor(hyp: Hyp, fault: Fault) -> tuple[str, str | None]:
    answer = hyp("doctor", "--json")
    findings = {each["check"]: each for each in answer.json}
    assert all(set(each) == {"check", "verdict", "found", "fix"} for each in findings.values())
    assert answer.code == (3 if any(each["verdict"] in ("warn", "fail") for each in findings.values()) else 0)
    finding = findings.get(fault.check)
    return (finding["verdict"], finding["fix"]) if finding else ("ok", None)


def found_by_health(hyp: Hyp) -> list[Any]:
    answer = hyp("health", "--json")
    named = [line.partition(": ")[0] for line in answer.err.splitlines()]
    assert answer.json["reasons"] == named
    assert (answer.code, answer.json["status"]) == ((3, "unhealthy") if named else (0, "healthy"))
    return named
