"""What time did the operator type? Every reading written out, every refusal with its words."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.timewords import (
    LONGEST_DURATION,
    Moment,
    duration_text,
    earlier,
    parse_bound,
    parse_duration,
    parse_moment,
    parse_time_of_day,
    parse_zone,
)
from hyponema_cli.core.walltime import Fold, read, wall_of
from tests.core.helpers import refusal, table, utc
from tests.strategies import DAY, SECOND, ZONE_NAMES, examples, instants_near_clock_changes, zones

MADRID = ZoneInfo("Europe/Madrid")
in_madrid = partial(parse_moment, zone=MADRID)

# --- zones --------------------------------------------------------------------------------------------------------


def test_every_iana_zone_is_known_by_its_name() -> None:
    assert [name for name in ZONE_NAMES if parse_zone(name).key != name] == []


@pytest.mark.parametrize(
    ("name", "hint"),
    table("""
        Europe/Madird     | did you mean Europe/Madrid?
        europe/madrid     | did you mean Europe/Madrid?
        Mars/Olympus_Mons | hint:
        Europe            | hint:
        UTC+2             | hint:
        +02:00            | hint:
        CEST              | hint:
        ../Europe/Madrid  | hint:
        /etc/localtime    | hint:
        localtime         | hint:
        posixrules        | hint:
        Factory           | hint:
        tzdata.zi         | hint:
    """),
)
def test_a_name_that_is_no_iana_zone_is_refused(name: str, hint: str) -> None:
    assert hint in refusal(parse_zone, name)


@pytest.mark.parametrize("name", ["", " ", " Europe/Madrid", "Europe/Madrid\n", "Europe/\0Madrid", "\ud800"])
def test_a_name_with_unseen_characters_is_refused(name: str) -> None:
    refusal(parse_zone, name)


@pytest.mark.parametrize("name", ["right/Europe/Madrid", "posix/Europe/Madrid"])
def test_the_copies_of_the_zones_that_count_leap_seconds_are_refused(name: str) -> None:
    """`right/` clocks are 27 seconds off, and other machines have neither folder."""
    refusal(parse_zone, name)


@pytest.mark.parametrize("name", ["localtime", "Factory"])
def test_a_refused_name_is_not_offered_as_its_own_correction(name: str) -> None:
    assert f"did you mean {name}?" not in refusal(parse_zone, name)


# --- times of day and durations -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("09:30", time(9, 30)),
        ("9:30", time(9, 30)),
        (" 09:30 ", time(9, 30)),
        ("00:00", time(0, 0)),
        ("23:59:59", time(23, 59, 59)),
    ],
)
def test_a_time_of_day_is_read(text: str, expected: time) -> None:
    assert parse_time_of_day(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    table("""
        24:00    | hour must be 0-23
        09:60    | minute must be 0-59
        09:30:60 | second must be 0-59
        9        | is not a time of day
        0930     | is not a time of day
        9:3      | is not a time of day
        9:30am   | is not a time of day
        9.30     | is not a time of day
        -9:30    | is not a time of day
        09:30Z   | is not a time of day
        ٠٩:٣٠    | is not a time of day
        noon     | is not a time of day
    """),
)
def test_what_is_no_time_of_day_is_refused(text: str, words: str) -> None:
    assert f"{words}; hint: a time of day is HH:MM" in refusal(parse_time_of_day, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("2d", timedelta(days=2)),
        ("1w2d3h4m5s", timedelta(weeks=1, days=2, hours=3, minutes=4, seconds=5)),
        ("300", timedelta(minutes=5)),
        ("0", timedelta(0)),
        ("0s", timedelta(0)),
        ("90m", timedelta(minutes=90)),
        (" 15m ", timedelta(minutes=15)),
        ("3660d", timedelta(days=3660)),
    ],
)
def test_a_duration_is_read(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["m", "15 m", "15min", "30m1h", "1.5h", "-5m", "+5m", "1h-5m", "PT5M", "٣m", "²", "5M"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    assert "is not a duration; hint: durations are written 90s, 15m, 1h30m or 2d" in refusal(parse_duration, text)


@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_duration_is_refused(text: str) -> None:
    refusal(parse_duration, text)


@pytest.mark.parametrize("text", ["3661d", "87841h", "999999999999999w", "9" * 400, "9" * 5000])
def test_a_duration_of_more_than_ten_years_is_refused(text: str) -> None:
    assert "is longer than ten years" in refusal(parse_duration, text)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, "0s"), (59, "59s"), (3600, "1h"), (5400, "1h30m"), (90061, "1d1h1m1s")]
)
def test_a_duration_is_written_short(seconds: int, expected: str) -> None:
    assert duration_text(timedelta(seconds=seconds)) == expected


@examples(100)
@given(st.integers(0, LONGEST_DURATION // SECOND))
def test_a_duration_that_is_written_reads_back_the_same(seconds: int) -> None:
    assert parse_duration(duration_text(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


# --- moments ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at", "wall"),
    table("""
        2026-12-01 14:30                 | 2026-12-01T13:30:00Z | 2026-12-01T14:30:00
        2026-12-01T14:30                 | 2026-12-01T13:30:00Z | 2026-12-01T14:30:00
        2026-12-01 14:30:15              | 2026-12-01T13:30:15Z | 2026-12-01T14:30:15
        2026-07-01 14:30                 | 2026-07-01T12:30:00Z | 2026-07-01T14:30:00
        2024-02-01 14:30:00              | 2024-02-01T13:30:00Z | 2024-02-01T14:30:00
        2026-03-29 01:59:59              | 2026-03-29T00:59:59Z | 2026-03-29T01:59:59
        2026-03-29 03:00                 | 2026-03-29T01:00:00Z | 2026-03-29T03:00:00
        2026-12-01T14:30Z                | 2026-12-01T14:30:00Z | None
        2026-12-01T14:30:00+05:30        | 2026-12-01T09:00:00Z | None
        2026-12-01 14:30-05:00           | 2026-12-01T19:30:00Z | None
        2026-12-01T14:30:00.999999+00:00 | 2026-12-01T14:30:00Z | None
        2026-03-29T02:30+01:00           | 2026-03-29T01:30:00Z | None
    """),
)
def test_an_offset_wins_and_a_naive_time_is_read_on_the_clocks_of_the_zone(text: str, at: str, wall: str) -> None:
    moment = in_madrid(text)
    assert to_text(moment.at) == at
    assert (moment.wall.isoformat() if moment.wall else "None") == wall


def test_a_naive_time_without_a_zone_is_refused() -> None:
    text = "2026-12-01 14:30"
    assert "has no timezone; hint: add --tz" in refusal(partial(parse_moment, zone=None), text)


def test_an_instant_with_an_offset_needs_no_zone() -> None:
    assert parse_moment("2026-12-01T14:30+01:00", None) == Moment(utc("2026-12-01T13:30Z"))


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow",
        "14:30",
        "2026-12-01",
        "20261201",
        "2026-13-01 09:00",
        "2026-02-29 09:00",
        "2026-12-01 24:00",
        "01/12/2026 14:30",
        "1764590400",
        "2026-12-01 14:30 CET",
        "2026-12-01 14:30 Europe/Madrid",
    ],
)
def test_what_is_no_date_and_time_is_refused(text: str) -> None:
    assert "is not a date and time; hint: write 2026-12-01 14:30" in refusal(in_madrid, text)


@pytest.mark.parametrize("text", ["2026-12-01+02:00", "2026-12-01-14:30", "2026-12-01x14:30"])
def test_only_a_space_or_a_t_stands_between_a_date_and_a_time(text: str) -> None:
    """A date with an offset is not two o'clock in the morning."""
    assert "is not a date and time" in refusal(in_madrid, text)


def test_nothing_at_all_is_no_date_and_time() -> None:
    refusal(in_madrid, "")


@pytest.mark.parametrize(
    ("text", "problem", "choices"),
    table("""
        2026-03-29 02:30    | does not exist in Europe/Madrid | 2026-03-29T01:59+01:00 2026-03-29T03:00+02:00
        2026-03-29T02:30:00 | does not exist in Europe/Madrid | 2026-03-29T01:59+01:00 2026-03-29T03:00+02:00
        2026-10-25 02:30    | happens twice in Europe/Madrid  | 2026-10-25T02:30+02:00 2026-10-25T02:30+01:00
        2026-10-25 02:30:15 | happens twice in Europe/Madrid  | --fold first --fold second
    """),
)
def test_a_time_that_does_not_exist_or_happens_twice_is_refused_with_both_choices(
    text: str, problem: str, choices: str
) -> None:
    refused = refusal(in_madrid, text, named=text.replace("T", " ").removesuffix(":00"))
    assert problem in refused
    assert [choice for choice in choices.split() if choice not in refused] == []


@pytest.mark.parametrize("fold", [0, 1])
def test_the_choice_settles_a_time_that_happens_twice(fold: int) -> None:
    wall, at = "2026-10-25T02:30:00", ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")[fold]
    moment = in_madrid(wall, fold=fold)
    assert (to_text(moment.at), moment.wall, moment.fold) == (at, datetime.fromisoformat(wall), fold)


def test_the_choice_does_not_settle_a_time_that_does_not_exist() -> None:
    refusal(partial(in_madrid, fold=1), "2026-03-29 02:30", named="2026-03-29 02:30")


def test_the_choice_changes_nothing_for_a_time_that_happens_once() -> None:
    assert in_madrid("2026-12-01 14:30", fold=1) == in_madrid("2026-12-01 14:30")


@pytest.mark.parametrize("text", ["9999-12-31 23:59", "0001-01-01 00:00", "0001-01-01T00:00+14:00"])
def test_a_time_that_falls_off_the_calendar_is_refused(text: str) -> None:
    read_somewhere = partial(parse_moment, zone=ZoneInfo("America/New_York" if "9999" in text else "Asia/Tokyo"))
    assert "is outside the calendar" in refusal(read_somewhere, text)


@examples(200)
@given(zones(), st.data())
def test_what_the_clocks_show_with_its_offset_reads_as_the_instant(zone: ZoneInfo, data: st.DataObject) -> None:
    at = data.draw(instants_near_clock_changes(zone))
    assert parse_moment(at.astimezone(zone).isoformat(), None).at == at


@examples(200)
@given(zones(), st.data())
def test_what_the_clocks_show_with_the_pass_it_is_shown_in_reads_as_the_instant(
    zone: ZoneInfo, data: st.DataObject
) -> None:
    at = data.draw(instants_near_clock_changes(zone))
    wall = wall_of(at, zone)
    match read(wall, zone):
        case Fold(_, second):
            assert parse_moment(wall.isoformat(), zone, fold=int(at == second)).at == at
        case _:
            assert parse_moment(wall.isoformat(" "), zone).at == at


# --- bounds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "zone", "start", "end"),
    table("""
        2026-03-01           | Europe/Madrid  | 2026-02-28T23:00:00Z | 2026-03-01T22:59:59Z
        2026-03-29           | Europe/Madrid  | 2026-03-28T23:00:00Z | 2026-03-29T21:59:59Z
        2026-10-25           | Europe/Madrid  | 2026-10-24T22:00:00Z | 2026-10-25T22:59:59Z
        2026-04-24           | Africa/Cairo   | 2026-04-23T22:00:00Z | 2026-04-24T20:59:59Z
        2026-10-29           | Africa/Cairo   | 2026-10-28T21:00:00Z | 2026-10-29T21:59:59Z
        2025-11-02           | America/Havana | 2025-11-02T04:00:00Z | 2025-11-03T04:59:59Z
        2026-03-28           | America/Nuuk   | 2026-03-28T02:00:00Z | 2026-03-29T00:59:59Z
        2026-03-01T09:00Z    | Europe/Madrid  | 2026-03-01T09:00:00Z | 2026-03-01T09:00:00Z
        2026-03-01 09:00     | Europe/Madrid  | 2026-03-01T08:00:00Z | 2026-03-01T08:00:00Z
        2026-10-25 02:30     | Europe/Madrid  | 2026-10-25T00:30:00Z | 2026-10-25T01:30:00Z
    """),
)
def test_a_bound_is_an_instant_or_all_of_a_day_both_ends_included(text: str, zone: str, start: str, end: str) -> None:
    assert to_text(parse_bound(text, ZoneInfo(zone), end=False)) == start
    assert to_text(parse_bound(text, ZoneInfo(zone), end=True)) == end


@examples(200)
@given(zones(), st.data())
def test_a_day_begins_and_ends_on_the_very_second_that_shows_its_date(zone: ZoneInfo, data: st.DataObject) -> None:
    day = wall_of(data.draw(instants_near_clock_changes(zone)), zone).date()
    first, last = (parse_bound(day.isoformat(), zone, end=end) for end in (False, True))
    shown = [wall_of(at, zone).date() for at in (first - SECOND, first, last, last + SECOND)]
    assert shown == [day - DAY, day, day, day + DAY]


def test_a_day_that_the_zone_left_out_is_empty() -> None:
    apia = ZoneInfo("Pacific/Apia")
    first, last = (parse_bound("2011-12-30", apia, end=end) for end in (False, True))
    assert last < first


@pytest.mark.parametrize("text", ["2026-03-01", "2026-03-01 09:00"])
def test_a_bound_without_an_offset_needs_a_zone(text: str) -> None:
    assert "has no timezone" in refusal(partial(parse_bound, zone=None, end=False), text)


@pytest.mark.parametrize("text", ["soon", "2026-02-30", "2026-03"])
def test_a_bound_that_is_no_date_is_refused(text: str) -> None:
    refusal(partial(parse_bound, zone=MADRID, end=True), text)


def test_a_day_that_falls_off_the_calendar_is_refused() -> None:
    new_york = ZoneInfo("America/New_York")
    assert "is outside the calendar" in refusal(partial(parse_bound, zone=new_york, end=True), "9999-12-31")


# --- that long before -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lead", "expected"),
    [
        ("24h", "2026-03-28T10:00:00Z"),
        ("1d", "2026-03-28T11:00:00Z"),
        ("1d2h", "2026-03-28T09:00:00Z"),
        ("1w", "2026-03-22T11:00:00Z"),
        ("0s", "2026-03-29T10:00:00Z"),
    ],
)
def test_days_before_an_instant_are_days_on_the_wall_and_hours_are_hours(lead: str, expected: str) -> None:
    """On 29 March 2026 Madrid's clocks go forward."""
    assert to_text(earlier(in_madrid("2026-03-29 12:00"), lead, MADRID).at) == expected
    assert to_text(earlier(in_madrid("2026-03-29 10:00Z"), lead, MADRID).at) == expected


def test_a_day_before_may_be_a_reading_that_is_not_there() -> None:
    with pytest.raises(InvalidInput, match="2026-03-29 02:30 does not exist in Europe/Madrid"):
        earlier(in_madrid("2026-03-30 02:30"), "1d", MADRID)
    assert to_text(earlier(Moment(utc("2026-03-30T00:30:00Z")), "1d", None).at) == "2026-03-29T00:30:00Z"
