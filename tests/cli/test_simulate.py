"""`hyp simulate` as people and programs run it."""

from __future__ import annotations

import hashlib
import sqlite3

import pytest

from tests.cli.conftest import Hyp

BEGIN = ("--from", "2027-03-22T00:00Z")
KEYS = {
    "began_at", "ended_at", "days", "seed", "executions", "statuses", "calls", "answered", "minutes",
    "calls_per_day", "calls_per_hour", "peak_concurrency", "peak_at", "reasons", "clock_changes", "asserts",
}  # fmt: skip


def fingerprint(hyp: Hyp) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in hyp.db.parent.iterdir()}


def test_a_run_can_be_had_again_and_leaves_every_file_as_it_was(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--at", "now")
    hyp.ok("tick")  # now the simulated network has a file, and the dial journal too
    hyp.ok("schedules", "add", "--weekdays", "1-7", "--at", "09:30", "--max-attempts", "3")
    before = fingerprint(hyp)
    assert len(before) >= 3
    first, again, other = (
        hyp.ok("simulate", "--days", "40", *BEGIN, "--seed", seed, "--json") for seed in ("7", "7", "8")
    )
    assert first.out == again.out
    assert first.json["minutes"] != other.json["minutes"]
    assert fingerprint(hyp) == before
    assert hyp.rung() == ["+34600000001"]


def test_programs_get_every_key_and_people_a_summary(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--weekdays", "1-7", "--at", "02:30")
    told = hyp.ok("--json", "simulate", "--days", "10", *BEGIN)
    assert set(told.json) == KEYS
    assert told.json["calls"] == sum(told.json["calls_per_hour"]) == sum(told.json["calls_per_day"].values()) == 10
    assert told.json["clock_changes"] == [
        {"at": "2027-03-28T01:00:00Z", "timezone": "Europe/Madrid", "seconds": 3600, "executions": 1}
    ]
    text = hyp.ok("simulate", "--days", "10", *BEGIN)
    assert "simulated   10 days from 2027-03-22T00:00:00Z, seed 1\n" in text.out
    assert "2027-03-28 01:00Z  Europe/Madrid  +1:00:00  calls moved or doubled: 1" in text.out
    assert "\x1b" not in text.out
    assert "not live" in text.err


def test_rules_that_hold_end_with_0_and_one_that_does_not_with_3(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--weekdays", "1-7", "--at", "08:30")
    holding = ("--assert", "calls == 5", "--assert", "max_per_person 1/23h", "--assert", "peak_concurrency <= 1")
    assert all(
        each["holds"] for each in hyp.ok("simulate", "--days", "5", *BEGIN, *holding, "--json").json["asserts"]
    )
    answer = hyp("simulate", "--days", "5", *BEGIN, *holding, "--assert", "no_call_outside 09:00-21:00")
    assert answer.code == 3
    assert "BROKEN  no_call_outside 09:00-21:00  (5 outside; the first: " in answer.out
    assert answer.out.count("holds   ") == 3
    told = hyp("simulate", "--days", "5", *BEGIN, "--assert", "no_call_outside 09:00-21:00", "--json")
    assert told.code == 3
    (verdict,) = told.json["asserts"]
    assert (verdict["rule"], verdict["holds"]) == ("no_call_outside 09:00-21:00", False)
    assert "+34600000001" not in verdict["detail"]


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_nothing_to_call_is_no_failure(hyp: Hyp, form: tuple[str, ...]) -> None:
    answer = hyp.ok("simulate", "--days", "3", *form)
    assert answer.json["calls"] == 0 if form else "calls       0" in answer.out


def test_twilio_numbers_are_simulated_without_twilio(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--weekdays", "1-7", "--at", "09:30")
    connection = sqlite3.connect(hyp.db)
    connection.execute("update numbers set carrier = 'twilio'")
    connection.commit()
    connection.close()
    answer = hyp.ok("simulate", "--days", "3", *BEGIN, "--json")
    assert answer.json["calls"] == 3
    assert hyp.ok("config", "get", "live").out == "false\n"
