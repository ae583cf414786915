"""`hyp why` as people and programs ask it."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Hyp
from tests.cli.test_output import HOSTILE, on_a_terminal

KEYS = {
    "subject", "at", "based_on", "schedule_id", "execution_id", "phone_number", "scheduled_time", "status", "verdict",
    "reason", "gates", "changes", "next_call_at", "next_call_local", "calls", "others",
}  # fmt: skip
GATE_KEYS = {"gate", "verdict", "reason", "datum", "source", "until", "remedy"}
DAILY = ("schedules", "add", "--weekdays", "1-7", "--at", "09:30")


def test_every_gate_answers_with_all_its_keys(hyp: Hyp) -> None:
    schedule = hyp.ok(*DAILY, "--name", "Morning call").out.strip()
    told = hyp.ok("why", "Morning call", "--json").json
    assert set(told) == KEYS
    assert all(set(gate) == GATE_KEYS for gate in told["gates"])
    assert len(told["gates"]) == 14
    assert told["subject"] == {"kind": "schedule", "id": schedule}
    assert (told["verdict"], told["reason"], told["changes"], told["others"]) == ("dial", None, [], [])
    assert told["next_call_at"] == told["scheduled_time"] == told["at"]
    assert told["next_call_local"][11:19] == "09:30:00"


@pytest.mark.parametrize("words", [("--json", "why", "user-1"), ("why", "--json", "Ana")])
def test_shared_options_stand_before_or_after(hyp: Hyp, words: tuple[str, ...]) -> None:
    hyp.ok(*DAILY)
    elsewhere = str(hyp.db.rename(hyp.home / "moved.db"))
    told = hyp.ok("--db", elsewhere, *words)
    assert told.json == hyp.ok(*words, "--db", elsewhere).json
    assert told.json["subject"] == {"kind": "user", "id": "user-1"}


def test_typing_the_change_that_is_named_lets_the_call_go_out(hyp: Hyp) -> None:
    hyp.ok("suppressions", "add", "user-1", "--reason", "asked us to stop")
    hyp.ok("config", "set", "daily_budget", "1")
    schedule = hyp.ok("schedules", "add", "--at", "now").out.strip()
    (change,) = hyp.ok("why", schedule, "--json").json["changes"]
    assert change == "hyp suppressions remove +34600000001"
    said = hyp.ok("why", schedule).out
    assert f"This would change it:\n  {change}\n" in said
    assert "STOPS  suppressed  the number is suppressed: +34600000001 (asked us to stop) [suppressions]" in said
    hyp.ok(*change.split()[1:])
    assert hyp.ok("why", schedule, "--json").json["verdict"] == "dial"
    hyp.ok("tick")
    assert hyp.rung() == ["+34600000001"]
    past = hyp.ok("why", schedule, "--json").json
    assert (past["based_on"], past["verdict"]) == ("stored", "dialled")
    assert hyp.ok("why", past["execution_id"], "--json").json["calls"] == past["calls"]
    assert hyp.ok("why", past["calls"][0]["call_id"], "--json").json["execution_id"] == past["execution_id"]


def test_the_other_calls_of_a_person_follow_in_the_order_of_time(hyp: Hyp) -> None:
    for hour in ("20", "08", "13"):
        hyp.ok("schedules", "add", "--cron", f"0 {hour} 1 1 *", "--name", f"At {hour}")
    told = hyp.ok("why", "+34600000001", "--json").json
    assert told["subject"] == {"kind": "number", "id": "+34600000001"}
    times = [told["scheduled_time"], *(other["scheduled_time"] for other in told["others"])]
    assert [time[11:13] for time in times] == ["07", "12", "19"]
    text = hyp.ok("why", "Ana").out
    assert (
        text.index("At 08 calls Ana")
        < text.index("\n2 more of theirs:\n")
        < text.index("At 13")
        < text.index("At 20")
    )


def test_some_gates_alone_can_be_asked_for(hyp: Hyp) -> None:
    hyp.ok(*DAILY)
    told = hyp.ok("why", "user-1", "--gate", "call_cap", "--gate", "calling_window", "--json").json
    assert [gate["gate"] for gate in told["gates"]] == ["calling_window", "call_cap"]
    answer = hyp("why", "user-1", "--gate", "calling_widow")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "hyp: error: --gate 'calling_widow' is not known\nhint: did you mean calling_window?\n"


def test_a_stranger_has_no_calls_and_that_is_no_failure(hyp: Hyp) -> None:
    told = hyp.ok("why", "+34600000077")
    assert told.out.startswith("NOTHING IN THE WAY\nNo call to +34600000077 is planned.\n")
    assert hyp.ok("why", "+34600000077", "--json").json["verdict"] == "idle"


def test_nothing_in_names_or_reasons_reaches_the_terminal(hyp: Hyp) -> None:
    hyp.ok("users", "edit", "user-1", "--name", HOSTILE)
    hyp.ok("suppressions", "add", "user-1", "--reason", HOSTILE)
    hyp.ok("sessions", "start", "user-1", "--channel", HOSTILE)
    schedule = hyp.ok(*DAILY, "--name", HOSTILE).out.strip()
    for seen in (hyp.ok("why", schedule).out, on_a_terminal(hyp, "why", "user-1", columns=200)):
        assert "\x1b" not in seen
        assert "\u202e" not in seen
        assert "\u2028" not in seen
        assert "\\x1b[31mred\\x1b[0m\\ttab\\nnew\\u202eline\\u2028 Zoë" in seen
        assert len([line for line in seen.splitlines() if "Zoë" in line]) >= 2
    told = hyp.ok("why", schedule, "--json")
    assert "\x1b" not in told.out
    assert HOSTILE in next(gate["datum"] for gate in json.loads(told.out)["gates"] if gate["gate"] == "suppressed")


def test_an_instant_needs_no_zone_when_it_has_one_or_the_workspace_has(hyp: Hyp) -> None:
    hyp.ok(*DAILY)
    with_offset = hyp.ok("why", "user-1", "--at", "2090-01-02T09:30+01:00", "--json").json
    hyp.ok("config", "set", "timezone", "Europe/Madrid")
    naive = hyp.ok("why", "user-1", "--at", "2090-01-02 09:30", "--json").json
    assert with_offset["scheduled_time"] == naive["scheduled_time"] == "2090-01-02T08:30:00Z"


def test_a_schedule_that_rings_never_again_says_so(hyp: Hyp) -> None:
    schedule = hyp.ok(*DAILY).out.strip()
    hyp.ok("schedules", "cancel", schedule)
    told = hyp.ok("why", schedule)
    assert "NOTHING COMES: the schedule is canceled" in told.out
