"""`--from-json`: the bodies of both guides from a file or a pipe, and what is said of one that is no good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import guides
from tests.cli.conftest import Hyp


@pytest.fixture
def in_the_guides(hyp: Hyp) -> Hyp:
    """A workspace with the agents and the user of the guides."""
    for name in ("agent_...", "special-occasion-agent"):
        hyp.ok("agents", "add", name, "--id", name)
    hyp.ok("users", "add", "Their user", "--id", "user_...", "--phone", "+34600000002")
    return hyp


def test_every_body_of_the_guides_is_taken_from_a_pipe(in_the_guides: Hyp) -> None:
    for text in guides.NEW.values():
        # Their times have passed.
        added = in_the_guides("schedules", "add", "--from-json", "-", "--allow-past", "--json", stdin=text)
        assert added.code == 0, added
        said = json.loads(text)
        assert {name: added.json[name] for name in ("agent_id", "timezone")} == {
            name: said[name] for name in ("agent_id", "timezone")
        }
    answer = in_the_guides("schedules", "add", "--from-json", "-", stdin=guides.GUIDE_B_SINGLE)
    assert (answer.code, answer.out) == (2, "")
    assert "'2024-02-01 14:30:00' is in the past" in answer.err


def test_a_change_is_taken_from_a_file_and_options_win(in_the_guides: Hyp) -> None:
    hyp = in_the_guides
    Path(hyp.home / "new.json").write_text(guides.GUIDE_B_ADVANCED, "utf-8")
    Path(hyp.home / "change.json").write_text(guides.GUIDE_B_UPDATE, "utf-8")
    typed = ("--at", "2090-02-01 14:30", "--context", "order_id=ORD-457", "--name", "Mine")
    added = hyp.ok("schedules", "add", "--from-json", "new.json", *typed, "--json").json
    assert (added["run_at"], added["name"], added["max_attempts"]) == ("2090-02-01T19:30:00Z", "Mine", 3)
    assert added["customer_context"]["order_id"] == "ORD-457"
    assert added["customer_context"]["customer_id"] == "cust-123"
    before = hyp.dump()
    edit = ("schedules", "edit", "Mine", "--from-json", "change.json", "--at", "2090-02-02 10:00", "--json")
    assert hyp.ok(*edit, "--dry-run").json["run_at"] == "2090-02-02T15:00:00Z"
    assert hyp.dump() == before
    edited = hyp.ok(*edit).json
    assert (edited["run_at"], edited["customer_context"]["notes"]) == ("2090-02-02T15:00:00Z", "Updated context")


def test_what_show_prints_can_be_added_again(in_the_guides: Hyp) -> None:
    hyp = in_the_guides
    first = hyp.ok("schedules", "add", "--weekdays", "1", "--at", "09:30", "--user", "user-1", "--agent", "agent-123")
    shown = hyp.ok("schedules", "show", first.out.strip(), "--json")
    again = hyp("schedules", "add", "--from-json", "-", "--json", stdin=shown.out)
    assert again.code == 0
    passing = ("id", "created_at", "updated_at", "occurrences", "outlook")
    assert {k: v for k, v in again.json.items() if k not in passing} == {
        k: v for k, v in shown.json.items() if k not in passing
    }


# what is in the file | what is said
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "standard input is not JSON"),
        ('{"name": "a"} {"name": "b"}', "is not JSON: Extra data"),
        ('{"name": "a", "name": "b"}', "'name' is said twice"),
        ('{"customer_context": {"a": NaN}}', "NaN is no number"),
        ("[{}]", "holds a list"),
        ('"weekly"', "'weekly' is not a JSON object"),
        ("[" * 100_000, "nested too deep"),
        ('{"cron": "0 9 * * *"}', "unknown field 'cron'"),
        ('{"weekdays": [0], "local_time": "09:30"}', "'0' is not a weekday"),
        ('{"weekdays": [1], "local_time": "09:30", "timezone": "Europe/Madird"}', "Europe/Madird"),
        ('{"weekdays": [1], "local_time": "09:30", "max_occurrences": 0}', "error: max_occurrences 0 must be"),
        ('{"phone_number": "12", "cron_expression": "0 9 * * *"}', "'12' is not in E.164 form"),
    ],
)
def test_a_bad_body_is_one_line_and_nothing_is_stored(hyp: Hyp, text: str, said: str) -> None:
    before = hyp.dump()
    answer = hyp("schedules", "add", "--from-json", "-", stdin=text)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err.splitlines()[0]
    assert len(answer.err.splitlines()) == 2
    assert answer.err.splitlines()[1].startswith("hint: ")
    assert hyp.dump() == before


def test_a_lead_is_real_time_in_hours_and_days_on_the_wall_in_days(hyp: Hyp) -> None:
    """Between the two the clocks of Madrid go forward."""
    appointment = ("--at", "2090-03-26 12:00", "--tz", "Europe/Madrid")
    for lead, run_at in {"24h": "2090-03-25T10:00:00Z", "1d": "2090-03-25T11:00:00Z"}.items():
        added = hyp.ok("schedules", "add", *appointment, "--before", lead, "--json").json
        assert added["run_at"] == run_at
    for words in (("--cron", "0 9 * * *"), ("--at", "now"), ("--in", "15m")):
        assert "--before 1d needs an --at" in hyp("schedules", "add", *words, "--before", "1d").err


def test_a_file_that_is_not_there_or_far_too_large_or_no_text_is_named(hyp: Hyp) -> None:
    Path(hyp.home / "large.json").write_bytes(b" " * (1 << 21))
    Path(hyp.home / "latin.json").write_bytes('{"name": "Núñez"}'.encode("latin-1"))
    for name, code in {"none.json": 1, "large.json": 2, "latin.json": 2}.items():
        answer = hyp("schedules", "add", "--from-json", name)
        assert (answer.code, answer.out) == (code, "")
        assert name in answer.err.splitlines()[0]
