"""hyp occurrences --calendar: which months are drawn, and for whom."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Hyp
from tests.cli.test_output import on_a_terminal

DAILY = ("--cron", "30 2 * * *", "--tz", "Europe/Madrid", "--calendar")


def months_of(text: str) -> list[str]:
    """Return the headings of a calendar."""
    names = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October")
    return [line.strip() for line in text.splitlines() if line.strip().startswith((*names, "November", "December"))]


@pytest.mark.parametrize(
    ("options", "months", "summary"),
    [
        (("--after", "2026-10-05"), ["October 2026"], "27 firings from Mon 2026-10-05 to Sat 2026-10-31"),
        (("--after", "2026-10-05", "-n", "3"), ["October 2026"], "3 firings from Mon 2026-10-05 to Wed 2026-10-07"),
        (("--after", "2026-10-30", "-n", "4"), ["October 2026", "November 2026"], "4 firings from Fri 2026-10-30"),
        (
            ("--after", "2026-10-30", "--until", "2026-12-02"),
            ["October 2026", "November 2026", "December 2026"],
            "34 f",
        ),
        (("--after", "2026-10-30", "--until", "2026-12-02", "-n", "1"), ["October 2026"], "1 firing from"),
        (
            ("--after", "2026-10-30", "--until", "2026-11-02", "-n", "0"),
            ["October 2026", "November 2026"],
            "4 firings",
        ),
    ],
)
def test_a_calendar_goes_as_far_as_it_was_asked_to(
    bare_hyp: Hyp, options: tuple[str, ...], months: list[str], summary: str
) -> None:
    shown = bare_hyp.ok("occurrences", *DAILY, *options).out
    assert months_of(shown) == months
    assert summary in shown


def test_a_rule_that_fires_in_a_later_month_is_drawn_there_and_one_that_never_does_is_not(bare_hyp: Hyp) -> None:
    yearly = ("occurrences", "--cron", "0 9 1 1 *", "--tz", "UTC", "--after", "2026-03-01", "--calendar")
    assert months_of(bare_hyp.ok(*yearly).out) == ["January 2027"]
    assert months_of(bare_hyp.ok(*yearly, "--until", "2027-02-01").out) == [
        "March 2026 to December 2026: no firing",
        "January 2027",
        "February 2027: no firing",
    ]
    nothing = bare_hyp.ok(*yearly, "--until", "2026-05-01")
    assert (nothing.out, nothing.err) == ("", "No occurrences.\n")


def test_a_stored_schedule_has_a_calendar_too(hyp: Hyp) -> None:
    name = "Check\x1b[31m-in"
    hyp.ok("schedules", "add", "--weekdays", "1,3", "--at", "09:30", "--start", "2030-03-18", "--name", name)
    piped = hyp.ok("occurrences", name, "--calendar").out
    assert piped.startswith("Check\\x1b[31m-in: Mon, Wed at 09:30, Europe/Madrid\n4 firings from ")
    assert "31 +1h" in piped
    assert on_a_terminal(hyp, "occurrences", name, "--calendar", NO_COLOR="1") == piped
    assert (
        max(map(len, on_a_terminal(hyp, "occurrences", name, "--calendar", columns=40, NO_COLOR="1").splitlines()))
        <= 40
    )
    assert "\x1b[" in on_a_terminal(hyp, "occurrences", name, "--calendar")


def test_the_past_of_a_stored_schedule_is_not_drawn_as_if_nothing_had_been(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--cron", "0 9 * * *", "--name", "Daily")
    shown = hyp.ok("occurrences", "Daily", "--calendar", "--after", "2020-01-01", "-n", "2").out
    assert "2020" not in shown


def test_a_picture_is_no_json_and_no_list_without_end(bare_hyp: Hyp) -> None:
    refused = bare_hyp("occurrences", *DAILY, "--json")
    assert (refused.code, refused.out) == (2, "")
    assert "--calendar and --json" in refused.err
    assert bare_hyp("occurrences", *DAILY, "-n", "0").code == 2
    assert bare_hyp("occurrences", *DAILY, "-n", "-1").code == 2
