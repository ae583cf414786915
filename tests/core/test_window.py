"""When may a person be called at all? What is read, what is refused, and what the clocks on the wall say to it.

The oracle paints the hours on a sheet and looks at every minute; see `tests/core/window_oracle.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from hyponema_cli.core import phone
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.window import PROFILES, SEARCHED, parse
from tests.core.helpers import refusal, table, utc
from tests.core.window_oracle import MIDNIGHT, MINUTE, Hours, Sheet, Window, minutes
from tests.strategies import (
    DAY,
    SECOND,
    ClockChange,
    clock_changes,
    distinct_zones,
    examples,
    instants_near_clock_changes,
    times_of_day,
    weekdays,
    zones,
)

HOUR = timedelta(hours=1)
MADRID = ZoneInfo("Europe/Madrid")
NEW_YORK = ZoneInfo("America/New_York")
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


def zones_of(names: str) -> list[ZoneInfo]:
    """Read `Europe/Madrid Asia/Tokyo`."""
    return [ZoneInfo(name) for name in names.split()]


# --- what is read, and how it is written --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    table("""
        09:00-20:00                              | 09:00-20:00
        9:00-20:00                               | 09:00-20:00
        09:00–20:00                              | 09:00-20:00
        9:00 - 13:00 , 14:00 -20:00              | 09:00-13:00, 14:00-20:00
        mon-fri 09:00-20:00                      | mon-fri 09:00-20:00
        Mon-Fri 09:00-20:00; SAT 10:00-18:00     | mon-fri 09:00-20:00; sat 10:00-18:00
        sat 10:00-18:00;mon-fri 09:00-20:00;     | sat 10:00-18:00; mon-fri 09:00-20:00
        monday-friday 09:00-20:00                | mon-fri 09:00-20:00
        1-5 09:00-20:00                          | mon-fri 09:00-20:00
        mon, tue , wed 09:00-20:00               | mon-wed 09:00-20:00
        wed,mon,mon 09:00-20:00                  | mon,wed 09:00-20:00
        mon,tue 09:00-20:00                      | mon-tue 09:00-20:00
        sat-mon 09:00-20:00                      | mon,sat-sun 09:00-20:00
        sun 09:00-20:00                          | sun 09:00-20:00
        mon-sun 09:00-20:00                      | mon-sun 09:00-20:00
        fri 22:00-02:00                          | fri 22:00-02:00
        00:00-24:00                              | 00:00-24:00
        22:00-24:00                              | 22:00-24:00
        22:00-00:00                              | 22:00-24:00
        00:00-00:01                              | 00:00-00:01
        09:00-20:00; not 12-25                   | 09:00-20:00; not 12-25
        09:00-20:00 ;NOT  12-25 , 2026-04-03     | 09:00-20:00; not 12-25, 2026-04-03
        not 12-25; 09:00-20:00; not 2026-04-03   | 09:00-20:00; not 12-25, 2026-04-03
        09:00-20:00; not 02-29, 2028-02-29       | 09:00-20:00; not 02-29, 2028-02-29
        us-tcpa                                  | us-tcpa
        US-TCPA                                  | us-tcpa
        Fr                                       | fr
        es                                       | es
        always                                   | always
    """),
)
def test_what_is_typed_is_written_in_one_way_that_reads_back_as_the_same_window(text: str, written: str) -> None:
    assert parse(text).text == written
    assert parse(written) == parse(text)


@pytest.mark.parametrize("text", ["mon-fri\t09:00 -\n20:00", "  mon-fri   09:00-20:00  "])
def test_any_space_will_do(text: str) -> None:
    assert parse(text).text == "mon-fri 09:00-20:00"


@pytest.mark.parametrize(
    ("text", "words"),
    table("""
        mon-fri                                  | 'mon-fri' is no span of hours; hint: as in 'mon-fri 09:00-20:00
        sat; sun 09:00-20:00                     | 'sat' is no span of hours
        9-17                                     | '9-17' is no span of hours
        09:00                                    | '09:00' is no span of hours
        09:00-                                   | '09:00-' is no span of hours
        09:00-12:00-15:00                        | '09:00-12:00-15:00' is no span of hours
        09:00:00-20:00:00                        | '09:00:00-20:00:00' is no span of hours
        9:0-20:00                                | '9:0-20:00' is no span of hours
        9am-5pm                                  | '9am-5pm' is no span of hours
        ٠٩:٠٠-٢٠:٠٠                              | '٠٩:٠٠-٢٠:٠٠' is no span of hours
        09:00-12:00,                             | '' is no span of hours
        mon-fri 09:00-12:00, sat 10:00-12:00     | 'sat 10:00-12:00' is no span of hours
        mon tue 09:00-12:00                      | 'tue 09:00-12:00' is no span of hours
        09:00-12:00;; sat 10:00-12:00            | '' is no span of hours
        25:00-26:00                              | time '25:00': hour must be 0-23; hint: from 00:00 to 24:00
        09:00-25:00                              | time '25:00': hour must be 0-23; hint: from 00:00 to 24:00
        09:00-24:01                              | time '24:01': hour must be 0-23; hint: from 00:00 to 24:00
        09:60-20:00                              | time '09:60': minute must be 0-59; hint: from 00:00 to 24:00
        funday 09:00-20:00                       | 'funday' is not a weekday; hint: ISO weekdays
        0 09:00-20:00                            | '0' is not a weekday; hint: Sunday is 7 here
        mon-fry 09:00-20:00                      | 'fry' in 'mon-fry' is not a weekday
        09:00-20:00; not                         | '' is no date; hint: as in 'not 12-25, 2026-04-03'
        09:00-20:00; not 25-12                   | '25-12' is no date
        09:00-20:00; not 02-30                   | '02-30' is no date
        09:00-20:00; not 2026-02-29              | '2026-02-29' is no date
        09:00-20:00; not 0000-01-01              | '0000-01-01' is no date
        09:00-20:00; not 2026-4-3                | '2026-4-3' is no date
        09:00-20:00; not 25.12.                  | '25.12.' is no date
        09:00-20:00; not 12-25,                  | '' is no date
        09:00-20:00; not 12-24, 12-32            | '12-32' is no date
        09:00-20:00; not 12-25 12-26             | '12-25 12-26' is no date
        09:00-20:00; not ١٢-٢٥                   | '١٢-٢٥' is no date
        09:00-20:00; not sat                     | 'sat' is no date
        us-tpca                                  | 'us-tpca' is no span of hours; hint: did you mean us-tcpa?
        FRR                                      | 'frr' is no span of hours; hint: did you mean fr?
        allways                                  | 'allways' is no span of hours; hint: did you mean always?
        uk                                       | 'uk' is no span of hours; hint: as in
        fr; sat 10:00-12:00                      | 'fr' is no span of hours
    """),
)
def test_what_is_no_window_is_refused_by_the_word_that_is_wrong(text: str, words: str) -> None:
    assert words in refusal(parse, text)


@pytest.mark.parametrize("text", ["", " ", ";", "\n", "\ud800", "x" * 10_000])
def test_nothing_and_nonsense_are_refused_with_the_profiles_in_the_hint(text: str) -> None:
    refused = refusal(parse, text)
    assert [name for name in PROFILES if name not in refused] == []


@pytest.mark.parametrize("text", ["09:00-09:00", "00:00-00:00", "24:00-24:00", "24:00-02:00", "24:00-00:00"])
def test_hours_that_never_open_are_refused_and_all_day_long_is_offered(text: str) -> None:
    assert f"never opens: {text} is empty; hint: all day long is 00:00-24:00" in refusal(parse, text)


def test_one_empty_span_among_others_is_refused_too() -> None:
    assert "13:00-13:00 is empty" in refusal(parse, "mon-fri 09:00-13:00, 13:00-13:00")


@pytest.mark.parametrize("text", ["not 12-25", "not 12-25, 2026-04-03; not 01-01"])
def test_dates_without_hours_never_open(text: str) -> None:
    assert "never opens: it names no hours" in refusal(parse, text)


def test_every_profile_is_offered_in_the_hint() -> None:
    assert refusal(parse, "?").endswith("or one of: us-tcpa, fr, es, always")


# --- what the clock on the wall must show -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wall", "is_open"),
    table("""
        09:00-21:00                | 2026-03-02 08:59:59 | closed
        09:00-21:00                | 2026-03-02 09:00:00 | open
        09:00-21:00                | 2026-03-02 20:59:59 | open
        09:00-21:00                | 2026-03-02 21:00:00 | closed
        09:00-13:00, 14:00-20:00   | 2026-03-02 12:59:59 | open
        09:00-13:00, 14:00-20:00   | 2026-03-02 13:00:00 | closed
        09:00-13:00, 13:00-20:00   | 2026-03-02 13:00:00 | open
        00:00-24:00                | 2026-03-02 00:00:00 | open
        00:00-24:00                | 2026-03-02 23:59:59 | open
        mon 22:00-24:00            | 2026-03-02 23:59:59 | open
        mon 22:00-24:00            | 2026-03-03 00:00:00 | closed
        mon 22:00-00:00            | 2026-03-02 23:59:59 | open
        mon 22:00-00:00            | 2026-03-03 00:00:00 | closed
        mon 00:00-00:01            | 2026-03-02 00:00:59 | open
        mon 00:00-00:01            | 2026-03-02 00:01:00 | closed
        mon-fri 09:00-20:00        | 2026-03-06 12:00:00 | open
        mon-fri 09:00-20:00        | 2026-03-07 12:00:00 | closed
        mon-fri 09:00-20:00        | 2026-03-08 12:00:00 | closed
        mon 9:00-20:00; sun 10:00-18:00 | 2026-03-08 09:30:00 | closed
        mon 9:00-20:00; sun 10:00-18:00 | 2026-03-08 10:00:00 | open
        mon 9:00-20:00; sun 10:00-18:00 | 2026-03-09 09:30:00 | open
        fri 22:00-02:00            | 2026-03-06 21:59:59 | closed
        fri 22:00-02:00            | 2026-03-06 22:00:00 | open
        fri 22:00-02:00            | 2026-03-07 00:00:00 | open
        fri 22:00-02:00            | 2026-03-07 01:59:59 | open
        fri 22:00-02:00            | 2026-03-07 02:00:00 | closed
        fri 22:00-02:00            | 2026-03-07 22:00:00 | closed
        fri 22:00-02:00            | 2026-03-06 01:00:00 | closed
        sat 22:00-02:00            | 2026-03-07 01:00:00 | closed
        sun 22:00-02:00            | 2026-03-09 01:00:00 | open
        sun 22:00-02:00            | 2026-03-08 01:00:00 | closed
        mon 22:00-02:00            | 2026-03-09 01:00:00 | closed
        22:00-02:00                | 2026-03-09 01:00:00 | open
        12:00-11:59                | 2026-03-09 11:58:59 | open
        12:00-11:59                | 2026-03-09 11:59:00 | closed
    """),
)
def test_hours_hold_their_start_but_not_their_end_also_when_they_go_on_after_midnight(
    text: str, wall: str, is_open: str
) -> None:
    assert parse(text).shows_open(datetime.fromisoformat(wall)) is (is_open == "open")


@pytest.mark.parametrize(
    ("text", "wall", "is_open"),
    table("""
        00:00-24:00; not 12-25      | 2026-12-24 23:59:59 | open
        00:00-24:00; not 12-25      | 2026-12-25 00:00:00 | closed
        00:00-24:00; not 12-25      | 2026-12-25 23:59:59 | closed
        00:00-24:00; not 12-25      | 2026-12-26 00:00:00 | open
        00:00-24:00; not 12-25      | 2031-12-25 12:00:00 | closed
        00:00-24:00; not 2026-12-25 | 2026-12-25 12:00:00 | closed
        00:00-24:00; not 2026-12-25 | 2027-12-25 12:00:00 | open
        00:00-24:00; not 02-29      | 2028-02-29 12:00:00 | closed
        00:00-24:00; not 02-29      | 2027-03-01 12:00:00 | open
        not 01-01, 12-25; 00:00-24:00 | 2027-01-01 12:00:00 | closed
        not 01-01; 00:00-24:00; not 12-25 | 2026-12-25 12:00:00 | closed
        thu 22:00-02:00; not 12-25  | 2026-12-24 23:59:59 | open
        thu 22:00-02:00; not 12-25  | 2026-12-25 00:00:00 | closed
        fri 22:00-02:00; not 12-25  | 2026-12-26 01:00:00 | open
    """),
)
def test_a_date_that_is_named_is_closed_while_the_clock_shows_it_every_year_or_in_the_year_that_is_named(
    text: str, wall: str, is_open: str
) -> None:
    assert parse(text).shows_open(datetime.fromisoformat(wall)) is (is_open == "open")


@pytest.mark.parametrize(
    ("profile", "wall", "is_open"),
    table("""
        us-tcpa | 2026-03-02 07:59:59 | closed
        us-tcpa | 2026-03-02 08:00:00 | open
        us-tcpa | 2026-03-02 20:59:59 | open
        us-tcpa | 2026-03-02 21:00:00 | closed
        us-tcpa | 2026-03-08 12:00:00 | open
        us-tcpa | 2026-07-04 12:00:00 | open
        us-tcpa | 2026-12-25 12:00:00 | open
        fr      | 2026-07-13 09:59:59 | closed
        fr      | 2026-07-13 10:00:00 | open
        fr      | 2026-07-13 12:59:59 | open
        fr      | 2026-07-13 13:00:00 | closed
        fr      | 2026-07-13 13:59:59 | closed
        fr      | 2026-07-13 14:00:00 | open
        fr      | 2026-07-13 19:59:59 | open
        fr      | 2026-07-13 20:00:00 | closed
        fr      | 2026-07-14 11:00:00 | closed
        fr      | 2026-07-15 11:00:00 | open
        fr      | 2027-07-14 11:00:00 | closed
        fr      | 2026-04-06 11:00:00 | closed
        fr      | 2027-01-01 11:00:00 | closed
        fr      | 2026-10-12 11:00:00 | open
        fr      | 2026-03-06 11:00:00 | open
        fr      | 2026-03-07 11:00:00 | closed
        fr      | 2026-03-08 11:00:00 | closed
        es      | 2026-03-02 08:59:59 | closed
        es      | 2026-03-02 09:00:00 | open
        es      | 2026-03-02 13:30:00 | open
        es      | 2026-03-02 20:59:59 | open
        es      | 2026-03-02 21:00:00 | closed
        es      | 2026-03-06 12:00:00 | open
        es      | 2026-03-07 12:00:00 | closed
        es      | 2026-03-08 12:00:00 | closed
        es      | 2026-10-12 12:00:00 | closed
        es      | 2026-04-03 12:00:00 | closed
        es      | 2026-01-06 12:00:00 | closed
        es      | 2026-07-14 12:00:00 | open
        always  | 2026-03-08 00:00:00 | open
        always  | 2026-12-25 23:59:59 | open
    """),
)
def test_a_profile_has_the_hours_of_its_rule_and_the_public_holidays_of_its_country(
    profile: str, wall: str, is_open: str
) -> None:
    assert parse(profile).shows_open(datetime.fromisoformat(wall)) is (is_open == "open")


@pytest.mark.parametrize(
    ("profile", "at", "opens_at"),
    table("""
        fr | 2026-07-13T08:00:00Z | 2026-07-13T08:00:00Z
        fr | 2026-07-13T11:00:00Z | 2026-07-13T12:00:00Z
        fr | 2026-07-13T18:00:00Z | 2026-07-15T08:00:00Z
        fr | 2026-07-10T18:00:00Z | 2026-07-13T08:00:00Z
        fr | 2026-12-31T19:00:00Z | 2027-01-04T09:00:00Z
        fr | 2026-03-27T19:00:00Z | 2026-03-30T08:00:00Z
        fr | 2026-04-03T18:00:00Z | 2026-04-07T08:00:00Z
    """),
)
def test_after_a_lunch_a_weekend_and_a_holiday_a_profile_opens_on_the_next_working_day(
    profile: str, at: str, opens_at: str
) -> None:
    found = parse(profile).opens_at(utc(at), zones_of("Europe/Paris"))
    assert found is not None
    assert to_text(found) == opens_at


# --- on the days on which the clocks change -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "text", "at", "opens_at"),
    table("""
        Europe/Madrid       | 02:30-04:00 | 2026-03-29T00:00:00Z | 2026-03-29T01:00:00Z
        Europe/Madrid       | 02:30-04:00 | 2026-03-29T02:00:00Z | 2026-03-30T00:30:00Z
        Europe/Madrid       | 02:15-02:45 | 2026-03-29T00:00:00Z | 2026-03-30T00:15:00Z
        Europe/Madrid       | 02:30-03:00 | 2026-03-29T00:00:00Z | 2026-03-30T00:30:00Z
        Europe/Madrid       | 03:00-03:01 | 2026-03-29T00:00:00Z | 2026-03-29T01:00:00Z
        Europe/Madrid       | 01:00-02:30 | 2026-03-29T00:59:59Z | 2026-03-29T00:59:59Z
        Europe/Madrid       | 01:00-02:30 | 2026-03-29T01:00:00Z | 2026-03-29T23:00:00Z
        Europe/Madrid       | 02:30-02:45 | 2026-10-24T22:00:00Z | 2026-10-25T00:30:00Z
        Europe/Madrid       | 02:30-02:45 | 2026-10-25T00:45:00Z | 2026-10-25T01:30:00Z
        Europe/Madrid       | 02:30-02:45 | 2026-10-25T01:45:00Z | 2026-10-26T01:30:00Z
        Europe/Madrid       | 02:00-02:30 | 2026-10-25T00:30:00Z | 2026-10-25T01:00:00Z
        Europe/Madrid       | 01:30-02:30 | 2026-10-25T00:30:00Z | 2026-10-25T01:00:00Z
        Europe/Madrid       | 02:30-05:00 | 2026-10-25T00:59:59Z | 2026-10-25T00:59:59Z
        Europe/Madrid       | 02:30-05:00 | 2026-10-25T01:00:00Z | 2026-10-25T01:30:00Z
        Europe/Madrid       | 02:00-03:00 | 2026-10-25T01:59:59Z | 2026-10-25T01:59:59Z
        Europe/Madrid       | 02:00-03:00 | 2026-10-25T02:00:00Z | 2026-10-26T01:00:00Z
        America/New_York    | 02:30-04:00 | 2026-03-08T06:00:00Z | 2026-03-08T07:00:00Z
        America/New_York    | 02:15-03:00 | 2026-03-08T06:00:00Z | 2026-03-09T06:15:00Z
        America/New_York    | 01:30-04:00 | 2026-11-01T04:00:00Z | 2026-11-01T05:30:00Z
        America/New_York    | 01:30-04:00 | 2026-11-01T06:00:00Z | 2026-11-01T06:30:00Z
        America/New_York    | 00:30-01:15 | 2026-11-01T05:15:00Z | 2026-11-01T06:00:00Z
        Australia/Lord_Howe | 02:15-03:00 | 2026-10-03T15:00:00Z | 2026-10-03T15:30:00Z
        Australia/Lord_Howe | 02:00-02:30 | 2026-10-03T15:00:00Z | 2026-10-04T15:00:00Z
        Australia/Lord_Howe | 01:45-02:30 | 2026-04-04T14:30:00Z | 2026-04-04T14:45:00Z
        Australia/Lord_Howe | 01:45-02:30 | 2026-04-04T15:00:00Z | 2026-04-04T15:15:00Z
        Australia/Lord_Howe | 01:30-01:40 | 2026-04-04T14:40:00Z | 2026-04-04T15:00:00Z
        Africa/Cairo        | fri 00:00-06:00 | 2026-04-23T12:00:00Z | 2026-04-23T22:00:00Z
        Africa/Cairo        | fri 00:15-00:45 | 2026-04-23T12:00:00Z | 2026-04-30T21:15:00Z
        Africa/Cairo        | 00:00-24:00; not 2026-04-23 | 2026-04-23T12:00:00Z | 2026-04-23T22:00:00Z
        Africa/Cairo        | thu 22:00-01:00 | 2026-04-23T21:59:59Z | 2026-04-23T21:59:59Z
        Africa/Cairo        | thu 22:00-01:00 | 2026-04-23T22:00:00Z | 2026-04-30T19:00:00Z
        Africa/Cairo        | thu 22:00-02:00 | 2026-04-23T22:00:00Z | 2026-04-23T22:00:00Z
        Africa/Cairo        | 23:30-24:00 | 2026-10-29T20:59:59Z | 2026-10-29T20:59:59Z
        Africa/Cairo        | 23:30-24:00 | 2026-10-29T21:00:00Z | 2026-10-29T21:30:00Z
        Africa/Cairo        | fri 00:00-06:00 | 2026-10-29T20:00:00Z | 2026-10-29T22:00:00Z
        Africa/Cairo        | 23:00-23:30; not 10-28 | 2026-10-28T12:00:00Z | 2026-10-29T20:00:00Z
        Africa/Cairo        | 23:00-23:30; not 10-28 | 2026-10-29T20:30:00Z | 2026-10-29T21:00:00Z
    """),
)
def test_a_reading_that_is_left_out_is_never_open_and_one_that_comes_twice_is_open_twice(
    zone: str, text: str, at: str, opens_at: str
) -> None:
    """From `at` on, first open at `opens_at`. The hours begin at the next reading that the clock does show."""
    found = parse(text).opens_at(utc(at), zones_of(zone))
    assert found is not None
    assert to_text(found) == opens_at


@pytest.mark.parametrize(
    ("text", "at", "opens_at"),
    table("""
        fri 09:00-17:00             | 2011-12-29T12:00:00Z | 2012-01-05T19:00:00Z
        thu 22:00-02:00             | 2011-12-30T09:59:59Z | 2011-12-30T09:59:59Z
        thu 22:00-02:00             | 2011-12-30T10:00:00Z | 2012-01-05T08:00:00Z
        fri 22:00-02:00             | 2011-12-30T09:59:59Z | 2011-12-30T10:00:00Z
        00:00-24:00; not 2011-12-29 | 2011-12-29T12:00:00Z | 2011-12-30T10:00:00Z
        00:00-24:00; not 2011-12-31 | 2011-12-30T10:00:00Z | 2011-12-31T10:00:00Z
        09:00-17:00                 | 2011-12-30T03:00:00Z | 2011-12-30T19:00:00Z
    """),
)
def test_the_friday_that_samoa_left_out_has_no_hours(text: str, at: str, opens_at: str) -> None:
    """Where 30 December 2011 was left out, Thursday 23:59 was followed by Saturday 00:00, at 10:00 UTC."""
    found = parse(text).opens_at(utc(at), zones_of("Pacific/Apia"))
    assert found is not None
    assert to_text(found) == opens_at


def windows_around(change: ClockChange) -> Iterator[Window]:
    """Hours that begin or end at the edges, inside or beside the readings that a clock change skips or repeats."""
    first = min(change.shown_before, change.shown_after)
    last = max(change.shown_before, change.shown_after)
    inside = first + (last - first) // 2
    edges = [first - MINUTE, first, first + MINUTE, inside, last - MINUTE, last, last + MINUTE]
    for number, start in enumerate(edges):
        for end in (*edges[number + 1 :], first - 3 * HOUR):
            if start.time() != end.time():  # after a gap of a day the clock shows the same time again
                yield Window((Hours(EVERY_DAY, start.time(), end.time()),))
        yield Window((Hours((start.isoweekday(),), start.time(), MIDNIGHT if start.hour else time(3, 0)),))
        yield Window((Hours((start.isoweekday(),), time(21, 7), start.time()),))
    for day in {first.date(), last.date()}:
        yield Window((Hours(EVERY_DAY, time(22, 0), time(21, 0)),), closed=(day,))
        yield Window((Hours((day.isoweekday(),), MIDNIGHT, MIDNIGHT),))


def disagreements(zone: ZoneInfo, change: ClockChange) -> Iterator[str]:
    """Say which windows open or close at other times than the clock on the wall says, near this change."""
    begin, end = change.at - 7 * HOUR, change.at + 7 * HOUR
    shown = [(at, at.astimezone(zone)) for at in minutes(begin, end)]
    for drawn in windows_around(change):
        window, sheet = parse(drawn.text), Sheet(drawn)
        is_open = [sheet.shows_open([wall]) for _, wall in shown]
        turns = [number for number in range(1, len(shown)) if is_open[number] != is_open[number - 1]]
        for number in [0, *turns]:
            at = shown[number][0]
            expected = next((shown[later][0] for later in range(number, len(shown)) if is_open[later]), None)
            found = window.opens_at(at, [zone])
            if (found if found and found <= end else None) != expected:
                yield f"{drawn.text} in {zone}, from {at}: expected {expected}, found {found}"
            for second, expects in ((at, is_open[number]), (at - SECOND, is_open[number - 1])):
                if number and window.is_open(second, [zone]) is not expects:
                    yield f"{drawn.text} in {zone}: expected {'open' if expects else 'closed'} at {second}"


# Zones with the same clock changes have the same clocks; `distinct_zones` takes one for each such set.
def test_every_window_opens_and_closes_by_the_clock_on_the_wall_at_every_clock_change_of_a_year() -> None:
    changes = [(zone, change) for zone in distinct_zones(2027, 2027) for change in clock_changes(zone, 2027, 2027)]
    assert len(changes) >= 40
    assert [each for zone, change in changes for each in disagreements(zone, change)] == []


@pytest.mark.parametrize(
    ("name", "year", "hours"),
    [
        ("Pacific/Apia", 2011, 24),  # Friday 30 December was left out
        ("Antarctica/Casey", 2016, 3),  # the longest jump that still is a clock change
        ("Antarctica/Casey", 2018, -3),
        ("America/St_Johns", 2010, -1),  # at one minute past midnight, back into the day before
        ("Asia/Pyongyang", 2018, 0.5),
        ("Australia/Eucla", 2009, -1),  # from an offset of 9:45
    ],
)
def test_every_window_opens_and_closes_by_the_clock_on_the_wall_at_the_strangest_changes_of_history(
    name: str, year: int, hours: float
) -> None:
    zone = ZoneInfo(name)
    changes = [change for change in clock_changes(zone, year, year) if change.after - change.before == hours * HOUR]
    assert changes
    assert [each for change in changes for each in disagreements(zone, change)] == []


# --- how far is looked --------------------------------------------------------------------------------------------


def test_what_is_open_opens_at_once_to_the_second() -> None:
    at = utc("2026-03-02T12:34:56Z")
    assert parse("09:00-20:00").opens_at(at, [MADRID]) == at


def test_an_opening_is_found_up_to_the_end_of_what_is_searched_and_not_after_it() -> None:
    window = parse("mon 09:00-10:00; not 2026-03-09, 2026-03-16, 2026-03-23, 2026-03-30")
    opening = utc("2026-04-06T07:00Z")
    assert window.opens_at(opening - SEARCHED, [MADRID]) == opening
    assert window.opens_at(opening - SEARCHED - SECOND, [MADRID]) is None


# --- on which clocks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "is_open"),
    table("""
        2026-03-02T13:00:00Z | closed
        2026-03-02T15:59:59Z | closed
        2026-03-02T16:00:00Z | open
        2026-03-03T01:59:59Z | open
        2026-03-03T02:00:00Z | closed
    """),
)
def test_where_two_clocks_are_possible_both_must_show_an_open_hour(at: str, is_open: str) -> None:
    """From 8 in Los Angeles, which is 11 in New York, until 21 in New York."""
    window = parse("us-tcpa")
    for clocks in ([NEW_YORK, LOS_ANGELES], [LOS_ANGELES, NEW_YORK]):
        assert window.is_open(utc(at), clocks) is (is_open == "open")


@pytest.mark.parametrize(
    ("at", "opens_at"),
    table("""
        2026-03-02T13:00:00Z | 2026-03-02T16:00:00Z
        2026-03-02T16:00:01Z | 2026-03-02T16:00:01Z
        2026-03-03T02:00:00Z | 2026-03-03T16:00:00Z
        2026-03-07T16:30:00Z | 2026-03-07T16:30:00Z
        2026-03-08T02:00:00Z | 2026-03-08T15:00:00Z
    """),
)
def test_for_two_clocks_it_opens_when_the_later_of_them_does(at: str, opens_at: str) -> None:
    found = parse("us-tcpa").opens_at(utc(at), [NEW_YORK, LOS_ANGELES])
    assert found is not None
    assert to_text(found) == opens_at


@pytest.mark.parametrize("text", ["always", "us-tcpa"])
def test_without_a_clock_it_is_never_open_and_never_opens(text: str) -> None:
    noon = utc("2026-03-02T12:00Z")
    assert parse(text).is_open(noon, []) is False
    assert parse(text).opens_at(noon, []) is None


def test_where_the_clocks_never_agree_it_never_opens() -> None:
    madrid_and_auckland = zones_of("Europe/Madrid Pacific/Auckland")
    assert parse("fr").opens_at(utc("2026-03-02T12:00Z"), madrid_and_auckland) is None


def test_clocks_twelve_hours_apart_share_no_second_of_twelve_hours_until_one_of_them_changes() -> None:
    """Where one of them shows 21:00:00, the end, the other shows 9."""
    window, clocks = parse("09:00-21:00"), zones_of("Europe/Madrid Pacific/Auckland")
    assert window.opens_at(utc("2026-03-02T12:00Z"), clocks) == utc("2026-03-29T07:00Z")


def test_clocks_that_agree_only_between_two_clock_changes_open_only_then() -> None:
    """From 8 to 29 March 2026 New York is five hours behind Madrid, and not six."""
    window, clocks = parse("09:00-10:00, 14:00-15:00"), [NEW_YORK, MADRID]
    assert window.opens_at(utc("2026-02-20T00:00Z"), clocks) == utc("2026-03-08T13:00Z")
    assert window.opens_at(utc("2026-03-27T14:00Z"), clocks) == utc("2026-03-28T13:00Z")
    assert window.opens_at(utc("2026-03-28T14:00Z"), clocks) is None


@pytest.mark.parametrize(
    ("number", "expected"),
    table("""
        +34911234567    | Europe/Madrid
        +34600000001    | Atlantic/Canary Europe/Madrid
        +12125550100    | America/New_York
        +33612345678    | Europe/Paris
    """),
)
def test_a_number_tells_every_zone_in_which_its_owner_may_live(number: str, expected: str) -> None:
    assert " ".join(phone.zones_of(number)) == expected


@pytest.mark.parametrize("number", ["+18005550100", "+79000000000", "+61400000000"])
def test_a_number_without_a_place_tells_many_zones(number: str) -> None:
    """Toll free in North America, mobile in Russia and in Australia."""
    names = phone.zones_of(number)
    assert len(names) >= 5
    assert [name for name in names if not ZoneInfo(name).key] == []


@pytest.mark.parametrize("number", ["+888123456", "+80012345678", "+999600000001", "+12", "", "+", "600000001", "me"])
def test_a_number_of_no_country_and_what_is_no_number_tell_no_zone(number: str) -> None:
    assert phone.zones_of(number) == ()


def test_a_toll_free_number_is_called_only_while_it_is_day_from_newfoundland_to_guam() -> None:
    clocks = [ZoneInfo(name) for name in phone.zones_of("+18005550100")]
    assert {"America/St_Johns", "America/New_York", "Pacific/Guam"} <= {clock.key for clock in clocks}
    window = parse("us-tcpa")
    # Eight in the morning on Guam, half past six in the evening in Newfoundland.
    assert window.opens_at(utc("2026-03-02T15:00Z"), clocks) == utc("2026-03-02T22:00Z")
    assert window.is_open(utc("2026-03-03T00:29:59Z"), clocks)
    assert not window.is_open(utc("2026-03-03T00:30Z"), clocks)


# --- windows, instants and clocks that are drawn ------------------------------------------------------------------


def drawn_windows(near: date) -> st.SearchStrategy[Window]:
    """One to three spans, most with an edge in the hours in which clocks change, and closed dates near a day."""
    hours = st.builds(Hours, weekdays() | st.just(EVERY_DAY), times_of_day(), times_of_day())
    dates = st.lists(st.integers(-2, 3).map(lambda days: near + days * DAY), max_size=2, unique=True).map(tuple)
    none: st.SearchStrategy[tuple[date, ...]] = st.just(())
    return st.builds(
        Window,
        st.lists(
            hours.filter(lambda each: each.start != each.end or each.start == MIDNIGHT), min_size=1, max_size=3
        ).map(tuple),
        none | dates,
        none | dates,
    )


def business_hours() -> st.SearchStrategy[Window]:
    """Hours in which two clocks far apart may agree, for a while or never."""
    start, length = st.integers(5, 14), st.integers(2, 9)
    days = st.sampled_from((EVERY_DAY, (1, 2, 3, 4, 5), (7,)))
    return st.builds(
        lambda days, start, length: Window((Hours(days, time(start, 0), time(start + length, 30)),)),
        days,
        start,
        length,
    )


@examples(100)
@given(st.data(), zones())
def test_it_is_open_exactly_while_the_clock_on_the_wall_shows_an_open_minute(
    data: st.DataObject, zone: ZoneInfo
) -> None:
    at = data.draw(instants_near_clock_changes(zone), label="at")
    drawn = data.draw(drawn_windows(at.astimezone(zone).date()), label="window")
    note(f"{drawn.text}; the clock shows {at.astimezone(zone)}")
    window, sheet = parse(drawn.text), Sheet(drawn)
    near = [at + seconds * SECOND for minute in range(-180, 180, 4) for seconds in (minute * 60, minute * 60 - 1)]
    assert [each for each in near if window.is_open(each, [zone]) is not sheet.is_open(each, [zone])] == []


@examples(110)
@given(st.data(), zones())
def test_it_opens_at_the_first_open_minute_that_somebody_who_watches_the_clock_finds(
    data: st.DataObject, zone: ZoneInfo
) -> None:
    at = (
        data.draw(instants_near_clock_changes(zone), label="at")
        - data.draw(st.integers(0, 48), label="before") * HOUR
    )
    drawn = data.draw(drawn_windows(at.astimezone(zone).date()), label="window")
    note(f"{drawn.text}; the clock shows {at.astimezone(zone)}")
    assert parse(drawn.text).opens_at(at, [zone]) == Sheet(drawn).opens_at(at, [zone], at + SEARCHED)


@examples(60)
@given(st.data(), st.lists(zones(), min_size=2, max_size=3))
def test_it_opens_for_several_clocks_at_the_first_minute_that_is_open_on_all_of_them(
    data: st.DataObject, several: list[ZoneInfo]
) -> None:
    """None when the clocks do not agree at any minute of all the time that is searched."""
    at = data.draw(instants_near_clock_changes(several[0]), label="at")
    drawn = data.draw(drawn_windows(at.date()) | business_hours(), label="window")
    note(f"{drawn.text}; the clocks show {[str(at.astimezone(zone)) for zone in several]}")
    window, sheet = parse(drawn.text), Sheet(drawn)
    assert window.is_open(at, several) is sheet.is_open(at, several)
    assert window.opens_at(at, several) == sheet.opens_at(at, several, at + SEARCHED)


@examples(60)
@given(st.data(), zones())
def test_a_window_that_is_written_reads_back_the_same(data: st.DataObject, zone: ZoneInfo) -> None:
    at = data.draw(instants_near_clock_changes(zone))
    window = parse(data.draw(drawn_windows(at.date())).text)
    assert parse(window.text) == window
