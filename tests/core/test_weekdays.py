"""Which days of the week? ISO numbers, names and ranges; never a guess about Sunday."""

from __future__ import annotations

import pytest
from hypothesis import given

from hyponema_cli.core import weekdays
from tests.core.helpers import refusal, table
from tests.strategies import examples
from tests.strategies import weekdays as drawn_weekdays


@pytest.mark.parametrize(
    ("text", "expected"),
    table("""
        1                  | 1
        7                  | 7
        1,3,5              | 1 3 5
        5,3,1,3            | 1 3 5
        mon                | 1
        Sun                | 7
        SATURDAY           | 6
        mon,Wed,friday     | 1 3 5
        mon-fri            | 1 2 3 4 5
        1-5                | 1 2 3 4 5
        mon - fri , sun    | 1 2 3 4 5 7
        sat-mon            | 1 6 7
        6-1                | 1 6 7
        sun-tue            | 1 2 7
        mon-sun            | 1 2 3 4 5 6 7
        sun-sat            | 1 2 3 4 5 6 7
        sun-sun            | 7
        1-3,2-4            | 1 2 3 4
    """),
)
def test_numbers_names_lists_and_ranges_are_read_as_iso_weekdays(text: str, expected: str) -> None:
    assert " ".join(map(str, weekdays.parse(text))) == expected


@pytest.mark.parametrize("text", ["8", "00", "-1", "1.5", "m", "funday", "lunes", "1;2", "１", "*"])
def test_any_other_word_is_refused_by_name(text: str) -> None:
    assert "1 is Monday" in refusal(weekdays.parse, text)


@pytest.mark.parametrize(
    ("text", "named"),
    table("""
        1,8     | '8'
        1,,3    | ''
        mon-    | ''
        -fri    | ''
        1-5-7   | '5-7'
        mon-fry | 'fry'
    """),
)
def test_the_bad_word_is_named_within_its_list(text: str, named: str) -> None:
    assert f"{named} in {text!r} is not a weekday" in refusal(weekdays.parse, text)


def test_nothing_at_all_is_refused() -> None:
    refusal(weekdays.parse, "")


@pytest.mark.parametrize("text", ["0", "0,6", "0-5", "mon,0"])
def test_zero_is_refused_because_cron_and_iso_count_sunday_differently(text: str) -> None:
    assert "Sunday is 7 here (0 only in cron)" in refusal(weekdays.parse, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    table("""
        1         | Mon
        7         | Sun
        1,3       | Mon, Wed
        1,2       | Mon, Tue
        1-3       | Mon-Wed
        1-5       | Mon-Fri
        1-4,6     | Mon, Tue, Wed, Thu, Sat
        6,7,1     | Mon, Sat, Sun
        1-7       | every day
    """),
)
def test_weekdays_are_written_as_people_say_them(text: str, expected: str) -> None:
    assert weekdays.to_text(weekdays.parse(text)) == expected


@examples(127)
@given(drawn_weekdays())
def test_what_is_written_reads_back_the_same(days: tuple[int, ...]) -> None:
    written = weekdays.to_text(days)
    assert weekdays.parse("mon-sun" if written == "every day" else written) == days
