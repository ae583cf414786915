"""What does `hyp schedules add` ask a person at a terminal? What lacks, and nothing in a pipe."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Hyp
from tests.cli.terminal import Talk, at_a_terminal

SECOND_AGENT = ("agents", "add", "Night shift", "--id", "agent-9", "--stream-url", "wss://agent.example/night")


def talk(hyp: Hyp, *words: str, answers: str, interrupt_at: str | None = None) -> Talk:
    """Run it at a terminal at which somebody types `answers`, "\\x04" for Ctrl-D, or Ctrl-C when those words show."""
    return at_a_terminal(hyp, *words, typed=answers, interrupt_at=interrupt_at)


def rules(hyp: Hyp) -> list[tuple[object, ...]]:
    return hyp.query(
        "select kind, agent_id, user_id, to_number, weekdays, local_time, cron_expression, timezone, name"
        " from schedules"
    )


def test_return_alone_takes_what_is_offered(hyp: Hyp) -> None:
    told = talk(hyp, "schedules", "add", answers="\n\n\n\n")
    assert told.code == 0
    assert rules(hyp) == [("weekly", "agent-123", "user-1", None, "1,2,3,4,5", "09:30:00", None, None, None)]
    assert "[mon-fri]" in told.seen
    assert "[09:30]" in told.seen


def test_the_next_three_firings_are_shown_before_anything_is_stored(hyp: Hyp) -> None:
    before = hyp.dump()
    told = talk(hyp, "schedules", "add", answers="1,3,5\n10:15\nCheck-in\nn\n")
    assert "Check-in calls Ana (user-1, +34600000001) Mon, Wed, Fri at 10:15 Europe/Madrid:\n" in told.seen
    firings = [line for line in told.seen.splitlines() if line.startswith("  ") and " 10:15 (20" in line]
    assert len(firings) == 3
    assert (told.code, hyp.dump()) == (1, before)


@pytest.mark.parametrize(
    ("answers", "stored"),
    [
        ("0 9 * * MON\n\n\n", ("cron", None, None, "0 9 * * MON")),
        ("in 15m\n\n\n", ("once", None, None, None)),
        ("45m\n\n\n", ("once", None, None, None)),
        ("2090-12-01 14:30\n\n\n", ("once", None, None, None)),
        ("sat,sun\n9:05\n\n\n", ("weekly", "6,7", "09:05:00", None)),
    ],
)
def test_when_is_asked_for_in_the_words_of_the_options(hyp: Hyp, answers: str, stored: tuple[object, ...]) -> None:
    assert talk(hyp, "schedules", "add", answers=answers).code == 0
    assert hyp.query("select kind, weekdays, local_time, cron_expression from schedules") == [stored]


def test_a_wrong_answer_is_asked_for_again(hyp: Hyp) -> None:
    wrong = "tuesdy\n61 9 * * *\n2020-01-01 10:00\n2\n25:00\n10:00\n\n\n"
    told = talk(hyp, "schedules", "add", answers=wrong)
    assert told.code == 0
    assert hyp.query("select weekdays, local_time from schedules") == [("2", "10:00:00")]
    for word in ("'tuesdy'", "61 9 * * *", "in the past", "'25:00'"):
        assert word in told.seen


def test_only_what_lacks_is_asked(hyp: Hyp) -> None:
    told = talk(hyp, "schedules", "add", "--weekdays", "1", "--at", "09:30", answers="")
    assert (told.code, "?" in told.seen, len(rules(hyp))) == (0, False, 1)
    hyp.ok(*SECOND_AGENT)
    told = talk(hyp, "schedules", "add", "--weekdays", "1", "--at", "09:30", answers="2\n\n")
    assert (told.code, "When?" in told.seen, len(rules(hyp))) == (0, False, 2)
    assert {row[1] for row in rules(hyp)} == {"agent-123", "agent-9"}


def test_the_agent_the_callee_and_the_clocks_are_chosen_from_what_is_there(hyp: Hyp) -> None:
    hyp.ok(*SECOND_AGENT)
    hyp.ok("users", "add", "Ben", "--id", "user-2", "--phone", "+4930123456")
    told = talk(hyp, "schedules", "add", answers="Night shift\nuser-2\n\n1\n\n\n\n")
    assert told.code == 0
    assert rules(hyp) == [("weekly", "agent-9", "user-2", None, "1", "09:30:00", None, "Europe/Berlin", None)]
    assert "1  Ana (user-1)" in told.seen
    told = talk(
        hyp, "schedules", "add", "--agent", "agent-9", answers="+34600000009\nEurope/Madird\nEurope/Madrid\n1\n\n\n\n"
    )
    assert rules(hyp)[-1][3] == "+34600000009"
    assert "did you mean Europe/Madrid?" in told.seen


def test_whoever_goes_away_has_stored_nothing(hyp: Hyp) -> None:
    before = hyp.dump()
    for going in ({"answers": "mon\n\x04"}, {"answers": "mon\n", "interrupt_at": "At what time"}):
        told = talk(hyp, "schedules", "add", **going)
        assert (told.code, "Traceback" in told.seen) == (130, False)
    assert hyp.dump() == before


def test_nobody_is_asked_in_a_pipe_or_for_json(hyp: Hyp) -> None:
    assert hyp("schedules", "add").code == 2
    for words in (("--json",), ("--no-input",)):
        told = talk(hyp, "schedules", "add", *words, answers="")
        assert (told.code, "no time given" in told.seen) == (2, True)
    assert rules(hyp) == []


def test_what_is_made_with_an_empty_workspace_is_said_not_asked(bare_hyp: Hyp) -> None:
    bare_hyp.ok("init")
    told = talk(bare_hyp, "schedules", "add", answers="")
    assert (told.code, "there is no agent yet" in told.seen, "When?" in told.seen) == (4, True, False)
