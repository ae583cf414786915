"""What does a cron expression say? What is accepted, as what, and what is refused, with which words."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given

from hyponema_cli.core import cron
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.schedule import Cron, occurrences
from tests.core.helpers import refusal, table
from tests.strategies import cron_texts, examples, fixed_cron_texts, repeating_cron_texts


@pytest.mark.parametrize(
    ("text", "canonical"),
    table("""
        0 9 * * *               | 0 9 * * *
        0 9 * * MON             | 0 9 * * 1
        0 9 * * mon-fri         | 0 9 * * 1,2,3,4,5
        0 9 * * 0               | 0 9 * * 0
        0 9 * * 7               | 0 9 * * 0
        0 9 * * Sun             | 0 9 * * 0
        0 9 * * 0,7             | 0 9 * * 0
        0 9 * * fri-sun         | 0 9 * * 0,5,6
        0 9 * * 5-7             | 0 9 * * 0,5,6
        0 9 * * sun-tue         | 0 9 * * 0,1,2
        0 9 * * 1-5/2           | 0 9 * * 1,3,5
        0 9 * * */2             | 0 9 * * 0,2,4,6
        0 9 * jan,JUL *         | 0 9 * 1,7 *
        0 9 * nov-dec *         | 0 9 * 11,12 *
        0 9,14 * * *            | 0 9,14 * * *
        5,10-12,50-59/3 8 * * * | 5,10,11,12,50,53,56,59 8 * * *
        */15 * * * *            | 0,15,30,45 * * * *
        5/15 * * * *            | 5,20,35,50 * * * *
        59/15 * * * *           | 59 * * * *
        */59 * * * *            | 0,59 * * * *
        */1 */1 */1 */1 */1     | * * * * *
        0-59 0-23 * 1-12 *      | * * * * *
        00 09 01 01 *           | 0 9 1 1 *
        0 9 29 2 *              | 0 9 29 2 *
        0 9 28-31 * *           | 0 9 28,29,30,31 * *
        0 9 31 1-2 *            | 0 9 31 1,2 *
    """),
)
def test_five_fields_are_read_as_plain_lists(text: str, canonical: str) -> None:
    assert cron.parse(text).canonical == canonical


@pytest.mark.parametrize("text", ["0 9 * * sun-sun", "0 9 * * 0-0", "0 9 * * 7-7"])
def test_a_range_of_one_sunday_is_sunday(text: str) -> None:
    assert cron.parse(text).canonical == "0 9 * * 0"


def test_the_text_is_kept_as_it_was_written_with_single_spaces() -> None:
    assert cron.parse("  0  9 * *\tMON-fri ").text == "0 9 * * MON-fri"


@pytest.mark.parametrize(
    ("text", "rule"),
    table("""
        0 9 13 * 5     | either
        0 9 1-31 * MON | either
        0 9 13 * *     | both
        0 9 * * 5      | both
        0 9 */2 * 1    | both
        0 9 13 * */2   | both
        0 9 *,13 * 5   | both
        0 9 * * *      | both
    """),
)
def test_a_star_at_the_start_of_a_day_field_asks_for_both_days(text: str, rule: str) -> None:
    assert cron.parse(text).either_day is (rule == "either")


@pytest.mark.parametrize(
    ("text", "kind"),
    table("""
        * * * * *      | repeating
        */15 9 * * *   | repeating
        0 */4 * * *    | repeating
        30 * * * *     | repeating
        *,30 9 * * *   | repeating
        0 9 * * *      | fixed
        0 9,14 * * *   | fixed
        0-59/15 9 * * * | fixed
        0 0-23 * * *   | fixed
        0/15 9-17 * * * | fixed
        0 9 */2 */3 *  | fixed
    """),
)
def test_a_star_at_the_start_of_minute_or_hour_makes_it_repeating(text: str, kind: str) -> None:
    assert cron.parse(text).repeating is (kind == "repeating")


@examples(100)
@given(fixed_cron_texts())
def test_every_drawn_fixed_expression_is_fixed(text: str) -> None:
    assert not cron.parse(text).repeating


@examples(100)
@given(repeating_cron_texts())
def test_every_drawn_repeating_expression_is_repeating(text: str) -> None:
    assert cron.parse(text).repeating


@examples(100)
@given(cron_texts())
def test_case_does_not_matter(text: str) -> None:
    assert cron.parse(text.upper()).canonical == cron.parse(text.lower()).canonical


@pytest.mark.parametrize(
    ("text", "words"),
    table("""
        60 * * * *       | minute 60 must be 0-59
        * 24 * * *       | hour 24 must be 0-23
        0 9 0 * *        | day of month 0 must be 1-31
        0 9 32 * *       | day of month 32 must be 1-31
        0 9 1 0 *        | month 0 must be 1-12
        0 9 1 13 *       | month 13 must be 1-12
        0 9 * * 8        | day of week 8 must be 0-7
        5-1 * * * *      | minute range '5-1' runs backwards
        0 22-4 * * *     | hour range '22-4' runs backwards
        0 9 * * sat-mon  | day of week range 'sat-mon' runs backwards
        0 9 * dec-jan *  | month range 'dec-jan' runs backwards
        */0 * * * *      | minute step /0 must be 1-59
        */60 * * * *     | minute step /60 must be 1-59
        0 */24 * * *     | hour step /24 must be 1-23
        *-5 * * * *      | minute '*-5' is not a range
        1,,2 * * * *     | minute '' is not
        0 9 -1 * *       | day of month '-1' is not
        0 9 * * 1.5      | day of week '1.5' is not
        0 9 * * mon-     | day of week 'mon-' is not
        0 9 * * 5#2      | day of week '5#2' is not
        0 9 ? * *        | day of month '?' is not
        0 9 L,1 * *      | day of month 'l' is not
        0 9 L-3 * *      | day of month 'l' is not
        0 9 L * mon      | day of week 'mon' cannot stand beside L
        L 9 * * *        | minute 'l' is not
        0 9 15W * *      | day of month '15W' is not
        R * * * *        | minute 'R' is not
        H H * * *        | minute 'H' is not
        0 9 * foo *      | month 'foo' is not
        0 9 * mon *      | month 'mon' is not
        0 9 * * jan      | day of week 'jan' is not
        0 9 * * monday   | day of week 'monday' is not
        ٣ * * * *        | minute '٣' is not
        １ * * * *       | minute '１' is not
        0 9 30 2 *       | never fires: no month in it has a day 30
        0 9 31 2,4,6 *   | never fires: no month in it has a day 31
        0 9 31 feb */2   | never fires: no month in it has a day 31
        @daily           | 1 field, expected 5; hint: write it as '0 0 * * *'
        @HOURLY          | 1 field, expected 5; hint: write it as '0 * * * *'
        @reboot          | 1 field, expected 5; hint: five fields
        0 9 * *          | 4 fields, expected 5; hint: five fields
        0 0 9 * * *      | 6 fields, expected 5; hint: seconds and years are not supported
        0 0 9 * * * 2026 | 7 fields, expected 5
    """),
)
def test_what_a_phone_must_not_guess_is_refused_by_name(text: str, words: str) -> None:
    assert words.casefold() in refusal(cron.parse, text).casefold()


def test_the_last_day_of_a_month_is_called_in_every_month() -> None:
    rule = Cron(cron.parse("0 9 L * *"), UTC)
    days = [each.at.date() for each in occurrences(rule, datetime(2027, 12, 31, 10, tzinfo=UTC), limit=48)]
    month_ends = [
        date(year, month, monthrange(year, month)[1]) for year in range(2028, 2032) for month in range(1, 13)
    ]
    assert days == month_ends


def test_a_birthday_on_29_february_is_called_every_year_and_once() -> None:
    rule = Cron(cron.parse(cron.every_year("0 10 29 2 *")), ZoneInfo("Europe/Madrid"))
    called = [each.at.date() for each in occurrences(rule, datetime(2026, 1, 1, tzinfo=UTC), limit=8)]
    assert called == [date(2024, 2, 29) + relativedelta(years=number) for number in range(2, 10)]
    assert [day.day for day in called] == [28, 28, 29, 28, 28, 28, 29, 28]


@pytest.mark.parametrize("text", ["0 10 29 3 *", "0 10 28 2 *", "0 10 29 * *", "0 10 29 2 mon", "0 10 29 2,3 *"])
def test_any_other_date_stays_as_it_is(text: str) -> None:
    assert cron.every_year(text) == text


def test_nothing_at_all_is_refused() -> None:
    assert "0 fields, expected 5" in refusal(cron.parse, "")


def test_a_number_too_long_for_python_is_refused_like_any_other() -> None:
    with pytest.raises(InvalidInput):
        cron.parse("9" * 5000 + " * * * *")
