"""Sessions and suppressions: who must not be dialled just now, or at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Hyp
from tests.cli.test_output import HOSTILE, on_a_terminal

SESSION_KEYS = {
    "id", "user_id", "phone_number", "channel", "status", "started_at", "touched_at", "expires_at",
    "ended_at",
}  # fmt: skip
SUPPRESSION_KEYS = {"phone_number", "reason", "created_by", "created_at", "expires_at"}


@pytest.mark.parametrize("noun", ["sessions", "suppressions"])
def test_an_empty_list_is_empty_in_every_form(hyp: Hyp, noun: str) -> None:
    assert hyp.ok(noun, "list", "--json").json == []
    assert hyp.ok(noun, "list").out == ""
    assert on_a_terminal(hyp, noun, "list").startswith("No ")


def test_a_session_begins_goes_on_and_ends(hyp: Hyp) -> None:
    begun = hyp.ok("sessions", "start", "user-1", "--channel", "web", "--ttl", "5m", "--json").json
    assert set(begun) == SESSION_KEYS
    assert (begun["user_id"], begun["phone_number"], begun["channel"], begun["status"], begun["ended_at"]) == (
        "user-1",
        "+34600000001",
        "web",
        "live",
        None,
    )
    touched = hyp.ok("sessions", "touch", begun["id"], "--ttl", "1h", "--json").json
    assert touched["expires_at"] > begun["expires_at"]
    assert hyp.ok("sessions", "list", "--json").json == [touched]
    ended = hyp.ok("sessions", "end", begun["id"], "--json").json
    assert (ended["status"], ended["ended_at"] is None) == ("ended", False)
    assert hyp.ok("sessions", "list").out == ""
    again = hyp.ok("sessions", "end", begun["id"])
    assert "had ended before" in again.err
    assert [each["status"] for each in hyp.ok("sessions", "list", "--status", "all", "--json").json] == ["ended"]


def test_starting_prints_only_the_id_and_a_stranger_needs_only_a_number(hyp: Hyp) -> None:
    answer = hyp.ok("sessions", "start", "+34 600 00 00 77")
    assert answer.out.startswith("ses_")
    assert answer.out == answer.out.strip() + "\n"
    ((user, number),) = hyp.query("select user_id, phone_number from sessions")
    assert (user, number) == (None, "+34600000077")


def test_while_a_session_lasts_a_single_call_waits_and_goes_out_after_its_end(hyp: Hyp) -> None:
    session = hyp.ok("sessions", "start", "user-1", "--channel", "web").out.strip()
    hyp.ok("schedules", "add", "--at", "now")
    hyp.ok("tick")
    assert hyp.rung() == []
    hyp.ok("sessions", "end", session)
    hyp.ok("tick")
    assert hyp.rung() == ["+34600000001"]


def test_a_session_that_nobody_touches_expires(hyp: Hyp, until: Callable[[Callable[[], bool]], None]) -> None:
    hyp.ok("sessions", "start", "user-1", "--ttl", "1s", "--id", "short")
    until(lambda: hyp.ok("sessions", "list").out == "")
    assert hyp.ok("sessions", "list", "--status", "expired").out.startswith("short\tuser-1\t+34600000001\t\t")


def test_a_suppressed_number_is_not_dialled_whoever_asks_until_it_is_removed(hyp: Hyp) -> None:
    assert hyp.ok("suppressions", "add", "user-1", "+34600000002").out == "+34600000001\n+34600000002\n"
    schedule = hyp.ok("schedules", "add", "--weekdays", "1", "--at", "09:30").out.strip()
    hyp("schedules", "run-now", schedule)
    assert hyp.rung() == []
    assert hyp.ok("suppressions", "remove", "+34600000001", "user-1" if False else "+34600000002").out == ""
    hyp.ok("schedules", "run-now", schedule)
    assert hyp.rung() == ["+34600000001"]


def test_said_again_the_newer_reason_and_end_count(hyp: Hyp) -> None:
    hyp.ok("suppressions", "add", "user-1", "--for", "60d", "--reason", "refused an offer")
    (added,) = hyp.ok("suppressions", "add", "user-1", "--reason", "asked us to stop", "--json").json
    assert set(added) == SUPPRESSION_KEYS
    assert (added["phone_number"], added["reason"], added["expires_at"]) == ("+34600000001", "asked us to stop", None)
    assert hyp.ok("suppressions", "list", "--json").json == [added]
    number, reason, since, until, by = hyp.ok("suppressions", "list").out.removesuffix("\n").split("\t")
    assert (number, reason, since, until, by) == (
        "+34600000001",
        "asked us to stop",
        added["created_at"],
        "",
        "operator",
    )


def test_of_several_numbers_one_that_is_wrong_stops_all(hyp: Hyp) -> None:
    hyp.ok("suppressions", "add", "user-1")
    assert hyp("suppressions", "remove", "user-1", "+34600000077").code == 4
    assert hyp("suppressions", "add", "+34600000078", "nobody").code == 4
    assert hyp.ok("suppressions", "list").out.count("\n") == 1


def test_both_leave_lines_in_the_trail(hyp: Hyp) -> None:
    session = hyp.ok("sessions", "start", "user-1", "--channel", "web").out.strip()
    hyp.ok("sessions", "end", session)
    hyp.ok("suppressions", "add", "user-1", "--reason", "refused")
    hyp.ok("suppressions", "remove", "user-1", "--reason", "changed their mind")
    trail = hyp.ok("history", session, "--events", "--json").json
    assert [each["event"] for each in trail] == ["session.ended", "session.started"]
    assert hyp.ok("--json", "history", "--events", session).json == trail
    rows = [line.split("\t") for line in hyp.ok("history", "+34600000001", "--events").out.splitlines()]
    assert [row[1:5] for row in rows][:2] == [
        ["operator", "suppression.removed", "changed their mind", "+34600000001"],
        ["operator", "suppression.added", "refused", "+34600000001"],
    ]


def test_nothing_in_channels_or_reasons_reaches_the_terminal(hyp: Hyp) -> None:
    hyp.ok("sessions", "start", "user-1", "--channel", HOSTILE)
    hyp.ok("suppressions", "add", "user-1", "--reason", HOSTILE)
    for words in (("sessions", "list"), ("suppressions", "list"), ("history", "--events", "--limit", "2")):
        piped = hyp.ok(*words).out
        shown = on_a_terminal(hyp, *words, columns=200, NO_COLOR="1")
        for seen in (piped, shown):
            assert "\\x1b[31mred\\x1b[0m\\ttab\\nnew\\u202eline\\u2028 Zoë" in seen
            assert "\u202e" not in seen
        assert "\x1b[31m" not in shown
        assert len({line.count("\t") for line in piped.splitlines()}) == 1
        assert HOSTILE in hyp.ok(*words, "--json").json[0].values()


@pytest.mark.parametrize("noun", ["sessions", "suppressions"])
def test_a_list_that_is_cut_says_so(hyp: Hyp, noun: str) -> None:
    for number in ("+34600000011", "+34600000012"):
        hyp.ok(noun, "start" if noun == "sessions" else "add", number)
    cut = hyp.ok(noun, "list", "--limit", "1")
    assert (cut.out.count("\n"), "--limit 0" in cut.err) == (1, True)
    assert hyp.ok(noun, "list", "--limit", "0").out.count("\n") == 2
