"""hyp doctor: on files that cannot be opened, on machines that are not as they should be, and for eyes."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hyponema_cli.engine.doctor_machine import VARIABLES
from tests.cli.conftest import Answer, Hyp
from tests.cli.test_faults import change, hold
from tests.cli.test_output import on_a_terminal

SOURCES = Path(__file__).parents[2] / "hyponema_cli"


def found(answer: Answer) -> dict[str, dict[str, Any]]:
    return {each["check"]: each for each in answer.json}


def test_a_workspace_that_is_driven_and_well_ends_with_0(hyp: Hyp) -> None:
    hyp.ok("tick")
    findings = found(hyp.ok("doctor", "--json"))
    assert {each["verdict"] for each in findings.values()} <= {"ok", "note"}
    assert all(each["fix"] is None for each in findings.values() if each["verdict"] == "ok")


def test_a_fresh_one_is_told_that_nothing_drives_it(hyp: Hyp) -> None:
    answer = hyp("doctor")
    assert answer.code == 3
    (line,) = [line for line in answer.out.splitlines() if line.startswith("driver\t")]
    assert line.split("\t")[1] == "fail"
    assert "hyp run-worker" in line


def test_without_a_database_it_says_so_and_looks_at_the_machine(bare_hyp: Hyp) -> None:
    answer = bare_hyp("doctor", "--json")
    findings = found(answer)
    assert answer.code == 10
    assert findings["database"]["verdict"] == "fail"
    assert "init" in findings["database"]["fix"]
    assert "program" in findings
    assert not bare_hyp.db.exists()


@pytest.mark.parametrize("kind", ["foreign", "no database", "empty", "cut short", "newer", "a folder", "held"])
def test_a_file_that_cannot_be_opened_is_named_with_what_is_wrong(hyp: Hyp, kind: str) -> None:
    words = {
        "foreign": "not a hyp workspace",
        "no database": "not a usable SQLite file",
        "empty": "not a hyp workspace",
        "cut short": "malformed",
        "newer": "schema 99",
        "a folder": "is a folder",
        "held": "locked by another process",
    }
    holder = sqlite3.connect(":memory:")
    match kind:
        case "foreign":
            hyp.db.unlink()
            change(hyp, "create table t (x)")
        case "no database":
            hyp.db.write_text("These are notes, and no database at all.\n" * 100)
        case "empty":
            hyp.db.write_text("")
        case "cut short":
            hyp.db.write_bytes(hyp.db.read_bytes()[:8192])
        case "newer":
            change(hyp, "pragma user_version = 99")
        case "a folder":
            hyp.db.unlink()
            hyp.db.mkdir()
        case "held":
            holder = sqlite3.connect(hyp.db)
            holder.execute("begin exclusive")
    with closing(holder):
        answer = hyp("doctor", "--json")
    assert answer.code == 3
    failures = [each["found"] for each in answer.json if each["verdict"] == "fail"]
    assert any(words[kind] in each for each in failures), failures
    assert {"program", "environment", "time zone data"} <= found(answer).keys()


def test_a_variable_that_is_misspelt_is_found_with_what_was_meant(hyp: Hyp) -> None:
    hyp.ok("tick")
    misspelt = hyp("doctor", "--json", HYP_WORKSPCE="dev", hyp_db="x")
    finding = found(misspelt)["environment"]
    assert (misspelt.code, finding["verdict"]) == (3, "warn")
    assert "HYP_WORKSPCE (did you mean HYP_WORKSPACE?)" in finding["found"]
    assert "hyp_db (did you mean HYP_DB?)" in finding["found"]
    other = hyp.ok("doctor", "--json", HYP_BIN="x", HYP_TWILIO_EU_BASE_URL="x")
    assert found(other)["environment"] == {
        "check": "environment",
        "verdict": "note",
        "found": "not read by hyp: HYP_BIN",
        "fix": "unset what is not a plugin's own",
    }


def test_every_variable_that_the_code_reads_is_known_to_the_doctor() -> None:
    read = {name for file in SOURCES.rglob("*.py") for name in re.findall(r'"(HYP_[A-Z_]*[A-Z])"', file.read_text())}
    assert read <= set(VARIABLES)


def test_another_program_of_the_same_name_is_found_when_a_shell_would_take_it(hyp: Hyp) -> None:
    hyp.ok("tick")
    folder = hyp.home / "other"
    folder.mkdir()
    other = folder / "hyp"
    other.write_text("#!/bin/sh\n")
    path = hyp.env["PATH"]
    assert found(hyp("doctor", "--json", PATH=f"{folder}:{path}"))["program"]["verdict"] != "warn"  # not executable
    other.chmod(0o755)
    unreadable = "x" * 5000  # as a folder that one may not look into, which root may
    assert "failed" not in found(hyp("doctor", "--json", PATH=f"{unreadable}:{path}"))["program"]["found"]
    taken = found(hyp("doctor", "--json", PATH=f"{folder}:{path}"))["program"]
    assert taken["verdict"] == "warn"
    assert str(other) in taken["found"]
    assert "hyponema" in taken["fix"]
    assert found(hyp("doctor", "--json", PATH="/usr/bin"))["program"]["verdict"] == "note"


def test_online_asks_the_carriers_and_lifts_what_held_them(hyp: Hyp) -> None:
    hyp.ok("tick")
    hold(hyp, "", "wrong password")
    assert found(hyp("doctor", "--json"))["carrier simulated"]["verdict"] == "warn"
    assert found(hyp("doctor", "--online", "--json"))["carrier simulated"]["verdict"] == "ok"
    assert hyp.query("select count(*) from holds") == [(0,)]
    change(hyp, "update numbers set carrier = 'twilio'")
    env = {
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "secret",
        "HYP_TWILIO_BASE_URL": "http://127.0.0.1:9",
    }
    assert found(hyp("doctor", "--json", **env))["carrier twilio"]["verdict"] == "ok"
    unreachable = hyp("doctor", "--online", "--json", **env)
    assert found(unreachable)["carrier twilio"]["verdict"] == "fail"
    assert "secret" not in unreachable.out + unreachable.err
    change(hyp, "update numbers set carrier = 'acme:eu'")
    assert "acme:eu" in found(hyp("doctor", "--json"))["carrier acme:eu"]["found"]


@pytest.mark.parametrize("columns", [40, 80, 140])
def test_a_terminal_gets_it_wrapped_and_the_worst_last(hyp: Hyp, columns: int) -> None:
    hyp.ok("schedules", "add", "--weekdays", "1-7", "--at", "09:30")
    shown = on_a_terminal(hyp, "doctor", columns=columns, NO_COLOR="1").splitlines()
    assert max(map(len, shown)) <= columns
    signs = [line.split()[0] for line in shown[:-1] if not line.startswith(" ")]
    assert signs[-1] == "FAIL"
    assert [sign.casefold() for sign in signs] == sorted(
        (sign.casefold() for sign in signs), key=["ok", "note", "warn", "fail"].index
    )
    assert any(line.strip().startswith("fix: ") for line in shown)
    assert shown[-1].endswith("1 failure")
    assert "\x1b" not in "".join(shown)
