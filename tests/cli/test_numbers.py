"""A number is edited: it goes to another carrier, when no call that shows it may still be going on."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Hyp

NUMBER = "+34910000001"


def test_a_number_moves_to_another_carrier_and_its_agent_keeps_it(hyp: Hyp) -> None:
    answer = hyp.ok("numbers", "edit", NUMBER, "--carrier", "twilio", "--json")
    assert (answer.json["carrier"], answer.json["agent_id"]) == ("twilio", "agent-123")
    assert "hyp config set live true" in answer.err
    assert "Nothing to change" in hyp.ok("numbers", "edit", NUMBER, "--carrier", "twilio").err
    (event,) = hyp.ok("history", NUMBER, "--events", "--json", "--limit", "1").json
    assert event["event"] == "number.edited"
    assert event["detail"] == {"carrier": "twilio", "was": "simulated"}


def test_the_label_is_changed_and_unset_alone(hyp: Hyp) -> None:
    assert hyp.ok("numbers", "edit", NUMBER, "--label", "Desk", "--json").json["label"] == "Desk"
    assert hyp.ok("numbers", "edit", NUMBER, "--clear", "label", "--json").json["label"] is None
    assert hyp.ok("numbers", "show", NUMBER, "--json").json["carrier"] == "simulated"


@pytest.mark.parametrize("callee", ["+34600000001", "+34600000099"])
def test_while_a_call_goes_on_or_is_in_doubt_it_stays(hyp: Hyp, callee: str) -> None:
    """The simulated callee 99: nothing is dialled and the reply is lost."""
    hyp.ok("schedules", "add", "--to", callee, "--at", "now")
    hyp("tick")
    (call,) = hyp.query("select id from calls where finished_at is null")[0]
    before = hyp.dump()
    refused = hyp("numbers", "edit", NUMBER, "--carrier", "twilio")
    assert (refused.code, call in refused.err, hyp.dump() == before) == (5, True, True)
    assert hyp.ok("numbers", "edit", NUMBER, "--label", "Desk").code == 0


def test_an_agent_that_could_not_get_the_calls_keeps_it_where_it_is(hyp: Hyp) -> None:
    hyp.ok("agents", "add", "Bare", "--id", "bare")
    hyp.ok("numbers", "add", "+34910000002")
    hyp.ok("numbers", "attach", "+34910000002", "bare")
    refused = hyp("numbers", "edit", "+34910000002", "--carrier", "twilio")
    assert (refused.code, "no way to get its calls" in refused.err) == (5, True)
    assert hyp("numbers", "edit", "+34910000002", "--carrier", "twilo").code == 2


def test_whoever_adds_it_a_second_time_learns_how_it_moves(hyp: Hyp) -> None:
    assert f"hyp numbers edit {NUMBER} --carrier twilio" in hyp("numbers", "add", NUMBER, "--carrier", "twilio").err
    assert "edit" not in hyp("numbers", "add", NUMBER).err
