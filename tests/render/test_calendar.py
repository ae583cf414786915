"""A calendar shows every firing once, on its day, and what the clocks do to it, in characters."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.core.cron import parse
from hyponema_cli.core.month import by_day, last_of_month
from hyponema_cli.core.schedule import Cron, Rule, Weekly, occurrences
from hyponema_cli.core.walltime import wall_of
from hyponema_cli.render.calendar import Calendar, text
from tests.strategies import cron_texts, examples, zones

OCTOBER = """\
Night medication
27 firings from Mon 2026-10-05 to Sat 2026-10-31

                               October 2026
wk  Mon       Tue       Wed       Thu       Fri       Sat       Sun
41   5         6       [ 7]        8         9        10        11
    02:30     02:30     02:30     02:30     02:30     02:30     02:30
42  12        13        14        15        16        17        18
    02:30     02:30     02:30     02:30     02:30     02:30     02:30
43  19        20        21        22        23        24        25 -1h
    02:30     02:30     02:30     02:30     02:30     02:30     02:30 1/2
44  26        27        28        29        30        31
    02:30     02:30     02:30     02:30     02:30     02:30

Sun 25 Oct 2026: the clocks go back 1h, from 03:00 to 02:00; 02:30 happens twice
  and is called the first time

[ ] today   +1h -1h the clocks change   1/2 the first of two
"""
NARROW = """\
Night medication
27 firings from Mon 2026-10-05 to Sat
  2026-10-31

             October 2026
wk  Mon  Tue  Wed  Thu  Fri  Sat  Sun
41   5    6  [ 7]   8    9   10   11
     1    1    1    1    1    1    1
42  12   13   14   15   16   17   18
     1    1    1    1    1    1    1
43  19   20   21   22   23   24   25 ~
     1    1    1    1    1    1    1
44  26   27   28   29   30   31
     1    1    1    1    1    1

Sun 25 Oct 2026: the clocks go back 1h,
  from 03:00 to 02:00; 02:30 happens
  twice and is called the first time

[ ] today   ~ the clocks change
"""


def drawn(rule: Rule, first: date, last: date, width: int = 80, *, color: bool = False, title: str = "A rule") -> str:
    """Draw the firings of a rule on the days from `first` to `last`."""
    assert isinstance(rule.zone, ZoneInfo)
    zone = rule.zone
    coming = occurrences(rule, datetime.combine(first, time(), UTC) - timedelta(days=2))
    until_last = takewhile(lambda each: wall_of(each.at, zone).date() <= last, coming)
    firings = by_day((each for each in until_last if wall_of(each.at, zone).date() >= first), zone)
    return text(Calendar(title, zone, firings, first, last, date(2026, 10, 7)), width, color=color)


def cron(expression: str, zone: str) -> Cron:
    return Cron(parse(expression), ZoneInfo(zone))


@pytest.mark.parametrize(("width", "expected"), [(80, OCTOBER), (40, NARROW)])
def test_a_month_with_a_clock_change(width: int, expected: str) -> None:
    rule = Weekly((1, 2, 3, 4, 5, 6, 7), time(2, 30), ZoneInfo("Europe/Madrid"))
    shown = drawn(rule, date(2026, 10, 5), date(2026, 10, 31), width, title="Night medication")
    assert shown == expected


@pytest.mark.parametrize(
    ("rule", "month", "said"),
    [
        (
            cron("30 2 * * *", "Europe/Madrid"),
            "2026-03",
            "29 +1h  >03:00  02:30 does not exist and is called at 03:00",
        ),
        (
            cron("30 2 * * *", "Europe/Madrid"),
            "2026-10",
            "25 -1h  02:30 1/2  02:30 happens twice and is called the first",
        ),
        (
            cron("15 2 * * *", "America/New_York"),
            "2026-03",
            "8 +1h  >03:00  02:15 does not exist and is called at 03:00",
        ),
        (
            cron("30 1 * * *", "America/New_York"),
            "2026-11",
            "1 -1h  01:30 1/2  01:30 happens twice and is called the first",
        ),
        (cron("45 1 * * *", "Australia/Lord_Howe"), "2026-04", "5 -30m  01:45 1/2  01:45 happens twice"),
        (
            cron("15 2 * * *", "Australia/Lord_Howe"),
            "2026-10",
            "4 +30m  >02:30  02:15 does not exist and is called at 02:30",
        ),
        (cron("0 9 * * *", "Pacific/Apia"), "2011-12", "31 +1d  !09:00  this day does not exist in Pacific/Apia"),
        (
            cron("*/30 2 * * *", "Europe/Madrid"),
            "2026-10",
            "25 -1h  2 in the time that happens twice, and 2 when it comes",
        ),
    ],
)
def test_what_the_clocks_do_to_a_firing_is_marked_and_said(rule: Cron, month: str, said: str) -> None:
    first = date.fromisoformat(month + "-01")
    shown = " ".join(drawn(rule, first, last_of_month(first)).split())
    for part in said.split("  "):
        assert part in shown


def test_many_firings_of_a_day_are_counted() -> None:
    lines = drawn(cron("*/15 * * * *", "UTC"), date(2026, 2, 2), date(2026, 2, 2)).splitlines()
    below = [line.split() for line in lines if line.startswith("    ")]
    assert [row for row in below if row != ["February", "2026"]] == [["00:00"], ["+94"], ["23:45"]]


def test_months_without_a_firing_are_told_in_a_line_and_wide_windows_have_two_abreast() -> None:
    rule = cron("0 9 1 1,2 *", "UTC")
    wide = drawn(rule, date(2027, 1, 1), date(2028, 1, 31), 160)
    assert re.search("January 2027 +February 2027\n", wide)
    assert "\nMarch 2027 to December 2027: no firing\n" in wide
    assert re.search("January 2028\n", wide)


def test_weeks_are_iso_weeks_and_begin_on_monday() -> None:
    shown = drawn(cron("0 9 * * *", "UTC"), date(2027, 1, 1), date(2027, 1, 31))
    assert [line.split()[0] for line in shown.splitlines() if re.match(r"[ 0-9]\d ", line)][1:] == [
        "53", "1", "2", "3", "4",
    ]  # fmt: skip
    assert "wk  Mon " in shown


def test_hostile_titles_reach_no_terminal_and_without_colour_nothing_is_lost() -> None:
    rule = cron("30 2 * * *", "Europe/Madrid")
    args = (rule, date(2026, 10, 1), date(2026, 10, 31))
    plain = drawn(*args, title="[red]\x1b[31m\u202ename\n")
    colored = drawn(*args, color=True, title="[red]\x1b[31m\u202ename\n")
    assert "\x1b" not in plain
    assert "[red]\\x1b[31m\\u202ename\\n" in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain


@given(st.data())
@examples(150)
def test_every_firing_of_a_month_is_in_the_calendar_once_and_no_line_is_too_wide(data: st.DataObject) -> None:
    zone = data.draw(zones())
    first = date(data.draw(st.integers(2026, 2031)), data.draw(st.integers(1, 12)), 1)
    rule = Cron(parse(data.draw(cron_texts())), zone)
    width = data.draw(st.sampled_from((40, 80, 160)))
    shown = drawn(rule, first, last_of_month(first), width)
    counted = 0
    count_line, *_ = [line for line in shown.splitlines() if "firing" in line]
    grid = shown.split("\nwk ")[1].split("\n\n")[0] if "\nwk " in shown else ""
    for line in grid.splitlines()[1:]:
        if width == 40 and line.startswith("   "):
            counted += sum(map(int, line.split()))
        elif width > 40 and line.startswith("   "):
            counted += len(re.findall(r"\d\d:\d\d", line)) + sum(
                map(int, re.findall(r"\+(\d+)", line.replace(",", "")))
            )
    assert f"{counted:,} firing" in count_line
    assert max(map(len, shown.splitlines())) <= width
