"""Calling windows, caps and the other settings: how they are said, stored, shown and obeyed."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Hyp

SETTINGS = (
    "live",
    "timezone",
    "catch_up_window",
    "calling_window",
    "call_cap",
    "pace",
    "concurrency",
    "daily_budget",
    "webhook_url",
    "webhook_events",
    "webhook_allow_private",
    "heartbeat_url",
    "callback_url",
)
WEEKLY = ("schedules", "add", "--weekdays", "1-7", "--at", "09:30")

# key | as typed | as stored and shown, in JSON
SAID = [
    ("calling_window", "Mon-Fri 9:00 - 20:00 ; sat 10:00-18:00", "mon-fri 09:00-20:00; sat 10:00-18:00"),
    ("call_cap", "7/7d,3/24h,1/90m", "1/1h30m, 3/24h, 7/7d"),
    ("pace", "0.5", 0.5),
    ("concurrency", "010", 10),
    ("daily_budget", "1000000", 1_000_000),
    ("webhook_url", "https://hooks.example/calls", "https://hooks.example/calls"),
    ("heartbeat_url", "https://beats.example/hyp", "https://beats.example/hyp"),
    ("callback_url", "https://calls.example/hyp/", "https://calls.example/hyp"),
]


def test_settings_are_stored_in_one_form_that_can_be_typed_again_and_are_shown_with_where_they_are_from(
    hyp: Hyp,
) -> None:
    for key, typed, value in SAID:
        assert hyp.ok("config", "set", key, typed, "--json").json == {key: value}
        assert hyp.ok("config", "set", key, str(value)).err == f"{key} is {value}.\n"
    hyp.ok("config", "unset", "pace")
    rows = [line.split("\t") for line in hyp.ok("config", "show").out.splitlines()]
    assert [row[0] for row in rows] == list(SETTINGS)
    assert {row[0] for row in rows if row[2] == "workspace"} == {key for key, _, _ in SAID} - {"pace"}
    told = hyp.ok("--json", "config", "show").json
    assert list(told) == list(SETTINGS)
    assert (told["live"], told["pace"], told["daily_budget"]) == (False, None, 1_000_000)
    assert hyp.ok("config", "show", "--json").json == told


def test_the_window_in_force_is_the_schedules_else_the_users_else_the_workspaces(hyp: Hyp) -> None:
    schedule = hyp.ok(*WEEKLY).out.strip()

    def in_force() -> tuple[str | None, str | None]:
        told = hyp.ok("schedules", "show", schedule, "--json").json
        return told["calling_window"], told["calling_window_from"]

    hyp.ok("config", "set", "calling_window", "us-tcpa")
    assert in_force() == ("us-tcpa", "workspace")
    hyp.ok("users", "edit", "user-1", "--window", "10:00-18:00")
    assert in_force() == ("10:00-18:00", "user")
    hyp.ok("schedules", "edit", schedule, "--window", "always")
    assert in_force() == ("always", "schedule")
    hyp.ok("schedules", "edit", schedule, "--clear", "window")
    assert in_force() == ("10:00-18:00", "user")


def test_a_window_is_taken_when_a_user_or_schedule_is_added(hyp: Hyp) -> None:
    user = hyp.ok("users", "add", "Bo", "--phone", "+34600000002", "--window", "fr", "--json").json
    assert user["calling_window"] == "fr"
    dry = hyp.ok(*WEEKLY, "--user", user["id"], "--window", "9:00-20:00", "--tz", "Europe/Paris", "-n", "--json").json
    assert (dry["calling_window"], dry["calling_window_from"]) == ("09:00-20:00", "schedule")
    assert hyp.query("select count(*) from schedules") == [(0,)]


@pytest.mark.parametrize(
    ("words", "policy", "seconds"),
    [
        (("--on-doubt", "redial-after", "10m"), "redial-after", 600),
        (("--on-doubt", "redial-after 1h"), "redial-after", 3600),
        (("--on-doubt=redial-after 60",), "redial-after", 60),
        ((), "hold", None),
    ],
)
def test_what_follows_a_doubt_is_said_with_or_without_quotes(
    hyp: Hyp, words: tuple[str, ...], policy: str, seconds: int | None
) -> None:
    added = hyp.ok(*WEEKLY, *words, "--json").json
    assert (added["on_doubt"], added["redial_after_seconds"]) == (policy, seconds)


def test_a_cap_a_budget_and_a_closed_window_hold_calls_back_and_say_when_they_open(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--at", "now", "--name", "First")
    hyp.ok("tick")
    for key, value, gate in (
        ("call_cap", "1/24h", "call_cap"),
        ("daily_budget", "1", "budget"),
        ("calling_window", "mon 00:00-00:01", "calling_window"),
    ):
        hyp.ok("config", "set", key, value)
        schedule = hyp.ok("schedules", "add", "--at", "now").out.strip()
        told = hyp.ok("why", schedule, "--json").json
        blocked = [each for each in told["gates"] if each["verdict"] != "pass" and each["gate"] != "line_busy"]
        assert [each["gate"] for each in blocked] == [gate]
        assert blocked[0]["until"] > told["at"]
        assert f"hyp config set {key}" in blocked[0]["remedy"]
        hyp("tick")
        hyp.ok("config", "unset", key)
    assert hyp.rung() == ["+34600000001"]


def test_a_doubt_is_listed_and_settled(hyp: Hyp) -> None:
    hyp.ok("config", "set", "timezone", "Europe/Madrid")
    hyp.ok("schedules", "add", "--at", "now", "--to", "+34600000099", "--name", "Lost")
    assert hyp("tick").code == 3
    listed = hyp("reconcile", "--json")
    assert listed.code == 3
    (doubt,) = listed.json
    assert (doubt["to_number"], doubt["reason"], doubt["found"]) == ("+34600000099", "no_clean_answer", "none")
    assert hyp("reconcile").out.startswith(f"{doubt['call_id']}\t+34600000099\t+34910000001\tsimulated\t")
    would_be = {"placed": "its execution would be completed", "not-placed": "pending; the next pass would dial it"}
    before, beside = hyp.dump(), hyp.db.with_name(f"{hyp.db.name}.dialled").read_bytes()
    for verdict, what in would_be.items():
        answer = hyp.ok("reconcile", "--resolve", doubt["call_id"], verdict, "--dry-run")
        assert f"{what}.\nDry run: nothing is stored.\n" in answer.err
        shape = hyp.ok("reconcile", "--resolve", doubt["call_id"], verdict, "-n", "--json").json
        assert shape["dry_run"] is True
        assert shape.get("outlook", {}).get("verdict") == ("dial" if verdict == "not-placed" else None)
    assert hyp.dump() == before
    assert hyp.db.with_name(f"{hyp.db.name}.dialled").read_bytes() == beside
    hyp.ok("suppressions", "add", "+34600000099")
    answer = hyp.ok("reconcile", "--resolve", doubt["call_id"], "not-placed", "-n")
    assert "pending; it would not be dialled: " in answer.err
    hyp.ok("suppressions", "remove", "+34600000099")
    assert hyp("reconcile", "--dry-run").code == 2
    settled = hyp.ok("reconcile", "--resolve", doubt["call_id"], "placed", "--json").json
    assert (settled["status"], settled["reason"]) == ("completed", "resolved_by_operator")
    assert hyp.ok("--json", "reconcile").json == []
    trail = hyp.ok("history", "Lost", "--events").out
    assert "call.resolved\tplaced" in trail
    assert hyp.rung() == ["+34600000099"]
